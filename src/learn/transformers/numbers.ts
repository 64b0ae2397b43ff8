/** The numbers of a column as transformers learn from them. */
import { invalidArgument, show } from '../../core/errors'
import { type Column, toFloat64 } from '../../schema/column'
import { mean as meanOf } from '../../stats/elementary'

/** The numbers of a column that are there, in order. @throws InvalidArgument for text, and for infinite numbers, saying where */
export function presentNumbers(kind: string, column: Column): Float64Array {
  const numbers = toFloat64(column)
  const at = numbers.findIndex((value) => value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY)
  if (at >= 0) {
    throw invalidArgument(`fit of ${kind}: ${show(column.name)} must be finite, row ${at} is ${numbers[at]}`)
  }
  return numbers.filter((value) => value === value)
}

/** A learned number that can be stored. @throws InvalidArgument when it overflowed; −0 becomes 0, as JSON has it */
export function learnedNumber(kind: string, name: string, value: number): number {
  if (Number.isFinite(value)) return value + 0
  throw invalidArgument(`fit of ${kind}: the numbers of ${show(name)} are too large to compute with`, {
    hint: 'divide the column by a power of ten',
  })
}

/** Mean and population deviation; two passes, so that large means cost no digits. No number at all: 0 and 0; infinite where they overflow. */
export function meanAndDeviation(values: ArrayLike<number>): { readonly mean: number; readonly deviation: number } {
  const count = values.length
  if (count === 0) return { mean: 0, deviation: 0 }
  const mean = meanOf(values)
  let squares = 0
  let rest = 0
  for (let i = 0; i < count; i++) {
    const difference = (values[i] as number) - mean
    squares += difference * difference
    rest += difference
  }
  const variance = (squares - (rest * rest) / count) / count
  // A spread that rounding alone may have made is a constant column (Chan, Golub and LeVeque's bound, as scikit-learn's).
  const noise = count * Number.EPSILON * variance + (count * mean * Number.EPSILON) ** 2
  if (!Number.isFinite(variance)) return { mean, deviation: Number.POSITIVE_INFINITY }
  return { mean, deviation: variance <= noise ? 0 : Math.sqrt(variance) }
}

/** A width to divide by: 1 where it is too small to be more than rounding (scikit-learn's rule). */
export function widthOr1(width: number): number {
  return width < 10 * Number.EPSILON ? 1 : width
}
