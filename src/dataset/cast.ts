/** Columns in another type, and columns computed from the cells of one. */
import { invalidArgument, show } from '../core/errors'
import { checkOptions, oneOf } from '../core/options'
import { coerceCell, isInt32, isProblem } from '../schema/coerce'
import {
  type CellValue,
  type Column,
  type ColumnType,
  columnFrom,
  columnOfCells,
  columnTypes,
  makeColumn,
  missingMark,
  newValues,
  toFloat64,
} from '../schema/column'
import type { CellAskedFor, CellInput, CellOf, NameOf, NoOthers, RowOf, WithCell } from '../schema/row-types'
import { assertTable, type Table } from '../schema/table'
import { type ColumnTypes, checkTypes } from './create'
import { Dataset } from './dataset'

/** What a cell becomes that is no value of the new type: an error, or missing. */
export type InvalidCells = 'error' | 'missing'

/** Options of {@link cast}. */
export interface CastOptions<Invalid extends InvalidCells = InvalidCells> {
  /** What a cell becomes that is no value of the new type. @default 'error' */
  readonly invalid?: Invalid | undefined
}

/** Rows of type `R` with columns in other types. */
export type CastRow<R, Types, Invalid> = {
  [Name in keyof R]: Name extends keyof Types ? CellAskedFor<R[Name], Types[Name]> | ('missing' extends Invalid ? null : never) : R[Name]
}

/**
 * Columns in another type. Text is read as in a CSV file; text of dates must be ISO 8601; numbers are epoch milliseconds as timestamps, and
 * timestamps become ISO 8601 text. Nothing is rounded: 3.7 is no `int32`.
 *
 * @example cast(data, { id: 'string', at: 'timestamp' })
 * @throws NotFound; InvalidArgument naming column and row of a cell that is no value of the new type
 */
export function cast<T extends Table, const Types extends ColumnTypes<NameOf<T>>, const Invalid extends InvalidCells = 'error'>(
  table: T,
  types: Types & NoOthers<Types, NameOf<T>>,
  options: CastOptions<Invalid> = {},
): Dataset<CastRow<RowOf<T>, Types, Invalid>> {
  assertTable(table, 'cast')
  checkOptions('cast', options, { invalid: oneOf('error', 'missing') })
  if (typeof types !== 'object' || types === null) throw invalidArgument(`cast needs types by column name, got ${show(types)}`)
  checkTypes(types)
  const asked = new Map(Object.entries(types as ColumnTypes))
  for (const name of asked.keys()) table.column(name)
  return new Dataset(
    table.columnNames.map((name) => {
      const type = asked.get(name)
      const column = table.column(name)
      return type === undefined || type === column.type ? column : castColumn(column, type, options.invalid === 'missing')
    }),
  )
}

function castColumn(column: Column, type: ColumnType, lenient: boolean): Column {
  const { name, storage } = column
  const refuse = (cell: CellValue, row: number): null => {
    if (lenient) return null
    throw invalidArgument(`cast: column ${show(name)}, row ${row}: ${show(cell)} is no ${type}`, {
      hint: "{ invalid: 'missing' } leaves such cells out",
      details: { column: name, row },
    })
  }
  if (type === 'float64' && column.type !== 'string') return makeColumn(name, { type, values: column.toFloat64() })
  if (column.type === 'float64' && type === 'int32') {
    const numbers = toFloat64(column)
    const values = Int32Array.from(numbers, (value, row) => {
      const whole = value !== value || isInt32(value) ? value : (refuse(value, row) ?? Number.NaN)
      return whole === whole ? whole : missingMark('int32')
    })
    return makeColumn(name, { type, values })
  }
  const read = (cell: CellValue, row: number): CellValue => {
    const found = readCell(cell, column.type, type)
    return found === undefined ? refuse(cell, row) : found
  }
  if (column.type !== 'string') return columnFrom(name, type, column.toArray().map(read))
  // Each distinct text is read once.
  const values = newValues(type, column.length)
  const marks: (number | undefined)[] = []
  for (let row = 0; row < values.length; row++) {
    const code = storage[row] as number
    if (code < 0) {
      values[row] = missingMark(type)
      continue
    }
    marks[code] ??= markOf(read((column.dictionary as readonly string[])[code] as string, row), type)
    values[row] = marks[code] as number
  }
  return makeColumn(name, { type, values } as Parameters<typeof makeColumn>[1])
}

function markOf(cell: CellValue, type: ColumnType): number {
  return cell === null ? missingMark(type) : Number(cell)
}

/** A cell in another type, or `undefined` when it is no value of that. */
function readCell(cell: CellValue, from: ColumnType, type: ColumnType): CellValue | undefined {
  if (cell === null) return null
  if (from === 'timestamp' && type === 'string') return new Date(cell as number).toISOString()
  if (from === 'timestamp' || (type === 'timestamp' && from === 'boolean')) return undefined
  const found = coerceCell(cell, type, { coerce: true })
  return isProblem(found) ? undefined : found
}

/** Options of {@link mapColumn}. */
export interface MapColumnOptions<Type extends ColumnType | undefined = ColumnType | undefined> {
  /** The type of the new column. @default inferred from its cells */
  readonly type?: Type
}

/**
 * A column with every cell replaced by `change` of it; a missing cell comes as `null`. The result must depend on the cell alone: of text and
 * booleans each distinct value is asked for once.
 *
 * @example mapColumn(penguins, 'sex', (sex) => sex?.toUpperCase())
 * @throws NotFound, InvalidArgument naming the row of what is no cell or does not fit `type`
 */
export function mapColumn<
  T extends Table,
  const Name extends NameOf<T>,
  Value extends CellInput,
  const Type extends ColumnType | undefined = undefined,
>(
  table: T,
  name: Name,
  ...[change, options = {}]: [change: (cell: RowOf<T>[Name & keyof RowOf<T>]) => Value, options?: MapColumnOptions<Type>]
): Dataset<WithCell<RowOf<T>, Name, CellAskedFor<CellOf<Value>, Type>>> {
  assertTable(table, 'mapColumn')
  checkOptions('mapColumn', options, { type: oneOf(...columnTypes) })
  if (typeof change !== 'function') throw invalidArgument(`mapColumn needs a function of a cell, got ${show(change)}`)
  const column = table.column(name)
  const call = change as unknown as (cell: CellValue) => CellInput
  const cells = column.type === 'string' || column.type === 'boolean' ? mapCodes(column, call) : column.toArray().map((cell) => call(cell))
  const changed = columnOfCells(name, cells, options.type)
  return new Dataset(table.columnNames.map((other) => (other === name ? changed : table.column(other))))
}

function mapCodes(column: Column, call: (cell: CellValue) => CellInput): CellInput[] {
  const known = new Map<number, CellInput>()
  return Array.from(column.storage, (code, row) => {
    if (!known.has(code)) known.set(code, call(column.at(row)))
    return known.get(code)
  })
}
