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

/** Probability that a random lattice path from (0, 0) to (m, n) has left the band |n'i − m'j| < h (or its one-sided half). */
function outsideProbability(h: number, m: number, n: number, twoSided: boolean): number {
  const divisor = greatestCommonDivisor(m, n)
  const stepI = n / divisor
  const stepJ = m / divisor
  // outside[j] is P(i, j) of the current i; 1 beyond the band.
  const outside = new Float64Array(n + 1).fill(1)
  let low = 0
  for (let i = 0; i <= m; i++) {
    const from = Math.max(0, Math.floor((stepI * i - h) / stepJ) + 1)
    const to = twoSided ? Math.min(n, Math.ceil((stepI * i + h) / stepJ) - 1) : n
    for (; low < from; low++) outside[low] = 1
    let below = from === 0 ? 0 : (outside[from - 1] as number)
    for (let j = from; j <= to; j++) {
      below = i + j === 0 ? 0 : (i * (i === 0 ? 0 : (outside[j] as number)) + j * below) / (i + j)
      outside[j] = below
    }
  }
  return outside[n] as number
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
