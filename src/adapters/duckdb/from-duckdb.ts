/** Rows of a DuckDB query as a dataset, over a connection of `@duckdb/node-api` that the caller owns. */
import { isMillwrightError, MillwrightError, show } from '../../core/errors'
import { anything, checkOptions, either, nonEmptyString, ofType } from '../../core/options'
import { throwIfAborted } from '../../core/signal'
import { Dataset } from '../../dataset/dataset'
import { type Column, columnFrom } from '../../schema/column'
import {
  booleanColumn,
  type CellRun,
  decimalColumn,
  numberColumn,
  type TimeUnit,
  timeOfDayColumn,
  timestampColumn,
  wholeNumberColumn,
  wholeRun,
} from '../../schema/foreign-column'

/** What is used of a `DuckDBConnection`. */
export interface DuckdbConnection {
  stream(sql: string, values?: never): Promise<DuckdbResult>
}

/** What is used of a `DuckDBResult`. */
export interface DuckdbResult {
  columnNames(): readonly string[]
  columnTypes(): readonly DuckdbType[]
  fetchChunk(): Promise<DuckdbChunk | null>
}

/** What is used of a `DuckDBType`; it is printed as SQL spells it. */
export interface DuckdbType {
  readonly typeId: number
  readonly scale?: number
  toString(): string
}

/** Some rows of a result, column by column. */
export interface DuckdbChunk {
  readonly rowCount: number
  getColumnVector(index: number): object
}

/** Options of {@link fromDuckdb}. */
export interface FromDuckdbOptions {
  /** Values of the statement's parameters: an array for `?` and `$1`, an object for `$name`. */
  readonly params?: readonly unknown[] | Readonly<Record<string, unknown>> | undefined
  /** Stops between chunks. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Runs a query and takes its rows as a dataset, a chunk of columns at a time.
 *
 * Integers of any width become `int32` where all of a column fit, else `float64`, and text where one is beyond ±2⁵³; decimals `float64`, or text where
 * one has more digits than a double holds; dates and timestamps `timestamp` (cut to milliseconds; without a zone they are UTC); times of day, UUIDs and enums text.
 *
 * @example const late = await fromDuckdb(connection, 'select * from flights where delay > ?', { params: [15] })
 * @throws InvalidArgument with DuckDB's words for a wrong query; Unsupported naming columns of lists, structs, maps, blobs, intervals; the signal's reason
 */
export async function fromDuckdb(connection: DuckdbConnection, sql: string, options: FromDuckdbOptions = {}): Promise<Dataset> {
  checkOptions(
    'fromDuckdb',
    { sql, ...options },
    { sql: nonEmptyString(), params: either({ allowed: 'an array', test: Array.isArray }, ofType('object')), signal: anything() },
  )
  throwIfAborted(options.signal)
  try {
    const result = await connection.stream(sql, options.params as never)
    const names = result.columnNames()
    const types = result.columnTypes()
    refuse(names, types)
    const cells = types.map((): CellRun[] => [])
    const texts = types.map((): (string | null)[] => [])
    for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
      throwIfAborted(options.signal)
      for (const [i, type] of types.entries()) {
        const vector = chunk.getColumnVector(i) as Vector
        if (isText(type)) for (let row = 0; row < chunk.rowCount; row++) texts[i]?.push(textOf(vector.getItem(row)))
        else cells[i]?.push(runOf(vector, chunk.rowCount))
      }
    }
    return new Dataset(
      types.map((type, i) => {
        const name = names[i] as string
        return isText(type) ? columnFrom(name, 'string', texts[i] ?? []) : columnOf(name, type, cells[i] ?? [])
      }),
    )
  } catch (cause) {
    if (isMillwrightError(cause) || options.signal?.aborted) throw cause
    throw new MillwrightError('InvalidArgument', `fromDuckdb: ${(cause as Error).message}`, { cause })
  }
}

/** A column of a chunk. */
interface Vector {
  getItem(row: number): unknown
  /** Of numbers: memory of DuckDB, which is gone after the chunk. */
  readonly items?: unknown
  readonly validity?: { readonly data: unknown }
}

/** Numbers of DuckDB's types, as its C API has them. */
const textTypes = [17, 23, 27]
const refused: Readonly<Record<number, true>> = { 15: true, 18: true, 24: true, 25: true, 26: true, 28: true, 29: true, 30: true, 33: true }
const whole = [2, 3, 4, 5, 6, 7, 8, 9, 16, 32, 35]
const times: Readonly<Record<number, TimeUnit>> = {
  12: 'microseconds',
  13: 'days',
  20: 'seconds',
  21: 'milliseconds',
  22: 'nanoseconds',
  31: 'microseconds',
}

function isText({ typeId }: DuckdbType): boolean {
  return textTypes.includes(typeId)
}

function refuse(names: readonly string[], types: readonly DuckdbType[]): void {
  const wrong = names.filter((_, i) => refused[types[i]?.typeId ?? 0] === true)
  if (wrong.length === 0) return
  const listed = wrong.map((name) => `${show(name)} is ${String(types[names.indexOf(name)])}`)
  throw new MillwrightError('Unsupported', `fromDuckdb cannot take every column: ${listed.join('; ')}`, {
    hint: 'leave them out of the query, or cast them: select to_json(items) …',
    details: { columns: wrong },
  })
}

function columnOf(name: string, type: DuckdbType, runs: readonly CellRun[]): Column {
  const { typeId } = type
  if (typeId === 1) return booleanColumn(name, runs)
  if (whole.includes(typeId)) return wholeNumberColumn(name, runs)
  if (typeId === 19) return decimalColumn(name, runs, type.scale ?? 0)
  if (typeId === 14) return timeOfDayColumn(name, runs, 'microseconds')
  const unit = times[typeId]
  return unit === undefined ? numberColumn(name, runs) : timestampColumn(name, runs, unit)
}

/** The cells of a vector. DuckDB's own classes of times and decimals hold one count each. */
function runOf(vector: Vector, rows: number): CellRun {
  const { items, validity } = vector
  if (validity?.data === null && (items instanceof Int32Array || items instanceof Float64Array || items instanceof BigInt64Array)) {
    return wholeRun(items.slice(0, rows))
  }
  return wholeRun(Array.from({ length: rows }, (_, row) => countOf(vector.getItem(row))))
}

function countOf(item: unknown): number | bigint | boolean | null {
  if (typeof item !== 'object' || item === null) return item as number | bigint | boolean | null
  const { micros, days, seconds, millis, milliseconds, nanos, nanoseconds, value } = item as Readonly<
    Record<string, number | bigint | undefined>
  >
  return micros ?? days ?? seconds ?? millis ?? milliseconds ?? nanos ?? nanoseconds ?? value ?? null
}

function textOf(item: unknown): string | null {
  return item === null || item === undefined ? null : String(item)
}
