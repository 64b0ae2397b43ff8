/** The type of a column of text, found by looking at every cell: no sample, so a late surprise is not a surprise. */
import { defaultFalseValues, defaultNaValues, defaultTrueValues, isInt32, numberOfText, timestampOfText } from './coerce'
import type { ColumnType } from './column'

/**
 * The type a text cell has by itself: `int32`, `float64`, `boolean` (`true`, `True`, `TRUE` and their opposites), ISO `timestamp`, else `string`.
 * Whole numbers beyond ±2⁵³ are `string`, because a double cannot hold them; so are numbers with leading zeros.
 */
export function typeOfText(text: string): ColumnType {
  const value = numberOfText(text)
  if (value !== undefined) {
    if (!isWholeNumber(text)) return 'float64'
    if (isInt32(value)) return 'int32'
    return Number.isSafeInteger(value) ? 'float64' : 'string'
  }
  if (defaultTrueValues.includes(text) || defaultFalseValues.includes(text)) return 'boolean'
  return timestampOfText(text) === undefined ? 'string' : 'timestamp'
}

/** The narrowest type that holds both: `int32` and `float64` give `float64`, any other mixture `string`. */
export function widerType(a: ColumnType, b: ColumnType): ColumnType {
  if (a === b) return a
  return isNumber(a) && isNumber(b) ? 'float64' : 'string'
}

/**
 * The narrowest type that holds every cell of a column of text; cells among `naValues` do not count, and when no others
 * are left the type is `float64`. Whole numbers beyond ±2⁵³ make the column text, unless it also holds fractions: then they are measurements.
 */
export function inferType(cells: Iterable<string>, naValues: readonly string[] = defaultNaValues): ColumnType {
  const missing = new Set(naValues)
  let type: ColumnType | undefined
  let beyond = false
  let fraction = false
  for (const cell of cells) {
    if (missing.has(cell)) continue
    let own = typeOfText(cell)
    if (own === 'string' && isWholeNumber(cell) && numberOfText(cell) !== undefined) {
      beyond = true
      own = 'float64'
    } else if (own === 'float64' && !isWholeNumber(cell)) fraction = true
    type = type === undefined ? own : widerType(type, own)
    if (type === 'string') return type
  }
  return beyond && !fraction ? 'string' : (type ?? 'float64')
}

function isWholeNumber(text: string): boolean {
  return /^[\s+-]*\d+\s*$/.test(text)
}

function isNumber(type: ColumnType): boolean {
  return type === 'int32' || type === 'float64'
}
