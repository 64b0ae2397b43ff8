/** Datasets into Parquet files, through hyparquet-writer. */
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import { findBuiltin } from '../../core/node-builtin'
import { checkOptions, ofType, oneOf, wholeNumber } from '../../core/options'
import { loadPeer } from '../../core/peer'
import { type Column, MISSING_BOOLEAN, MISSING_CODE, MISSING_INT32 } from '../../schema/column'
import { assertTable, type Table } from '../../schema/table'
import type { ParquetWriterLib } from './library'

/** Options of {@link toParquet}. */
export interface ToParquetOptions {
  /** `gzip` and `zstd` need Node (`zstd` Node 22.15 or newer). @default 'snappy' */
  readonly compression?: 'none' | 'snappy' | 'gzip' | 'zstd' | undefined
  /** Rows that are stored together; readers skip what they do not need by row group. @default 100_000 */
  readonly rowGroupSize?: number | undefined
  /** The module `hyparquet-writer`. @default loaded by its name */
  readonly lib?: ParquetWriterLib | undefined
}

/** How a compression is called in the file. */
const codecs = { none: 'UNCOMPRESSED', snappy: 'SNAPPY', gzip: 'GZIP', zstd: 'ZSTD' } as const

/**
 * A table as the bytes of a Parquet file: `int32` INT32, `float64` DOUBLE, `boolean` BOOLEAN, `string` UTF-8 strings, `timestamp` TIMESTAMP in
 * milliseconds, UTC. Missing cells are null. `readParquet` gives the same dataset back; text that is not well-formed UTF-16 gets U+FFFD.
 *
 * @example await writeFile('flights.parquet', await toParquet(flights))
 * @throws InvalidArgument for a table without columns; Unsupported for a compression that the runtime lacks; MissingDependency
 */
export async function toParquet(table: Table, options: ToParquetOptions = {}): Promise<Uint8Array> {
  checkOptions('toParquet', options, {
    compression: oneOf('none', 'snappy', 'gzip', 'zstd'),
    rowGroupSize: wholeNumber(1),
    lib: ofType('object'),
  })
  assertTable(table, 'toParquet')
  if (table.columnNames.length === 0) throw invalidArgument('toParquet needs a table with at least one column')
  const lib = (options.lib ??
    (await loadPeer<ParquetWriterLib>('hyparquet-writer', { needed: 'toParquet without `lib`' }))) as unknown as Writer
  const compression = options.compression ?? 'snappy'
  const columns = table.columnNames.map((name) => table.column(name))
  try {
    const bytes = lib.parquetWriteBuffer({
      columnData: columns.map(sourceOf),
      codec: codecs[compression],
      ...compressorOf(compression),
      rowGroupSize: options.rowGroupSize ?? 100_000,
      createdBy: 'millwright',
    })
    return new Uint8Array(bytes)
  } catch (cause) {
    if (cause instanceof MillwrightError) throw cause
    throw new MillwrightError('Internal', `toParquet could not write the table: ${(cause as Error).message}`, { cause })
  }
}

/** What is called of `hyparquet-writer`. */
interface Writer {
  parquetWriteBuffer(options: {
    readonly columnData: readonly ColumnSource[]
    readonly codec: string
    readonly compressors?: object
    readonly rowGroupSize: number
    readonly createdBy: string
  }): ArrayBuffer
}

interface ColumnSource {
  readonly name: string
  readonly data: ArrayLike<unknown>
  readonly type: 'INT32' | 'DOUBLE' | 'BOOLEAN' | 'STRING' | 'TIMESTAMP'
  readonly nullable: boolean
  readonly encoding?: 'PLAIN'
}

function compressorOf(compression: keyof typeof codecs): { readonly compressors?: object } {
  if (compression === 'none' || compression === 'snappy') return {}
  const zlib = findBuiltin<Readonly<Record<string, ((input: Uint8Array) => Uint8Array) | undefined>>>('node:zlib')
  const compress = compression === 'gzip' ? zlib?.gzipSync : zlib?.zstdCompressSync
  if (compress === undefined) throw new MillwrightError('Unsupported', `toParquet: this runtime cannot compress with ${show(compression)}`)
  return { compressors: { [codecs[compression]]: (input: Uint8Array) => compress(input) } }
}

function sourceOf(column: Column): ColumnSource {
  const { name, storage } = column
  const nullable = column.nullCount > 0
  switch (column.type) {
    case 'int32':
      return {
        name,
        type: 'INT32',
        nullable,
        data: nullable ? withNulls(storage, (value) => (value === MISSING_INT32 ? null : value)) : storage,
      }
    case 'float64': {
      const data = nullable ? withNulls(storage, (value) => (value !== value ? null : value)) : storage
      // A dictionary of the writer keeps one zero, and the other would lose its sign.
      return {
        name,
        type: 'DOUBLE',
        nullable,
        data,
        ...(storage.some((value) => Object.is(value, -0)) ? { encoding: 'PLAIN' as const } : {}),
      }
    }
    case 'boolean':
      return { name, type: 'BOOLEAN', nullable, data: withNulls(storage, (value) => (value === MISSING_BOOLEAN ? null : value === 1)) }
    case 'timestamp':
      return { name, type: 'TIMESTAMP', nullable, data: withNulls(storage, (value, row) => instantOf(name, value, row)) }
    default: {
      const { dictionary = [] } = column
      return { name, type: 'STRING', nullable, data: withNulls(storage, (code) => (code === MISSING_CODE ? null : dictionary[code])) }
    }
  }
}

function instantOf(name: string, value: number, row: number): bigint | null {
  if (value !== value) return null
  if (!Number.isFinite(value)) throw invalidArgument(`toParquet: column ${show(name)}, row ${row} holds the time ${value}, which is none`)
  return BigInt(Math.floor(value))
}

function withNulls(storage: ArrayLike<number>, cell: (value: number, row: number) => unknown): unknown[] {
  const cells: unknown[] = new Array(storage.length)
  for (let row = 0; row < cells.length; row++) cells[row] = cell(storage[row] as number, row)
  return cells
}
