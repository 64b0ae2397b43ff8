/** The smallest table: what every module takes, and what `Dataset` is. */
import { invalidArgument, MillwrightError, show } from '../core/errors'
import { nearest } from '../core/spelling'
import { type CoerceOptions, isDate } from './coerce'
import { type CellValue, type Column, type ColumnType, columnOfCells } from './column'

/** Columns of equal length under distinct names. Immutable. `Dataset` is one; so is what {@link tableOf} makes. */
export interface Table {
  readonly numRows: number
  readonly columnNames: readonly string[]
  /** @throws NotFound listing the names there are */
  column(name: string): Column
}

/** A row as an object: column name → cell. */
export type Row = Readonly<Record<string, CellValue | Date | bigint | undefined>>

/** A plain table over columns. @throws InvalidArgument on unequal lengths or repeated names */
export function tableOf(columns: readonly Column[]): Table {
  const byName = new Map<string, Column>()
  const numRows = columns[0]?.length ?? 0
  for (const column of columns) {
    if (byName.has(column.name)) throw invalidArgument(`a table cannot hold two columns named ${show(column.name)}`)
    if (column.length !== numRows) {
      throw invalidArgument(
        `columns must have one length: ${show(columns[0]?.name)} has ${numRows} rows, ${show(column.name)} has ${column.length}`,
      )
    }
    byName.set(column.name, column)
  }
  return {
    numRows,
    columnNames: columns.map((column) => column.name),
    column(name) {
      const column = byName.get(name)
      if (column === undefined) throw columnNotFound(name, [...byName.keys()])
      return column
    },
  }
}

/** Whether a value can be a row: an object that is no array, Map, Set, Date or Promise. */
export function isRow(value: unknown): value is Row {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return !(value instanceof Map || value instanceof Set || isDate(value) || typeof (value as { then?: unknown }).then === 'function')
}

/** The error for a column that a table does not have. */
export function columnNotFound(name: string, names: readonly string[]): MillwrightError {
  const shown = names.slice(0, 20).map((known) => JSON.stringify(known))
  const more = names.length > 20 ? ` and ${names.length - 20} more` : ''
  const meant = typeof name === 'string' ? nearest(name, names) : undefined
  return new MillwrightError('NotFound', `no column ${show(name)}; there are ${shown.join(', ') || 'none'}${more}`, {
    details: { column: name },
    ...(meant === undefined ? {} : { hint: `did you mean ${show(meant)}?` }),
  })
}

/** Whether `value` is a table (structurally). */
export function isTable(value: unknown): value is Table {
  if (typeof value !== 'object' || value === null) return false
  const candidate = value as Partial<Table>
  return typeof candidate.numRows === 'number' && Array.isArray(candidate.columnNames) && typeof candidate.column === 'function'
}

/**
 * Refuses a value that is no table; a Promise is named as a forgotten `await`. Every public verb that takes a table calls it first.
 *
 * @throws InvalidArgument "split expects a Dataset, got a Promise (did you forget `await`?)"
 */
export function assertTable(value: unknown, operation: string): asserts value is Table {
  if (!isTable(value)) throw invalidArgument(`${operation} expects a Dataset, got ${show(value)}`)
}

/**
 * A table from row objects. Columns are the given ones, or the keys in order of appearance; a key that a row lacks is missing there.
 *
 * @param types column types by name; the others are inferred by `typeOfCells`
 * @throws InvalidArgument naming column and row of what is no cell, or no cell of the column's type
 */
export function tableFromRows(
  rows: readonly Row[],
  types?: Readonly<Record<string, ColumnType | undefined>>,
  ...[names, options]: [names?: readonly string[] | undefined, options?: CoerceOptions]
): Table {
  const columnNames = names ?? [...new Set(rows.flatMap((row) => Object.keys(row)))]
  return tableOf(
    columnNames.map((name) => {
      const cells = rows.map((row) => (Object.hasOwn(row, name) ? row[name] : undefined))
      const type = types !== undefined && Object.hasOwn(types, name) ? types[name] : undefined
      return columnOfCells(name, cells, type, options)
    }),
  )
}

/** The row at `index` as an object without prototype surprises. */
export function rowAt(table: Table, index: number): Record<string, CellValue> {
  const row: Record<string, CellValue> = {}
  for (const name of table.columnNames) {
    // defineProperty keeps a column called __proto__ a plain member.
    Object.defineProperty(row, name, { value: table.column(name).at(index), enumerable: true, writable: true, configurable: true })
  }
  return row
}

/** All rows as objects. */
export function rowsOf(table: Table): Record<string, CellValue>[] {
  return Array.from({ length: table.numRows }, (_, index) => rowAt(table, index))
}
