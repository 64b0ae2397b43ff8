/** How columns move together. */
import { invalidArgument, show } from '../core/errors'
import { arrayOf, checkOptions, nonEmptyString, oneOf, wholeNumber } from '../core/options'
import { type Column, columnOfCells, makeColumn, toFloat64 } from '../schema/column'
import type { DataRow, NameOf } from '../schema/row-types'
import { assertTable, type Table } from '../schema/table'
import { Dataset } from './dataset'
import { type Coefficient, type CoefficientOf, pearson, pearsonOf } from './pearson'
import { ascendingRows } from './sort'

/** A coefficient of correlation: linear (Pearson), of ranks (Spearman), of concordant pairs (Kendall's τ-b). */
export type CorrelationMethod = 'pearson' | 'spearman' | 'kendall'

/** Options of {@link correlation}. */
export interface CorrelationOptions<Name extends string = string> {
  /** Numeric, boolean or timestamp columns. @default every column of numbers or booleans */
  readonly columns?: readonly Name[] | undefined
  /** @default 'pearson' */
  readonly method?: CorrelationMethod | undefined
  /** Pairs of fewer rows than this are missing. @default 1 */
  readonly minRows?: number | undefined
}

/** The row of a correlation matrix: the name of a column, then its coefficient with each. */
export type CorrelationRow<Name extends string> = string extends Name
  ? DataRow
  : { [Key in 'column' | Name]: Key extends 'column' ? string : number | null }

/**
 * The matrix of correlations: one row a column, named in `column`, and one column each. Of each pair the rows count in which both have a value.
 * A coefficient is missing where a column does not vary.
 *
 * Pearson and Spearman take O(n log n) for each pair, Kendall too (Knight's algorithm: W. R. Knight 1966, JASA 61:436).
 *
 * @example correlation(penguins, { method: 'spearman' })
 * @throws NotFound; InvalidArgument for text, a column called `column`, or without any column
 */
export function correlation<T extends Table, const Name extends NameOf<T> = NameOf<T>>(
  table: T,
  options: CorrelationOptions<Name> = {},
): Dataset<CorrelationRow<Name>> {
  assertTable(table, 'correlation')
  checkOptions('correlation', options, {
    columns: arrayOf(nonEmptyString()),
    method: oneOf('pearson', 'spearman', 'kendall'),
    minRows: wholeNumber(1),
  })
  const isNumber = (name: string): boolean => ['float64', 'int32', 'boolean'].includes(table.column(name).type)
  const names: readonly string[] = options.columns ?? table.columnNames.filter(isNumber)
  if (names.length === 0) throw invalidArgument('correlation needs at least one column of numbers, the table has none')
  if (names.includes('column')) throw invalidArgument(`correlation cannot name a column ${show('column')}: rename it first`)
  const wanted = names.map((name) => table.column(name))
  const { method = 'pearson', minRows = 1 } = options
  const coefficientOf = method === 'pearson' ? pearsonOf(wanted, minRows) : coefficientsOf(method, wanted, minRows)
  const matrix = names.map(() => new Float64Array(names.length))
  for (let i = 0; i < names.length; i++) {
    for (let j = 0; j <= i; j++) {
      const found = coefficientOf(i, j)
      ;(matrix[i] as Float64Array)[j] = found
      ;(matrix[j] as Float64Array)[i] = found
    }
  }
  const columns = names.map((name, i) => makeColumn(name, { type: 'float64', values: matrix[i] as Float64Array }))
  return new Dataset([columnOfCells('column', names, 'string'), ...columns])
}

function coefficientsOf(method: 'spearman' | 'kendall', columns: readonly Column[], minRows: number): CoefficientOf {
  const coefficient = { spearman, kendall }[method]
  const values = columns.map(toFloat64)
  return (i, j) => coefficient(values[i] as Float64Array, values[j] as Float64Array, minRows)
}

/** The rows in which both have a value. */
function paired(a: Float64Array, b: Float64Array): readonly [Float64Array, Float64Array] {
  const [x, y] = [new Float64Array(a.length), new Float64Array(a.length)]
  let count = 0
  for (let row = 0; row < a.length; row++) {
    const left = a[row] as number
    const right = b[row] as number
    if (left !== left || right !== right) continue
    x[count] = left
    y[count++] = right
  }
  return [x.subarray(0, count), y.subarray(0, count)]
}

const spearman: Coefficient = (a, b, minRows) => {
  const [x, y] = paired(a, b)
  return pearson(midRanks(x), midRanks(y), minRows)
}

/** Ranks from 1; equal values share the mean of theirs. */
function midRanks(values: Float64Array): Float64Array {
  const order = ascendingRows(values)
  const ranks = new Float64Array(values.length)
  for (let from = 0; from < order.length; ) {
    let to = from + 1
    while (to < order.length && values[order[to] as number] === values[order[from] as number]) to++
    for (let i = from; i < to; i++) ranks[order[i] as number] = (from + to + 1) / 2
    from = to
  }
  return ranks
}

/** τ-b: pairs in order less pairs out of order, out of those that are equal in neither. */
const kendall: Coefficient = (a, b, minRows) => {
  const [x, y] = paired(a, b)
  const n = x.length
  if (n < minRows) return Number.NaN
  const order = ascendingRows(x, y)
  const pairsOf = (count: number): number => (count * (count - 1)) / 2
  // Pairs equal in x, in both, and in y.
  let [tiesX, tiesBoth] = [0, 0]
  const sorted = new Float64Array(n)
  for (let i = 0, runX = 0, runBoth = 0; i < n; i++) {
    const [row, before] = [order[i] as number, order[i - 1] as number]
    sorted[i] = y[row] as number
    const sameX = i > 0 && x[row] === x[before]
    runX = sameX ? runX + 1 : 0
    runBoth = sameX && y[row] === y[before] ? runBoth + 1 : 0
    tiesX += runX
    tiesBoth += runBoth
  }
  const swaps = countSwaps(sorted)
  let tiesY = 0
  for (let i = 1, run = 0; i < n; i++) {
    run = sorted[i] === sorted[i - 1] ? run + 1 : 0
    tiesY += run
  }
  const total = pairsOf(n)
  const found = (total - tiesX - tiesY + tiesBoth - 2 * swaps) / Math.sqrt(total - tiesX) / Math.sqrt(total - tiesY)
  return Number.isFinite(found) ? Math.max(-1, Math.min(1, found)) : Number.NaN
}

/** Sorts `values` by merging, and counts the neighbours that had to change places. */
function countSwaps(values: Float64Array): number {
  let from: Float64Array = values
  let to: Float64Array = new Float64Array(values.length)
  let swaps = 0
  for (let width = 1; width < values.length; width *= 2) {
    for (let start = 0; start < values.length; start += 2 * width) {
      const middle = Math.min(start + width, values.length)
      const end = Math.min(start + 2 * width, values.length)
      for (let i = start, j = middle, at = start; at < end; at++) {
        if (i < middle && (j >= end || (from[i] as number) <= (from[j] as number))) to[at] = from[i++] as number
        else {
          swaps += middle - i
          to[at] = from[j++] as number
        }
      }
    }
    ;[from, to] = [to, from]
  }
  if (from !== values) values.set(from)
  return swaps
}
