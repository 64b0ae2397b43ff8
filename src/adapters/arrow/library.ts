/** `@uwdata/flechette`, which reads and writes Arrow IPC: what is used of it, and how it is loaded. */
import { MillwrightError } from '../../core/errors'
import { loadPeer } from '../../core/peer'

/** What is used of `@uwdata/flechette`; pass the module as `lib` where packages cannot be loaded by name, as in a page. */
export interface ArrowLib {
  tableFromIPC(data: Uint8Array, options?: never): unknown
  tableToIPC(table: never, options: never): Uint8Array | null
  setCompressionCodec(type: never, codec: never): void
}

/** A type of Arrow. */
export interface ArrowType {
  readonly typeId: number
  readonly bitWidth?: number
  readonly signed?: boolean
  readonly precision?: number
  readonly scale?: number
  readonly unit?: number
}

/** The cells of one record batch. */
export interface ArrowBatch {
  readonly length: number
  readonly nullCount: number
  readonly validity?: Uint8Array
  readonly values?: ArrayLike<number | bigint>
  readonly offsets?: ArrayLike<number | bigint>
  readonly dictionary?: ArrowColumn
  at(index: number): unknown
  isValid(index: number): boolean
  /** Of string views. */
  view?(index: number): Uint8Array
}

/** A column of an Arrow table. */
export interface ArrowColumn {
  readonly type: ArrowType
  readonly length: number
  readonly nullCount: number
  readonly data: readonly ArrowBatch[]
}

/** Those functions, as they are called here. */
export interface Flechette {
  tableFromIPC(
    data: Uint8Array,
    options: { readonly useBigInt: true; readonly useBigIntTimestamp: true; readonly useDecimalInt: true },
  ): {
    readonly schema: { readonly fields: readonly { readonly name: string; readonly type: ArrowType }[] }
    readonly children: readonly ArrowColumn[]
  }
  tableToIPC(table: object, options: { readonly format: 'file' | 'stream' }): Uint8Array
  tableFromColumns(columns: readonly (readonly [string, object])[]): object
  setCompressionCodec(type: number, codec: Codec): void
  batchType(type: ArrowType): new (parts: object) => ArrowBatch & { setDictionary?(column: object): void }
  readonly Column: new (batches: readonly object[], type: ArrowType) => object
  int32(): ArrowType
  float64(): ArrowType
  bool(): ArrowType
  utf8(): ArrowType
  timestamp(unit: number, timezone: string): ArrowType
  dictionary(values: ArrowType, indices: ArrowType): ArrowType
}

interface Codec {
  decode(bytes: Uint8Array, length: number): Uint8Array
  encode(bytes: Uint8Array): Uint8Array
}

/** What is used of `fzstd`. */
interface Fzstd {
  decompress(bytes: Uint8Array): Uint8Array
}

/** What is used of `lz4js`. */
interface Lz4 {
  decompress(bytes: Uint8Array, maxSize: number): ArrayLike<number>
}

/** @throws MissingDependency */
export async function arrowLib(lib: ArrowLib | undefined, operation: string): Promise<Flechette> {
  return (lib ?? (await loadPeer<ArrowLib>('@uwdata/flechette', { needed: `${operation} without \`lib\`` }))) as unknown as Flechette
}

/** Teaches the library the compression that it says it lacks. @returns whether that was the problem @throws MissingDependency */
export async function addCodec(lib: Flechette, problem: Error): Promise<boolean> {
  const name = /Missing compression codec "(\w+)"/.exec(problem.message)?.[1]
  if (name === undefined) return false
  const encode = (): never => {
    throw new MillwrightError('Unsupported', 'toArrow does not compress')
  }
  if (name === 'ZSTD') {
    const fzstd = await loadPeer<Fzstd>('fzstd', {
      needed: 'readArrow of a file compressed with ZSTD',
    })
    // Copied, so that what is decoded begins at a multiple of eight bytes, as wide numbers must.
    lib.setCompressionCodec(1, { decode: (bytes) => fzstd.decompress(bytes).slice(), encode })
    return true
  }
  const lz4 = await loadPeer<Lz4>('lz4js', {
    needed: 'readArrow of a file compressed with LZ4',
  })
  lib.setCompressionCodec(0, { decode: (bytes, length) => Uint8Array.from(lz4.decompress(bytes, length)), encode })
  return true
}
