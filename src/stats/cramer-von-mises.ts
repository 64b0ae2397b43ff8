/** The two-sample Cramér–von Mises test. Source: T. W. Anderson, Annals of Mathematical Statistics 33, 1962. */
import { invalidArgument } from '../core/errors'
import { checkOptions, oneOf } from '../core/options'
import { greatestCommonDivisor } from './ks-p-value'
import { logGamma } from './log-gamma'
import { pooledRanks } from './ranks'
import { type MissingPolicy, missingRule, sortedSample } from './sample'

/** Options of {@link cramerVonMisesTest}. */
export interface CramerVonMisesOptions {
  /** `auto`: exact while both samples have at most 20 values. @default 'auto' */
  readonly method?: 'auto' | 'exact' | 'asymptotic' | undefined
  /** What to do with `NaN`. @default 'error' */
  readonly missing?: MissingPolicy | undefined
}

/** What {@link cramerVonMisesTest} finds. */
export interface CramerVonMisesResult {
  readonly statistic: number
  /** The asymptotic tail carries no information below about 1e-7, because its series stops there (as in SciPy). */
  readonly pValue: number
  readonly method: 'exact' | 'asymptotic'
}

/**
 * Tests whether two samples come from one continuous distribution. Equal to SciPy's `cramervonmises_2samp`.
 *
 * O(n log n); the exact p-value is meant for at most about 20 values a side.
 * @throws InvalidArgument on fewer than two values on a side, or missing ones
 */
export function cramerVonMisesTest(a: ArrayLike<number>, b: ArrayLike<number>, options: CramerVonMisesOptions = {}): CramerVonMisesResult {
  checkOptions('cramerVonMisesTest', options, { method: oneOf('auto', 'exact', 'asymptotic'), missing: missingRule() })
  const x = sortedSample('cramerVonMisesTest', 'the first sample', a, options.missing)
  const y = sortedSample('cramerVonMisesTest', 'the second sample', b, options.missing)
  const m = x.length
  const n = y.length
  if (m < 2 || n < 2) throw invalidArgument(`cramerVonMisesTest needs at least two values on each side, got ${m} and ${n}`)
  const ranks = pooledRanks(x, y)
  const squares = (r: Float64Array): number => r.reduce((sum, rank, i) => sum + (rank - i - 1) ** 2, 0)
  const u = m * squares(ranks.a) + n * squares(ranks.b)
  const product = m * n
  const total = m + n
  const statistic = u / (product * total) - (4 * product - 1) / (6 * total)
  const { method = 'auto' } = options
  const exact = method === 'exact' || (method === 'auto' && Math.max(m, n) <= 20)
  return { statistic, pValue: exact ? exactPValue(u, m, n) : asymptoticPValue(statistic, m, n), method: exact ? 'exact' : 'asymptotic' }
}

function asymptoticPValue(statistic: number, m: number, n: number): number {
  const product = m * n
  const total = m + n
  const expected = (1 + 1 / total) / 6
  const variance = ((total + 1) * (4 * product * total - 3 * (m * m + n * n) - 2 * product)) / (45 * total * total * 4 * product)
  const t = 1 / 6 + (statistic - expected) / Math.sqrt(45 * variance)
  return t < 0.003 ? 1 : Math.max(0, 1 - limitCdf(t))
}

/** Distribution function of the limit; the series stops at terms below 1e-7, as in SciPy. */
function limitCdf(t: number): number {
  let sum = 0
  for (let k = 0; ; k++) {
    const odd = 4 * k + 1
    const w = (odd * odd) / (16 * t)
    const factor = Math.exp(logGamma(k + 0.5) - logGamma(k + 1)) / (Math.PI ** 1.5 * Math.sqrt(t))
    const term = factor * Math.sqrt(odd) * Math.exp(-w) * besselKQuarter(w)
    sum += term
    if (term < 1e-7) return sum
  }
}

/** Modified Bessel function K of order ¼, x > 0, by the trapezoidal rule on its integral, which converges geometrically. */
export function besselKQuarter(x: number): number {
  const step = 1 / 64
  let sum = 0.5
  for (let i = 1; ; i++) {
    const s = i * step
    const exponent = x * (Math.cosh(s) - 1)
    if (exponent > 750) break
    sum += Math.exp(-exponent) * Math.cosh(s / 4)
  }
  return sum * step * Math.exp(-x)
}

/** Share of lattice paths whose accumulated squared distance from the diagonal reaches the observed one. */
function exactPValue(u: number, m: number, n: number): number {
  const lcm = (m / greatestCommonDivisor(m, n)) * n
  const stepA = lcm / m
  const stepB = lcm / n
  const product = m * n
  const limit = Math.floor((lcm * lcm * (m + n) * (6 * u - product * (4 * product - 1))) / (6 * product * product))
  // column[v]: accumulated sum → share of the paths to (w, v) that have it.
  let column: Map<number, number>[] = []
  for (let w = 0; w <= m; w++) {
    const next: Map<number, number>[] = []
    for (let v = 0; v <= n; v++) {
      if (w === 0 && v === 0) {
        next.push(new Map([[0, 1]]))
        continue
      }
      const own = (w * stepA - v * stepB) ** 2
      const cell = new Map<number, number>()
      if (w > 0) addPaths(cell, column[v] as Map<number, number>, own, w / (w + v))
      if (v > 0) addPaths(cell, next[v - 1] as Map<number, number>, own, v / (w + v))
      next.push(cell)
    }
    column = next
  }
  let share = 0
  for (const [sum, paths] of column[n] as Map<number, number>) if (sum >= limit) share += paths
  return Math.min(1, share)
}

function addPaths(into: Map<number, number>, from: ReadonlyMap<number, number>, own: number, weight: number): void {
  for (const [sum, share] of from) into.set(sum + own, (into.get(sum + own) ?? 0) + share * weight)
}
