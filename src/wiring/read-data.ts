/** One reader for every format of data: it looks at the bytes, then at the name. */
import { type ReadArrowOptions, readArrow } from '../adapters/arrow/arrow'
import { type ReadCsvOptions, readCsv } from '../adapters/csv/csv'
import { type ReadJsonOptions, readJson, readNdjson } from '../adapters/json/json'
import { bytesOfSource, type DataSource, openSource, type SourceOptions } from '../adapters/node/data-source'
import { type ReadParquetOptions, readParquet } from '../adapters/parquet/parquet'
import { MillwrightError, show } from '../core/errors'
import { anything, arrayOf, checkOptions, ofType, oneOf } from '../core/options'
import type { Dataset } from '../dataset/dataset'

/** The formats that {@link readData} reads. */
export type DataFormat = 'csv' | 'tsv' | 'json' | 'ndjson' | 'parquet' | 'arrow'

const formats: readonly DataFormat[] = ['csv', 'tsv', 'json', 'ndjson', 'parquet', 'arrow']

const extensions: Readonly<Record<string, DataFormat>> = {
  csv: 'csv',
  tsv: 'tsv',
  tab: 'tsv',
  json: 'json',
  ndjson: 'ndjson',
  jsonl: 'ndjson',
  parquet: 'parquet',
  pq: 'parquet',
  arrow: 'arrow',
  arrows: 'arrow',
  feather: 'arrow',
  ipc: 'arrow',
}

/** Options of {@link readData}. */
export interface ReadDataOptions {
  /** @default found by the first bytes, else by the extension */
  readonly format?: DataFormat | undefined
  /** The columns to read, in this order. @default all */
  readonly columns?: readonly string[] | undefined
  /** Stops reading. */
  readonly signal?: AbortSignal | undefined
  /** More options, where the source is CSV or TSV. */
  readonly csv?: Omit<ReadCsvOptions<undefined>, 'columns' | 'signal'> | undefined
  /** More options, where it is JSON or newline-delimited JSON. */
  readonly json?: Omit<ReadJsonOptions, 'columns' | 'signal'> | undefined
  /** More options, where it is Parquet. */
  readonly parquet?: Omit<ReadParquetOptions, 'columns' | 'signal'> | undefined
  /** More options, where it is Arrow IPC. */
  readonly arrow?: Omit<ReadArrowOptions, 'columns' | 'signal'> | undefined
}

/**
 * Reads CSV, TSV, JSON, newline-delimited JSON, Parquet or Arrow IPC, packed with gzip or not, from a path (Node), a URL, text, bytes, a Blob or File,
 * a Response, a stream. Parquet and Arrow are known by their first bytes; the others by the extension of the path, URL or File; text without
 * a name is JSON when it begins with `[` or `{`, else CSV.
 *
 * @example const people = await readData('employment.parquet', { columns: ['id', 'AGEP'] })
 * @throws Unsupported for what is none of them (say which with `format`); what the reader of the format throws
 */
export async function readData(source: DataSource, options: ReadDataOptions = {}): Promise<Dataset> {
  checkOptions('readData', options, {
    format: oneOf(...formats),
    columns: arrayOf(ofType('string')),
    signal: anything(),
    csv: ofType('object'),
    json: ofType('object'),
    parquet: ofType('object'),
    arrow: ofType('object'),
  })
  const name = nameOf(source)
  if (options.format !== undefined) return read(options.format, source, options)
  if (isText(source)) return read(/^\s*[[{]/.test(source) ? jsonKind(source) : 'csv', source, options)
  const named = extensions[extensionOf(name)]
  // A remote Parquet file is read in parts.
  if (source instanceof URL && source.protocol !== 'file:' && named === 'parquet') return read(named, source, options)
  const isPath = typeof source === 'string' || (source instanceof URL && source.protocol === 'file:')
  const head = isPath ? await headOf(source, options) : undefined
  const whole = head === undefined || isGzip(head) ? await bytesOfSource(source, sourceOptions(options)) : undefined
  const first = whole ?? (head as Uint8Array)
  const format = magicFormat(first) ?? named ?? textFormat(first)
  if (format === undefined) throw unknown(name, first)
  return read(format, whole ?? source, options)
}

function read(format: DataFormat, source: DataSource, { columns, signal, ...options }: ReadDataOptions): Promise<Dataset> {
  const common = { columns, signal }
  switch (format) {
    case 'csv':
      return readCsv(source, { ...options.csv, ...common })
    case 'tsv':
      return readCsv(source, { delimiter: '\t', ...options.csv, ...common })
    case 'json':
      return readJson(source, { ...options.json, ...common })
    case 'ndjson':
      return readNdjson(source, { ...options.json, ...common })
    case 'parquet':
      return readParquet(source, { ...options.parquet, ...common })
    case 'arrow':
      return readArrow(source, { ...options.arrow, ...common })
  }
}

function isText(source: DataSource): source is string {
  return typeof source === 'string' && /^\s*[[{]|[\r\n]/.test(source)
}

/** The path of a source, where it has one. */
function nameOf(source: DataSource): string {
  if (typeof source === 'string') return source
  if (source instanceof URL) return source.pathname
  if (typeof Response === 'function' && source instanceof Response) return source.url.replace(/[?#].*$/, '')
  const { name } = source as { readonly name?: unknown }
  return typeof name === 'string' ? name : ''
}

function extensionOf(name: string): string {
  return /\.([a-z]+)(?:\.gz)?$/i.exec(name)?.[1]?.toLowerCase() ?? ''
}

async function headOf(source: DataSource, options: ReadDataOptions): Promise<Uint8Array> {
  const file = await openSource(source, sourceOptions(options))
  try {
    return new Uint8Array(await file.slice(0, Math.min(4096, file.byteLength)))
  } finally {
    await file.close()
  }
}

function sourceOptions({ signal }: ReadDataOptions): SourceOptions {
  return { operation: 'readData', maxBytes: 2147483646, signal, onBytes: () => {} }
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b
}

/** Formats that say their name. An Arrow stream begins with four bytes 255 and the length of its schema. */
function magicFormat(bytes: Uint8Array): DataFormat | undefined {
  const text = String.fromCharCode(...bytes.subarray(0, 6))
  if (text.startsWith('PAR1')) return 'parquet'
  if (text === 'ARROW1') return 'arrow'
  return text.startsWith('\xff\xff\xff\xff') ? 'arrow' : undefined
}

/** JSON begins with a bracket; other text without an extension may be anything. */
function textFormat(bytes: Uint8Array): DataFormat | undefined {
  const text = new TextDecoder().decode(bytes.subarray(0, 4096))
  return /^\s*(?:\[\s*[{\]]|\{\s*["}])/.test(text) ? jsonKind(text) : undefined
}

/** One object a line, or one value. The text may be cut. */
function jsonKind(text: string): 'json' | 'ndjson' {
  const [first = '', second] = text.trimStart().split('\n')
  if (!first.startsWith('{') || second === undefined) return 'json'
  try {
    JSON.parse(first)
    return 'ndjson'
  } catch {
    return 'json'
  }
}

function unknown(name: string, bytes: Uint8Array): MillwrightError {
  const isZip = bytes[0] === 0x50 && bytes[1] === 0x4b
  const what = name === '' ? 'the source' : show(name)
  return new MillwrightError(
    'Unsupported',
    `readData cannot tell the format of ${what}: ${isZip ? 'it is a ZIP file (or an Excel workbook)' : 'neither its first bytes nor its name say one'}`,
    { hint: isZip ? 'unpack it, or save the sheet as CSV' : `say it: { format: 'csv' }, or another of ${formats.join(', ')}` },
  )
}
