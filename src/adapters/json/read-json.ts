/** JSON and newline-delimited JSON into datasets. */
import { MillwrightError, show } from '../../core/errors'
import { parseJson } from '../../core/json'
import { progressReporter } from '../../core/progress'
import { throwIfAborted } from '../../core/signal'
import type { Dataset } from '../../dataset/dataset'
import type { ColumnType } from '../../schema/column'
import { bytesOfSource, chunksOfSource, type DataSource, type SourceOptions } from '../node/data-source'
import { checkJsonOptions, maxTextBytes, type ReadJsonOptions, type ReadNdjsonBatchesOptions } from './json-options'
import { addRow, type CellTable, datasetOf, datasetOfJson, emptyTable, keepDigits } from './rows'

/**
 * Reads JSON: an array of row objects, or an object of arrays by column name (as `toJson`, pandas' `to_json(orient="records")` and `to_dict("list")`
 * write them). A string with a line break, or that begins with `[` or `{`, is the text itself, any other a path (Node); gzip is unpacked.
 *
 * Whole numbers become `int32` or `float64`, and text in a column where one is beyond ±2⁵³; absent members and `null` are missing. Needs memory for the whole text.
 *
 * @example const flights = await readJson('[{"carrier":"UA","delay":3},{"carrier":"AA","delay":null}]')
 * @throws Corrupt for what is no JSON or no table; Unsupported naming row and column of objects and arrays in a row (see `nested`); SchemaMismatch for a cell
 * that does not fit `types`; NotFound, Unavailable for sources; the signal's reason
 */
export async function readJson(source: DataSource, options: ReadJsonOptions = {}): Promise<Dataset> {
  checkJsonOptions('readJson', options)
  const bytes = await bytesOfSource(textSource(source), sourceOptions('readJson', { maxBytes: maxTextBytes, ...options }))
  return datasetOfJson('readJson', parseJson(keepDigits(textOf('readJson', bytes)), 'readJson: the text'), options)
}

/**
 * Reads newline-delimited JSON: one row object a line, empty lines skipped. Sources, types and nested values as in {@link readJson}.
 *
 * @throws what `readJson` throws; Corrupt with the number of the line that is no JSON
 */
export async function readNdjson(source: DataSource, options: ReadJsonOptions = {}): Promise<Dataset> {
  checkJsonOptions('readNdjson', options)
  const table = emptyTable()
  for await (const { value, line } of linesOf('readNdjson', source, options)) addLine('readNdjson', table, { value, line }, options)
  return datasetOf('readNdjson', table, options)
}

/**
 * Reads newline-delimited JSON a batch of rows at a time, in memory for one batch. Every batch has the columns and types of the first one: give
 * `types` for columns that it does not show (a column without any value there is `float64`, whole numbers are `int32`).
 *
 * @example for await (const batch of readNdjsonBatches('events.ndjson.gz', { batchSize: 10_000 })) console.log(batch.numRows)
 * @throws what `readNdjson` throws; SchemaMismatch for a later cell or member that does not fit the first batch
 */
export async function* readNdjsonBatches(source: DataSource, options: ReadNdjsonBatchesOptions = {}): AsyncGenerator<Dataset> {
  const operation = 'readNdjsonBatches'
  checkJsonOptions(operation, options)
  const batchSize = options.batchSize ?? 65_536
  let known: { readonly names: readonly string[]; readonly types: Readonly<Record<string, ColumnType>> } | undefined
  let table = emptyTable()
  const finish = (): Dataset => {
    if (known !== undefined) refuseOthers(operation, table, known.names)
    const types = known === undefined ? options.types : pick(known.types, options.columns)
    const data = datasetOf(operation, table, { ...options, types }, known?.names)
    known ??= {
      names: [...table.cells.keys()],
      types: Object.fromEntries(data.columns().map(({ name, type }) => [name, type])),
    }
    table = emptyTable(table.before + table.rows)
    return data
  }
  for await (const line of linesOf(operation, source, options)) {
    addLine(operation, table, line, options)
    if (table.rows === batchSize) yield finish()
  }
  if (table.rows > 0) yield finish()
}

function pick(types: Readonly<Record<string, ColumnType>>, names: readonly string[] | undefined): Readonly<Record<string, ColumnType>> {
  return names === undefined ? types : Object.fromEntries(Object.entries(types).filter(([name]) => names.includes(name)))
}

function refuseOthers(operation: string, table: CellTable, names: readonly string[]): void {
  const other = [...table.cells.keys()].find((name) => !names.includes(name))
  if (other === undefined) return
  throw new MillwrightError(
    'SchemaMismatch',
    `${operation}: rows from ${table.before} on have a member ${show(other)} that the first batch did not have`,
    { hint: 'a larger `batchSize` sees more rows first; { columns: […] } leaves it out', details: { column: other } },
  )
}

/** A line and its number, from 1. */
interface Line {
  readonly value: string
  readonly line: number
}

function addLine(operation: string, table: CellTable, { value, line }: Line, options: ReadJsonOptions): void {
  addRow(operation, table, parseJson(keepDigits(value), `${operation}: line ${line}`), options)
}

async function* linesOf(operation: string, source: DataSource, options: ReadJsonOptions): AsyncGenerator<Line> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let rest = ''
  let line = 0
  const decode = (chunk?: Uint8Array): string => {
    try {
      return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true })
    } catch (cause) {
      throw new MillwrightError('Corrupt', `${operation}: the text is not valid UTF-8 after line ${line}`, { cause })
    }
  }
  const chunks = chunksOfSource(textSource(source), sourceOptions(operation, { maxBytes: Number.MAX_SAFE_INTEGER, ...options }))
  for await (const chunk of chunks) {
    const parts = decode(chunk).split('\n')
    // A line that spans many pieces is put together once it ends.
    if (parts.length === 1) {
      rest += parts[0]
      if (rest.length > maxTextBytes / 2) throw new MillwrightError('Corrupt', `${operation}: line ${line + 1} is too long to be read`)
      continue
    }
    parts[0] = rest + parts[0]
    rest = parts.pop() as string
    for (const value of parts) {
      line++
      if (value.trim() !== '') yield { value, line }
    }
    throwIfAborted(options.signal)
  }
  rest += decode()
  if (rest.trim() !== '') yield { value: rest, line: line + 1 }
}

/** Text that is JSON and not a path, as an iterable that no reader takes for one. */
function textSource(source: DataSource): DataSource {
  return typeof source === 'string' && /^\s*[[{]|[\r\n]/.test(source) ? [source] : source
}

function sourceOptions(operation: string, options: ReadJsonOptions & { readonly maxBytes: number | undefined }): SourceOptions {
  const report = progressReporter(options.onProgress)
  return {
    operation,
    maxBytes: options.maxBytes ?? Number.MAX_SAFE_INTEGER,
    signal: options.signal,
    onBytes: (done, total) => report({ phase: 'read', done, total, unit: 'bytes' }),
  }
}

function textOf(operation: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new MillwrightError('Corrupt', `${operation}: the text is not valid UTF-8`, { cause })
  }
}
