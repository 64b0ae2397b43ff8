/** KLL and HyperLogLog sketches in the bytes of Apache DataSketches: its Python package reads ours, and we read its, in every form it has. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HllSketch, KllSketch } from '../../../src/stats'

const python = '.venvs/sketches/bin/python'
const folder = mkdtempSync(join(tmpdir(), 'millwright-sketches-'))
const shares = Array.from({ length: 49 }, (_, i) => (i + 1) / 50)

function run(mode: string): string {
  const { stdout, stderr, status } = spawnSync(python, ['test/interop/sketches/exchange.py', mode, folder], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`exchange.py ${mode} ended with ${status}: ${stderr}`)
  return stdout
}

/** The same numbers as in exchange.py. */
const values = (n: number): Float64Array => Float64Array.from({ length: n }, (_, i) => (((i * 7919) % 1_000_003) % 65_536) / 1024)

/** The rank of a value among sorted ones, as a range where values repeat. */
function ranks(sorted: Float64Array, value: number): readonly [number, number] {
  const bound = (isBelow: (item: number) => boolean): number => {
    let [low, high] = [0, sorted.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (isBelow(sorted[middle] as number)) low = middle + 1
      else high = middle
    }
    return low / sorted.length
  }
  return [bound((item) => item < value), bound((item) => item <= value)]
}

interface Facts {
  readonly n: number
  readonly min?: number
  readonly max?: number
  readonly quantiles?: readonly number[]
}

try {
  run('write')
  const theirs = JSON.parse(readFileSync(join(folder, 'theirs.json'), 'utf8')) as {
    readonly kll: Readonly<Record<string, Facts>>
    readonly hll: Readonly<Record<string, { readonly n: number; readonly estimate: number }>>
  }
  for (const [name, facts] of Object.entries(theirs.kll)) {
    const bytes = readFileSync(join(folder, name))
    const sketch = KllSketch.fromBytes(bytes, name.includes('single') ? 'single' : 'double')
    assert.equal(sketch.n, facts.n, name)
    assert.deepEqual(Buffer.from(sketch.toBytes()), bytes, `${name} is written back byte by byte`)
    if (facts.n === 0) continue
    assert.deepEqual([sketch.min, sketch.max], [facts.min, facts.max], name)
    assert.deepEqual(Array.from(sketch.quantiles(shares)), facts.quantiles, `${name}: quantiles`)
  }
  for (const [name, { n, estimate }] of Object.entries(theirs.hll)) {
    const sketch = HllSketch.fromBytes(readFileSync(join(folder, name)))
    const own = new HllSketch({ lgK: sketch.lgK })
    for (let i = 0; i < n; i++) own.add(`item ${i}`)
    // The same values give the same registers, so a union with our own sketch changes nothing.
    const before = sketch.estimate
    sketch.merge(own)
    assert.equal(sketch.estimate, before, `${name}: the same registers`)
    const error = 4 * (1.04 / Math.sqrt(2 ** sketch.lgK))
    assert.ok(Math.abs(before - estimate) <= error * Math.max(1, estimate), `${name}: ${before}, theirs ${estimate}`)
  }

  const kll = new Map<string, KllSketch>()
  for (const precision of ['single', 'double'] as const) {
    for (const n of [0, 1, 2, 200, 201, 5000, 300_000]) {
      for (const how of ['stream', 'sorted', 'merged', 'compacted'] as const) {
        const all = values(n)
        let sketch = new KllSketch({ precision })
        if (how === 'stream') sketch.addAll(all)
        else if (how === 'sorted') sketch = KllSketch.fromSorted(all.slice().sort(), { precision })
        else {
          for (let at = 0; at < n; at += 997) {
            const part = new KllSketch({ precision, seed: at })
            part.addAll(all.subarray(at, at + 997))
            sketch.merge(part)
          }
          if (how === 'compacted') sketch = sketch.compacted(300)
        }
        const name = `ours-kll-${precision}-${how}-${n}.bin`
        kll.set(name, sketch)
        writeFileSync(join(folder, name), sketch.toBytes())
      }
    }
  }
  for (const lgK of [4, 8, 12, 14]) {
    for (const n of [0, 1, 6, 20, 300, 5000, 200_000]) {
      const sketch = new HllSketch({ lgK })
      for (let i = 0; i < n; i++) sketch.add(`item ${i}`)
      writeFileSync(join(folder, `ours-hll-${lgK}-${n}.bin`), sketch.toBytes())
    }
  }
  type Read = Facts & { readonly same: boolean; readonly merged: number; readonly error: number }
  const read = JSON.parse(run('read')) as Readonly<Record<string, Read & { readonly estimate: number; readonly own: number }>>
  let worst = 0
  for (const [name, sketch] of kll) {
    const facts = read[name] as Read
    assert.equal(facts.n, sketch.n, name)
    assert.equal(facts.merged, sketch.n + 1, `${name}: merged by DataSketches`)
    if (sketch.n === 0) continue
    assert.ok(facts.same, `${name} is written back byte by byte`)
    assert.deepEqual([facts.min, facts.max], [sketch.min, sketch.max], name)
    assert.deepEqual(facts.quantiles, Array.from(sketch.quantiles(shares)), `${name}: quantiles`)
    const sorted = values(sketch.n).sort()
    for (const [i, value] of (facts.quantiles ?? []).entries()) {
      const [low, high] = ranks(sorted, value)
      const off = Math.max(0, low - (shares[i] as number), (shares[i] as number) - high)
      worst = Math.max(worst, off - 1 / sketch.n)
      assert.ok(off <= 1 / sketch.n + 1.5 * facts.error, `${name}: rank ${low} to ${high} for ${shares[i]}`)
    }
  }
  for (const [name, facts] of Object.entries(read).filter(([key]) => key.startsWith('ours-hll'))) {
    assert.ok(facts.same, `${name}: the coupons or registers of a sketch of theirs`)
    assert.ok(
      Math.abs(facts.estimate - facts.own) <= 4 * (1.04 / Math.sqrt(2 ** Number(name.split('-')[2]))) * Math.max(1, facts.own),
      name,
    )
  }
  console.info(
    `sketches: ${Object.keys(theirs.kll).length} KLL and ${Object.keys(theirs.hll).length} HLL sketches of DataSketches read, ${kll.size} and 28 of ours read there; largest rank error ${(worst * 100).toFixed(2)} %`,
  )
} finally {
  rmSync(folder, { recursive: true, force: true })
}
