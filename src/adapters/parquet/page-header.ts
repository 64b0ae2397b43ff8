/** The headers of a Parquet file's pages, read strictly: what a page says of itself is checked before a decoder believes it. */

/** What a page says of itself. */
export interface PageHeader {
  readonly kind: 'data' | 'data 2' | 'dictionary'
  /** Where its content begins. */
  readonly at: number
  readonly compressedBytes: number
  readonly uncompressedBytes: number
  readonly numValues: number
  /** By number, as in the format. */
  readonly encoding: number
  /** Of a page of version 2: bytes of its levels, and whether what follows is compressed. */
  readonly definitionBytes: number
  readonly repetitionBytes: number
  readonly isCompressed: boolean
}

/** A place in bytes. */
export interface Cursor {
  readonly view: DataView
  at: number
}

/** A thrift struct: field → number or truth value, or a struct again. Texts and lists are passed over. */
interface Fields {
  readonly [field: number]: number | boolean | Fields | undefined
}

/** Structs within structs: a page header has two levels and statistics. */
const MAX_DEPTH = 8
const kinds: Readonly<Record<number, PageHeader['kind']>> = { 0: 'data', 2: 'dictionary', 3: 'data 2' }

/** Reads the header of a page. @throws RangeError, as a `DataView` does, for what cannot be one */
export function readPageHeader(view: DataView, at: number): PageHeader {
  const cursor = { view, at }
  const fields = readStruct(cursor, 0)
  const kind = kinds[wholeNumber(fields[1])]
  if (kind === undefined) throw new RangeError('a page of an unknown kind')
  const own = fields[{ data: 5, dictionary: 7, 'data 2': 8 }[kind]]
  if (typeof own !== 'object') throw new RangeError('a page without a header of its kind')
  const isSecond = kind === 'data 2'
  return {
    kind,
    at: cursor.at,
    uncompressedBytes: wholeNumber(fields[2]),
    compressedBytes: wholeNumber(fields[3]),
    numValues: wholeNumber(own[1]),
    encoding: wholeNumber(own[isSecond ? 4 : 2]),
    definitionBytes: isSecond ? wholeNumber(own[5]) : 0,
    repetitionBytes: isSecond ? wholeNumber(own[6]) : 0,
    isCompressed: !isSecond || own[7] !== false,
  }
}

/** @throws RangeError for what is no whole number ≥ 0 */
function wholeNumber(value: Fields[number]): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw new RangeError('a page with a negative or missing number')
}

function readStruct(cursor: Cursor, depth: number): Fields {
  if (depth > MAX_DEPTH) throw new RangeError('a page header with too many levels')
  const fields: Record<number, number | boolean | Fields | undefined> = {}
  for (let field = 0; ; ) {
    const head = cursor.view.getUint8(cursor.at++)
    const type = head & 15
    if (type === 0) return fields
    field = head >> 4 === 0 ? zigzag(readVarint(cursor)) : field + (head >> 4)
    fields[field] = readElement(cursor, type, depth)
  }
}

function readElement(cursor: Cursor, type: number, depth: number): Fields[number] {
  switch (type) {
    case 1:
    case 2:
      return type === 1
    case 3:
      return cursor.view.getInt8(cursor.at++)
    case 4:
    case 5:
      return zigzag(readVarint(cursor))
    case 6:
      skipVarint(cursor)
      return undefined
    case 7:
      cursor.at += 8
      return undefined
    case 8: {
      const length = readVarint(cursor)
      cursor.at += length
      return undefined
    }
    case 9: {
      const head = cursor.view.getUint8(cursor.at++)
      const count = head >> 4 === 15 ? readVarint(cursor) : head >> 4
      // Truth values in a list take a byte each.
      const element = (head & 15) <= 2 ? 3 : head & 15
      for (let i = 0; i < count; i++) readElement(cursor, element, depth)
      return undefined
    }
    case 12:
      return readStruct(cursor, depth + 1)
    default:
      throw new RangeError('a page header with a field of an unknown type')
  }
}

/** An unsigned number of at most 32 bits. @throws RangeError for a longer one, and at the end of the bytes */
export function readVarint(cursor: Cursor): number {
  let value = 0
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = cursor.view.getUint8(cursor.at++)
    value |= (byte & 127) << shift
    if (byte < 128) return value >>> 0
  }
  throw new RangeError('a number of more than 32 bits')
}

/** Passes over a number of at most 64 bits. @throws RangeError */
export function skipVarint(cursor: Cursor): void {
  for (let i = 0; i < 10; i++) if (cursor.view.getUint8(cursor.at++) < 128) return
  throw new RangeError('a number of more than 64 bits')
}

function zigzag(value: number): number {
  return (value >>> 1) ^ -(value & 1)
}
