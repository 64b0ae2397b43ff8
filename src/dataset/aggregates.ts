/** Figures of the groups of a column: one cell a group. */
import { invalidArgument, show } from '../core/errors'
import {
  type Column,
  type ColumnInit,
  columnInit,
  columnOfCells,
  isMissingAt,
  MISSING_INT32,
  makeColumn,
  missingMark,
  takeColumn,
  toFloat64,
} from '../schema/column'
import type { CellInput } from '../schema/row-types'
import { quantile, quantileSorted } from '../stats/elementary'
import { sortFloat64 } from '../stats/sort'
import { groupCodes, NO_GROUP } from './group-codes'
import { orderNumbers } from './sort'

/** The figures that groups can be told by. */
export type AggregateName = 'count' | 'sum' | 'mean' | 'sd' | 'min' | 'max' | 'median' | 'quantile' | 'first' | 'last' | 'nunique'

/** Every name of an aggregate. */
export const aggregateNames: readonly AggregateName[] = [
  'count',
  'sum',
  'mean',
  'sd',
  'min',
  'max',
  'median',
  'quantile',
  'first',
  'last',
  'nunique',
]

/** A figure of your own: one cell from the cells of one group. */
export type AggregateFunction = (cells: Column) => CellInput

/** The values of a column as numbers, and their sum and number in each group. */
export interface GroupSums {
  readonly values: Float64Array
  readonly total: Float64Array
  readonly size: Float64Array
}

/** Rows in groups. */
export interface Groups {
  /** Sums there are already: several figures of one column begin with them. */
  readonly sums: Map<Column, GroupSums>
  /** The group of each row, or {@link NO_GROUP}. */
  readonly codes: Int32Array
  readonly count: number
  /** Row numbers by group: group g holds `rows[starts[g]]` … `rows[starts[g + 1] - 1]`. */
  readonly sorted: () => { readonly starts: Int32Array; readonly rows: Int32Array }
}

/** What is asked of a column. */
export interface Aggregate {
  readonly name: string
  readonly how: AggregateName | AggregateFunction
  /** Of `quantile`: the share, in [0, 1]. */
  readonly share: number
}

/**
 * The figure `how` of each group of a column. Missing cells are left out of every one.
 *
 * @throws InvalidArgument when the figure is not defined for the type of the column
 */
export function aggregate(column: Column, groups: Groups, { name, how, share }: Aggregate): Column {
  if (typeof how === 'function') return ownFigure(column, groups, { name, how })
  const isNumeric = column.type !== 'string'
  const isTime = column.type === 'timestamp'
  const refuse = (): never => {
    const needed = isTime ? 'numbers or booleans' : 'numbers, booleans or timestamps'
    throw invalidArgument(`${how} of column ${show(column.name)} needs ${needed}, the column is ${column.type}`, {
      details: { column: column.name, aggregate: how },
    })
  }
  const figures = (values: Float64Array): Column => makeColumn(name, { type: isTime ? 'timestamp' : 'float64', values })
  switch (how) {
    case 'count':
      return makeColumn(name, { type: 'int32', values: counts(column, groups) })
    case 'nunique':
      return makeColumn(name, { type: 'int32', values: distinctCounts(column, groups) })
    case 'first':
    case 'last':
      return takeAs(name, column, endRows(column, groups, how))
    case 'min':
    case 'max':
      return takeAs(name, column, extremeRows(column, groups, how === 'max'))
    case 'sum':
      if (!isNumeric || isTime) return refuse()
      return sumColumn(name, column, sums(column, groups).total.slice())
    case 'mean':
      return isNumeric ? figures(means(column, groups)) : refuse()
    case 'sd':
      return isNumeric && !isTime ? figures(deviations(column, groups)) : refuse()
    default:
      return isNumeric ? figures(quantiles(toFloat64(column), groups, how === 'median' ? 0.5 : share)) : refuse()
  }
}

function ownFigure(column: Column, groups: Groups, { name, how }: { readonly name: string; readonly how: AggregateFunction }): Column {
  const { starts, rows } = groups.sorted()
  const cells = Array.from({ length: groups.count }, (_, g) => how(takeColumn(column, rows.subarray(starts[g], starts[g + 1]))))
  return columnOfCells(name, cells)
}

/** Cells of `column` at these rows, under another name. */
function takeAs(name: string, column: Column, rows: Int32Array): Column {
  return makeColumn(name, columnInit(takeColumn(column, rows)))
}

/** Whole numbers stay whole while they fit. */
function sumColumn(name: string, column: Column, values: Float64Array): Column {
  const isWhole = column.type !== 'float64' && values.every((value) => value > MISSING_INT32 && value <= 2147483647)
  const init: ColumnInit = isWhole ? { type: 'int32', values: Int32Array.from(values) } : { type: 'float64', values }
  return makeColumn(name, init)
}

/** Cells with a value in each group. */
function counts(column: Column, groups: Groups): Int32Array {
  const known = groups.sums.get(column)
  if (known !== undefined) return Int32Array.from(known.size)
  const { codes, count } = groups
  const { storage, type } = column
  const mark = missingMark(type)
  const found = new Int32Array(count)
  for (let row = 0; row < codes.length; row++) {
    const group = codes[row] as number
    const value = storage[row] as number
    if (group !== NO_GROUP && value !== mark && value === value) found[group] = (found[group] as number) + 1
  }
  return found
}

function distinctCounts(column: Column, { count, sorted }: Groups): Int32Array {
  const found = new Int32Array(count)
  const cells = groupCodes([[column]], 'none')
  const codes = cells.codes[0] as Int32Array
  const seenIn = new Int32Array(cells.count).fill(NO_GROUP)
  const { starts, rows } = sorted()
  for (let group = 0; group < count; group++) {
    let distinct = 0
    for (let i = starts[group] as number; i < (starts[group + 1] as number); i++) {
      const code = codes[rows[i] as number] as number
      if (code === NO_GROUP || seenIn[code] === group) continue
      seenIn[code] = group
      distinct++
    }
    found[group] = distinct
  }
  return found
}

/** The first or last row with a value in each group; −1 where there is none. */
function endRows(column: Column, { codes, count }: Groups, end: 'first' | 'last'): Int32Array {
  const rows = new Int32Array(count).fill(-1)
  for (let row = 0; row < codes.length; row++) {
    const group = codes[row] as number
    if (group === NO_GROUP || (end === 'first' && rows[group] !== -1) || isMissingAt(column, row)) continue
    rows[group] = row
  }
  return rows
}

/** The row of the least or greatest value of each group; −1 where there is none. Text goes by UTF-16 code units. */
function extremeRows(column: Column, groups: Groups, greatest: boolean): Int32Array {
  const { codes, count } = groups
  const rows = new Int32Array(count).fill(-1)
  const numbers = groups.sums.get(column)?.values ?? orderNumbers(column)
  const best = new Float64Array(count)
  const sign = greatest ? 1 : -1
  for (let row = 0; row < codes.length; row++) {
    const group = codes[row] as number
    const value = sign * (numbers[row] as number)
    if (group === NO_GROUP || value !== value) continue
    if (rows[group] !== -1 && value <= (best[group] as number)) continue
    best[group] = value
    rows[group] = row
  }
  return rows
}

/** Sum (Kahan's, as in pandas) and number of the values of each group. */
function sums(column: Column, groups: Groups): GroupSums {
  const known = groups.sums.get(column)
  if (known !== undefined) return known
  const { codes, count } = groups
  const values = toFloat64(column)
  const total = new Float64Array(count)
  const lost = new Float64Array(count)
  const size = new Float64Array(count)
  for (let row = 0; row < values.length; row++) {
    const group = codes[row] as number
    const value = values[row] as number
    if (group === NO_GROUP || value !== value) continue
    const before = total[group] as number
    const term = value - (lost[group] as number)
    const after = before + term
    const rest = after - before - term
    // Infinity less infinity is no number: nothing is lost there.
    lost[group] = rest === rest ? rest : 0
    total[group] = after
    size[group] = (size[group] as number) + 1
  }
  const found = { values, total, size }
  groups.sums.set(column, found)
  return found
}

function means(column: Column, groups: Groups): Float64Array {
  const { total, size } = sums(column, groups)
  return total.map((sum, group) => sum / (size[group] as number))
}

/** Sample standard deviation (n − 1), in a second pass over the distances from the mean; `NaN` below two values. */
function deviations(column: Column, groups: Groups): Float64Array {
  const { codes, count } = groups
  const { values, size } = sums(column, groups)
  const mean = means(column, groups)
  const squares = new Float64Array(count)
  for (let row = 0; row < values.length; row++) {
    const group = codes[row] as number
    const value = values[row] as number
    if (group !== NO_GROUP && value === value) squares[group] = (squares[group] as number) + (value - (mean[group] as number)) ** 2
  }
  return squares.map((sum, group) => ((size[group] as number) < 2 ? Number.NaN : Math.sqrt(sum / ((size[group] as number) - 1))))
}

/** From this many values on selection is quicker than sorting. */
const SELECT_FROM = 256

function quantiles(values: Float64Array, { count, sorted }: Groups, share: number): Float64Array {
  const { starts, rows } = sorted()
  const cells = new Float64Array(rows.length)
  const found = new Float64Array(count)
  for (let group = 0; group < count; group++) {
    let length = 0
    for (let i = starts[group] as number; i < (starts[group + 1] as number); i++) {
      const value = values[rows[i] as number] as number
      if (value === value) cells[length++] = value
    }
    const present = cells.subarray(0, length)
    found[group] = length < SELECT_FROM ? quantileSorted(sortFloat64(present), share) : quantile(present, share)
  }
  return found
}
