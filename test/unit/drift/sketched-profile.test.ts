import { describe, expect, it } from 'vitest'
import { createRng } from '../../../src/core/random'
import { type ColumnDrift, DriftDetector, type DriftProfile, mergeProfiles, ProfileBuilder } from '../../../src/drift'
import { columnFrom, makeColumn } from '../../../src/schema/column'
import { tableFromRows, tableOf } from '../../../src/schema/table'
import { ksTest, wassersteinDistance } from '../../../src/stats'
import { times } from '../../support/effort'

const rng = createRng(31)
const normals = (n: number, mean = 0, std = 1): Float64Array => Float64Array.from({ length: n }, () => mean + std * rng.normal())
const numbers = (values: Float64Array, name = 'x') => makeColumn(name, { type: 'float64', values })
const json = (profile: DriftProfile): DriftProfile => JSON.parse(JSON.stringify(profile)) as DriftProfile
const only = (detector: DriftDetector, values: Float64Array): ColumnDrift =>
  detector.detect(tableOf([numbers(values)])).columns[0] as ColumnDrift

describe('a profile of sketches', () => {
  const before = normals(20_000)
  const detector = new DriftDetector({ reference: 'sketch' }).fit(tableOf([numbers(before)]))

  it('takes less than 3 kB a numeric column, at any size', () => {
    for (const n of [300, 1000, 20_000, 100_000]) {
      const profile = new DriftDetector({ reference: 'sketch' }).fit(tableOf([numbers(normals(n))])).profile()
      expect(JSON.stringify(profile.columns).length).toBeLessThan(3000)
      expect(profile.version).toBe(2)
    }
  })

  it('gives the same reports through JSON, near those of the values', () => {
    for (const shift of [0, 0.1, 0.5]) {
      const now = normals(5000, shift)
      const found = only(detector, now)
      expect(only(DriftDetector.fromProfile(json(detector.profile())), now)).toEqual(found)
      // The rank error of the sketch bounds the difference of D.
      expect(Math.abs((found.statistic as number) - ksTest(before, now).statistic)).toBeLessThan(0.0133)
      const distance = only(DriftDetector.fromProfile(detector.profile(), { method: 'wasserstein' }), now).score as number
      expect(Math.abs(distance - wassersteinDistance(before, now))).toBeLessThan(0.03)
      expect(found.summary?.reference.mean).toBeCloseTo(before.reduce((sum, value) => sum + value, 0) / before.length, 10)
    }
  })

  it('keeps few values as they are, and values that 32 bits cannot tell apart', () => {
    const few = normals(150)
    const exact = only(new DriftDetector({ reference: 'sketch' }).fit(tableOf([numbers(few.map(Math.fround))])), few.map(Math.fround))
    expect([exact.statistic, exact.pValue]).toEqual([0, 1])
    const times = Float64Array.from({ length: 1000 }, (_, i) => 1.7e12 + i * 1000)
    expect(only(new DriftDetector({ reference: 'sketch' }).fit(tableOf([numbers(times)])), times).statistic as number).toBeLessThan(0.01)
    // Tenths are not exact in 32 bits: the current values are rounded alike.
    const tenths = Float64Array.from({ length: 500 }, (_, i) => (i % 10) / 10)
    expect(only(new DriftDetector({ reference: 'sketch' }).fit(tableOf([numbers(tenths)])), tenths).statistic as number).toBeLessThan(0.01)
  })

  it('alarms at its nominal rate when nothing differs, and finds a shift', () => {
    const rounds = times(60, 1000)
    const rate = (shift: number, size: number): number => {
      let alarms = 0
      for (let i = 0; i < rounds; i++) {
        const own = new DriftDetector({ reference: 'sketch', threshold: 0.05 }).fit(tableOf([numbers(normals(3000))]))
        if (only(own, normals(size, shift)).driftDetected) alarms++
      }
      return alarms / rounds
    }
    expect(rate(0, 1000)).toBeLessThan(0.05 + 4 * Math.sqrt(0.0475 / rounds))
    expect(rate(0.2, 1000)).toBeGreaterThan(0.9)
  })

  it('is read by its version: the first still, a later one not', () => {
    const old = new DriftDetector().fit(tableOf([numbers(normals(100))])).profile()
    expect(old.version).toBe(1)
    expect(() => DriftDetector.fromProfile({ ...old, version: 3 } as never)).toThrow(/later release/)
    const { sketch: _, ...lacking } = detector.profile().columns[0] as never as Record<string, unknown>
    expect(() => DriftDetector.fromProfile({ ...detector.profile(), columns: [lacking] } as never)).toThrow(/the drift profile/)
    const broken = { ...detector.profile().columns[0], sketch: 'AAAA' }
    expect(() => DriftDetector.fromProfile({ ...detector.profile(), columns: [broken] } as never)).toThrow(/no KLL sketch/)
  })
})

describe('ProfileBuilder', () => {
  const words = (n: number) => Array.from({ length: n }, () => `c${Math.floor(rng.next() ** 2 * 8)}`)
  const batch = (n: number, shift = 0) =>
    tableOf([
      numbers(normals(n, shift)),
      columnFrom('word', 'string', words(n)),
      columnFrom(
        'late',
        'boolean',
        words(n).map((word) => word === 'c0'),
      ),
    ])

  it('of batches, and of shards merged, is near the profile of all rows', () => {
    const batches = Array.from({ length: 20 }, () => batch(500))
    const stream = new ProfileBuilder()
    for (const each of batches) stream.add(each)
    const shards = batches.map((each) => new DriftDetector({ reference: 'sketch' }).fit(each).profile())
    const merged = mergeProfiles(shards.map(json))
    expect([stream.rows, merged.rows]).toEqual([10_000, 10_000])
    const now = batch(2000, 0.4)
    const reports = [stream.profile(), merged].map((profile) => DriftDetector.fromProfile(json(profile)).detect(now))
    for (const report of reports) {
      const [x, word, late] = report.columns as [ColumnDrift, ColumnDrift, ColumnDrift]
      expect([x.state, word.state, late.state]).toEqual(['drift', 'ok', 'ok'])
      expect([x.nReference, word.nReference]).toEqual([10_000, 10_000])
    }
    const categorical = merged.columns[1] as unknown as { categories: string[]; counts: number[]; otherCount: number }
    expect(categorical.counts.reduce((sum, count) => sum + count, categorical.otherCount)).toBe(10_000)
  })

  it('keeps constant memory: many values and categories', () => {
    const builder = new ProfileBuilder({ maxCategories: 50 }, { categorical: ['id'] })
    const sizes: number[] = []
    for (let i = 0; i < times(30, 300); i++) {
      const rows = Array.from({ length: 400 }, (_, j) => ({ x: rng.normal(), id: `id ${i * 400 + j}` }))
      builder.add(tableFromRows(rows))
      sizes.push(JSON.stringify(builder.profile()).length)
    }
    expect(Math.max(...sizes)).toBeLessThan(12_000)
    const id = builder.profile().columns[1] as unknown as { n: number; otherCount: number; counts: number[] }
    expect(id.n).toBe(builder.rows)
    expect(id.counts.length).toBe(50)
  })

  it('is compared with a reference like the rows themselves: neither side needs its data', () => {
    const before = batch(4000)
    const stream = new ProfileBuilder()
    const batches = Array.from({ length: 10 }, () => batch(400, 0.5))
    for (const each of batches) stream.add(each)
    for (const reference of ['sample', 'sketch'] as const) {
      const detector = new DriftDetector({ reference }).fit(before)
      const [x, word, late] = detector.detect(json(stream.profile())).columns as [ColumnDrift, ColumnDrift, ColumnDrift]
      expect([x.state, x.direction, word.state, late.state]).toEqual(['drift', 'up', 'ok', 'ok'])
      expect([x.nCurrent, word.nCurrent]).toEqual([4000, 4000])
      const own = detector.detect(detector.profile())
      expect(own.columns.map(({ state }) => state)).toEqual(['ok', 'ok', 'ok'])
      expect(own.columns[0]?.statistic as number).toBeLessThan(1e-3)
    }
  })

  it('of another kind, or without a column, is an error of that column only', () => {
    const detector = new DriftDetector().fit(batch(500))
    const builder = new ProfileBuilder({}, { categorical: ['x'] })
    builder.add(tableOf([numbers(normals(50))]))
    const report = detector.detect(builder.profile())
    expect(report.columns.map(({ state, reason }) => [state, reason])).toEqual([
      ['error', 'the profile has the column as categorical, the reference as numeric: say the kinds when it is built'],
      ['error', 'missing from the current table'],
      ['error', 'missing from the current table'],
    ])
    expect(() => detector.detect({ ...builder.profile(), columns: 3 } as never)).toThrow(/the drift profile is damaged/)
  })

  it('refuses what does not fit, and is then as before', () => {
    const builder = new ProfileBuilder()
    expect(() => builder.profile()).toThrow(/needs at least one row/)
    builder.add(batch(10))
    const saved = builder.profile()
    expect(() => builder.add(tableOf([numbers(normals(3))]))).toThrow(/no column "word"/)
    const texts = tableOf([columnFrom('x', 'string', ['a']), columnFrom('word', 'string', ['a']), columnFrom('late', 'boolean', [true])])
    expect(() => builder.add(texts)).toThrow(/column "x" is string, expected float64/)
    expect(() => builder.merge(new DriftDetector().fit(batch(10)).profile())).toThrow(/has no sketch/)
    expect(() => builder.merge(new DriftDetector({ reference: 'sketch' }).fit(tableOf([numbers(normals(9))])).profile())).toThrow(
      /expected x, word, late/,
    )
    expect(builder.profile()).toEqual(saved)
    expect(() => mergeProfiles([])).toThrow(/at least one profile/)
  })

  it('takes small sketches of any number of values', () => {
    for (const rows of [2047, 4095]) {
      const builder = new ProfileBuilder({ sketchSize: 8 })
      builder.add(tableOf([numbers(normals(rows).map((value) => 1e6 + value))]))
      expect(builder.profile().columns[0]).toMatchObject({ n: rows, precision: 'double' })
    }
  })

  it('takes at most 3 kB a numeric column of 64 bits, too', () => {
    const builder = new ProfileBuilder()
    for (let i = 0; i < 30; i++) builder.add(tableOf([numbers(normals(700).map((value) => 1e6 + value))]))
    expect(JSON.stringify(builder.profile().columns).length).toBeLessThanOrEqual(3000)
  })

  it('takes at most 3 kB a numeric column, however many batches, and keeps the stated rank error', () => {
    for (const batches of [2, 7, 30, 90]) {
      const builder = new ProfileBuilder()
      const all: number[] = []
      for (let i = 0; i < batches; i++) {
        const values = normals(700)
        all.push(...values)
        builder.add(tableOf([numbers(values)]))
      }
      const profile = builder.profile()
      expect(JSON.stringify(profile.columns).length).toBeLessThanOrEqual(3000)
      const sorted = Float64Array.from(all).sort()
      const found = DriftDetector.fromProfile(profile).detect(tableOf([numbers(sorted)])).columns[0]
      // The stated error, and half a step of the values that the sketch is spread out to.
      expect(found?.statistic as number).toBeLessThan(0.0133 + 1e-3)
    }
  })
})
