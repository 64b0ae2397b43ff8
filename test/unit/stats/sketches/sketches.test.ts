import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromBase64, toBase64 } from '../../../../src/core/bytes'
import { createRng } from '../../../../src/core/random'
import { FrequentItems, HllSketch, KllSketch } from '../../../../src/stats'
import { propertySeed, times } from '../../../support/effort'

interface Golden {
  readonly shares: readonly number[]
  readonly kll: readonly { precision: 'single' | 'double'; k: number; n: number; bytes: string; quantiles: readonly number[] }[]
  readonly hll: readonly { kind: string; form: string; lgK: number; n: number; bytes: string; estimate: number }[]
}
const golden = JSON.parse(readFileSync(new URL('../../../golden/sketches.json', import.meta.url), 'utf8')) as Golden
const settings = { seed: propertySeed, numRuns: times(60, 1000) }

/** How far the rank of a quantile is from its share, 0 where the value covers it. */
function rankOff(sorted: Float64Array, value: number, share: number): number {
  const below = sorted.filter((item) => item < value).length / sorted.length
  const upTo = sorted.filter((item) => item <= value).length / sorted.length
  return Math.max(0, below - share, share - upTo)
}

describe('KllSketch', () => {
  it.each(golden.kll)("reads and writes DataSketches' bytes: $precision, k $k, n $n", ({ precision, k, n, bytes, quantiles }) => {
    const sketch = KllSketch.fromBytes(fromBase64(bytes), precision)
    expect([sketch.k, sketch.n]).toEqual([k, n])
    expect(toBase64(sketch.toBytes())).toBe(bytes)
    if (n > 0) expect(Array.from(sketch.quantiles(golden.shares))).toEqual(quantiles)
  })

  it('keeps the stated rank error: one by one, from sorted values, merged from shards', () => {
    const rng = createRng(4)
    const values = Float64Array.from({ length: 20_000 }, () => Math.exp(rng.normal()))
    const sorted = values.slice().sort()
    const stream = new KllSketch()
    stream.addAll(values)
    const merged = new KllSketch()
    for (let at = 0; at < values.length; at += 500) {
      const shard = new KllSketch({ seed: at })
      shard.addAll(values.subarray(at, at + 500))
      merged.merge(shard)
    }
    for (const sketch of [stream, KllSketch.fromSorted(sorted), merged]) {
      expect(sketch.n).toBe(20_000)
      expect([sketch.min, sketch.max]).toEqual([sorted[0], sorted.at(-1)])
      const { weights } = sketch.weightedValues()
      expect(weights.reduce((sum, weight) => sum + weight, 0)).toBe(20_000)
      for (const share of [0.01, 0.1, 0.5, 0.9, 0.99]) {
        expect(rankOff(sorted, sketch.quantile(share), share)).toBeLessThan(1.5 * sketch.rankError)
        expect(Math.abs(sketch.rank(sorted[Math.floor(share * 20_000)] as number) - share)).toBeLessThan(1.5 * sketch.rankError)
      }
    }
  })

  it('is exact while values are few, whatever they are', () => {
    const numbers = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 200 })
    fc.assert(
      fc.property(numbers, fc.integer({ min: 0, max: 200 }), (values, at) => {
        const [one, other] = [new KllSketch(), new KllSketch()]
        one.addAll(values.slice(0, at))
        other.addAll(values.slice(at))
        one.merge(other)
        const all = Float64Array.from(values).sort()
        expect(one.rankError === 0 || one.n > 100).toBe(true)
        if (one.rankError === 0)
          expect(one.weightedValues().values).toEqual(
            all.map((value) => (value === 0 ? 0 : value)).map((value, i) => (Object.is(all[i], -0) ? -0 : value)),
          )
        expect(one.n).toBe(values.length)
      }),
      settings,
    )
  })

  it('gives back what it wrote, for every size and precision', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 8, max: 60 }), fc.boolean(), (n, k, isSingle) => {
        const precision = isSingle ? 'single' : 'double'
        const sketch = new KllSketch({ k, precision, seed: n })
        for (let i = 0; i < n; i++) sketch.add((i * 7919) % 1009)
        const bytes = sketch.toBytes()
        const again = KllSketch.fromBytes(bytes, precision)
        expect(again.toBytes()).toEqual(bytes)
        expect(again.weightedValues()).toEqual(sketch.weightedValues())
        sketch.add(-1)
        again.add(-1)
        expect([again.n, again.min]).toEqual([n + 1, -1])
      }),
      settings,
    )
  })

  it('a compacted copy keeps fewer values, the same total and nearly the same ranks; the sketch stays as it is', () => {
    const rng = createRng(12)
    for (const precision of ['single', 'double'] as const) {
      const sketch = new KllSketch({ precision })
      const values = Float64Array.from({ length: 30_000 }, () => Math.fround(rng.normal()))
      for (let at = 0; at < values.length; at += 1000) {
        sketch.merge(KllSketch.fromSorted(values.slice(at, at + 1000).sort(), { precision, seed: at }))
      }
      const before = toBase64(sketch.toBytes())
      const small = sketch.compacted(300)
      expect(toBase64(sketch.toBytes())).toBe(before)
      const { values: kept, weights } = small.weightedValues()
      expect(kept.length).toBeLessThanOrEqual(300)
      expect(weights.reduce((sum, weight) => sum + weight, 0)).toBe(30_000)
      expect([small.n, small.min, small.max, small.rankError]).toEqual([sketch.n, sketch.min, sketch.max, sketch.rankError])
      expect(toBase64(KllSketch.fromBytes(small.toBytes(), precision).toBytes())).toBe(toBase64(small.toBytes()))
      const sorted = values.slice().sort()
      for (const share of [0.01, 0.1, 0.5, 0.9, 0.99]) expect(rankOff(sorted, small.quantile(share), share)).toBeLessThan(0.0133)
      // It takes further values as any sketch does.
      for (const value of values) small.add(value)
      expect(small.n).toBe(60_000)
      expect(small.weightedValues().weights.reduce((sum, weight) => sum + weight, 0)).toBe(60_000)
    }
    expect(() => new KllSketch().compacted(100)).toThrow('KllSketch.compacted takes a whole number ≥ 200, got 100')
  })

  it('refuses bytes that are none, and never reads beyond them', () => {
    const sketch = new KllSketch({ k: 8 })
    for (let i = 0; i < 100; i++) sketch.add(i)
    const bytes = sketch.toBytes()
    expect(() => KllSketch.fromBytes(bytes, 'single')).toThrow(/no KLL sketch/)
    expect(() => KllSketch.fromBytes(new Uint8Array(3), 'double')).toThrow(/fewer than 8 bytes/)
    fc.assert(
      fc.property(fc.integer({ min: 0, max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const damaged = bytes.slice()
        damaged[at] = (damaged[at] as number) ^ change
        for (const given of [damaged, damaged.subarray(0, at)]) {
          try {
            expect(KllSketch.fromBytes(given, 'double').n).toBeGreaterThanOrEqual(0)
          } catch (error) {
            expect((error as { code?: string }).code).toBe('Corrupt')
          }
        }
      }),
      settings,
    )
  })

  it('leaves NaN out, and refuses wrong options and sketches of another precision', () => {
    const sketch = new KllSketch()
    sketch.add(Number.NaN)
    sketch.addAll([Number.NaN, 1, Number.NaN])
    expect([sketch.n, sketch.quantile(0.5)]).toEqual([1, 1])
    expect(new KllSketch().quantile(0.5)).toBeNaN()
    expect(() => new KllSketch({ k: 3 })).toThrow(/`k` of KllSketch must be a whole number from 8 to 65535, got 3/)
    expect(() => sketch.merge(new KllSketch({ precision: 'single' }))).toThrow(/same precision/)
    expect(() => sketch.quantile(2)).toThrow(/between 0 and 1/)
  })
})

describe('HllSketch', () => {
  it.each(golden.hll)("reads DataSketches' bytes: $kind $form, lgK $lgK, n $n", ({ lgK, n, bytes, estimate }) => {
    const sketch = HllSketch.fromBytes(fromBase64(bytes))
    const own = new HllSketch({ lgK })
    for (let i = 0; i < n; i++) own.add(`item ${i}`)
    expect(sketch.estimate).toBe(own.estimate)
    expect(Math.abs(sketch.estimate - estimate)).toBeLessThanOrEqual(Math.max(1e-6, (4.2 * estimate) / Math.sqrt(2 ** lgK)))
    sketch.merge(own)
    expect(sketch.estimate).toBe(own.estimate)
  })

  it('keeps its error, merged or not, and folds to fewer registers', () => {
    const [whole, a, b] = [new HllSketch(), new HllSketch(), new HllSketch({ lgK: 10 })]
    for (let i = 0; i < 20_000; i++) {
      whole.add(i)
      ;(i % 2 === 0 ? a : b).add(i)
    }
    expect(Math.abs(whole.estimate / 20_000 - 1)).toBeLessThan(3 * whole.relativeError)
    a.merge(b)
    expect(a.lgK).toBe(10)
    expect(Math.abs(a.estimate / 20_000 - 1)).toBeLessThan(3 * a.relativeError)
    expect(HllSketch.fromBytes(a.toBytes()).estimate).toBe(a.estimate)
  })

  it('counts −0 as 0, leaves NaN and the empty text out, and refuses what it cannot read', () => {
    const sketch = new HllSketch()
    for (const value of [0, -0, Number.NaN, '']) sketch.add(value)
    expect(Math.round(sketch.estimate)).toBe(1)
    expect(() => HllSketch.fromBytes(new Uint8Array(20))).toThrow(/no HLL sketch/)
    expect(() => sketch.merge({} as HllSketch)).toThrow(/takes an HllSketch/)
  })
})

describe('FrequentItems', () => {
  it('bounds every true count, by stream and by merge', () => {
    const item = fc.integer({ min: 0, max: 60 }).map((i) => `i${Math.floor(Math.sqrt(i))}`)
    fc.assert(
      fc.property(
        fc.array(item, { maxLength: 400 }),
        fc.integer({ min: 1, max: 10 }),
        fc.integer({ min: 0, max: 400 }),
        (stream, capacity, at) => {
          const [one, other] = [new FrequentItems({ capacity }), new FrequentItems({ capacity })]
          for (const [i, each] of stream.entries()) (i < at ? one : other).add(each)
          one.merge(other)
          const truth = new Map<string, number>()
          for (const each of stream) truth.set(each, (truth.get(each) ?? 0) + 1)
          const kept = new Map(one.items().map((found) => [found.item, found]))
          for (const [name, count] of truth) {
            const found = kept.get(name)
            expect(found?.lowerBound ?? 0).toBeLessThanOrEqual(count)
            expect(found?.upperBound ?? one.error).toBeGreaterThanOrEqual(count)
          }
          expect(one.total).toBe(stream.length)
          expect(one.error).toBeLessThanOrEqual((2 * stream.length) / capacity)
          expect(FrequentItems.fromState(JSON.parse(JSON.stringify(one.state()))).state()).toEqual(one.state())
        },
      ),
      settings,
    )
  })

  it('refuses what is no state', () => {
    expect(() => FrequentItems.fromState({ capacity: 3 } as never)).toThrow(/no state of FrequentItems/)
  })
})
