/** How a sample of numbers enters a statistic: copied, never changed, missing values decided once. */
import { invalidArgument, show } from '../core/errors'
import { type OptionRule, oneOf } from '../core/options'
import { sortFloat64 } from './sort'

/** What happens to missing values (`NaN`, `null`, `undefined`, anything that is not a number): dropped, or an error. */
export type MissingPolicy = 'error' | 'drop'

/** The rule for an option `missing`. */
export function missingRule(): OptionRule {
  return oneOf('error', 'drop')
}

/** @throws InvalidArgument unless each is an array, typed or not */
export function assertNumbers(operation: string, ...arrays: readonly unknown[]): void {
  for (const values of arrays)
    if (!isArrayLike(values)) throw invalidArgument(`${operation} needs an array of numbers, got ${show(values)}`)
}

/** @throws InvalidArgument unless `rows` is an array of arrays, typed or not */
export function assertRows(operation: string, rows: unknown): void {
  if (!Array.isArray(rows)) throw invalidArgument(`${operation} needs an array of rows, got ${show(rows)}`)
  for (const row of rows) assertNumbers(operation, row)
}

function isArrayLike(value: unknown): value is ArrayLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { readonly length?: unknown }).length === 'number'
}

/**
 * A fresh array of the numbers in `values`.
 *
 * @throws InvalidArgument when a value is missing and `missing` is `'error'`, or when none is left
 */
export function copySample(operation: string, which: string, values: ArrayLike<number>, missing: MissingPolicy = 'error'): Float64Array {
  if (!isArrayLike(values)) throw invalidArgument(`${operation} needs an array of numbers as ${which}, got ${show(values)}`)
  const { length } = values
  const copy = new Float64Array(length)
  let kept = 0
  for (let i = 0; i < length; i++) {
    const value = values[i] as number
    // NaN is the only value that is not itself; anything else that is no number is missing, too.
    if (typeof value === 'number' && value === value) copy[kept++] = value
  }
  if (kept < length && missing === 'error') {
    throw invalidArgument(`${operation}: ${which} holds ${length - kept} missing values of ${length}`, {
      hint: "pass { missing: 'drop' } to leave them out",
    })
  }
  if (kept === 0) throw invalidArgument(`${operation}: ${which} holds no values`)
  return kept === length ? copy : copy.slice(0, kept)
}

/** {@link copySample}, sorted ascending. */
export function sortedSample(operation: string, which: string, values: ArrayLike<number>, missing?: MissingPolicy): Float64Array {
  return sortFloat64(copySample(operation, which, values, missing))
}
