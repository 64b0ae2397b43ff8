/** Tests and effect sizes of contingency tables: rows of counts over the same categories. */
import { invalidArgument, show } from '../core/errors'
import { checkOptions, ofType } from '../core/options'
import { chiSquareSf } from './distributions'
import { assertRows } from './sample'

/** Options of {@link chiSquareTest} and {@link gTest}. */
export interface ContingencyOptions {
  /** Yates' continuity correction, which applies to one degree of freedom only. SciPy's default is true. @default false */
  readonly yates?: boolean | undefined
}

/** What a contingency test finds. */
export interface ContingencyResult {
  readonly statistic: number
  readonly pValue: number
  /** 0 when fewer than two rows or columns hold anything: statistic 0 and p 1 then. */
  readonly degreesOfFreedom: number
  /** Some expected count is below 5: the p-value is only approximate. */
  readonly smallExpected: boolean
}

/**
 * Pearson's χ² test that all rows come from one distribution over the categories.
 *
 * Empty rows and columns are left out (SciPy refuses them). Equal to SciPy's `chi2_contingency` to 1e-9.
 *
 * @param table at least one row; rows of equal length, finite counts ≥ 0
 * @throws InvalidArgument
 */
export function chiSquareTest(table: readonly ArrayLike<number>[], options: ContingencyOptions = {}): ContingencyResult {
  return test('chiSquareTest', table, options, (observed, expected) => (observed - expected) ** 2 / expected)
}

/** The likelihood-ratio (G) test, 2 Σ O ln(O / E). Otherwise as {@link chiSquareTest}. */
export function gTest(table: readonly ArrayLike<number>[], options: ContingencyOptions = {}): ContingencyResult {
  return test('gTest', table, options, (observed, expected) => (observed > 0 ? 2 * observed * Math.log(observed / expected) : 0))
}

/**
 * Cramér's V: association of rows and categories, 0 (none) to 1. `NaN` when fewer than two rows or columns hold anything.
 *
 * @param options.biasCorrected Bergsma's correction (2013). @default false
 */
export function cramersV(table: readonly ArrayLike<number>[], options: { readonly biasCorrected?: boolean | undefined } = {}): number {
  checkOptions('cramersV', options, { biasCorrected: ofType('boolean') })
  const { total, usedRows: r, usedColumns: c } = marginsOf('cramersV', table)
  const { statistic } = chiSquareTest(table)
  if (r < 2 || c < 2) return Number.NaN
  if (options.biasCorrected !== true) return Math.sqrt(statistic / (total * (Math.min(r, c) - 1)))
  const phi2 = Math.max(0, statistic / total - ((r - 1) * (c - 1)) / (total - 1))
  const rows = r - (r - 1) ** 2 / (total - 1)
  const columns = c - (c - 1) ** 2 / (total - 1)
  return Math.sqrt(phi2 / Math.min(rows - 1, columns - 1))
}

interface Margins {
  readonly rows: readonly number[]
  readonly columns: readonly number[]
  readonly total: number
  /** Rows and columns that hold anything. */
  readonly usedRows: number
  readonly usedColumns: number
}

function test(
  operation: string,
  table: readonly ArrayLike<number>[],
  options: ContingencyOptions,
  term: (observed: number, expected: number) => number,
): ContingencyResult {
  checkOptions(operation, options, { yates: ofType('boolean') })
  const { rows, columns, total, usedRows, usedColumns } = marginsOf(operation, table)
  const degreesOfFreedom = Math.max(0, (usedRows - 1) * (usedColumns - 1))
  if (degreesOfFreedom === 0) return { statistic: 0, pValue: 1, degreesOfFreedom, smallExpected: false }
  const shift = options.yates === true && degreesOfFreedom === 1 ? 0.5 : 0
  let statistic = 0
  let smallExpected = false
  rows.forEach((rowSum, r) => {
    columns.forEach((columnSum, c) => {
      const expected = (rowSum * columnSum) / total
      if (expected === 0) return
      if (expected < 5) smallExpected = true
      const count = table[r]?.[c] as number
      const difference = expected - count
      statistic += term(count + Math.sign(difference) * Math.min(shift, Math.abs(difference)), expected)
    })
  })
  return { statistic, pValue: chiSquareSf(statistic, degreesOfFreedom), degreesOfFreedom, smallExpected }
}

function marginsOf(operation: string, table: readonly ArrayLike<number>[]): Margins {
  assertRows(operation, table)
  const width = table[0]?.length ?? 0
  const rows: number[] = []
  const columns = new Array<number>(width).fill(0)
  let total = 0
  table.forEach((row, r) => {
    if (row.length !== width) throw invalidArgument(`${operation}: row ${r} has ${row.length} counts, row 0 has ${width}`)
    let sum = 0
    for (let c = 0; c < width; c++) {
      const count = row[c] as number
      if (!(count >= 0 && count < Number.POSITIVE_INFINITY)) {
        throw invalidArgument(`${operation}: a count must be a finite number ≥ 0, got ${show(count)} in row ${r}, column ${c}`)
      }
      sum += count
      columns[c] = (columns[c] as number) + count
    }
    rows.push(sum)
    total += sum
  })
  if (width === 0) throw invalidArgument(`${operation} needs a table of at least one row and column`)
  return { rows, columns, total, usedRows: rows.filter(Boolean).length, usedColumns: columns.filter(Boolean).length }
}
