/**
 * P-values of the two-sample Kolmogorov–Smirnov statistic.
 *
 * Source: J. L. Hodges, The Significance Probability of the Smirnov Two-Sample Test, Arkiv för Matematik 3, 1958;
 * the recursion on outside probabilities keeps every term positive, so that tiny values keep their relative accuracy.
 */
import { kolmogorovSf } from './kolmogorov'

/**
 * Exact p-value for continuous distributions.
 *
 * @param h the statistic times the least common multiple of the sizes, a whole number
 * @param m size of one sample
 * @param n size of the other
 */
export function ksExactPValue(h: number, m: number, n: number, twoSided: boolean): number {
  if (h <= 0) return 1
  const p = m === n ? equalSizes(h, n, twoSided) : outsideProbability(h, Math.max(m, n), Math.min(m, n), twoSided)
  return Math.min(1, Math.max(0, p))
}

/** Asymptotic p-value: two-sided the one-sample distribution with mn/(m+n) observations, one-sided Hodges' expansion. */
export function ksAsymptoticPValue(statistic: number, m: number, n: number, twoSided: boolean): number {
  // Divided first, so that the product of two sizes cannot lose digits.
  const size = m / ((m + n) / n)
  if (twoSided) return kolmogorovSf(statistic, roundHalfEven(size))
  const larger = Math.max(m, n)
  const smaller = Math.min(m, n)
  const z = Math.sqrt(size) * statistic
  const correction = (2 * z * (larger + 2 * smaller)) / (3 * Math.sqrt(larger * smaller * (larger + smaller)))
  return Math.min(1, Math.exp(-2 * z * z - correction))
}

/** Reflection principle; two-sided an alternating sum, evaluated from the inside. O(n). */
function equalSizes(h: number, n: number, twoSided: boolean): number {
  const first = pathShare(0, h, n)
  if (!twoSided) return first
  let inner = 1
  for (let k = Math.floor(n / h); k >= 1; k--) inner = 1 - pathShare(k, h, n) * inner
  return 2 * first * inner
}

function pathShare(k: number, h: number, n: number): number {
  let share = 1
  for (let j = 0; j < h && share > 0; j++) share *= (n - k * h - j) / (n + k * h + j + 1)
  return Math.max(0, share)
}

/** The value of a point beyond the band: probabilities down to 1e-308 then keep their digits, and what is too small to count for them is cut off. */
const BEYOND = 2 ** 400
const CUT_OFF = 1e-300

/**
 * Probability that a random lattice path from (0, 0) to (m, n) has left the band |n'i − m'j| < h (or its one-sided half).
 *
 * Diagonal after diagonal i + j = s, so that no value waits for its neighbour. O((m + n) · width of the band).
 */
function outsideProbability(h: number, m: number, n: number, twoSided: boolean): number {
  const divisor = greatestCommonDivisor(m, n)
  const [stepI, stepJ] = [n / divisor, m / divisor]
  if (isBelowAllDoubles(h / (stepI * m), m, n)) return 0
  // outside[i] is P(i, s − i) · BEYOND of the last diagonal.
  const outside = new Float64Array(m + 2).fill(BEYOND)
  outside[0] = 0
  let low = 0
  for (let s = 1; s <= m + n; s++) {
    const from = twoSided ? Math.max(0, Math.floor((stepJ * s - h) / (stepI + stepJ)) + 1) : 0
    const to = Math.min(m, s, Math.ceil((stepJ * s + h) / (stepI + stepJ)) - 1)
    advance(outside, s, Math.max(1, from, s - n), to)
    // A path along the edge has left the band only where the edge has: (0, s) comes from (0, s − 1) alone.
    for (; low < from; low++) outside[low] = BEYOND
  }
  return (outside[m] as number) / BEYOND
}

/** Values of the diagonal s from those of the one before: downwards, because the value at i − 1 is needed. */
function advance(outside: Float64Array, s: number, from: number, to: number): void {
  const share = 1 / s
  let at = outside[to] as number
  for (let i = to; i >= from; i--) {
    const below = outside[i - 1] as number
    const value = (i * below + (s - i) * at) * share
    outside[i] = value < CUT_OFF ? 0 : value
    at = below
  }
}

/**
 * Whether the p-value is below all doubles: 2·exp(−2·D²·mn/(m + n)) bounds it, the inequality of Dvoretzky, Kiefer and Wolfowitz for two samples, which F. Wei and R. Dudley (2012) conjecture for unequal sizes and found true
 * up to 200. The exponent here leaves a factor of e¹⁴ to the smallest double.
 */
function isBelowAllDoubles(statistic: number, m: number, n: number): boolean {
  return 2 * statistic * statistic * (m / ((m + n) / n)) > 760
}

/** Greatest common divisor of two whole numbers > 0. */
export function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor
}
