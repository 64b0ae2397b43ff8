/** One-way χ² test of counts against expected ones. */
import { invalidArgument } from '../core/errors'
import { chiSquareSf } from './distributions'
import { assertNumbers } from './sample'

/** What {@link goodnessOfFit} finds. */
export interface GoodnessOfFitResult {
  /** Infinite when something was observed where nothing was expected. */
  readonly statistic: number
  readonly pValue: number
  readonly degreesOfFreedom: number
}

/**
 * χ² goodness of fit of `observed` counts to `expected` ones, which are scaled to the same total.
 *
 * Takes the expectation as known: to compare two samples, `chiSquareTest` is right. This is what Evidently calls chisquare:
 * a category absent from the expectation makes the statistic infinite and p 0. Bins empty on both sides add a degree of
 * freedom and nothing else.
 *
 * @throws InvalidArgument when the lengths differ or a side has no positive sum
 */
export function goodnessOfFit(observed: ArrayLike<number>, expected: ArrayLike<number>): GoodnessOfFitResult {
  assertNumbers('goodnessOfFit', observed, expected)
  const k = observed.length
  if (k !== expected.length)
    throw invalidArgument(`goodnessOfFit needs as many expected counts as observed ones, got ${expected.length} and ${k}`)
  let total = 0
  let expectedTotal = 0
  for (let i = 0; i < k; i++) {
    total += observed[i] as number
    expectedTotal += expected[i] as number
  }
  if (!(total > 0 && expectedTotal > 0)) throw invalidArgument('goodnessOfFit needs counts with a positive sum on both sides')
  let statistic = 0
  for (let i = 0; i < k; i++) {
    const count = observed[i] as number
    const scaled = (expected[i] as number) * (total / expectedTotal)
    if (count !== scaled) statistic += (count - scaled) ** 2 / scaled
  }
  const degreesOfFreedom = k - 1
  const pValue = degreesOfFreedom === 0 ? 1 : statistic === Number.POSITIVE_INFINITY ? 0 : chiSquareSf(statistic, degreesOfFreedom)
  return { statistic, pValue, degreesOfFreedom }
}
