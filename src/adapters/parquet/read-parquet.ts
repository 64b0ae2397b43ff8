/** Parquet files into datasets, through hyparquet. */
import { ByteDictionary, viewOf } from '../../core/byte-dictionary'
import { utf8 } from '../../core/bytes'
import { isMillwrightError, MillwrightError, show } from '../../core/errors'
import { anything, arrayOf, checkOptions, ofType } from '../../core/options'
import { type OnProgress, progressReporter } from '../../core/progress'
import { throwIfAborted } from '../../core/signal'
import { Dataset } from '../../dataset/dataset'
import { type Column, MISSING_CODE, makeColumn } from '../../schema/column'
import {
  booleanColumn,
  type CellRun,
  decimalColumn,
  numberColumn,
  timeOfDayColumn,
  timestampColumn,
  wholeNumberColumn,
} from '../../schema/foreign-column'
import { columnNotFound } from '../../schema/table'
import { type DataSource, openSource } from '../node/data-source'
import type { RandomAccess } from '../node/node-file'
import { columnsOfSchema, type ParquetColumn, type ParquetKind, withoutAnnotations } from './elements'
import {
  compressorsFor,
  type Decompress,
  type ParquetCompressorsLib,
  type ParquetMetadata,
  type ParquetReaderLib,
  type Reader,
  readerLib,
} from './library'
import { checkedReading } from './page-checks'

/** Options of {@link readParquet}. */
export interface ReadParquetOptions {
  /** The columns to read, in this order; the others are not even fetched. @default all */
  readonly columns?: readonly string[] | undefined
  /** Rows from the first number (included) to the second (not included). @default all */
  readonly rowRange?: readonly [from: number, to: number] | undefined
  /** The module `hyparquet`. @default loaded by its name */
  readonly lib?: ParquetReaderLib | undefined
  /** The module `hyparquet-compressors`. @default loaded by its name, for files that need it: all but Snappy and uncompressed ones */
  readonly compressors?: ParquetCompressorsLib | undefined
  /** Stops between columns. */
  readonly signal?: AbortSignal | undefined
  /** Told each column that is done. */
  readonly onProgress?: OnProgress<'read'> | undefined
}

/**
 * Reads a Parquet file: a path or `file:` URL (Node), an `http(s):` URL (only the parts needed are fetched), bytes, a Blob, a Response or a stream.
 *
 * Integers become `int32` where all of a column fit, else `float64`, and text where one is beyond ±2⁵³; floats `float64`; decimals `float64`,
 * and text where one has more digits than a double holds; dates and timestamps `timestamp` (cut to milliseconds); times of day, strings,
 * enums, JSON and UUIDs `string`; booleans `boolean`. Null and `NaN` are missing.
 *
 * @example const people = await readParquet('people.parquet', { columns: ['id', 'AGEP'], rowRange: [0, 1000] })
 * @throws Corrupt for a damaged file; Unsupported naming nested and binary columns, unless `columns` leaves them out; NotFound for a name that the
 * file lacks or a missing file; MissingDependency without hyparquet; the signal's reason
 */
export async function readParquet(source: DataSource, options: ReadParquetOptions = {}): Promise<Dataset> {
  checkOptions('readParquet', options, {
    columns: arrayOf(ofType('string')),
    rowRange: { allowed: 'two whole numbers ≥ 0, the first not above the second', test: isRange },
    lib: ofType('object'),
    compressors: ofType('object'),
    signal: anything(),
    onProgress: ofType('function'),
  })
  const { signal } = options
  throwIfAborted(signal)
  const lib = await readerLib(options.lib)
  const file = await open(source, lib, signal)
  try {
    const metadata = await lib.parquetMetadataAsync(file)
    const columns = chosen(columnsOfSchema(metadata.schema), options.columns)
    const compressors = await compressorsFor(metadata, { lib: options.compressors, reader: lib })
    const rows = Number(metadata.num_rows)
    const range = { from: Math.min(options.rowRange?.[0] ?? 0, rows), to: Math.min(options.rowRange?.[1] ?? rows, rows) }
    const report = progressReporter(options.onProgress)
    const stored: StoredFile = { lib, file, metadata: withoutAnnotations(metadata), compressors, ...range }
    const read: Column[] = []
    for (const column of columns) {
      throwIfAborted(signal)
      read.push(await readColumn(stored, column))
      report({ phase: 'read', done: read.length, total: columns.length, unit: 'steps' })
    }
    return new Dataset(read)
  } catch (cause) {
    if (isMillwrightError(cause) || signal?.aborted) throw cause
    throw new MillwrightError('Corrupt', `readParquet could not read the file: ${(cause as Error).message}`, { cause })
  } finally {
    await file.close()
  }
}

/** A file and what of it is read. */
interface StoredFile {
  readonly lib: Reader
  readonly file: object
  readonly metadata: ParquetMetadata
  readonly compressors: Readonly<Record<string, Decompress>>
  readonly from: number
  readonly to: number
}

function isRange(value: unknown): boolean {
  if (!Array.isArray(value) || value.length !== 2) return false
  const [from, to] = value as unknown[]
  return Number.isSafeInteger(from) && Number.isSafeInteger(to) && (from as number) >= 0 && (to as number) >= (from as number)
}

async function open(source: DataSource, lib: Reader, signal: AbortSignal | undefined): Promise<RandomAccess> {
  if (source instanceof URL && source.protocol !== 'file:') {
    try {
      const remote = lib.cachedAsyncBuffer(await lib.asyncBufferFromUrl({ url: source.href }))
      return { ...remote, close: async () => {} }
    } catch (cause) {
      throw new MillwrightError('Unavailable', `readParquet could not fetch ${source.origin}${source.pathname}`, { cause })
    }
  }
  return openSource(source, { operation: 'readParquet', maxBytes: Number.MAX_SAFE_INTEGER, signal, onBytes: () => {} })
}

/** @throws NotFound, Unsupported */
function chosen(all: readonly ParquetColumn[], names: readonly string[] | undefined): readonly ParquetColumn[] {
  const columns =
    names?.map((name) => {
      const found = all.find((column) => column.name === name)
      if (found === undefined)
        throw columnNotFound(
          name,
          all.map((column) => column.name),
        )
      return found
    }) ?? all
  const refused = columns.filter(({ kind }) => kind.kind === 'refused')
  if (refused.length === 0) return columns
  const listed = refused.map(({ name, kind }) => `${show(name)} is ${(kind as { why: string }).why}`)
  throw new MillwrightError('Unsupported', `readParquet cannot read every column: ${listed.join('; ')}`, {
    hint: 'name the columns to read: { columns: […] }',
    details: { columns: refused.map(({ name }) => name) },
  })
}

async function readColumn(stored: StoredFile, { name, kind }: ParquetColumn): Promise<Column> {
  const { lib, metadata, from, to } = stored
  const { file, compressors } = checkedReading(name, stored)
  const runs: (CellRun & { readonly row: number })[] = []
  const codes = createCodes()
  if (from < to) {
    await lib.parquetRead({
      file,
      metadata,
      columns: [name],
      rowStart: from,
      rowEnd: to,
      utf8: false,
      compressors,
      parsers: { stringFromBytes: codes.ofBytes, uuidFromBytes: codes.ofUuid, timestampFromNanoseconds: (count: bigint) => count },
      onChunk({ columnData, rowStart, rowEnd }) {
        const run = {
          cells: columnData as CellRun['cells'],
          from: Math.max(0, from - rowStart),
          to: Math.min(rowEnd, to) - rowStart,
          row: rowStart,
        }
        if (run.from < run.to) runs.push(run)
      },
    })
  }
  runs.sort((a, b) => a.row - b.row)
  const count = runs.reduce((sum, run) => sum + run.to - run.from, 0)
  if (count !== to - from) {
    throw new MillwrightError('Corrupt', `readParquet: column ${show(name)} has ${count} rows where the file says ${to - from}`)
  }
  return kind.kind === 'text' ? textColumn(name, runs, codes) : columnOfKind(name, kind, runs)
}

function columnOfKind(name: string, kind: ParquetKind, runs: readonly CellRun[]): Column {
  switch (kind.kind) {
    case 'boolean':
      return booleanColumn(name, runs)
    case 'whole':
      return wholeNumberColumn(name, kind.isUnsigned ? runs.map((run) => unsigned(run, kind.bits)) : runs)
    case 'decimal':
      return decimalColumn(name, runs.map(wholeNumbersOfBytes), kind.scale)
    case 'timestamp':
      return timestampColumn(name, runs, kind.unit)
    case 'time':
      return timeOfDayColumn(name, runs, kind.unit)
    default:
      return numberColumn(name, runs)
  }
}

/** Numbers that were read as signed. */
function unsigned({ cells, from, to }: CellRun, bits: 32 | 64): CellRun {
  const read = (cell: unknown): number | bigint | null => {
    if (cell === null || cell === undefined) return null
    return bits === 32 ? Number(cell) >>> 0 : BigInt.asUintN(64, cell as bigint)
  }
  return { cells: Array.from({ length: to - from }, (_, i) => read(cells[from + i])), from: 0, to: to - from }
}

/** Decimals stored as bytes, the highest first, in two's complement. */
function wholeNumbersOfBytes(run: CellRun): CellRun {
  const cells: ArrayLike<unknown> = run.cells
  if (ArrayBuffer.isView(cells)) return run
  const read = (cell: unknown): unknown => {
    if (!(cell instanceof Uint8Array)) return cell
    let value = 0n
    for (const byte of cell) value = (value << 8n) | BigInt(byte)
    return BigInt.asIntN(cell.length * 8, value)
  }
  return { ...run, cells: Array.from(cells, read) as CellRun['cells'] }
}

/** A numbering of the texts of one column; hyparquet calls it once for each entry of a dictionary page. */
function createCodes() {
  const dictionary = new ByteDictionary()
  let buffer: ArrayBufferLike | undefined
  let view: DataView = new DataView(new ArrayBuffer(0))
  const ofBytes = (bytes: Uint8Array | null | undefined): number | undefined => {
    if (bytes === null || bytes === undefined) return undefined
    if (bytes.buffer !== buffer) {
      buffer = bytes.buffer
      view = new DataView(buffer)
    }
    return dictionary.codeOf(view, bytes.byteOffset, bytes.byteOffset + bytes.length)
  }
  const ofUuid = (bytes: Uint8Array | undefined): number | undefined => {
    if (bytes === undefined) return undefined
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
    const text = utf8(hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'))
    return dictionary.codeOf(viewOf(text), 0, text.length)
  }
  return { dictionary, ofBytes, ofUuid }
}

function textColumn(name: string, runs: readonly CellRun[], { dictionary }: ReturnType<typeof createCodes>): Column {
  const values = new Int32Array(runs.reduce((sum, { from, to }) => sum + to - from, 0))
  let at = 0
  for (const { cells, from, to } of runs) {
    for (let i = from; i < to; i++) values[at++] = (cells[i] as number | null | undefined) ?? MISSING_CODE
  }
  try {
    return makeColumn(name, { type: 'string', values, dictionary: dictionary.texts(0) })
  } catch (cause) {
    throw new MillwrightError('Unsupported', `readParquet: column ${show(name)} holds bytes that are not UTF-8 text`, {
      hint: 'leave it out: { columns: […] }',
      details: { columns: [name] },
      cause,
    })
  }
}
