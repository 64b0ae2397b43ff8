/** Student's and Welch's t tests of two means. */
import { invalidArgument } from '../core/errors'
import { checkOptions, ofType } from '../core/options'
import { studentTSf } from './distributions'
import { mean, variance } from './elementary'
import { copySample, type MissingPolicy, missingRule } from './sample'

/** Options of {@link tTest}. */
export interface TTestOptions {
  /** Pooled variance (Student) instead of Welch's. @default false */
  readonly equalVariance?: boolean | undefined
  /** What to do with `NaN`. @default 'error' */
  readonly missing?: MissingPolicy | undefined
}

/** What {@link tTest} finds. */
export interface TTestResult {
  /** Positive when the first mean is the larger one; infinite without any spread, `NaN` when the means are equal, too. */
  readonly statistic: number
  /** Two-sided. */
  readonly pValue: number
  readonly degreesOfFreedom: number
}

/**
 * Tests whether two means are equal. Equal to SciPy's `ttest_ind`.
 *
 * @param a at least two values, @param b at least two values
 * @throws InvalidArgument on fewer values or missing ones
 */
export function tTest(a: ArrayLike<number>, b: ArrayLike<number>, options: TTestOptions = {}): TTestResult {
  checkOptions('tTest', options, { equalVariance: ofType('boolean'), missing: missingRule() })
  const x = copySample('tTest', 'the first sample', a, options.missing)
  const y = copySample('tTest', 'the second sample', b, options.missing)
  const m = x.length
  const n = y.length
  if (m < 2 || n < 2) throw invalidArgument(`tTest needs at least two values on each side, got ${m} and ${n}`)
  const difference = mean(x) - mean(y)
  const varianceX = variance(x)
  const varianceY = variance(y)
  let degreesOfFreedom = m + n - 2
  let squaredError = ((((m - 1) * varianceX + (n - 1) * varianceY) / degreesOfFreedom) * (m + n)) / (m * n)
  if (options.equalVariance !== true) {
    const v1 = varianceX / m
    const v2 = varianceY / n
    squaredError = v1 + v2
    degreesOfFreedom = squaredError === 0 ? degreesOfFreedom : squaredError ** 2 / (v1 ** 2 / (m - 1) + v2 ** 2 / (n - 1))
  }
  const statistic = difference / Math.sqrt(squaredError)
  return { statistic, pValue: 2 * studentTSf(Math.abs(statistic), degreesOfFreedom), degreesOfFreedom }
}
