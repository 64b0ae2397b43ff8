/** Drift between periods of two real streams, against NumPy and SciPy. The counts are in the golden file, the streams themselves beside the checkout. */
import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { DriftDetector, type DriftMethod } from '../../../src/drift'
import { type CellValue, columnFrom } from '../../../src/schema/column'
import { type Table, tableOf } from '../../../src/schema/table'
import { chiSquareTest, histogram, jensenShannonDistance, lInfinityDistance, populationStabilityIndex } from '../../../src/stats'
import { dataFolder } from '../../interop/support/shared-data'
import { sample } from '../../support/effort'
import { expectClose, golden } from '../stats/golden'

interface Column {
  readonly psi: number
  readonly js_distance_base2: number
  readonly counts_reference: number[]
  readonly counts_current: number[]
}
interface NumericColumn extends Column {
  readonly n_reference: number
  readonly n_current: number
  readonly mean_reference: number
  readonly mean_current: number
  readonly inner_edges: number[]
  readonly ks_statistic: number
  readonly ks_pvalue_asymptotic: number
  readonly wasserstein: number
}
interface CategoricalColumn extends Column {
  readonly categories: string[]
  readonly linf: number
  readonly chi2: number
  readonly dof: number
  readonly chi2_pvalue: number
}
type Periods = Record<string, Record<string, NumericColumn | CategoricalColumn>>

const { definitions: _, ...streams } = golden<Record<string, Periods>>('real-data')
const isNumeric = (column: NumericColumn | CategoricalColumn): column is NumericColumn => 'inner_edges' in column

const comparisons = Object.entries(streams).flatMap(([stream, periods]) =>
  Object.entries(periods).flatMap(([period, columns]) =>
    Object.entries(columns).map(([name, column]) => ({ label: `${stream.split(',')[0]} ${period} ${name}`, stream, period, name, column })),
  ),
)

describe('scores of counts of real streams', () => {
  it.each(comparisons)('$label', ({ column }) => {
    const { counts_reference: before, counts_current: now } = column
    expectClose(populationStabilityIndex(before, now), column.psi, 1e-11, 0, 'psi')
    expectClose(jensenShannonDistance(before, now, { base: 2 }), column.js_distance_base2, 1e-9, 1e-12, 'js')
    if (isNumeric(column)) return
    expectClose(lInfinityDistance(before, now), column.linf, 1e-12, 0, 'l infinity')
    const test = chiSquareTest([before, now])
    expect(test.degreesOfFreedom).toBe(column.dof)
    expectClose(test.statistic, column.chi2, 1e-11, 0, 'chi2')
    expectClose(test.pValue, column.chi2_pvalue, 1e-9, 0, 'p of chi2')
  })
})

/** Columns of the first rows of a stream. */
function cells(file: string, rows: number): Record<string, CellValue[]> {
  const [header = '', ...lines] = gunzipSync(readFileSync(`${dataFolder}/stream/${file}`))
    .toString('utf8')
    .split(/\r?\n/, rows + 1)
  const columns: Record<string, CellValue[]> = Object.fromEntries(header.split(',').map((name) => [name, []]))
  const lists = Object.values(columns)
  for (const line of lines) {
    line.split(',').forEach((cell, i) => {
      lists[i]?.push(cell === 'NA' ? null : Number.isNaN(Number(cell)) ? cell : Number(cell))
    })
  }
  return columns
}

/** Rows of a period: `2010Q2`, `rows 0..5375`. */
function rowsOf(period: string, columns: Record<string, CellValue[]>): number[] {
  const quarter = /(\d{4})Q(\d)$/.exec(period)
  const years = columns.year ?? []
  if (quarter !== null) {
    const [year, q] = [Number(quarter[1]), Number(quarter[2])]
    return years.flatMap((of, row) => (of === year && Math.ceil(Number(columns.month?.[row]) / 3) === q ? [row] : []))
  }
  const [, first = '', last = ''] = /rows (\d+)\.\.(\d+)$/.exec(period) ?? []
  return Array.from({ length: Number(last) - Number(first) + 1 }, (_row, i) => Number(first) + i)
}

describe.skipIf(!existsSync(`${dataFolder}/stream`))('the detector on real streams (needs the data beside the repository)', () => {
  it.each([
    ['beijing_pm25, reference 2010Q1', 'beijing_pm25.csv.gz', 14_000],
    ['elec2, reference rows 0..5375', 'elec2.csv.gz', 35_000],
  ])('%s', (stream, file, rows) => {
    const columns = cells(file, rows)
    const table = (period: string, name: string, type: 'float64' | 'string'): Table => {
      const all = columns[name] as CellValue[]
      return tableOf([
        columnFrom(
          name,
          type,
          rowsOf(period, columns).map((row) => all[row] as CellValue),
        ),
      ])
    }
    const own = comparisons.filter((each) => each.stream === stream)
    for (const { period, name, column } of sample(own, 8, 3)) {
      const type = isNumeric(column) ? 'float64' : 'string'
      const [before, now] = [table(stream, name, type), table(period, name, type)]
      const by = (method: DriftMethod) => {
        const found = new DriftDetector({ method }).fit(before, { columns: [name] }).detect(now).columns[0]
        if (found === undefined) throw new Error(`no ${name}`)
        return found
      }
      if (!isNumeric(column)) {
        const found = by('chiSquare')
        expectClose(found.statistic as number, column.chi2, 1e-11, 0, `${name} chi2`)
        expectClose(found.pValue as number, column.chi2_pvalue, 1e-9, 0, `${name} p`)
        expectClose(found.psi as number, column.psi, 1e-11, 0, `${name} psi`)
        continue
      }
      const found = by('ks')
      expect([found.nReference, found.nCurrent]).toEqual([column.n_reference, column.n_current])
      expectClose(found.summary?.reference.mean as number, column.mean_reference, 1e-11, 0, `${name} mean`)
      expectClose(found.summary?.current.mean as number, column.mean_current, 1e-11, 0, `${name} mean now`)
      expectClose(found.statistic as number, column.ks_statistic, 1e-12, 0, `${name} D`)
      // The detector's p-value is exact up to 10,000 values a side.
      if (column.ks_pvalue_asymptotic > 1e-4) expectClose(found.pValue as number, column.ks_pvalue_asymptotic, 0.1, 0, `${name} p`)
      else expect(found.pValue as number).toBeLessThan(1e-4)
      const spread = found.summary?.reference.std as number
      const distance = by('wasserstein').score as number
      // Divided by the population standard deviation of the reference, which a constant does not have.
      if (spread > 1e-9) {
        const n = column.n_reference
        expectClose(distance * spread * Math.sqrt((n - 1) / n), column.wasserstein, 1e-9, 1e-15, `${name} wasserstein`)
      }
      const values = (of: Table): number[] => Array.from(of.column(name).storage as Float64Array)
      const edges = [Number.NEGATIVE_INFINITY, ...column.inner_edges, Number.POSITIVE_INFINITY]
      expect([...histogram(values(before), edges)], `${name} counts`).toEqual(column.counts_reference)
      expect([...histogram(values(now), edges)], `${name} counts now`).toEqual(column.counts_current)
    }
  })
})
