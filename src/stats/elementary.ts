/** Elementary descriptions of a sample, by simple-statistics (compensated sums, type-7 quantiles as in NumPy). */
import {
  mean as meanOf,
  quantile as quantileOf,
  quantileSorted as quantileOfSorted,
  sampleSkewness,
  sampleVariance as sampleVarianceOf,
  variance as varianceOf,
} from 'simple-statistics'
import { invalidArgument, show } from '../core/errors'
import { assertNumbers } from './sample'

// simple-statistics only reads `length` and elements, so typed arrays serve as well as arrays.
const asArray = (values: ArrayLike<number>): number[] => values as number[]

/** Arithmetic mean, with a compensated sum; `NaN` of an empty sample. */
export function mean(values: ArrayLike<number>): number {
  assertNumbers('mean', values)
  return values.length === 0 ? Number.NaN : meanOf(asArray(values))
}

/**
 * Variance; `NaN` when there are not more than `ddof` values.
 *
 * @param ddof 1: sample variance (divisor n − 1), 0: population variance
 */
export function variance(values: ArrayLike<number>, ddof: 0 | 1 = 1): number {
  assertNumbers('variance', values)
  if (values.length <= ddof) return Number.NaN
  return ddof === 1 ? sampleVarianceOf(asArray(values)) : varianceOf(asArray(values))
}

/** Square root of {@link variance}. */
export function standardDeviation(values: ArrayLike<number>, ddof: 0 | 1 = 1): number {
  return Math.sqrt(variance(values, ddof))
}

/** Population skewness (third standardised moment); `NaN` below three values or without spread. */
export function skewness(values: ArrayLike<number>): number {
  assertNumbers('skewness', values)
  return values.length < 3 ? Number.NaN : sampleSkewness(asArray(values), true)
}

/**
 * Quantile of an ascending sample by linear interpolation (type 7, NumPy's default); `NaN` of an empty sample.
 *
 * @param p in [0, 1]
 * @throws InvalidArgument on another `p`
 */
export function quantileSorted(sorted: ArrayLike<number>, p: number): number {
  assertNumbers('quantileSorted', sorted)
  if (!(p >= 0 && p <= 1)) throw invalidArgument(`a quantile must be between 0 and 1, got ${show(p)}`)
  return sorted.length === 0 ? Number.NaN : quantileOfSorted(asArray(sorted), p)
}

/** {@link quantileSorted} of a sample in any order, which is copied. Missing values must have been dropped. */
export function quantile(values: ArrayLike<number>, p: number): number {
  assertNumbers('quantile', values)
  if (!(p >= 0 && p <= 1)) throw invalidArgument(`a quantile must be between 0 and 1, got ${show(p)}`)
  // By selection, not by sorting: linear time.
  return values.length === 0 ? Number.NaN : quantileOf(asArray(new Float64Array(values)), p)
}

/** The middle value; the mean of the two middle ones for an even count. */
export function median(values: ArrayLike<number>): number {
  return quantile(values, 0.5)
}
