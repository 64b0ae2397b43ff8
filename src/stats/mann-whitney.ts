/** The Mann–Whitney U test. */
import { checkOptions, ofType, oneOf } from '../core/options'
import type { Alternative } from './ks'
import { normalSf } from './normal'
import { pooledRanks } from './ranks'
import { type MissingPolicy, missingRule, sortedSample } from './sample'

/** Options of {@link mannWhitneyTest}. */
export interface MannWhitneyOptions {
  /** `greater`: the first sample tends to larger values. @default 'two-sided' */
  readonly alternative?: Alternative | undefined
  /** `auto`: exact when the smaller sample has at most 8 values and nothing is tied. @default 'auto' */
  readonly method?: 'auto' | 'exact' | 'asymptotic' | undefined
  /** Continuity correction of the asymptotic p-value. @default true */
  readonly continuity?: boolean | undefined
  /** What to do with `NaN`. @default 'error' */
  readonly missing?: MissingPolicy | undefined
}

/** What {@link mannWhitneyTest} finds. */
export interface MannWhitneyResult {
  /** U of the first sample: pairs in which it is the larger, ties counting half. */
  readonly statistic: number
  /** `NaN` from the asymptotic method when all values are equal. */
  readonly pValue: number
  readonly method: 'exact' | 'asymptotic'
}

/**
 * Tests whether one sample tends to larger values than the other. Equal to SciPy's `mannwhitneyu`.
 *
 * O(n log n); the exact p-value O(m²n²) or better, meant for small samples; it ignores ties.
 * @throws InvalidArgument on an empty sample or missing values
 */
export function mannWhitneyTest(a: ArrayLike<number>, b: ArrayLike<number>, options: MannWhitneyOptions = {}): MannWhitneyResult {
  checkOptions('mannWhitneyTest', options, {
    alternative: oneOf('two-sided', 'less', 'greater'),
    method: oneOf('auto', 'exact', 'asymptotic'),
    continuity: ofType('boolean'),
    missing: missingRule(),
  })
  const x = sortedSample('mannWhitneyTest', 'the first sample', a, options.missing)
  const y = sortedSample('mannWhitneyTest', 'the second sample', b, options.missing)
  const { alternative = 'two-sided', method = 'auto', continuity = true } = options
  const m = x.length
  const n = y.length
  const ranks = pooledRanks(x, y)
  const u1 = ranks.a.reduce((sum, rank) => sum + rank, 0) - (m * (m + 1)) / 2
  const u2 = m * n - u1
  const u = alternative === 'greater' ? u1 : alternative === 'less' ? u2 : Math.max(u1, u2)
  const exact = method === 'exact' || (method === 'auto' && Math.min(m, n) <= 8 && ranks.tieSum === 0)
  const oneSided = exact ? exactSf(u, m, n) : asymptoticSf(u, m, n, ranks.tieSum, continuity ? 0.5 : 0)
  const pValue = alternative === 'two-sided' ? Math.min(1, 2 * oneSided) : oneSided
  return { statistic: u1, pValue, method: exact ? 'exact' : 'asymptotic' }
}

function asymptoticSf(u: number, m: number, n: number, tieSum: number, correction: number): number {
  const total = m + n
  const variance = ((m * n) / 12) * (total + 1 - tieSum / (total * (total - 1)))
  return normalSf((u - (m * n) / 2 - correction) / Math.sqrt(variance))
}

/**
 * P(U ≥ u) under all C(m + n, m) arrangements. The shares of U with k and l values are built by conditioning on the largest
 * value: with probability k/(k+l) it belongs to the first sample and adds l.
 */
function exactSf(u: number, m: number, n: number): number {
  let previous: Float64Array[] = Array.from({ length: n + 1 }, () => Float64Array.of(1))
  for (let k = 1; k <= m; k++) {
    const current: Float64Array[] = [Float64Array.of(1)]
    for (let l = 1; l <= n; l++) {
      const shares = new Float64Array(k * l + 1)
      const without = current[l - 1] as Float64Array
      const added = previous[l] as Float64Array
      for (let v = 0; v < without.length; v++) shares[v] = ((without[v] as number) * l) / (k + l)
      for (let v = 0; v < added.length; v++) shares[v + l] = (shares[v + l] as number) + ((added[v] as number) * k) / (k + l)
      current.push(shares)
    }
    previous = current
  }
  const shares = previous[n] as Float64Array
  let tail = 0
  for (let v = shares.length - 1; v >= Math.ceil(u); v--) tail += shares[v] as number
  return Math.min(1, tail)
}
