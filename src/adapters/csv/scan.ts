/** Finds the fields of CSV records in bytes, without interpreting them. RFC 4180 with CR, LF and CRLF line ends. */

const LF = 10
const CR = 13

/** Why a scan stopped before it was full. */
export type ScanProblem = 'ragged' | 'unclosed-quote' | 'text-after-quote' | 'long-cell'

/** A position in the bytes, and the fields found last. */
export interface Scan {
  readonly bytes: Uint8Array
  /** The same memory, for reading four bytes at once. */
  readonly view: DataView
  readonly delimiter: number
  /** The quote's byte, −1 when there is none. */
  readonly quote: number
  readonly maxCellLength: number
  /** Where the next record starts. */
  position: number
  /** Fields in each record; see {@link setColumns}. */
  columns: number
  /** Records there is room for. */
  capacity: number
  /** Field f of row r begins at `starts[f * capacity + r]`: column by column, because that is how cells are read … */
  readonly starts: Int32Array
  /** … and ends before `ends[f * capacity + r]`; when it holds doubled quotes, before the complement `~ends[…]`. */
  readonly ends: Int32Array
  /** Set when the record at `position` could not be taken. */
  problem: ScanProblem | undefined
  /** The byte the problem is about. */
  problemAt: number
}

/** A scan over `bytes` from `position`, with room for `cells` fields at a time (at least one record of `columns`). */
export function createScan(
  bytes: Uint8Array,
  options: {
    readonly delimiter: number
    readonly quote: number
    readonly maxCellLength: number
    readonly cells: number
  },
): Scan {
  return {
    bytes,
    view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    delimiter: options.delimiter,
    quote: options.quote,
    maxCellLength: options.maxCellLength,
    position: 0,
    columns: 0,
    capacity: 0,
    starts: new Int32Array(options.cells),
    ends: new Int32Array(options.cells),
    problem: undefined,
    problemAt: 0,
  }
}

/** Says how many fields records have from here on. */
export function setColumns(scan: Scan, columns: number): void {
  if (scan.starts.length < columns) Object.assign(scan, { starts: new Int32Array(columns), ends: new Int32Array(columns) })
  scan.columns = columns
  scan.capacity = Math.floor(scan.starts.length / columns)
}

/**
 * Takes records of `scan.columns` fields until there is no more room, no more bytes, `maxRows` are reached, or one
 * does not fit (`scan.problem`, `scan.position` at its start). Empty lines are skipped.
 *
 * @returns the number of records taken
 */
export function scanRows(scan: Scan, maxRows: number): number {
  const { bytes, delimiter, quote, columns, capacity, starts, ends, maxCellLength } = scan
  const end = bytes.length
  // Nearly all bytes of a cell are above the special ones, so one comparison skips them.
  const special = Math.max(delimiter, CR, quote)
  const limit = Math.min(maxRows, capacity)
  const rowCells = columns * capacity
  let p = scan.position
  let rowStart = p
  let start = p
  let row = 0
  let k = 0
  scan.problem = undefined
  while (row < limit && start <= end) {
    let c = LF
    for (; p < end; p++) {
      c = bytes[p] as number
      if (c <= special) break
    }
    if (p >= end) c = LF
    if (c === delimiter) {
      starts[k] = start
      ends[k] = p
    } else if (c === LF || c === CR) {
      if (p === start && k === row) {
        // An empty line; the second half of CRLF is one too.
        rowStart = start = ++p
        continue
      }
      starts[k] = start
      ends[k] = p
    } else if (c === quote && p === start) {
      const closing = closingQuote(bytes, p + 1, quote)
      if (closing === none) return fail(scan, 'unclosed-quote', rowStart, p, row)
      starts[k] = start + 1
      ends[k] = closing
      p = (closing < 0 ? ~closing : closing) + 1
      c = p < end ? (bytes[p] as number) : LF
      if (c !== delimiter && c !== LF && c !== CR) return fail(scan, 'text-after-quote', rowStart, p, row)
    } else {
      p++
      continue
    }
    if (p - start > maxCellLength) return fail(scan, 'long-cell', rowStart, start, row)
    start = ++p
    k += capacity
    if (c === delimiter) {
      if (k - row === rowCells) return fail(scan, 'ragged', rowStart, rowStart, row)
    } else {
      if (k - row !== rowCells) return fail(scan, 'ragged', rowStart, rowStart, row)
      k = ++row
      rowStart = start
    }
  }
  scan.position = Math.min(rowStart, end)
  return row
}

/** Notes a problem in the record that begins at `rowStart`, and returns the number of records before it. */
function fail(scan: Scan, problem: ScanProblem, ...[rowStart, at, rows]: readonly [number, number, number]): number {
  scan.problem = problem
  scan.problemAt = at
  scan.position = rowStart
  return rows
}

/** No closing quote; no position and no complement of one is this small. */
const none = -2147483648

/** The position of the quote that closes a field, as its complement when doubled quotes came before it. */
function closingQuote(bytes: Uint8Array, from: number, quote: number): number {
  const end = bytes.length
  let escaped = false
  for (let p = from; p < end; p++) {
    if (bytes[p] !== quote) continue
    if (p + 1 < end && bytes[p + 1] === quote) {
      escaped = true
      p++
    } else return escaped ? ~p : p
  }
  return none
}

/** One record of whatever length: its fields as in {@link Scan}, and whether there was one. Stops after `maxFields`. */
export function scanRecord(scan: Scan, maxFields: number): { readonly starts: number[]; readonly ends: number[] } | undefined {
  const { bytes, delimiter, quote } = scan
  const end = bytes.length
  const starts: number[] = []
  const ends: number[] = []
  let p = scan.position
  while (p < end && (bytes[p] === LF || bytes[p] === CR)) p++
  scan.problem = undefined
  if (p >= end) {
    scan.position = end
    return undefined
  }
  const rowStart = p
  for (;;) {
    let start = p
    let stop: number
    if (p < end && bytes[p] === quote) {
      start = ++p
      stop = closingQuote(bytes, p, quote)
      if (stop === none) fail(scan, 'unclosed-quote', rowStart, start - 1, 0)
      if (stop === none) return { starts, ends }
      p = (stop < 0 ? ~stop : stop) + 1
      const c = p < end ? bytes[p] : LF
      if (c !== delimiter && c !== LF && c !== CR) {
        fail(scan, 'text-after-quote', rowStart, p, 0)
        return { starts, ends }
      }
    } else {
      while (p < end && bytes[p] !== delimiter && bytes[p] !== LF && bytes[p] !== CR) p++
      stop = p
    }
    if (p - start > scan.maxCellLength) {
      fail(scan, 'long-cell', rowStart, start, 0)
      return { starts, ends }
    }
    starts.push(start)
    ends.push(stop)
    const c = p < end ? bytes[p] : LF
    p++
    if (c !== delimiter || starts.length > maxFields) {
      if (c === CR && p < end && bytes[p] === LF) p++
      break
    }
  }
  scan.position = Math.min(p, end)
  return { starts, ends }
}

/** The number of the line that holds byte `position`, from 1; quoted line breaks count. */
export function lineOf(bytes: Uint8Array, position: number): number {
  let line = 1
  for (let p = 0; p < position; p++) {
    const c = bytes[p]
    if (c === LF || (c === CR && bytes[p + 1] !== LF)) line++
  }
  return line
}
