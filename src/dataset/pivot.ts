/** Tables made wide. */
import { invalidArgument, show } from '../core/errors'
import { arrayOf, checkOptions, either, finiteNumber, nonEmptyString, ofType, oneOf, wholeNumber } from '../core/options'
import { coerceCell, isInt32, isProblem } from '../schema/coerce'
import { type CellValue, type Column, columnFrom, renameColumn, takeColumn } from '../schema/column'
import type { NameOf } from '../schema/row-types'
import { assertTable, type Table } from '../schema/table'
import type { AggregateFunction, AggregateName } from './aggregates'
import { Dataset } from './dataset'
import { type Aggregation, figureOf, groupsOf } from './group-by'
import { firstRows } from './group-codes'
import { orderNumbers } from './sort'
import { cellText } from './table-text'

/** Options of {@link pivot}. */
export interface PivotOptions<Name extends string = string> {
  /** The columns whose values make the rows. */
  readonly index: Name | readonly Name[]
  /** The column whose values become columns. */
  readonly columns: Name
  /** The columns that fill the cells. With more than one, new columns are called `<value column>_<value>`. */
  readonly values: Name | readonly Name[]
  /** What several rows of one cell give. @default they are an error */
  readonly aggregate?: Exclude<AggregateName, 'quantile'> | AggregateFunction | undefined
  /** What a cell without rows holds. @default missing */
  readonly fill?: CellValue | undefined
  /** The most columns that may be made. @default 10_000 */
  readonly maxColumns?: number | undefined
}

/**
 * A wide table: one row for each combination of values of `index`, in order of first appearance, one column for each value of `columns`, in
 * ascending order. A missing value gives the column `missing`.
 *
 * @example pivot(flights, { index: 'carrier', columns: 'month', values: 'dep_delay', aggregate: 'mean' })
 * @throws NotFound; InvalidArgument when several rows fall into one cell and there is no `aggregate`, or too many columns would be made, or two
 * of one name
 */
export function pivot<T extends Table>(table: T, options: PivotOptions<NameOf<T>>): Dataset {
  assertTable(table, 'pivot')
  const names = either(nonEmptyString(), arrayOf(nonEmptyString()))
  checkOptions('pivot', options, {
    index: names,
    columns: nonEmptyString(),
    values: names,
    aggregate: either(ofType('string'), ofType('function')),
    fill: either(finiteNumber(), either(ofType('string'), either(ofType('boolean'), oneOf(null)))),
    maxColumns: wholeNumber(1),
  })
  const { index, columns, values } = options
  if (index === undefined || columns === undefined || values === undefined)
    throw invalidArgument('pivot needs `index`, `columns` and `values`')
  const keys = listOf(index).map((name) => table.column(name))
  const spread = table.column(columns)
  const [rows, wide] = [groupsOf(keys, 'group'), groupsOf([spread], 'group')]
  const cells = groupsOf([...keys, spread], 'group')
  const maxColumns = options.maxColumns ?? 10_000
  const valueNames = listOf(values)
  if (wide.count * valueNames.length > maxColumns) {
    throw invalidArgument(
      `pivot would make ${wide.count * valueNames.length} columns of ${show(columns)}, more than \`maxColumns\` ${maxColumns}`,
    )
  }
  const cellRows = firstRows(cells.codes, cells.count)
  if (options.aggregate === undefined && cells.count < table.numRows)
    throw severalRows(table, { keys, spread, codes: cells.codes, cellRows })
  // Cell (r, c) is figure `place[r * wide.count + c]`, or −1.
  const place = new Int32Array(rows.count * wide.count).fill(-1)
  for (let cell = 0; cell < cells.count; cell++) {
    const row = cellRows[cell] as number
    place[(rows.codes[row] as number) * wide.count + (wide.codes[row] as number)] = cell
  }
  const wideFirsts = firstRows(wide.codes, wide.count)
  const made = valueNames.flatMap((name) => {
    const how = [name, options.aggregate ?? 'first'] as Aggregation
    const figures = options.aggregate === undefined ? takeColumn(table.column(name), cellRows) : figureOf(table, cells, name, how)
    return inOrder(spread, wideFirsts).map((c) => {
      const value = spread.at(wideFirsts[c] as number) === null ? 'missing' : cellText(spread, wideFirsts[c] as number)
      const taken = takeColumn(
        figures,
        Int32Array.from({ length: rows.count }, (_, r) => place[r * wide.count + c] as number),
      )
      const filled = options.fill === undefined ? taken : fillGaps(taken, options.fill, (r) => place[r * wide.count + c] === -1)
      return renameColumn(filled, valueNames.length > 1 ? `${name}_${value}` : value)
    })
  })
  const rowFirsts = firstRows(rows.codes, rows.count)
  return new Dataset([...keys.map((column) => takeColumn(column, rowFirsts)), ...made])
}

function listOf(names: string | readonly string[]): readonly string[] {
  return typeof names === 'string' ? [names] : names
}

/** Group numbers in ascending order of their values, the missing one last. */
function inOrder(column: Column, firsts: Int32Array): number[] {
  const order = orderNumbers(column)
  const rank = (group: number): number => {
    const value = order[firsts[group] as number] as number
    return value === value ? value : Number.POSITIVE_INFINITY
  }
  return Array.from(firsts, (_, group) => group).sort((a, b) => (rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0))
}

function fillGaps(column: Column, fill: CellValue, isGap: (row: number) => boolean): Column {
  const type = column.type === 'int32' && typeof fill === 'number' && !isInt32(fill) ? 'float64' : column.type
  const cell = coerceCell(fill, type)
  if (isProblem(cell)) throw invalidArgument(`\`fill\` of pivot must fit ${type} cells, got ${show(fill)}`)
  return columnFrom(
    column.name,
    type,
    column.toArray().map((value, row) => (isGap(row) ? cell : value)),
  )
}

interface Repeated {
  readonly keys: readonly Column[]
  readonly spread: Column
  readonly codes: Int32Array
  readonly cellRows: Int32Array
}

function severalRows(table: Table, { keys, spread, codes, cellRows }: Repeated): Error {
  const second = codes.findIndex((cell, row) => row !== cellRows[cell])
  const where = [...keys, spread].map((column) => `${column.name} = ${String(column.at(second))}`).join(', ')
  const first = cellRows[codes[second] as number] as number
  return invalidArgument(`pivot: rows ${first} and ${second} of ${table.numRows} fall into one cell (${where})`, {
    hint: "{ aggregate: 'mean' } makes one value of them",
  })
}
