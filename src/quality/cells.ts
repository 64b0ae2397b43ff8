/** Reads and tests cells for expectations. */
import { invalidArgument, MillwrightError, show } from '../core/errors'
import type { Json } from '../core/json'
import { numberOfText, timestampOfText } from '../schema/coerce'
import { type CellValue, type Column, type ColumnType, isMissingAt } from '../schema/column'
import type { Table } from '../schema/table'
import type { Kwargs } from './expectation'
import type { Verdict } from './result'

/** A test of a present cell; timestamps are epoch milliseconds. */
export type CellTest = (cell: Exclude<CellValue, null>) => boolean

/** Tests every present cell of a column; text is tested once for each distinct value. */
export function judgeCells(column: Column, test: CellTest, mostly: number): Verdict {
  const { storage: values, dictionary } = column
  const unexpected: number[] = []
  const judged = dictionary === undefined ? undefined : new Int8Array(dictionary.length)
  for (let row = 0; row < values.length; row++) {
    if (isMissingAt(column, row)) continue
    const value = values[row] as number
    let fine: boolean
    if (judged !== undefined) {
      if (judged[value] === 0) judged[value] = test((dictionary as readonly string[])[value] as string) ? 1 : -1
      fine = judged[value] === 1
    } else fine = test(column.type === 'boolean' ? value === 1 : value)
    if (!fine) unexpected.push(row)
  }
  return rowsVerdict(column, unexpected, mostly)
}

/** The verdict on a column whose unexpected rows are known. */
export function rowsVerdict(column: Column, unexpected: readonly number[], mostly: number): Verdict {
  return {
    kind: 'rows',
    elementCount: column.length,
    missingCount: column.nullCount,
    unexpected,
    valueAt: (row) => jsonCell(column, row),
    columns: [column],
    mostly,
  }
}

/** A cell as JSON: timestamps in ISO 8601, infinities as text. */
export function jsonCell(column: Column, row: number): Json {
  return jsonValue(column.type, column.at(row))
}

/** A value of a column as JSON. */
export function jsonValue(type: ColumnType, value: CellValue): Json {
  if (typeof value !== 'number') return value
  if (type === 'timestamp' && Math.abs(value) <= 8.64e15) return new Date(value).toISOString()
  return Number.isFinite(value) ? value : String(value)
}

/** The column that kwarg `key` names. @throws NotFound, InvalidArgument */
export function columnOf(table: Table, kwargs: Kwargs, key = 'column'): Column {
  const name = kwargs[key]
  if (typeof name !== 'string') throw invalidArgument(`\`${key}\` must name a column, got ${show(name)}`)
  return table.column(name)
}

/** kwarg `mostly`. @throws InvalidArgument */
export function mostlyOf(kwargs: Kwargs): number {
  const mostly = kwargs.mostly ?? 1
  if (typeof mostly !== 'number' || !(mostly >= 0 && mostly <= 1))
    throw invalidArgument(`\`mostly\` must be a number from 0 to 1, got ${show(mostly)}`)
  return mostly
}

/** kwargs `min_value`, `max_value`, `strict_min`, `strict_max` as a test. @throws InvalidArgument without a bound, SchemaMismatch when bounds and column do not compare */
export function boundsOf(kwargs: Kwargs, column?: Column): CellTest {
  const bound = (key: string): number | string | undefined => {
    const value = kwargs[key]
    if (value === undefined || value === null) return undefined
    return comparable(value, column)
  }
  const min = bound('min_value')
  const max = bound('max_value')
  const { strict_min: strictMin, strict_max: strictMax } = kwargs
  return (cell) =>
    (min === undefined || (strictMin === true ? cell > min : cell >= min)) &&
    (max === undefined || (strictMax === true ? cell < max : cell <= max))
}

/** A value from a suite as one that cells of `column` compare with. @throws SchemaMismatch */
export function comparable(value: Json, column?: Column): number | string {
  if (column?.type === 'timestamp' && typeof value === 'string') {
    const time = timestampOfText(value)
    if (time !== undefined) return time
  }
  const wanted = column?.type === 'string' ? 'string' : 'number'
  // Great Expectations, too, takes a number spelt as text for a number.
  const spelt = wanted === 'number' && typeof value === 'string' && column?.type !== 'timestamp' ? numberOfText(value) : undefined
  if (spelt !== undefined) return spelt
  if (typeof value !== wanted) {
    const subject = column === undefined ? 'a count' : `column ${show(column.name)} (${column.type})`
    throw new MillwrightError('SchemaMismatch', `${show(value)} cannot be compared with ${subject}`)
  }
  return value as number | string
}

/**
 * A list of values as a set to look up cells of a column in (see {@link cellKey}); timestamps may be ISO 8601 text. `true` and 1, and `false`
 * and 0, are equal, as in Python; 1 and '1' are not. A `null` in it equals no cell.
 *
 * @throws InvalidArgument
 */
export function valueSet(value: Json | undefined, type: ColumnType): ReadonlySet<CellValue> {
  if (!Array.isArray(value)) throw invalidArgument(`\`value_set\` must be an array, got ${show(value)}`)
  return new Set(value.map((item: Json) => setKey(item as CellValue, type)))
}

/** A value of a suite as the key of the cells that equal it in a column of `type`. */
export function setKey(value: CellValue, type: ColumnType): CellValue {
  return type === 'timestamp' && typeof value === 'string' ? (timestampOfText(value) ?? value) : cellKey(value)
}

/** The key by which values of a set are compared: booleans are 1 and 0. */
export function cellKey(cell: CellValue): CellValue {
  return typeof cell === 'boolean' ? Number(cell) : cell
}
