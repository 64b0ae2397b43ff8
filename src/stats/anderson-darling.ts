/** The two-sample Anderson–Darling test. Source: F. W. Scholz and M. A. Stephens, JASA 82, 1987. */
import { invalidArgument } from '../core/errors'
import { checkOptions, ofType } from '../core/options'
import { type MissingPolicy, missingRule, sortedSample } from './sample'

/** Options of {@link andersonDarlingTest}. */
export interface AndersonDarlingOptions {
  /** The mid-rank statistic; otherwise the right-continuous one. @default true */
  readonly midrank?: boolean | undefined
  /** What to do with `NaN`. @default 'error' */
  readonly missing?: MissingPolicy | undefined
}

/** What {@link andersonDarlingTest} finds. */
export interface AndersonDarlingResult {
  /** Standardised: about 0 when nothing differs. */
  readonly statistic: number
  /** From interpolated critical values: capped to [0.001, 0.25]. */
  readonly pValue: number
  /** The p-value is one of the two caps. */
  readonly capped: boolean
}

/**
 * Tests whether two samples come from one distribution; more sensitive in the tails than Kolmogorov–Smirnov. Equal to SciPy's
 * `anderson_ksamp` of two samples. O(n log n).
 *
 * @throws InvalidArgument on an empty sample, fewer than four values in all, fewer than two distinct ones, missing values
 */
export function andersonDarlingTest(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  options: AndersonDarlingOptions = {},
): AndersonDarlingResult {
  checkOptions('andersonDarlingTest', options, { midrank: ofType('boolean'), missing: missingRule() })
  const x = sortedSample('andersonDarlingTest', 'the first sample', a, options.missing)
  const y = sortedSample('andersonDarlingTest', 'the second sample', b, options.missing)
  const total = x.length + y.length
  if (total < 4) throw invalidArgument(`andersonDarlingTest needs at least four values, got ${total}`)
  if (Math.min(x[0] as number, y[0] as number) === Math.max(x[x.length - 1] as number, y[y.length - 1] as number)) {
    throw invalidArgument('andersonDarlingTest needs at least two distinct values')
  }
  const squared = statisticOf(x, y, options.midrank !== false)
  const statistic = (squared - 1) / Math.sqrt(varianceOf(x.length, y.length))
  return { statistic, ...pValueOf(statistic) }
}

function statisticOf(x: Float64Array, y: Float64Array, midrank: boolean): number {
  const m = x.length
  const n = y.length
  const total = m + n
  let i = 0
  let j = 0
  let sum = 0
  while (i < m || j < n) {
    const value = Math.min(i < m ? (x[i] as number) : Number.POSITIVE_INFINITY, j < n ? (y[j] as number) : Number.POSITIVE_INFINITY)
    const startX = i
    const startY = j
    while (i < m && x[i] === value) i++
    while (j < n && y[j] === value) j++
    const ties = i - startX + j - startY
    if (!midrank && i + j === total) break
    const inX = midrank ? (startX + i) / 2 : i
    const inY = midrank ? (startY + j) / 2 : j
    const below = inX + inY
    const scale = below * (total - below) - (midrank ? (total * ties) / 4 : 0)
    // The deviations of the two samples are equal and opposite, hence one square and 1/m + 1/n.
    const deviation = (total * inX - m * below) ** 2
    sum += ((ties / total) * deviation * (1 / m + 1 / n)) / scale
  }
  return midrank ? (sum * (total - 1)) / total : sum
}

/** Variance of the two-sample statistic under the null hypothesis (Scholz and Stephens, equation 4 with k = 2). */
function varianceOf(m: number, n: number): number {
  const total = m + n
  const bigH = 1 / m + 1 / n
  let h = 0
  let g = 0
  let inner = 0
  for (let t = 1; t < total; t++) {
    h += 1 / t
    if (t >= 2) {
      inner += 1 / (total - t + 1)
      g += inner / t
    }
  }
  const a = 4 * g - 6 + (10 - 6 * g) * bigH
  const b = (2 * g - 4) * 4 + 16 * h + (2 * g - 14 * h - 4) * bigH - 8 * h + 4 * g - 6
  const c = (6 * h + 2 * g - 2) * 4 + (4 * h - 4 * g + 6) * 2 + (2 * h - 6) * bigH + 4 * h
  const d = (2 * h + 6) * 4 - 8 * h
  return (((a * total + b) * total + c) * total * total + d * total) / ((total - 1) * (total - 2) * (total - 3)) / total
}

/** Critical values b0 + b1 + b2 of the paper's table 2 for k = 2, and their significances. */
// biome-ignore lint/suspicious/noApproximativeNumericConstant: 2.718 is a critical value, not e
const critical = [0.325, 1.226, 1.961, 2.718, 3.752, 4.592, 6.546]
const significance = [0.25, 0.1, 0.05, 0.025, 0.01, 0.005, 0.001]

function pValueOf(statistic: number): { pValue: number; capped: boolean } {
  if (statistic < (critical[0] as number)) return { pValue: 0.25, capped: true }
  if (statistic > (critical[6] as number)) return { pValue: 0.001, capped: true }
  const [c0, c1, c2] = quadraticFit(critical, significance.map(Math.log))
  return { pValue: Math.exp(c0 + statistic * (c1 + statistic * c2)), capped: false }
}

/** Least-squares quadratic through points, by the normal equations of a centred abscissa. */
function quadraticFit(x: readonly number[], y: readonly number[]): [number, number, number] {
  const n = x.length
  const centre = x.reduce((sum, value) => sum + value, 0) / n
  const s = [0, 0, 0, 0, 0]
  const r = [0, 0, 0]
  x.forEach((value, i) => {
    const u = value - centre
    for (let power = 0; power < 5; power++) s[power] = (s[power] as number) + u ** power
    for (let power = 0; power < 3; power++) r[power] = (r[power] as number) + u ** power * (y[i] as number)
  })
  const [s0, , s2, s3, s4] = s as [number, number, number, number, number]
  const [r0, r1, r2] = r as [number, number, number]
  // s1 = 0: eliminate the constant and the linear coefficient.
  const q = (r2 - (s2 * r0) / s0 - (s3 * r1) / s2) / (s4 - (s2 * s2) / s0 - (s3 * s3) / s2)
  const l = (r1 - s3 * q) / s2
  const k = (r0 - s2 * q) / s0
  return [k - l * centre + q * centre * centre, l - 2 * q * centre, q]
}
