/**
 * The column: a typed array beneath a name, with missing values kept inside the array.
 *
 * | type | `storage` | missing |
 * | --- | --- | --- |
 * | `float64` | Float64Array | `NaN` |
 * | `timestamp` | Float64Array, epoch milliseconds | `NaN` |
 * | `int32` | Int32Array | −2³¹ ({@link MISSING_INT32}, as R's `NA_integer_`) |
 * | `boolean` | Uint8Array of 0 and 1 | 2 ({@link MISSING_BOOLEAN}) |
 * | `string` | Int32Array of codes into `dictionary` | −1 ({@link MISSING_CODE}) |
 */
import { invalidArgument, show } from '../core/errors'
import { type CellValue, type ColumnType, columnTypes, MISSING_INT32 } from './cell-types'
import { type CoerceOptions, coerceCell, isDate, isInt32, isProblem } from './coerce'

export { type CellValue, type ColumnType, columnTypes, MISSING_INT32 }

/** The typed array beneath a column. */
export type ColumnValues = Float64Array | Int32Array | Uint8Array

/** Missing in a `boolean` column. */
export const MISSING_BOOLEAN = 2
/** Missing in a `string` column. */
export const MISSING_CODE = -1

/**
 * An immutable named column. Read cells with `at`, `toArray` or `toFloat64`. Nobody may write to `storage` or `dictionary` after the column is made.
 */
export interface Column<Cell extends CellValue = CellValue> {
  readonly name: string
  readonly type: ColumnType
  readonly length: number
  /**
   * How the cells are stored, for loops that must be quick: a missing cell is a mark that looks like a number (−2³¹, 2 or −1), and text
   * is codes into `dictionary`. For data take `toArray` or `toFloat64`.
   */
  readonly storage: ColumnValues
  /** Of `string` columns: the distinct strings the codes point to. Entries may be unused, none is repeated. */
  readonly dictionary?: readonly string[]
  /** The cell at `index`; `null` when missing or out of range. */
  at(index: number): Cell | null
  /** All cells, `null` where missing. */
  toArray(): Cell[]
  /** All cells as numbers, `NaN` where missing: booleans are 0 and 1, timestamps epoch milliseconds. A copy. @throws InvalidArgument for `string` columns */
  toFloat64(): Float64Array
  /** How many cells are missing (counted on first use). */
  readonly nullCount: number
}

/** What is needed to make a column of each type. */
export type ColumnInit =
  | { readonly type: 'float64' | 'timestamp'; readonly values: Float64Array }
  | { readonly type: 'int32'; readonly values: Int32Array }
  | { readonly type: 'boolean'; readonly values: Uint8Array }
  | { readonly type: 'string'; readonly values: Int32Array; readonly dictionary: readonly string[] }

/** Makes a column that owns `init.values` (not copied). */
export function makeColumn(name: string, init: ColumnInit): Column {
  const { type, values } = init
  const dictionary = init.type === 'string' ? init.dictionary : undefined
  let nullCount = -1
  const column: Column = {
    name,
    type,
    length: values.length,
    storage: values,
    ...(dictionary === undefined ? {} : { dictionary }),
    at: (index) => cellAt(init, index),
    toArray: () => Array.from({ length: values.length }, (_, index) => cellAt(init, index)),
    toFloat64: () => {
      const numbers = toFloat64(column)
      return numbers === values ? numbers.slice() : numbers
    },
    get nullCount() {
      if (nullCount < 0) nullCount = countMissing(init)
      return nullCount
    },
  }
  return column
}

/** The same data under another name. */
export function renameColumn(column: Column, name: string): Column {
  return makeColumn(name, columnInit(column))
}

/** The parts a column was made of. */
export function columnInit(column: Column): ColumnInit {
  const { type, storage: values, dictionary } = column
  return (dictionary === undefined ? { type, values } : { type, values, dictionary }) as ColumnInit
}

/** Whether the cell at `index` is missing. */
export function isMissingAt(column: Column, index: number): boolean {
  const value = column.storage[index]
  switch (column.type) {
    case 'int32':
      return value === MISSING_INT32
    case 'boolean':
      return value === MISSING_BOOLEAN
    case 'string':
      return value === MISSING_CODE
    default:
      return value !== value
  }
}

/**
 * A column of the cells at `indices`, in that order; an index of −1 gives a missing cell. Dictionaries are shared.
 */
export function takeColumn(column: Column, indices: Int32Array): Column {
  const { storage: values } = column
  const missing = missingMark(column.type)
  const taken = newValues(column.type, indices.length)
  // One loop per kind of array: a loop that has seen several is three times slower.
  if (values instanceof Float64Array) gatherDoubles(values, indices, taken as Float64Array)
  else if (values instanceof Int32Array) gatherWhole(values, indices, { taken: taken as Int32Array, missing })
  else for (let i = 0; i < indices.length; i++) taken[i] = (indices[i] as number) < 0 ? missing : (values[indices[i] as number] as number)
  return makeColumn(column.name, { ...columnInit(column), values: taken } as ColumnInit)
}

function gatherDoubles(values: Float64Array, indices: Int32Array, taken: Float64Array): void {
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i] as number
    taken[i] = index < 0 ? Number.NaN : (values[index] as number)
  }
}

function gatherWhole(
  values: Int32Array,
  indices: Int32Array,
  { taken, missing }: { readonly taken: Int32Array; readonly missing: number },
): void {
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i] as number
    taken[i] = index < 0 ? missing : (values[index] as number)
  }
}

/** Cells from `start` (included) to `end` (not included), sharing memory. */
export function sliceColumn(column: Column, start: number, end: number): Column {
  return makeColumn(column.name, { ...columnInit(column), values: column.storage.subarray(start, end) } as ColumnInit)
}

/** The number that marks a missing cell in the typed array of `type`. */
export function missingMark(type: ColumnType): number {
  if (type === 'int32') return MISSING_INT32
  if (type === 'boolean') return MISSING_BOOLEAN
  return type === 'string' ? MISSING_CODE : Number.NaN
}

/** A zero-filled typed array of the kind that `type` uses. */
export function newValues(type: ColumnType, length: number): ColumnValues {
  if (type === 'int32' || type === 'string') return new Int32Array(length)
  return type === 'boolean' ? new Uint8Array(length) : new Float64Array(length)
}

/**
 * The column as numbers, `NaN` where missing: booleans are 0 and 1, timestamps epoch milliseconds.
 * `float64` and `timestamp` columns are returned without copying: do not write to the result.
 *
 * @throws InvalidArgument for `string` columns
 */
export function toFloat64(column: Column): Float64Array {
  const { type, storage: values, length } = column
  if (type === 'float64' || type === 'timestamp') return values as Float64Array
  if (type === 'string') throw invalidArgument(`column ${show(column.name)} must be numeric, boolean or timestamp, it is string`)
  const missing = missingMark(type)
  const numbers = new Float64Array(length)
  for (let i = 0; i < length; i++) {
    const value = values[i] as number
    numbers[i] = value === missing ? Number.NaN : value
  }
  return numbers
}

/**
 * A column of `type` from cells, each read by {@link coerceCell}: `null`, `undefined` and `NaN` are missing, timestamps take epoch
 * milliseconds, `Date` and ISO 8601 text. Strings get a dictionary in order of appearance.
 *
 * @throws InvalidArgument naming the first cell that does not fit
 */
export function columnFrom(name: string, type: ColumnType, cells: ArrayLike<unknown>, options?: CoerceOptions): Column {
  const values = newValues(type, cells.length)
  const missing = missingMark(type)
  const codes = new Map<string, number>()
  const dictionary: string[] = []
  for (let i = 0; i < cells.length; i++) {
    const cell = coerceCell(cells[i], type, options)
    if (cell === null) values[i] = missing
    else if (isProblem(cell)) throw invalidArgument(`column ${show(name)} is ${type}, but row ${i} holds ${show(cells[i])}`)
    else if (typeof cell === 'string') {
      let code = codes.get(cell)
      if (code === undefined) {
        code = dictionary.length
        codes.set(cell, code)
        dictionary.push(cell)
      }
      values[i] = code
    } else values[i] = cell as number
  }
  return makeColumn(name, { type, values, ...(type === 'string' ? { dictionary } : {}) } as ColumnInit)
}

/**
 * A column from cells of a program. Without `type` it is found by {@link typeOfCells}. In a `string` column, asked for or of mixed
 * kinds, numbers, booleans and dates become text; the other types read cells as {@link columnFrom} does.
 *
 * @throws InvalidArgument naming column and row of what is no cell (an object, an array, a function, a Promise, an invalid Date) or
 * does not fit `type`
 */
export function columnOfCells(
  name: string,
  cells: ArrayLike<unknown>,
  ...[asked, options]: [type?: ColumnType | undefined, options?: CoerceOptions]
): Column {
  if (asked !== undefined && asked !== 'string') return columnFrom(name, asked, cells, options)
  const found = typeOfCells(cells, name)
  return asked === undefined && found !== 'string'
    ? columnFrom(name, found, cells)
    : columnFrom(name, 'string', Array.from(cells, textOfCell))
}

function textOfCell(cell: unknown): string | null {
  if (cell === null || cell === undefined || cell !== cell) return null
  return isDate(cell) ? cell.toISOString() : String(cell)
}

/**
 * The narrowest type that holds every cell: missing cells do not count, mixed kinds become `string`; no cell at all gives `float64`.
 * One bigint beyond ±2⁵³ makes the column `string`, so that no digit is lost.
 *
 * @throws InvalidArgument naming the row of what is no cell
 */
export function typeOfCells(cells: ArrayLike<unknown>, name?: string): ColumnType {
  let type: ColumnType | undefined
  for (let i = 0; i < cells.length; i++) {
    const cell = cells[i]
    if (cell === null || cell === undefined || cell !== cell) continue
    const own = typeOfCell(cell)
    if (own === undefined) throw noCell(cell, i, name)
    if (type === undefined || type === own) type = own
    else if ((type === 'int32' && own === 'float64') || (type === 'float64' && own === 'int32')) type = 'float64'
    else type = 'string'
  }
  return type ?? 'float64'
}

function noCell(cell: unknown, row: number, name?: string): Error {
  const where = name === undefined ? `row ${row}` : `column ${show(name)}, row ${row}`
  return invalidArgument(`${where}: a cell must be a number, a bigint, a string, a boolean, a valid Date or null, got ${show(cell)}`, {
    ...(isObject(cell) ? { hint: 'take the part you need into a column of its own, or keep the whole as text with JSON.stringify' } : {}),
    details: { row, ...(name === undefined ? {} : { column: name }) },
  })
}

function isObject(cell: unknown): boolean {
  return typeof cell === 'object' && typeof (cell as { then?: unknown }).then !== 'function' && !isDate(cell)
}

/** The type of one cell, or `undefined` when the value is no cell. */
function typeOfCell(cell: unknown): ColumnType | undefined {
  switch (typeof cell) {
    case 'number':
      return isInt32(cell) && !Object.is(cell, -0) ? 'int32' : 'float64'
    case 'string':
      return 'string'
    case 'boolean':
      return 'boolean'
    case 'bigint':
      if (!Number.isSafeInteger(Number(cell))) return 'string'
      return isInt32(Number(cell)) ? 'int32' : 'float64'
    default:
      return isDate(cell) && !Number.isNaN(cell.getTime()) ? 'timestamp' : undefined
  }
}

function cellAt(init: ColumnInit, index: number): CellValue {
  const value = init.values[index]
  if (value === undefined || value !== value) return null
  switch (init.type) {
    case 'string':
      return value === MISSING_CODE ? null : (init.dictionary[value] as string)
    case 'boolean':
      return value === MISSING_BOOLEAN ? null : value === 1
    case 'int32':
      return value === MISSING_INT32 ? null : value
    default:
      return value
  }
}

function countMissing({ type, values }: ColumnInit): number {
  let count = 0
  if (type === 'float64' || type === 'timestamp') {
    for (let i = 0; i < values.length; i++) if (values[i] !== values[i]) count++
    return count
  }
  const missing = missingMark(type)
  for (let i = 0; i < values.length; i++) if (values[i] === missing) count++
  return count
}
