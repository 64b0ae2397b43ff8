/** What other tools get wrong, as their issue trackers say: each is a test of ours. Those of metrics and monitoring are in `test/unit/monitor/known-bugs.test.ts`. */
import { describe, expect, it } from 'vitest'
import { createRng } from '../../../src/core/random'
import { adwin, type ColumnDrift, DriftDetector, type DriftMethod, type DriftOptions, embeddingDrift } from '../../../src/drift'
import { type Column, columnFrom, makeColumn } from '../../../src/schema/column'
import { tableOf } from '../../../src/schema/table'
import { histogram, histogramEdges, ksTest } from '../../../src/stats'
import { times } from '../../support/effort'

const numbers = (values: ArrayLike<number>): Column => makeColumn('x', { type: 'float64', values: Float64Array.from(values) })
const strings = (cells: readonly (string | null)[]): Column => columnFrom('x', 'string', cells)

function compare(before: Column, now: Column, options: DriftOptions = {}): ColumnDrift {
  const report = new DriftDetector({ minRows: 1, ...options }).fit(tableOf([before]), { columns: ['x'] }).detect(tableOf([now]))
  return report.columns[0] as ColumnDrift
}

describe('what other tools get wrong', () => {
  const rng = createRng(21)
  const real = (n: number, mean: number, std = 1): Column => numbers(Float64Array.from({ length: n }, () => mean + std * rng.normal()))

  it('mannWhitney finds moves down as well as up (Evidently: one direction only)', () => {
    expect(compare(real(200, 0), real(200, -1), { method: 'mannWhitney' }).driftDetected).toBe(true)
    expect(compare(real(200, 0), real(200, 1), { method: 'mannWhitney' }).driftDetected).toBe(true)
  })

  it('the bins of psi are as many as asked for (Evidently: ignored)', () => {
    const wide = new DriftDetector({ bins: 30 }).fit(tableOf([real(2000, 0)])).profile().columns[0]
    expect(wide?.kind === 'numeric' && 'counts' in wide && wide.counts.length).toBe(30)
  })

  it('gTest and fisher take sizes that differ, and missing values', () => {
    const before = strings([...Array<string>(60).fill('a'), ...Array<string>(40).fill('b'), null])
    const now = strings([...Array<string>(10).fill('a'), ...Array<string>(30).fill('b')])
    for (const method of ['gTest', 'fisher'] as const) expect(compare(before, now, { method })).toMatchObject({ method, state: 'drift' })
  })

  it('a new category in one of ten thousand rows is not the end of χ² (Evidently: p = 0)', () => {
    const cells = Array.from({ length: 10_000 }, (_, i) => ['a', 'b'][i % 2] as string)
    const found = compare(strings(cells), strings([...cells.slice(1), 'c']), { method: 'chiSquare' })
    expect(found.driftDetected).toBe(false)
    expect(found.pValue as number).toBeGreaterThan(0.3)
  })

  it('wasserstein sees a column of small scale (Evidently: a floor of 0.001)', () => {
    expect(compare(real(2000, 0, 1e-6), real(2000, 2e-6, 1e-6), { method: 'wasserstein' }).score as number).toBeGreaterThan(1.5)
  })

  it('1, 1.0 and "1" are one category', () => {
    expect(compare(columnFrom('x', 'int32', [1, 2, 1, 2]), columnFrom('x', 'float64', [1, 2, 1, 2]), { method: 'chiSquare' }).pValue).toBe(
      1,
    )
  })

  it('columns are ranked by one index, whatever their methods (Evidently: p-values among distances)', () => {
    const column = (name: string, shift: number): Column =>
      makeColumn(name, { type: 'float64', values: Float64Array.from({ length: 500 }, () => shift + rng.normal()) })
    const reference = tableOf([column('little', 0), column('much', 0)])
    const perColumn = { little: { method: 'wasserstein' }, much: { method: 'ks' } } as const
    const report = new DriftDetector({ perColumn }).fit(reference).detect(tableOf([column('little', 0.4), column('much', 2)]))
    expect(report.driftedColumns).toEqual(['much', 'little'])
  })

  it('an embedding test by mmd alarms at its nominal rate (Evidently: nearly always, by the 5th percentile of the null)', () => {
    const vectors = (shift: number): number[][] => Array.from({ length: 25 }, () => [rng.normal() + shift, rng.normal(), rng.normal()])
    const rounds = times(40, 400)
    const rate = (shift: number): number => {
      let alarms = 0
      for (let i = 0; i < rounds; i++) if (embeddingDrift(vectors(0), vectors(shift), { method: 'mmd', seed: i }).driftDetected) alarms++
      return alarms / rounds
    }
    expect(rate(0)).toBeLessThan(0.05 + 4 * Math.sqrt(0.0475 / rounds))
    expect(rate(1.5)).toBeGreaterThan(0.9)
  })

  it('an empty or missing column does not end the report (Evidently #1480)', () => {
    const column = (name: string, values: ArrayLike<number>): Column =>
      makeColumn(name, { type: 'float64', values: Float64Array.from(values) })
    const values = Array.from({ length: 100 }, () => rng.normal())
    const empty = new Array<number>(100).fill(Number.NaN)
    const reference = tableOf([column('a', values), column('b', values), column('c', empty), column('d', values)])
    const report = new DriftDetector().fit(reference).detect(tableOf([column('a', values), column('b', empty), column('c', values)]))
    expect(report.columns.map(({ state }) => state)).toEqual(['ok', 'error', 'skipped', 'error'])
  })

  it('χ² obeys the threshold of its column (NannyML: ignored)', () => {
    const cells = (share: number): string[] => Array.from({ length: 200 }, (_, i) => (i < share * 200 ? 'a' : 'b'))
    const [before, now] = [strings(cells(0.5)), strings(cells(0.6))]
    const { pValue } = compare(before, now)
    expect(pValue as number).toBeGreaterThan(0.04)
    expect(pValue as number).toBeLessThan(0.06)
    for (const [threshold, state] of [
      [0.01, 'ok'],
      [0.1, 'drift'],
    ] as const) {
      const found = compare(before, now, { threshold: 0.001, perColumn: { x: { method: 'chiSquare', threshold } } })
      expect([found.threshold, found.driftDetected]).toEqual([threshold, state === 'drift'])
    }
  })

  it('ADWIN cuts between all buckets, the newest of each row too (river #1539)', () => {
    // With every bucket it fires one clock earlier than when the last of each row is skipped: positions are in the golden file.
    const detector = adwin()
    const fired = Array.from({ length: 400 }, (_, i) => detector.update(i < 200 ? 0 : 1).driftDetected)
    expect(fired.indexOf(true)).toBe(223)
  })

  it('integers have the bins of other numbers (NumPy ≥ 2: one bin for zeros and ones)', () => {
    const bits = Int32Array.from({ length: 100 }, (_, i) => i % 2)
    expect(histogramEdges(bits)).toEqual(histogramEdges(Float64Array.from(bits)))
    expect(histogramEdges(bits).length - 1).toBe(8)
    const edges = histogramEdges(bits)
    expect([...histogram(bits, edges)].filter((count) => count > 0)).toEqual([50, 50])
  })

  it('one-sided exact p-values of large unequal samples stay exact (SciPy: silently asymptotic)', () => {
    const sample = (n: number): Float64Array => Float64Array.from({ length: n }, () => rng.normal())
    const [before, now] = [sample(1500), sample(1400)]
    const exact = ksTest(before, now, { alternative: 'greater', method: 'exact' })
    const limit = ksTest(before, now, { alternative: 'greater', method: 'asymptotic' })
    expect([exact.method, limit.method]).toEqual(['exact', 'asymptotic'])
    expect(exact.pValue).not.toBe(limit.pValue)
    expect(Math.abs(exact.pValue / limit.pValue - 1)).toBeLessThan(0.05)
  })

  it.each<DriftMethod>(['ks', 'wasserstein', 'psi'])(
    'the score of %s is higher where drift is larger, whether it is a test or a distance',
    (method) => {
      const scores = [0, 0.5, 1, 2].map((shift) => compare(real(400, 0), real(400, shift), { method }).score as number)
      expect(scores).toEqual([...scores].sort((a, b) => a - b))
    },
  )
})
