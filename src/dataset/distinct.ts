/** Distinct values and rows. */
import { invalidArgument } from '../core/errors'
import { arrayOf, checkOptions, nonEmptyString, oneOf } from '../core/options'
import type { NameOf, RowOf } from '../schema/row-types'
import { assertTable, type Table } from '../schema/table'
import type { Dataset } from './dataset'
import { takeRows } from './filter'
import { groupsOf } from './group-by'
import { firstRows } from './group-codes'

/** The distinct values of a column in order of first appearance; `null` stands for missing. @throws NotFound */
export function unique<T extends Table, const Name extends NameOf<T>>(table: T, name: Name): RowOf<T>[Name & keyof RowOf<T>][] {
  assertTable(table, 'unique')
  const column = table.column(name)
  const { codes, count } = groupsOf([column], 'group')
  return Array.from(firstRows(codes, count), (row) => column.at(row)) as RowOf<T>[Name & keyof RowOf<T>][]
}

/** Options of {@link dropDuplicates}. */
export interface DropDuplicatesOptions<Name extends string = string> {
  /** The columns in which rows must be equal. @default all */
  readonly columns?: readonly Name[] | undefined
  /** Which of equal rows to keep: the first, the last, or none of them. @default 'first' */
  readonly keep?: 'first' | 'last' | 'none' | undefined
}

/**
 * Rows without repetitions, in their order. Missing cells are equal to each other.
 *
 * @example dropDuplicates(flights, { columns: ['tailnum'], keep: 'last' })
 * @throws NotFound for an unknown column, InvalidArgument for an empty list of columns
 */
export function dropDuplicates<T extends Table>(table: T, options: DropDuplicatesOptions<NameOf<T>> = {}): Dataset<RowOf<T>> {
  assertTable(table, 'dropDuplicates')
  checkOptions('dropDuplicates', options, { columns: arrayOf(nonEmptyString()), keep: oneOf('first', 'last', 'none') })
  if (options.columns?.length === 0) throw invalidArgument('`columns` of dropDuplicates must name at least one column')
  const columns = (options.columns ?? table.columnNames).map((name) => table.column(name))
  if (columns.length === 0) return takeRows(table, new Int32Array(0))
  const { codes, count } = groupsOf(columns, 'group')
  const firsts = firstRows(codes, count)
  if ((options.keep ?? 'first') === 'first') return takeRows(table, firsts)
  const lasts = new Int32Array(count)
  for (let row = 0; row < codes.length; row++) lasts[codes[row] as number] = row
  return takeRows(table, options.keep === 'last' ? lasts.sort() : firsts.filter((row, group) => row === lasts[group]))
}
