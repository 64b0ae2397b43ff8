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
  if (x.length < 2 || y.length < 2) throw invalidArgument(`tTest needs at least two values on each side, got ${x.length} and ${y.length}`)
  return tTestOfMoments(
    { count: x.length, mean: mean(x), variance: variance(x) },
    { count: y.length, mean: mean(y), variance: variance(y) },
    options.equalVariance,
  )
}

/** Count, mean and sample variance of one side. */
export interface MeanAndVariance {
  readonly count: number
  readonly mean: number
  readonly variance: number
}

/** {@link tTest} of samples that are known by their moments; each has at least two values. */
export function tTestOfMoments(a: MeanAndVariance, b: MeanAndVariance, equalVariance = false): TTestResult {
  const [m, n] = [a.count, b.count]
  const difference = a.mean - b.mean
  let degreesOfFreedom = m + n - 2
  let squaredError = ((((m - 1) * a.variance + (n - 1) * b.variance) / degreesOfFreedom) * (m + n)) / (m * n)
  if (!equalVariance) {
    const v1 = a.variance / m
    const v2 = b.variance / n
    squaredError = v1 + v2
    // By shares of the error, whose squares cannot overflow.
    const share = v1 / squaredError
    degreesOfFreedom = squaredError === 0 ? degreesOfFreedom : 1 / (share ** 2 / (m - 1) + (1 - share) ** 2 / (n - 1))
  }
  const statistic = difference / Math.sqrt(squaredError)
  return { statistic, pValue: 2 * studentTSf(Math.abs(statistic), degreesOfFreedom), degreesOfFreedom }
}
