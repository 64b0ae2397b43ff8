/** CSV into datasets and back (RFC 4180). One pass over the bytes; types are found from every cell. */
import { utf8 } from '../../core/bytes'
import { invalidArgument, show } from '../../core/errors'
import { checkOptions, ofType } from '../../core/options'
import { progressReporter } from '../../core/progress'
import { throwIfAborted, yieldToEventLoop } from '../../core/signal'
import type { Dataset } from '../../dataset/dataset'
import { schemaSteps } from '../../dataset/with-schema'
import type { Column } from '../../schema/column'
import type { RowOfSchema, RowSchema } from '../../schema/row-schema'
import { assertTable, type Table } from '../../schema/table'
import { bytesOfSource, type DataSource } from '../node/data-source'
import { toUtf8 } from './encoding'
import { type CsvPlan, cellReader, type ParseCsvOptions, planOf, type ReadCsvBatchesOptions, type ReadCsvOptions } from './options'
import { parseSteps } from './parse'

export { readCsvBatches } from './batches'
export type { DateOrder } from './date-spelling'
export type { DataSource, ParseCsvOptions, ReadCsvBatchesOptions, ReadCsvOptions }

/** What {@link readCsv} reads. */
export type CsvSource = DataSource

/** How many bytes are parsed before the event loop gets a turn. */
const bytesPerTurn = 4 << 20

/**
 * Reads CSV text (or bytes of it) into a dataset.
 *
 * Lines end with LF, CRLF or CR; quoted fields may hold delimiters, line breaks and doubled quotes; a byte order mark is
 * dropped; empty lines are skipped. Empty header names become `column_8`, repeated ones `note_2`. Text without a record is an error, unless `allowEmpty`.
 *
 * Types come from all cells of a column: `int32`, `float64`, `boolean` (`true`/`false`), ISO 8601 `timestamp` (UTC unless it says
 * otherwise), else `string`. Numbers with leading zeros and whole numbers beyond ±2⁵³ stay text. A column without any value is `float64`.
 *
 * @example parseCsv('name,mass\nAda,3750\nBo,NA').column('mass').at(0) // 3750
 * @throws Corrupt with the line number, on ragged records, unclosed quotes, text after a quote, NUL, invalid UTF-8;
 * SchemaMismatch when a cell does not fit `types`, or listing every cell that does not fit `schema`; NotFound for a name in `columns` or `types` that the file lacks; InvalidArgument beyond a limit
 */
export function parseCsv<S extends RowSchema>(
  text: string | Uint8Array,
  options: ParseCsvOptions<S> & { readonly schema: S },
): Dataset<RowOfSchema<S>>
export function parseCsv(text: string | Uint8Array, options?: ParseCsvOptions<undefined>): Dataset
export function parseCsv(text: string | Uint8Array, options: ParseCsvOptions = {}): Dataset {
  const plan = planOf('parseCsv', options)
  if (typeof text !== 'string' && !(text instanceof Uint8Array)) throw invalidArgument(`parseCsv needs text or bytes, got ${show(text)}`)
  const steps = parseSteps(bytesFor(text, plan, options), plan)
  for (;;) {
    const step = steps.next()
    if (!step.done) continue
    if (options.schema === undefined) return step.value
    const checks = schemaSteps(step.value, options.schema, { operation: 'parseCsv', read: cellReader(options) })
    for (;;) {
      const check = checks.next()
      if (check.done) return check.value
    }
  }
}

/**
 * {@link parseCsv} for anything that holds CSV. A string with a line break is the text itself, any other a path (Node);
 * gzip is detected and unpacked. The event loop gets a turn every few megabytes. Needs memory for the whole text.
 *
 * @example const flights = await readCsv('data/flights.csv.gz')
 * @throws what `parseCsv` throws; NotFound or PermissionDenied for files; Unsupported for a path where there are no files;
 * Unavailable when a fetch fails; the signal's reason
 */
export function readCsv<S extends RowSchema>(
  source: CsvSource,
  options: ReadCsvOptions<S> & { readonly schema: S },
): Promise<Dataset<RowOfSchema<S>>>
export function readCsv(source: CsvSource, options?: ReadCsvOptions<undefined>): Promise<Dataset>
export async function readCsv(source: CsvSource, options: ReadCsvOptions = {}): Promise<Dataset> {
  const plan = planOf('readCsv', options)
  const { signal } = options
  const report = progressReporter(options.onProgress)
  const raw = await bytesOfSource(source, {
    operation: 'readCsv',
    maxBytes: options.maxBytes ?? 2147483646,
    signal,
    onBytes: (done, total) => report({ phase: 'read', done, total, unit: 'bytes' }),
  })
  const bytes = bytesFor(raw, plan, typeof source === 'string' && /[\r\n]/.test(source) ? {} : options)
  const sliced = options.workers ? await inSlices(bytes, plan, options) : undefined
  const data = sliced ?? (await inTurns(bytes, plan, options))
  report({ phase: 'parse', done: bytes.length, total: bytes.length, unit: 'bytes' })
  return options.schema === undefined ? data : checked(data, options)
}

/** On several threads; `undefined` where one must do it. */
async function inSlices(bytes: Uint8Array, plan: CsvPlan, options: ReadCsvOptions): Promise<Dataset | undefined> {
  const { parseInSlices } = await import('./slices')
  const { workers = false, signal, onProgress } = options
  return parseInSlices(bytes, plan, { workers, signal, report: progressReporter(onProgress) })
}

/** On this thread; the event loop gets a turn every few megabytes. */
async function inTurns(bytes: Uint8Array, plan: CsvPlan, { signal, onProgress }: ReadCsvOptions): Promise<Dataset> {
  const report = progressReporter(onProgress)
  const steps = parseSteps(bytes, plan)
  for (let turn = bytesPerTurn; ; ) {
    throwIfAborted(signal)
    const step = steps.next()
    if (step.done) return step.value
    if (step.value < turn && step.value > turn - 2 * bytesPerTurn) continue
    turn = step.value + bytesPerTurn
    if (step.value < bytes.length) report({ phase: 'parse', done: step.value, total: bytes.length, unit: 'bytes' })
    await yieldToEventLoop()
  }
}

/** Checks the rows against the schema; the event loop gets turns in between. */
async function checked(data: Dataset, options: ReadCsvOptions): Promise<Dataset> {
  const checks = schemaSteps(data, options.schema, { operation: 'readCsv', read: cellReader(options) })
  for (;;) {
    throwIfAborted(options.signal)
    const check = checks.next()
    if (check.done) return check.value
    await yieldToEventLoop()
  }
}

/** Options of {@link toCsv}. */
export interface ToCsvOptions {
  /** One ASCII character. @default ',' */
  readonly delimiter?: string | undefined
  /** Whether the first record holds the names. @default true */
  readonly header?: boolean | undefined
}

/**
 * A table as CSV text, LF line ends, one after the last record too. Missing cells are empty; timestamps are ISO 8601 in UTC; numbers are the shortest
 * text that reads back as the same double. Cells are quoted only where they must be.
 *
 * Reading it back gives the same cells, but for text that looks like another type or like a missing value (give
 * `types` and `naValues` for it) and for empty text, which CSV cannot tell from a missing cell.
 */
export function toCsv(table: Table, options: ToCsvOptions = {}): string {
  checkOptions('toCsv', options, {
    delimiter: {
      allowed: 'one character that is no quote, letter, digit or line break',
      test: (value) => /^[^"\w\r\n.+-]$/.test(String(value)),
    },
    header: ofType('boolean'),
  })
  assertTable(table, 'toCsv')
  const delimiter = options.delimiter ?? ','
  // Unquoted, a U+FEFF that begins the text would be taken for the file's byte order mark.
  const mustQuote = (text: string): boolean => text.includes(delimiter) || /["\r\n]|^\uFEFF/.test(text)
  const quoted = (text: string): string => (mustQuote(text) ? `"${text.replaceAll('"', '""')}"` : text)
  const columns = table.columnNames.map((name) => table.column(name))
  const writers = columns.map((column) => cellWriter(column, quoted))
  // A lone empty cell would read as an empty line, which is skipped.
  const record = (cells: readonly string[]): string => (cells.length === 1 && cells[0] === '' ? '""' : cells.join(delimiter))
  const lines: string[] = options.header === false || columns.length === 0 ? [] : [record(columns.map(({ name }) => quoted(name)))]
  for (let row = 0; row < table.numRows; row++) lines.push(record(writers.map((write) => write(row))))
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}

function cellWriter(column: Column, quoted: (text: string) => string): (row: number) => string {
  if (column.type === 'string') {
    const texts = (column.dictionary ?? []).map(quoted)
    return (row) => texts[column.storage[row] as number] ?? ''
  }
  return (row) => {
    const cell = column.at(row)
    if (cell === null) return ''
    if (column.type === 'timestamp') return timestampText(cell as number)
    if (typeof cell !== 'number') return String(cell)
    // Whole numbers beyond 2⁵³ would read back as text.
    if (Object.is(cell, -0)) return '-0.0'
    return Number.isInteger(cell) && !Number.isSafeInteger(cell) ? cell.toExponential() : String(cell)
  }
}

function timestampText(milliseconds: number): string {
  const date = new Date(milliseconds)
  return Number.isNaN(date.getTime()) ? String(milliseconds) : date.toISOString()
}

/** UTF-8 bytes; the encoding only concerns bytes. */
function bytesFor(text: string | Uint8Array, plan: CsvPlan, options: ParseCsvOptions): Uint8Array {
  const given = typeof text === 'string' ? utf8(text) : toUtf8(text, options.encoding, plan.operation)
  // A Node Buffer is a Uint8Array of another shape; loops that meet both shapes run slower.
  const bytes = new Uint8Array(given.buffer, given.byteOffset, given.byteLength)
  if (bytes.length > 2147483646) throw invalidArgument(`${plan.operation} takes at most 2147483646 bytes, got ${bytes.length}`)
  return bytes
}
