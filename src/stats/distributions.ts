/** Upper tails and probabilities of the distributions that tests need. */
import { betaI } from './incomplete-beta'
import { gammaQ } from './incomplete-gamma'
import { deviance, stirlingError } from './log-gamma'

/** P(X > x) of χ² with `df` degrees of freedom; 1 for x ≤ 0. */
export function chiSquareSf(x: number, df: number): number {
  if (x !== x || !(df > 0)) return Number.NaN
  return x <= 0 ? 1 : gammaQ(df / 2, x / 2)
}

/** P(T > t) of Student's t with `df` degrees of freedom (not necessarily whole). */
export function studentTSf(t: number, df: number): number {
  if (t !== t || !(df > 0)) return Number.NaN
  if (Math.abs(t) === Number.POSITIVE_INFINITY) return t > 0 ? 0 : 1
  const scale = df + t * t
  const tail = 0.5 * betaI(df / 2, 0.5, df / scale, (t * t) / scale)
  return t >= 0 ? tail : 1 - tail
}

/** P(F > x) of Fisher's F. */
export function fSf(x: number, dfNumerator: number, dfDenominator: number): number {
  if (x !== x) return Number.NaN
  if (x <= 0) return 1
  const scale = dfDenominator + dfNumerator * x
  return betaI(dfDenominator / 2, dfNumerator / 2, dfDenominator / scale, (dfNumerator * x) / scale)
}

/** P(X = k) of a binomial; k and n whole. Full relative accuracy (Loader 2000). `q` may be given where 1 − p would cancel. */
export function binomialPmf(k: number, n: number, p: number, q = 1 - p): number {
  if (k < 0 || k > n) return 0
  if (p === 0 || q === 0) return (p === 0 ? k === 0 : k === n) ? 1 : 0
  if (k === 0) return Math.exp(p < 0.1 ? n * Math.log1p(-p) : n * Math.log(q))
  if (k === n) return Math.exp(q < 0.1 ? n * Math.log1p(-q) : n * Math.log(p))
  const exponent = stirlingError(n) - stirlingError(k) - stirlingError(n - k) - deviance(k, n * p) - deviance(n - k, n * q)
  return Math.exp(exponent) * Math.sqrt(n / (2 * Math.PI * k * (n - k)))
}

/** P(X > k) of a binomial. */
export function binomialSf(k: number, n: number, p: number): number {
  const whole = Math.floor(k)
  if (whole < 0) return 1
  return whole >= n ? 0 : betaI(whole + 1, n - whole, p)
}

/**
 * P(X = k): `k` marked among `drawn` taken without replacement from `total` of which `marked` are marked.
 *
 * As a quotient of three binomials, which keeps full accuracy (Loader 2000).
 */
export function hypergeometricPmf(k: number, total: number, marked: number, drawn: number): number {
  if (k < 0 || k > marked || drawn - k < 0 || drawn - k > total - marked) return 0
  if (drawn === 0 || drawn === total) return 1
  const p = drawn / total
  const q = (total - drawn) / total
  return (binomialPmf(k, marked, p, q) * binomialPmf(drawn - k, total - marked, p, q)) / binomialPmf(drawn, total, p, q)
}
