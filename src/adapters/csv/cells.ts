/** Cells of one column from bytes into a typed array, one tight loop a type. The same spellings as `schema/coerce.ts`. */

import { type ByteDictionary, viewOf } from '../../core/byte-dictionary'
import { isInt32, numberOfText } from '../../schema/coerce'
import { MISSING_BOOLEAN, MISSING_CODE, MISSING_INT32 } from '../../schema/column'
import type { NotedNumber } from './number-notation'
import type { Scan } from './scan'
import { timestampAt } from './timestamp'

/** How missing values, booleans and numbers are written in a file. */
export interface CellSyntax {
  /** Texts of a missing value. */
  readonly missing: ByteDictionary
  /** Whether the empty text is a missing value. */
  readonly emptyIsMissing: boolean
  /** Whether a text of a missing value spells a number, boolean or time too, as -999 does: then every cell is looked up first. */
  readonly missingLooksPresent: boolean
  /** Texts of true, followed by those of false. */
  readonly booleans: ByteDictionary
  readonly trueCount: number
  readonly decimal: '.' | ','
  /** Reads numbers with marks between thousands, where the caller said which. */
  readonly grouped?: (text: string) => NotedNumber | undefined
}

/** Cells of one column in a scan: rows `from` to `to` of column `column`. */
export interface CellRange {
  readonly scan: Scan
  readonly column: number
  from: number
  readonly to: number
  /** Where row 0 of the scan goes in the column's array. */
  readonly base: number
}

/** 10⁰ … 10²², the powers of ten that a double holds exactly. */
let powersOfTen: Float64Array | undefined

/** Fills `out` from a range; each stops at the first cell that does not fit and returns its row, or `range.to`. */
export function fillInts(out: Int32Array, range: CellRange, syntax: CellSyntax, forced: boolean): number {
  const { scan, column, to, base } = range
  const { bytes, view, starts, ends, capacity } = scan
  const { emptyIsMissing, missingLooksPresent } = syntax
  for (let row = range.from, cell = column * capacity + row; row < to; row++, cell++) {
    let start = starts[cell] as number
    const end = ends[cell] as number
    if (start === end && emptyIsMissing) {
      out[base + row] = MISSING_INT32
      continue
    }
    if (missingLooksPresent && isMissingCell(scan, cell, syntax)) {
      out[base + row] = MISSING_INT32
      continue
    }
    // The last eight bytes up to the end of the cell are in the file from its eighth byte on.
    if (end >= 8) {
      const first = bytes[start] as number
      const negative = first === 45
      if (negative) start++
      const digits = end - start
      // A branch for each digit would take longer than this arithmetic: lengths vary, so branches would often be mispredicted.
      if (digits >= 1 && digits <= 8 && (digits === 1 || bytes[start] !== 48)) {
        const last = lastBytes(view.getInt32(end - 4, true) ^ ZEROS, Math.min(digits, 4))
        const before = digits > 4 ? lastBytes(view.getInt32(end - 8, true) ^ ZEROS, digits - 4) : 0
        if ((notDigits(last) | notDigits(before)) === 0) {
          const value = digits > 4 ? fourDigits(before) * 10_000 + fourDigits(last) : fourDigits(last)
          out[base + row] = negative ? -value : value
          continue
        }
      }
    }
    const slow = slowInt(scan, cell, syntax, forced)
    if (slow !== slow) return row
    out[base + row] = slow
  }
  return to
}

/** The text `0000` as a number. */
const ZEROS = 0x30303030

/** The last `count` (1 to 4) of four bytes, the others cleared; little-endian, so the last is the highest. */
function lastBytes(word: number, count: number): number {
  const shift = 32 - 8 * count
  return (word >>> shift) << shift
}

/** For four bytes after `0` was subtracted: the high bit of each byte that was no digit. */
function notDigits(word: number): number {
  return (((word & 0x7f7f7f7f) + 0x76767676) | word) & 0x80808080
}

/** The number of four digits; the first digit is the lowest byte. */
function fourDigits(word: number): number {
  const pairs = Math.imul(word, 10) + (word >>> 8)
  return (pairs & 0xff) * 100 + ((pairs >>> 16) & 0xff)
}

/** A whole number in a rare form (spaces, plus sign, nine or more digits), or the mark of a missing value; `NaN` for anything else. */
function slowInt(scan: Scan, cell: number, syntax: CellSyntax, forced: boolean): number {
  if (isMissingCell(scan, cell, syntax)) return MISSING_INT32
  const number = numberAt(scan, cell, syntax)
  if (number === undefined || !isInt32(number.value)) return Number.NaN
  return forced || number.isWhole ? number.value : Number.NaN
}

/** The number that a cell spells. */
function numberAt(scan: Scan, cell: number, syntax: CellSyntax): { readonly value: number; readonly isWhole: boolean } | undefined {
  const text = plainText(scan, cell)
  if (text === undefined) return undefined
  const value = numberOfText(text, syntax.decimal)
  if (value !== undefined) return { value, isWhole: isWholeForm(text) }
  return syntax.grouped?.(textAt(scan, scan.starts[cell] as number, scan.ends[cell] as number))
}

/** As {@link fillInts}, for numbers. Unless the type was asked for, a whole number beyond ±2⁵³ does not fit: a double loses its digits. */
export function fillFloats(out: Float64Array, range: CellRange, syntax: CellSyntax, forced: boolean): number {
  powersOfTen ??= Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`))
  const powers = powersOfTen
  const { scan, column, to, base } = range
  const { bytes, starts, ends, capacity } = scan
  const { emptyIsMissing, missingLooksPresent } = syntax
  const mark = syntax.decimal === '.' ? 46 : 44
  for (let row = range.from, cell = column * capacity + row; row < to; row++, cell++) {
    let p = starts[cell] as number
    const end = ends[cell] as number
    if (p === end && emptyIsMissing) {
      out[base + row] = Number.NaN
      continue
    }
    if (missingLooksPresent && isMissingCell(scan, cell, syntax)) {
      out[base + row] = Number.NaN
      continue
    }
    const negative = p < end && bytes[p] === 45
    if (negative) p++
    const first = p
    let value = 0
    // Fifteen digits are exact in a double, and so is a power of ten up to 10²²: their quotient is correctly rounded.
    if (end - p <= 16) {
      let digit = 0
      for (; p < end; p++) {
        digit = (bytes[p] as number) - 48
        if (digit < 0 || digit > 9) break
        value = value * 10 + digit
      }
      const digits = p - first
      if (digits > 0 && digits <= 15 && (digits === 1 || bytes[first] !== 48)) {
        if (p === end) {
          out[base + row] = negative ? -value : value
          continue
        }
        if (bytes[p] === mark) {
          const fractionStart = ++p
          for (; p < end; p++) {
            digit = (bytes[p] as number) - 48
            if (digit < 0 || digit > 9) break
            value = value * 10 + digit
          }
          if (p === end) {
            value /= powers[p - fractionStart] as number
            out[base + row] = negative ? -value : value
            continue
          }
        }
      }
    }
    const slow = slowFloat(scan, cell, syntax, forced)
    if (slow === undefined) return row
    out[base + row] = slow
  }
  return to
}

function slowFloat(scan: Scan, cell: number, syntax: CellSyntax, forced: boolean): number | undefined {
  if (isMissingCell(scan, cell, syntax)) return Number.NaN
  const number = numberAt(scan, cell, syntax)
  return number !== undefined && !forced && isBeyond(number) ? undefined : number?.value
}

/** As {@link fillInts}, for booleans. */
export function fillBooleans(out: Uint8Array, range: CellRange, syntax: CellSyntax): number {
  const { scan, column, to, base } = range
  for (let row = range.from; row < to; row++) {
    const cell = column * scan.capacity + row
    const code = booleanAt(scan, cell, syntax)
    if (code < 0) return row
    out[base + row] = code
  }
  return to
}

/** 1, 0, the mark of missing, or −1 when the cell is none of them. */
function booleanAt(scan: Scan, cell: number, syntax: CellSyntax): number {
  const end = scan.ends[cell] as number
  if (syntax.missingLooksPresent && isMissingCell(scan, cell, syntax)) return MISSING_BOOLEAN
  if (end >= 0) {
    const code = syntax.booleans.find(scan.view, scan.starts[cell] as number, end)
    if (code >= 0) return code < syntax.trueCount ? 1 : 0
  }
  return isMissingCell(scan, cell, syntax) ? MISSING_BOOLEAN : -1
}

/** As {@link fillInts}, for timestamps. */
export function fillTimestamps(out: Float64Array, range: CellRange, syntax: CellSyntax): number {
  const { scan, column, to, base } = range
  for (let row = range.from; row < to; row++) {
    const cell = column * scan.capacity + row
    const time = syntax.missingLooksPresent && isMissingCell(scan, cell, syntax) ? Number.NaN : timestampAt(scan, cell)
    if (time !== time && !isMissingCell(scan, cell, syntax)) return row
    out[base + row] = time
  }
  return to
}

/** As {@link fillInts}, for text: every cell fits. `dictionary` begins with the `missingCount` spellings of missing. */
export function fillTexts(out: Int32Array, range: CellRange, dictionary: ByteDictionary, missingCount: number): void {
  const { scan, column, to, base } = range
  const { view, starts, ends, capacity } = scan
  for (let row = range.from, cell = column * capacity + row; row < to; row++, cell++) {
    const end = ends[cell] as number
    let entry: number
    if (end >= 0) entry = dictionary.codeOf(view, starts[cell] as number, end)
    else {
      const text = undoubled(scan, cell)
      entry = dictionary.codeOf(viewOf(text), 0, text.length)
    }
    out[base + row] = entry < missingCount ? MISSING_CODE : entry - missingCount
  }
}

/** The first row of a range that is not missing, or `to`. */
export function firstPresent(range: CellRange, syntax: CellSyntax): number {
  const { scan, column, to } = range
  let row = range.from
  while (row < to && isMissingCell(scan, column * scan.capacity + row, syntax)) row++
  return row
}

/** The type of a single cell that is not missing. */
export function typeOfCellAt(scan: Scan, cell: number, syntax: CellSyntax): 'int32' | 'float64' | 'boolean' | 'timestamp' | 'string' {
  const number = numberAt(scan, cell, syntax)
  if (number !== undefined) {
    if (isBeyond(number)) return 'string'
    return number.isWhole && isInt32(number.value) ? 'int32' : 'float64'
  }
  if (booleanAt(scan, cell, syntax) >= 0) return 'boolean'
  const time = timestampAt(scan, cell)
  return time === time ? 'timestamp' : 'string'
}

/** A cell's text, for messages and headers. Malformed UTF-8 becomes U+FFFD. */
export function textAt(scan: Scan, start: number, end: number): string {
  const bytes = end < 0 ? undouble(scan, start, ~end) : scan.bytes.subarray(start, end)
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
}

function isMissingCell(scan: Scan, cell: number, syntax: CellSyntax): boolean {
  const start = scan.starts[cell] as number
  const end = scan.ends[cell] as number
  if (start === end) return syntax.emptyIsMissing
  if (end >= 0) return syntax.missing.find(scan.view, start, end) >= 0
  const text = undoubled(scan, cell)
  return syntax.missing.find(viewOf(text), 0, text.length) >= 0
}

/** The text of a cell if it can be a number: ASCII, short, without quotes. */
function plainText(scan: Scan, cell: number): string | undefined {
  const start = scan.starts[cell] as number
  const end = scan.ends[cell] as number
  if (end < 0 || end - start > 400) return undefined
  let text = ''
  for (let p = start; p < end; p++) text += String.fromCharCode(scan.bytes[p] as number)
  return text
}

/** Whether a number is a whole one that a double cannot hold in full. */
function isBeyond({ value, isWhole }: { readonly value: number; readonly isWhole: boolean }): boolean {
  return isWhole && !Number.isSafeInteger(value)
}

function isWholeForm(text: string): boolean {
  return /^[\s+-]*\d+\s*$/.test(text)
}

function undoubled(scan: Scan, cell: number): Uint8Array {
  return undouble(scan, scan.starts[cell] as number, ~(scan.ends[cell] as number))
}

function undouble({ bytes, quote }: Scan, start: number, end: number): Uint8Array {
  const text = new Uint8Array(end - start)
  let length = 0
  for (let p = start; p < end; p++) {
    text[length++] = bytes[p] as number
    if (bytes[p] === quote) p++
  }
  return text.subarray(0, length)
}
