/** The packages that read and write Parquet: hyparquet, hyparquet-compressors, hyparquet-writer. What is used of each, and how they are loaded. */
import { loadPeer } from '../../core/peer'
import type { RandomAccess } from '../node/node-file'

/** One element of a file's schema. */
export interface ParquetElement {
  readonly name: string
  readonly type?: string
  readonly type_length?: number
  readonly repetition_type?: string
  readonly num_children?: number
  readonly converted_type?: string
  readonly logical_type?: { readonly type: string; readonly unit?: string; readonly isSigned?: boolean; readonly scale?: number }
  readonly scale?: number
}

/** What is used of a file's metadata. */
export interface ParquetMetadata {
  readonly schema: readonly ParquetElement[]
  readonly num_rows: bigint
  readonly row_groups: readonly {
    readonly num_rows: bigint
    readonly columns: readonly { readonly meta_data?: ParquetChunkFacts }[]
  }[]
}

/** Where one column of one row group is. */
export interface ParquetChunkFacts {
  readonly codec: string
  readonly path_in_schema: readonly string[]
  readonly dictionary_page_offset?: bigint
  readonly data_page_offset: bigint
  readonly total_compressed_size: bigint
}

/** Some rows of one column. */
export interface ParquetChunk {
  readonly columnName: string
  readonly columnData: ArrayLike<unknown>
  readonly rowStart: number
  readonly rowEnd: number
}

/** What is used of `hyparquet`; pass the module as `lib` where packages cannot be loaded by name, as in a page. */
export interface ParquetReaderLib {
  parquetMetadataAsync(file: object): Promise<unknown>
  parquetRead(options: never): Promise<void>
  asyncBufferFromUrl(options: never): Promise<unknown>
  cachedAsyncBuffer(file: never): unknown
  snappyUncompress(input: Uint8Array, output: Uint8Array): void
}

/** What is used of `hyparquet-compressors`. */
export interface ParquetCompressorsLib {
  readonly compressors: object
}

/** What is used of `hyparquet-writer`. */
export interface ParquetWriterLib {
  parquetWriteBuffer(options: never): ArrayBuffer
}

/** Those functions, as they are called here. */
export interface Reader {
  parquetMetadataAsync(file: object): Promise<ParquetMetadata>
  parquetRead(options: {
    readonly file: object
    readonly metadata: ParquetMetadata
    readonly columns: string[]
    readonly rowStart: number
    readonly rowEnd: number
    readonly utf8: false
    readonly compressors: object | undefined
    readonly parsers: Readonly<Record<string, (value: never) => unknown>>
    readonly onChunk: (chunk: ParquetChunk) => void
  }): Promise<void>
  asyncBufferFromUrl(options: { readonly url: string }): Promise<Omit<RandomAccess, 'close'>>
  snappyUncompress(input: Uint8Array, output: Uint8Array): void
  cachedAsyncBuffer(file: Omit<RandomAccess, 'close'>): Omit<RandomAccess, 'close'>
}

/** @throws MissingDependency */
export async function readerLib(lib: ParquetReaderLib | undefined): Promise<Reader> {
  return (lib ?? (await loadPeer<ParquetReaderLib>('hyparquet', { needed: 'readParquet without `lib`' }))) as unknown as Reader
}

/** Makes a page of its compressed bytes. */
export type Decompress = (bytes: Uint8Array, length: number) => Uint8Array

/** Decompressors of the file's codecs; they come from a package of their own where hyparquet does not know one by itself. @throws MissingDependency */
export async function compressorsFor(
  metadata: ParquetMetadata,
  { lib, reader }: { readonly lib: ParquetCompressorsLib | undefined; readonly reader: Reader },
): Promise<Readonly<Record<string, Decompress>>> {
  const own = {
    SNAPPY(bytes: Uint8Array, length: number): Uint8Array {
      const content = new Uint8Array(length)
      reader.snappyUncompress(bytes, content)
      return content
    },
  }
  if (lib !== undefined) return { ...own, ...lib.compressors }
  const codecs = new Set(metadata.row_groups.flatMap(({ columns }) => columns.map(({ meta_data }) => meta_data?.codec ?? '')))
  const other = [...codecs].find((codec) => codec !== 'UNCOMPRESSED' && codec !== 'SNAPPY' && codec !== '')
  if (other === undefined) return own
  const loaded = await loadPeer<ParquetCompressorsLib>('hyparquet-compressors', {
    needed: `readParquet of a file compressed with ${other}, without \`compressors\`,`,
  })
  return { ...own, ...loaded.compressors }
}
