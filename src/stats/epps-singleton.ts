/** The Epps–Singleton test. Source: T. W. Epps and K. J. Singleton, Journal of Statistical Computation and Simulation 26, 1986. */
import { invalidArgument } from '../core/errors'
import { checkOptions } from '../core/options'
import { chiSquareSf } from './distributions'
import { quantileSorted } from './elementary'
import { type MissingPolicy, missingRule, sortedSample } from './sample'
import { sortFloat64 } from './sort'
import { symmetricEigen } from './symmetric-eigen'

/** Options of {@link eppsSingletonTest}. */
export interface EppsSingletonOptions {
  /** What to do with `NaN`. @default 'error' */
  readonly missing?: MissingPolicy | undefined
}

/** What {@link eppsSingletonTest} finds. */
export interface EppsSingletonResult {
  readonly statistic: number
  readonly pValue: number
  /** Rank of the estimated covariance: below 4 for samples of a few distinct values only. */
  readonly degreesOfFreedom: number
}

/** Where the characteristic functions are compared, in units of half an interquartile range. */
const POINTS = [0.4, 0.8]

/**
 * Tests whether two samples come from one distribution by their characteristic functions; the distributions need not be continuous. Equal to SciPy's
 * `epps_singleton_2samp`. O(n log n).
 *
 * @param a at least five finite values @param b at least five finite values
 * @throws InvalidArgument on fewer, missing or infinite values, or when the middle half of all values is one value
 */
export function eppsSingletonTest(a: ArrayLike<number>, b: ArrayLike<number>, options: EppsSingletonOptions = {}): EppsSingletonResult {
  checkOptions('eppsSingletonTest', options, { missing: missingRule() })
  const x = sortedSample('eppsSingletonTest', 'the first sample', a, options.missing)
  const y = sortedSample('eppsSingletonTest', 'the second sample', b, options.missing)
  const [m, n] = [x.length, y.length]
  if (m < 5 || n < 5) throw invalidArgument(`eppsSingletonTest needs at least five values on each side, got ${m} and ${n}`)
  for (const sample of [x, y]) {
    if (!Number.isFinite((sample[0] as number) - (sample.at(-1) as number))) throw invalidArgument('eppsSingletonTest needs finite values')
  }
  const pooled = new Float64Array(m + n)
  pooled.set(x)
  pooled.set(y, m)
  sortFloat64(pooled)
  const scale = (quantileSorted(pooled, 0.75) - quantileSorted(pooled, 0.25)) / 2
  if (scale === 0) throw invalidArgument('eppsSingletonTest: the interquartile range of all values is 0')
  const [first, second] = [featuresOf(x, scale), featuresOf(y, scale)]
  const covariance = first.covariance.map((row, i) =>
    row.map((value, j) => ((m + n) / m) * value + ((m + n) / n) * (second.covariance[i]?.[j] as number)),
  )
  const difference = first.means.map((mean, i) => mean - (second.means[i] as number))
  const { form, rank } = inverseForm(covariance, difference)
  const small = Math.max(m, n) < 25 ? 1 / (1 + (m + n) ** -0.45 + 10.1 * (m ** -1.7 + n ** -1.7)) : 1
  const statistic = (m + n) * form * small
  return { statistic, pValue: chiSquareSf(statistic, rank), degreesOfFreedom: rank }
}

/** Means and covariances (divisor n) of the cosines and sines of a sample. */
function featuresOf(sample: Float64Array, scale: number): { readonly means: number[]; readonly covariance: number[][] } {
  const columns = [Math.cos, Math.sin].flatMap((wave) => POINTS.map((point) => sample.map((value) => wave((point / scale) * value))))
  const means = columns.map((column) => column.reduce((sum, value) => sum + value, 0) / column.length)
  const covariance = columns.map((one, i) =>
    columns.map((other, j) => {
      let sum = 0
      for (let k = 0; k < one.length; k++)
        sum += ((one[k] as number) - (means[i] as number)) * ((other[k] as number) - (means[j] as number))
      return sum / one.length
    }),
  )
  return { means, covariance }
}

/** dᵀ S⁺ d with the pseudo-inverse of S, and the rank of S. Eigenvalues below 1e-15 of the largest count as 0, as in NumPy's `pinv`. */
function inverseForm(matrix: readonly number[][], d: readonly number[]): { readonly form: number; readonly rank: number } {
  const { values, vectors } = symmetricEigen(matrix)
  let form = 0
  let rank = 0
  for (const [i, vector] of vectors.entries()) {
    const value = values[i] as number
    if (value <= 1e-15 * (values[0] as number)) continue
    const along = vector.reduce((sum, part, k) => sum + part * (d[k] as number), 0)
    form += (along * along) / value
    rank++
  }
  return { form, rank }
}
