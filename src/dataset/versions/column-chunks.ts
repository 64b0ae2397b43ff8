/** Columns as chunks of bytes and back. A chunk does not depend on what stands before it: text has a dictionary of its own in each. */
import { copyBytes, fromUtf8, utf8 } from '../../core/bytes'
import { damaged } from '../../core/damage'
import { parseJson } from '../../core/json'
import { type Column, type ColumnInit, type ColumnType, MISSING_CODE, makeColumn, newValues } from '../../schema/column'
import { type ChunkLength, chunkEnds, mixed } from './boundaries'

/** One chunk of a column. */
export interface ColumnChunk {
  readonly rows: number
  readonly bytes: Uint8Array
}

/** The chunks of a column, one after the other. */
export function* columnChunks(column: Column, length: ChunkLength): Generator<ColumnChunk, void> {
  const encode = column.type === 'string' ? textEncoder(column) : (from: number, to: number) => cellBytes(column, from, to)
  let from = 0
  for (const to of chunkEnds(column.length, cellHash(column), length)) {
    yield { rows: to - from, bytes: encode(from, to) }
    from = to
  }
}

/** A hash of each cell that depends on its value only, not on codes of a dictionary. */
function cellHash({ type, storage, dictionary = [] }: Column): (index: number) => number {
  if (type === 'string') {
    const hashes = Int32Array.from(dictionary, textHash)
    return (i) => ((storage[i] as number) === MISSING_CODE ? 0x2545f491 : (hashes[storage[i] as number] as number))
  }
  if (type === 'int32' || type === 'boolean') return (i) => mixed((storage[i] as number) + 1)
  const cell = new Float64Array(1)
  const words = new Int32Array(cell.buffer)
  return (i) => {
    cell[0] = storage[i] as number
    return mixed((words[0] as number) ^ Math.imul(words[1] as number, 0x9e3779b1))
  }
}

/** FNV-1a over UTF-16 code units, mixed. */
function textHash(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return mixed(hash)
}

/** Little-endian cells as they lie in memory; every `NaN` is the same. */
function cellBytes({ type, storage }: Column, from: number, to: number): Uint8Array {
  const cells = storage.slice(from, to)
  if (type === 'float64' || type === 'timestamp') for (let i = 0; i < cells.length; i++) if (cells[i] !== cells[i]) cells[i] = Number.NaN
  return new Uint8Array(cells.buffer, cells.byteOffset, cells.byteLength)
}

/** Bytes of a code, by the number of texts in the dictionary; all ones mean a missing cell. */
function widthFor(texts: number): 1 | 2 | 4 {
  return texts < 0xff ? 1 : texts < 0xffff ? 2 : 4
}

/**
 * A text chunk: the width of a code (1 byte), the length of the dictionary (4 bytes, little-endian), the dictionary as a JSON array in order
 * of appearance, the codes (little-endian).
 */
function textEncoder({ storage, dictionary = [] }: Column): (from: number, to: number) => Uint8Array {
  const own = new Int32Array(dictionary.length).fill(MISSING_CODE)
  return (from, to) => {
    const used: number[] = []
    const codes = new Int32Array(to - from)
    for (let i = from; i < to; i++) {
      const code = storage[i] as number
      if (code !== MISSING_CODE && own[code] === MISSING_CODE) own[code] = used.push(code) - 1
      codes[i - from] = code === MISSING_CODE ? MISSING_CODE : (own[code] as number)
    }
    for (const code of used) own[code] = MISSING_CODE
    const texts = utf8(JSON.stringify(used.map((code) => dictionary[code])))
    const width = widthFor(used.length)
    const bytes = new Uint8Array(5 + texts.length + codes.length * width)
    bytes[0] = width
    new DataView(bytes.buffer).setUint32(1, texts.length, true)
    bytes.set(texts, 5)
    // Narrowing −1 leaves all bits set.
    const cells = width === 1 ? Uint8Array.from(codes) : width === 2 ? Uint16Array.from(codes) : codes
    bytes.set(new Uint8Array(cells.buffer, cells.byteOffset, cells.byteLength), 5 + texts.length)
    return bytes
  }
}

/** A chunk that was read: its bytes, the rows that it must hold, and its key for messages. */
export interface ReadChunk {
  readonly rows: number
  readonly bytes: Uint8Array
  readonly key: string
}

/** The column that the chunks make up. @throws Corrupt naming the chunk */
export function columnFromChunks(name: string, type: ColumnType, chunks: readonly ReadChunk[]): Column {
  const values = newValues(
    type,
    chunks.reduce((sum, { rows }) => sum + rows, 0),
  )
  const dictionary: string[] = []
  const codes = new Map<string, number>()
  let at = 0
  for (const chunk of chunks) {
    if (type === 'string') decodeText(chunk, values as Int32Array, { at, codes, dictionary })
    else decodeCells(chunk, type, values, at)
    at += chunk.rows
  }
  return makeColumn(name, { type, values, ...(type === 'string' ? { dictionary } : {}) } as ColumnInit)
}

function decodeCells(
  { rows, bytes, key }: ReadChunk,
  type: ColumnType,
  values: ArrayBufferView & { BYTES_PER_ELEMENT: number },
  at: number,
): void {
  const width = values.BYTES_PER_ELEMENT
  if (bytes.length !== rows * width) throw damaged(key, [], `${rows * width} bytes of ${type}`, bytes.length)
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength).set(bytes, at * width)
}

function decodeText(
  { rows, bytes, key }: ReadChunk,
  values: Int32Array,
  { at, codes, dictionary }: { readonly at: number; readonly codes: Map<string, number>; readonly dictionary: string[] },
): void {
  const width = bytes[0] ?? 0
  const length = bytes.length < 5 ? -1 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(1, true)
  if (![1, 2, 4].includes(width) || bytes.length !== 5 + length + rows * width)
    throw damaged(key, [], `a text chunk of ${rows} rows`, bytes.length)
  const texts = parseJson(fromUtf8(bytes.subarray(5, 5 + length)), key)
  if (!Array.isArray(texts) || texts.some((text) => typeof text !== 'string'))
    throw damaged(key, ['dictionary'], 'an array of texts', texts)
  const global = Int32Array.from(texts as string[], (text) => {
    const known = codes.get(text)
    if (known !== undefined) return known
    codes.set(text, dictionary.length)
    return dictionary.push(text) - 1
  })
  const cells = copyBytes(bytes, 5 + length).buffer
  const local = width === 1 ? new Uint8Array(cells) : width === 2 ? new Uint16Array(cells) : new Uint32Array(cells)
  const missing = 2 ** (8 * width) - 1
  for (let i = 0; i < rows; i++) {
    const code = local[i] as number
    if (code !== missing && code >= global.length) throw damaged(key, ['codes', i], `a code below ${global.length}`, code)
    values[at + i] = code === missing ? MISSING_CODE : (global[code] as number)
  }
}
