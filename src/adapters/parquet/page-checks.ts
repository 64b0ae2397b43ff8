/**
 * Checks the pages of a column before hyparquet decodes them: it believes every length and count that it reads, so that one changed byte can make it
 * write 2³¹ values, or read the same bytes for ever. Only headers are read here: of pages, and of runs within them.
 */
import { MillwrightError, show } from '../../core/errors'
import type { Decompress, ParquetMetadata } from './library'
import { type Cursor, type PageHeader, readPageHeader, readVarint, skipVarint } from './page-header'

/** Where one column lies in one row group, and what the file says of it. */
interface Chunk {
  readonly from: number
  readonly to: number
  readonly rows: number
  readonly codec: string
}

/** A column as far as the checks need it. */
interface CheckedColumn {
  readonly name: string
  readonly isOptional: boolean
  readonly chunks: readonly Chunk[]
}

/** What hyparquet reads from. */
interface SlicedFile {
  readonly byteLength: number
  slice(from: number, to?: number): ArrayBuffer | Promise<ArrayBuffer>
}

/** Runs may go beyond the last value by their padding: a group has 8 values, a run of groups at most 63 of them where a writer is careless. */
const PADDING = 512
const [RLE, DELTA, DELTA_LENGTH, DELTA_BYTES] = [3, 5, 6, 7]
const dictionaryEncodings = [2, 8]

/** The file and the decompressors through which hyparquet reads one column of flat values. */
export function checkedReading(
  name: string,
  {
    metadata,
    file,
    compressors,
  }: { readonly metadata: ParquetMetadata; readonly file: object; readonly compressors: Readonly<Record<string, Decompress>> },
): { readonly file: SlicedFile; readonly compressors: Readonly<Record<string, Decompress>> } {
  const column = columnOf(metadata, name)
  const inner = file as SlicedFile
  return {
    file: {
      byteLength: inner.byteLength,
      async slice(from, to = inner.byteLength) {
        const bytes = await inner.slice(from, to)
        for (const chunk of column.chunks) {
          if (chunk.from >= from && chunk.to <= to && chunk.to - from <= bytes.byteLength) {
            checkChunk(column, chunk, new DataView(bytes, chunk.from - from, chunk.to - chunk.from))
          }
        }
        return bytes
      },
    },
    compressors: Object.fromEntries(Object.entries(compressors).map(([codec, work]) => [codec, checkedDecompress(column, work)])),
  }
}

function columnOf(metadata: ParquetMetadata, name: string): CheckedColumn {
  const element = metadata.schema.find((one, i) => i > 0 && one.name === name)
  const chunks = metadata.row_groups.flatMap(({ columns, num_rows }) =>
    columns.flatMap(({ meta_data: meta }) => {
      if (meta === undefined || meta.path_in_schema[0] !== name) return []
      const from = Number(meta.dictionary_page_offset || meta.data_page_offset)
      return [{ from, to: from + Number(meta.total_compressed_size), rows: Number(num_rows), codec: meta.codec }]
    }),
  )
  return { name, isOptional: element?.repetition_type === 'OPTIONAL', chunks }
}

function checkChunk(column: CheckedColumn, chunk: Chunk, view: DataView): void {
  for (const page of pagesOf(column, view, chunk.rows)) {
    const content = new DataView(view.buffer, view.byteOffset + page.at, page.compressedBytes)
    guarded(column, () => {
      if (page.kind === 'data 2') checkLevelsOfSecond(page, content)
      if (chunk.codec === 'UNCOMPRESSED' || !page.isCompressed) checkContent(column, page, valuesOf(page, content))
    })
  }
}

/** The pages of a chunk. @throws Corrupt */
function pagesOf(column: CheckedColumn, view: DataView, rows: number): readonly PageHeader[] {
  return guarded(column, () => {
    const pages: PageHeader[] = []
    let [at, values] = [0, 0]
    while (values < rows && at < view.byteLength - 1) {
      const page = readPageHeader(view, at)
      if (page.compressedBytes > view.byteLength - page.at) throw new RangeError('a page that is longer than its column')
      if (page.kind !== 'dictionary') values += page.numValues
      else if (page.numValues > page.uncompressedBytes) throw new RangeError('a dictionary with more values than bytes')
      if (values > rows) throw new RangeError(`pages with more values than the ${rows} rows of their group`)
      if (page.definitionBytes + page.repetitionBytes > page.compressedBytes)
        throw new RangeError('a page whose levels are longer than itself')
      pages.push(page)
      at = page.at + page.compressedBytes
    }
    return pages
  })
}

/** What a decompressor gives is checked by the header that stands before the bytes, in the buffer that hyparquet reads its chunk from. */
function checkedDecompress(column: CheckedColumn, decompress: Decompress): Decompress {
  const seen = new WeakMap<ArrayBufferLike, ReadonlyMap<number, PageHeader>>()
  const rows = Math.max(...column.chunks.map((chunk) => chunk.rows))
  return (bytes, length) => {
    let pages = seen.get(bytes.buffer)
    if (pages === undefined) {
      const found = pagesOf(column, new DataView(bytes.buffer), rows)
      pages = new Map(found.map((page) => [page.at + page.repetitionBytes + page.definitionBytes, page]))
      seen.set(bytes.buffer, pages)
    }
    // The dictionary of a column of nothing but nulls: hyparquet-compressors 1.1.2 refuses LZ4's block for nothing.
    const content = length === 0 ? new Uint8Array(0) : decompress(bytes, length)
    const page = pages.get(bytes.byteOffset)
    if (page !== undefined)
      guarded(column, () => checkContent(column, page, new DataView(content.buffer, content.byteOffset, content.byteLength)))
    return content
  }
}

function valuesOf(page: PageHeader, content: DataView): DataView {
  const levels = page.repetitionBytes + page.definitionBytes
  return new DataView(content.buffer, content.byteOffset + levels, content.byteLength - levels)
}

function checkLevelsOfSecond({ repetitionBytes, definitionBytes, numValues }: PageHeader, content: DataView): void {
  checkRuns({ view: content, at: repetitionBytes }, repetitionBytes + definitionBytes, 1, numValues)
}

/** The runs of a data page: of its levels, where it is of version 1, and of its values. */
function checkContent({ isOptional }: CheckedColumn, page: PageHeader, view: DataView): void {
  const { kind, encoding, numValues } = page
  if (kind === 'dictionary' || numValues === 0) return
  const cursor: Cursor = { view, at: 0 }
  if (kind === 'data' && isOptional) checkSizedRuns(cursor, numValues)
  if (encoding === RLE) checkSizedRuns(cursor, numValues)
  else if (dictionaryEncodings.includes(encoding)) {
    // A page of nothing but nulls may end here.
    if (cursor.at >= view.byteLength) return
    const width = view.getUint8(cursor.at++)
    if (width > 32) throw new RangeError(`values of ${width} bits`)
    checkRuns(cursor, view.byteLength, width, numValues)
  } else if (encoding === DELTA || encoding === DELTA_LENGTH || encoding === DELTA_BYTES) {
    passDeltas(cursor, numValues)
    if (encoding === DELTA_BYTES) passDeltas(cursor, numValues)
  }
}

/** Runs behind their length in four bytes. */
function checkSizedRuns(cursor: Cursor, numValues: number): void {
  const length = cursor.view.getUint32(cursor.at, true)
  const end = cursor.at + 4 + length
  if (end > cursor.view.byteLength) throw new RangeError('levels that are longer than their page')
  checkRuns({ view: cursor.view, at: cursor.at + 4 }, end, 1, numValues)
  cursor.at = end
}

/** Runs of equal values and of packed ones: their counts are those of the page. Where the bytes end too soon, the decoder says so. */
function checkRuns(cursor: Cursor, end: number, width: number, numValues: number): void {
  for (let seen = 0; seen < numValues && cursor.at < end; ) {
    const head = readVarint(cursor)
    const isPacked = (head & 1) === 1
    const count = isPacked ? (head >>> 1) * 8 : head >>> 1
    if (count > numValues - seen + PADDING) throw new RangeError(`a run of ${count} values in a page of ${numValues}`)
    seen += count
    cursor.at += isPacked ? (head >>> 1) * width : (width + 7) >> 3
  }
}

/** Passes over blocks of differences, as their decoder does. */
function passDeltas(cursor: Cursor, numValues: number): void {
  const blockSize = readVarint(cursor)
  const numParts = readVarint(cursor)
  const partSize = blockSize / numParts
  if (!Number.isInteger(partSize) || partSize % 8 !== 0 || partSize === 0 || numParts > 4096) {
    throw new RangeError(`differences in blocks of ${blockSize} values and ${numParts} parts`)
  }
  const count = Math.min(readVarint(cursor), numValues)
  skipVarint(cursor)
  for (let seen = 1; seen < count; ) {
    skipVarint(cursor)
    const widths = cursor.at
    cursor.at += numParts
    for (let part = 0; part < numParts && seen < count; part++, seen += partSize) {
      const width = cursor.view.getUint8(widths + part)
      if (width > 64) throw new RangeError(`differences of ${width} bits`)
      cursor.at += (partSize / 8) * width
    }
  }
}

/** @throws Corrupt for what a check or a `DataView` refuses */
function guarded<T>({ name }: CheckedColumn, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    const reason = cause.message.startsWith('Offset') || cause.message.startsWith('Invalid') ? 'a page that ends too soon' : cause.message
    throw new MillwrightError('Corrupt', `readParquet: column ${show(name)} has ${reason}`, { details: { column: name }, cause })
  }
}
