/** Selects rows by number, range or condition. */
import { invalidArgument, show } from '../core/errors'
import type { Column } from '../schema/column'
import { pickColumn, pickRows } from '../schema/pick-rows'
import type { NameOf, RowOf } from '../schema/row-types'
import { assertTable, type Table } from '../schema/table'
import { Dataset } from './dataset'
import { type RowView, rowView } from './row-view'

/** A condition on rows; the row is only valid during the call. */
export type RowPredicate<R = RowView> = (row: Readonly<R>, index: number) => boolean

/**
 * The rows that meet a condition: a predicate, a boolean column (or its name), or an array with one boolean per row.
 * Missing counts as false.
 *
 * @example filter(flights, (row) => row.origin === 'JFK' && row.dep_delay !== null)
 * @throws InvalidArgument when the mask is not boolean or has another length
 */
export function filter<T extends Table>(
  table: T,
  keep: RowPredicate<RowOf<T>> | Column | NameOf<T> | ArrayLike<boolean | number>,
): Dataset<RowOf<T>> {
  assertTable(table, 'filter')
  const rows = new Int32Array(table.numRows)
  let count = 0
  if (typeof keep === 'function') {
    const view = rowView(table)
    for (let row = 0; row < table.numRows; row++) if (keep(view.moveTo(row) as RowOf<T>, row)) rows[count++] = row
  } else {
    const mask = maskOf(table, keep)
    for (let row = 0; row < table.numRows; row++) if (mask[row] === 1 || mask[row] === true) rows[count++] = row
  }
  return takeRows(table, rows.subarray(0, count))
}

/** The rows with these numbers, in this order; a number may repeat. @throws InvalidArgument on a number out of range */
export function take<T extends Table>(table: T, rows: ArrayLike<number>): Dataset<RowOf<T>> {
  assertTable(table, 'take')
  const indices = rows instanceof Int32Array ? rows : Int32Array.from(rows)
  for (let i = 0; i < indices.length; i++) {
    const row = indices[i] as number
    if (row < 0 || row >= table.numRows) throw invalidArgument(`row must be from 0 to ${table.numRows - 1}, got ${row}`)
  }
  return takeRows(table, indices)
}

/** {@link take} of rows that are there. */
export function takeRows<T extends Table>(table: T, rows: Int32Array): Dataset<RowOf<T>> {
  const pick = pickRows(rows, table.numRows)
  return new Dataset(table.columnNames.map((name) => pickColumn(table.column(name), pick)))
}

/** Rows from `start` (included) to `end` (not included), sharing memory; negative numbers count from the end. */
export function slice<T extends Table>(table: T, start?: number, end?: number): Dataset<RowOf<T>> {
  assertTable(table, 'slice')
  return Dataset.fromTable(table).slice(start, end)
}

/** The first `count` rows. */
export function head<T extends Table>(table: T, count = 5): Dataset<RowOf<T>> {
  assertTable(table, 'head')
  return Dataset.fromTable(table).head(count)
}

/** The last `count` rows. */
export function tail<T extends Table>(table: T, count = 5): Dataset<RowOf<T>> {
  assertTable(table, 'tail')
  return Dataset.fromTable(table).tail(count)
}

function maskOf(table: Table, keep: Column | string | ArrayLike<boolean | number>): ArrayLike<boolean | number> {
  const column = typeof keep === 'string' ? table.column(keep) : 'storage' in keep && 'type' in keep ? (keep as Column) : undefined
  if (column !== undefined && column.type !== 'boolean') {
    throw invalidArgument(`filter needs a boolean column, ${show(column.name)} is ${column.type}`)
  }
  const mask = column?.storage ?? (keep as ArrayLike<boolean | number>)
  if (mask.length !== table.numRows)
    throw invalidArgument(`filter needs one truth value for each of ${table.numRows} rows, got ${show(mask.length)}`)
  return mask
}
