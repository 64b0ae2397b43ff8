/** One cell into a type: text as CSV files and query strings give it, values as JSON gives them. */
import { type CellValue, type ColumnType, MISSING_INT32 } from './column'

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

/**
 * A text cell as a value of `type`, or `undefined` when it does not spell one. Nothing is missing here: compare with
 * {@link defaultNaValues} first.
 */
export function coerceText(text: string, type: ColumnType): Exclude<CellValue, null> | undefined {
  switch (type) {
    case 'string':
      return text
    case 'boolean':
      return defaultTrueValues.includes(text) ? true : defaultFalseValues.includes(text) ? false : undefined
    case 'timestamp':
      return timestampOfText(text)
    default: {
      const value = numberOfText(text)
      return value !== undefined && type === 'int32' && !isInt32(value) ? undefined : value
    }
  }
}

/**
 * A value from JSON as a cell of `type`: `null`, `undefined`, `NaN` and, but for `string` columns, `''` are missing (`null`); a value that does not
 * fit gives `undefined`. Text that spells a number, boolean or timestamp fits those types; a number never becomes text,
 * so that 1 and "1" stay apart.
 *
 * | type | takes |
 * | --- | --- |
 * | `float64` | numbers, text of numbers |
 * | `int32` | whole numbers above −2³¹ up to 2³¹ − 1, text of them |
 * | `boolean` | `true`, `false`, text of them, 0 and 1 |
 * | `string` | strings |
 * | `timestamp` | epoch milliseconds, `Date`, ISO 8601 text |
 */
export function coerceValue(value: unknown, type: ColumnType): CellValue | undefined {
  if (value === null || value === undefined || (typeof value === 'number' && Number.isNaN(value))) return null
  if (typeof value === 'string') return value === '' && type !== 'string' ? null : coerceText(value, type)
  if (type === 'boolean') {
    if (typeof value === 'boolean') return value
    return value === 1 ? true : value === 0 ? false : undefined
  }
  if (type === 'timestamp' && value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.getTime()
  if (typeof value !== 'number' || type === 'string') return undefined
  if (type === 'timestamp' && !Number.isFinite(value)) return undefined
  return type === 'int32' && !isInt32(value) ? undefined : value
}

/** Whether a number can stand in an `int32` column. */
export function isInt32(value: number): boolean {
  return Number.isInteger(value) && value > MISSING_INT32 && value <= 2147483647
}
