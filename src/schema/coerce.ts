/**
 * The one rule by which a value becomes a cell. CSV files, row objects, predictors, HTTP bodies, monitors and models all use it;
 * docs/guide/data.md has it as a table.
 */
import { showKind } from '../core/errors'
import { type CellValue, type ColumnType, MISSING_INT32 } from './cell-types'

/** Numbers as text: sign, digits without leading zeros, fraction, exponent; or infinity. */
const numberPattern = /^[+-]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/
const infinityPattern = /^([+-]?)inf(?:inity)?$/i
const timestampPattern = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|z|[+-]\d\d(?::?\d\d)?)?)?$/

/** Spellings of `true`. */
export const defaultTrueValues: readonly string[] = ['true', 'True', 'TRUE']
/** Spellings of `false`. */
export const defaultFalseValues: readonly string[] = ['false', 'False', 'FALSE']

/**
 * Spellings of a missing cell: pandas' list without `None`, which is a value of its own in too many real tables.
 */
export const defaultNaValues: readonly string[] = [
  '',
  'NA',
  'N/A',
  'n/a',
  'NaN',
  'nan',
  '-NaN',
  '-nan',
  'NULL',
  'null',
  '<NA>',
  '#N/A',
  '#NA',
  '#N/A N/A',
  '1.#IND',
  '-1.#IND',
  '1.#QNAN',
  '-1.#QNAN',
]

/**
 * The number that text spells, or `undefined`. Spaces and tabs around it do not count. Leading zeros (`007`), digit
 * grouping, hexadecimal and numbers beyond the range of a double are not numbers here: turning them into one would lose something.
 *
 * @param decimal the decimal mark, `.` or `,`
 */
export function numberOfText(text: string, decimal: '.' | ',' = '.'): number | undefined {
  let trimmed = text.replace(/^[ \t]+|[ \t]+$/g, '')
  if (decimal === ',') {
    if (trimmed.includes('.')) return undefined
    trimmed = trimmed.replace(',', '.')
  }
  if (numberPattern.test(trimmed)) {
    const value = Number(trimmed)
    return Number.isFinite(value) ? value : undefined
  }
  const infinity = infinityPattern.exec(trimmed)
  if (infinity === null) return undefined
  return infinity[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
}

/**
 * Epoch milliseconds of an ISO 8601 date or date-time (`T` or a space between, fraction of a second cut to milliseconds),
 * or `undefined`. Without an offset it is read as UTC, on every machine alike. `2024-02-30` and hour 25 are no timestamps.
 */
export function timestampOfText(text: string): number | undefined {
  const match = timestampPattern.exec(text)
  if (match === null) return undefined
  const part = (i: number): number => (match[i] === undefined ? 0 : Number(match[i]))
  const milliseconds = match[7] === undefined ? 0 : Number(match[7].slice(0, 3).padEnd(3, '0'))
  const offset = offsetMinutes(match[8])
  const days = daysFromCivil(part(1), part(2), part(3))
  if (days === undefined || offset === undefined || part(4) > 23 || part(5) > 59 || part(6) > 59) return undefined
  return ((days * 24 + part(4)) * 60 + part(5) - offset) * 60_000 + part(6) * 1000 + milliseconds
}

/** Days from 1970-01-01 to a date of the proleptic Gregorian calendar (years 0 to 9999), or `undefined` when there is no such date. */
export function daysFromCivil(year: number, month: number, day: number): number | undefined {
  if (month < 1 || month > 12 || day < 1 || day > 31) return undefined
  if (day > 28 && day > daysInMonth(year, month)) return undefined
  // H. Hinnant, "chrono-compatible low-level date algorithms", days_from_civil; one cycle of 400 years is added so that
  // truncating divisions, which are quick, are right for the year 0 too.
  const y = (month <= 2 ? year - 1 : year) + 400
  const era = (y / 400) | 0
  const yearOfEra = y - era * 400
  const dayOfYear = (((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) | 0) + day - 1
  return era * 146097 + yearOfEra * 365 + ((yearOfEra / 4) | 0) - ((yearOfEra / 100) | 0) + dayOfYear - 719468 - 146097
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

function offsetMinutes(text: string | undefined): number | undefined {
  if (text === undefined || text === 'Z' || text === 'z') return 0
  const hours = Number(text.slice(1, 3))
  const minutes = text.length > 3 ? Number(text.slice(-2)) : 0
  if (hours > 23 || minutes > 59) return undefined
  return (text[0] === '-' ? -1 : 1) * (hours * 60 + minutes)
}

/** Why a value is no cell of a type. It never holds the value itself, so that an answer to a client leaks nothing. */
export interface CellProblem {
  readonly code: 'wrong-type' | 'not-finite' | 'not-integer' | 'out-of-range'
  /** What was allowed and what kind of value arrived, as it reads after the column's name. */
  readonly message: string
}

/** How a value is read as a cell. */
export interface CoerceOptions {
  /** Read numbers and booleans from text, booleans from 0 and 1, numbers from booleans, text from numbers and booleans. @default false */
  readonly coerce?: boolean | undefined
  /** Refuse infinite numbers. @default false */
  readonly finite?: boolean | undefined
}

/** Whether {@link coerceCell} refused the value. */
export function isProblem(cell: CellValue | CellProblem): cell is CellProblem {
  return typeof cell === 'object' && cell !== null
}

/**
 * A value as a cell of `type`, or what is wrong with it. `null`, `undefined` and `NaN` are missing (`null`).
 *
 * | type | takes | and with `coerce` |
 * | --- | --- | --- |
 * | `float64` | numbers, bigints within ±2⁵³ | text of numbers ({@link numberOfText}), booleans as 0 and 1 |
 * | `int32` | whole numbers above −2³¹ up to 2³¹ − 1 | text of them, booleans as 0 and 1 |
 * | `boolean` | booleans | 0 and 1, `true`, `True`, `TRUE` and their opposites |
 * | `string` | strings, bigints beyond ±2⁵³ | numbers and booleans; no whole number beyond ±2⁵³, which has lost digits |
 * | `timestamp` | epoch milliseconds, `Date`, ISO 8601 text ({@link timestampOfText}) | |
 */
export function coerceCell(value: unknown, type: ColumnType, options: CoerceOptions = {}): CellValue | CellProblem {
  if (value === null || value === undefined || value !== value) return null
  const coerce = options.coerce === true
  switch (type) {
    case 'string':
      return typeof value === 'string' ? value : textCell(value, coerce)
    case 'boolean':
      if (typeof value === 'boolean') return value
      return (coerce ? booleanOf(value) : undefined) ?? wrongType('true or false', value)
    case 'timestamp':
      return timeCell(value)
    default:
      return numberCell(value, type, coerce, options.finite === true)
  }
}

function numberCell(value: unknown, type: 'float64' | 'int32', coerce: boolean, finite: boolean): CellValue | CellProblem {
  const number = typeof value === 'number' ? value : numberOf(value, coerce)
  if (number === undefined) {
    if (typeof value === 'bigint') return { code: 'out-of-range', message: 'must lie within ±2⁵³, beyond which a number loses digits' }
    return wrongType(type === 'int32' ? 'a whole number' : 'a number', value)
  }
  if (type === 'float64' && !finite) return number
  if (!Number.isFinite(number)) return { code: 'not-finite', message: 'must be a finite number' }
  if (type === 'float64') return number
  if (!Number.isInteger(number)) return { code: 'not-integer', message: 'must be a whole number, got one with a fraction' }
  // −2³¹ itself marks a missing cell.
  return isInt32(number) ? number : { code: 'out-of-range', message: 'must lie within ±2,147,483,647' }
}

function numberOf(value: unknown, coerce: boolean): number | undefined {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : undefined
  if (!coerce) return undefined
  if (typeof value === 'boolean') return value ? 1 : 0
  return typeof value === 'string' ? numberOfText(value) : undefined
}

function booleanOf(value: unknown): boolean | undefined {
  if (typeof value === 'string') return booleanOfText(value)
  return value === 1 ? true : value === 0 ? false : undefined
}

/** `true`, `True` and `TRUE` are true, their opposites false; any other text, `yes` and `1` too, is `undefined`. */
export function booleanOfText(text: string): boolean | undefined {
  return defaultTrueValues.includes(text) ? true : defaultFalseValues.includes(text) ? false : undefined
}

/** Text of what is no string. */
function textCell(value: unknown, coerce: boolean): string | CellProblem {
  if (typeof value === 'bigint' && (coerce || !Number.isSafeInteger(Number(value)))) return String(value)
  if (!coerce || (typeof value !== 'number' && typeof value !== 'boolean')) return wrongType('a string', value)
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    return { code: 'out-of-range', message: 'must be a string: a whole number beyond ±2⁵³ has lost digits' }
  }
  return String(value)
}

function timeCell(value: unknown): number | CellProblem {
  if (typeof value === 'number') return Number.isFinite(value) ? value : { code: 'not-finite', message: 'must be a finite number' }
  const time = typeof value === 'string' ? timestampOfText(value) : isDate(value) ? value.getTime() : undefined
  if (time === undefined || time !== time) return wrongType('epoch milliseconds or an ISO 8601 date', value)
  return time
}

/** Whether a value is a `Date`, of this realm or another. */
export function isDate(value: unknown): value is Date {
  return typeof value === 'object' && value !== null && Object.prototype.toString.call(value) === '[object Date]'
}

function wrongType(allowed: string, value: unknown): CellProblem {
  return { code: 'wrong-type', message: `must be ${allowed}, got ${showKind(value)}` }
}

/** Whether a number can stand in an `int32` column. */
export function isInt32(value: number): boolean {
  return Number.isInteger(value) && value > MISSING_INT32 && value <= 2147483647
}
