/**
 * Distributions of the Kolmogorov–Smirnov statistics.
 *
 * Source: R. Simard and P. L'Ecuyer, Computing the Two-Sided Kolmogorov–Smirnov Distribution, Journal of Statistical
 * Software 39 (11), 2011; G. Marsaglia, W. W. Tsang and J. Wang 2003 (matrix power); W. Pelz and I. J. Good 1976 (series).
 */
import { deviance, HALF_LOG_TWO_PI, stirlingError } from './log-gamma'

/** Above this n the terms of the one-sided sum are sampled, not added one by one. */
const EXACT_SUM_LIMIT = 200_000
/** Terms that are sampled. */
const SAMPLED_TERMS = 8192

/**
 * P(D ≥ d) of the two-sided one-sample statistic with `n` observations (SciPy's `kstwo.sf`).
 *
 * Relative error about 1e-11 for n ≤ 140. Above, this is the method of Simard and L'Ecuyer as in SciPy, and agrees with SciPy to 1e-7. Against
 * exact values (Durbin's matrix in 40 digits) the relative error there is larger just above n = 140 (measured at n = 141: 5e-6 at n·d² = 1,
 * 1.7e-5 at n·d² = 2), where the series of Pelz and Good stands for the exact sum, and up to e^(−6·n·d²), that is 2e-6, from n·d² = 2.2 on,
 * where the tail is twice the one-sided one. `NaN` unless n ≥ 1 whole.
 */
export function kolmogorovSf(d: number, n: number): number {
  if (d !== d || !(n >= 1)) return Number.NaN
  const t = n * d
  if (d >= 1) return 0
  if (t <= 0.5) return 1
  if (t <= 1) return 1 - Math.exp(logFactorialShare(n) + n * Math.log(2 * t - 1))
  if (t >= n - 1) return 2 * (1 - d) ** n
  if (d >= 0.5) return 2 * smirnovSf(d, n)
  const square = t * d
  if (n > 140 && square >= 370) return 0
  if (square >= (n <= 140 ? 4 : 2.2)) return Math.min(1, 2 * smirnovSf(d, n))
  const byMatrix = n <= 140 || (n <= 100_000 && t * Math.sqrt(d) <= 1.4)
  return Math.max(0, 1 - (byMatrix ? matrixCdf(d, n) : pelzGoodCdf(d, n)))
}

/**
 * P(D⁺ ≥ d) of the one-sided one-sample statistic (Smirnov), also deep in the tail: relative error at most 1e-10 for n ≤ 200,000, 1e-9 above.
 * O(n) up to n = 200,000, O(1) above.
 */
export function smirnovSf(d: number, n: number): number {
  if (d !== d || !(n >= 1)) return Number.NaN
  if (d <= 0) return 1
  if (d >= 1) return 0
  if (n > EXACT_SUM_LIMIT && n * d * d < 1) {
    // Near the middle the expansion is good: its relative error is of the order n^(−3/2).
    const z = (6 * n * d + 1) ** 2 / (18 * n)
    return Math.max(0, Math.exp(-z) * (1 - (2 * z * z - 4 * z - 1) / (18 * n)))
  }
  const last = Math.floor(n * (1 - d))
  const term = smirnovTerm(d, n)
  // The terms are a smooth function of j that vanishes, with all its derivatives, at both ends. Every k-th of them times k gives their sum
  // (the trapezoidal rule), as long as k is small against the width of the hump, which is n/(4·√n·d).
  const step = n > EXACT_SUM_LIMIT ? Math.floor(n / SAMPLED_TERMS) : 1
  let sum = 0
  for (let j = step; j <= last; j += step) sum += term(j)
  return Math.min(1, sum * step + (1 - d) ** n)
}

/** The j-th term of Smirnov's sum, 1 ≤ j ≤ n·(1 − d): d·C(n,j)·p^(j−1)·q^(n−j) with p = d + j/n, q = 1 − p. */
function smirnovTerm(d: number, n: number): (j: number) => number {
  const errorOfN = stirlingError(n)
  return (j) => {
    const p = d + j / n
    const q = 1 - p
    // The last term is (x + j/n)^(n−1) · 0⁰ when n·d is whole and j = n; otherwise it is zero.
    if (q <= 0) return j === n ? d : 0
    // A binomial probability (Loader's form) times d/p.
    const rest = n - j
    const exponent = errorOfN - stirlingError(j) - stirlingError(rest) - deviance(j, n * p) - deviance(rest, n * q)
    return exponent > -750 ? ((d * Math.exp(exponent)) / p) * Math.sqrt(n / (2 * Math.PI * j * rest)) : 0
  }
}

/** P(√n·D ≥ x) for n → ∞: Kolmogorov's limit. */
export function kolmogorovLimitSf(x: number): number {
  if (x !== x) return Number.NaN
  if (x <= 0) return 1
  if (x < 1) {
    const w = Math.PI / (8 * x * x)
    let sum = 0
    for (let m = 1; m < 40; m += 2) sum += Math.exp(-m * m * w * Math.PI)
    return 1 - (Math.sqrt(2 * Math.PI) / x) * sum
  }
  let sum = 0
  for (let k = 1; k < 40; k++) {
    const term = Math.exp(-2 * k * k * x * x)
    sum += k % 2 === 1 ? term : -term
    if (term < sum * 1e-18) break
  }
  return 2 * sum
}

/** ln(n! / nⁿ). */
function logFactorialShare(n: number): number {
  return stirlingError(n) + 0.5 * Math.log(n) - n + HALF_LOG_TWO_PI
}

/** Durbin's matrix, raised to the n-th power by squaring; both factors are rescaled, or n = 3,000 would overflow. */
function matrixCdf(d: number, n: number): number {
  const t = n * d
  const k = Math.ceil(t)
  const h = k - t
  const size = 2 * k - 1
  let power: Scaled = { matrix: durbinMatrix(h, size), exponent: 0 }
  let result: Scaled | undefined
  for (let rest = n; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = result === undefined ? power : multiply(result, power, size)
    if (rest > 1) power = multiply(power, power, size)
  }
  const middle = (result as Scaled).matrix[(k - 1) * size + k - 1] as number
  return Math.exp(Math.log(middle) + (result as Scaled).exponent * Math.LN2 + logFactorialShare(n))
}

interface Scaled {
  readonly matrix: Float64Array
  /** The matrix stands for itself times 2^exponent. */
  readonly exponent: number
}

function durbinMatrix(h: number, size: number): Float64Array {
  const matrix = new Float64Array(size * size)
  const inverseFactorial = new Float64Array(size + 2)
  inverseFactorial[0] = 1
  for (let i = 1; i < size + 2; i++) inverseFactorial[i] = (inverseFactorial[i - 1] as number) / i
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= Math.min(i + 1, size - 1); j++) matrix[i * size + j] = inverseFactorial[i - j + 1] as number
  }
  for (let i = 1; i <= size; i++) {
    const edge = (1 - h ** i) * (inverseFactorial[i] as number)
    matrix[(i - 1) * size] = edge
    matrix[(size - 1) * size + size - i] = edge
  }
  const corner = 1 - 2 * h ** size + (h > 0.5 ? (2 * h - 1) ** size : 0)
  matrix[(size - 1) * size] = corner * (inverseFactorial[size] as number)
  return matrix
}

function multiply(a: Scaled, b: Scaled, size: number): Scaled {
  const product = new Float64Array(size * size)
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < size; k++) {
      const factor = a.matrix[i * size + k] as number
      if (factor === 0) continue
      for (let j = 0; j < size; j++) product[i * size + j] = (product[i * size + j] as number) + factor * (b.matrix[k * size + j] as number)
    }
  }
  let exponent = a.exponent + b.exponent
  const middle = product[(size >> 1) * (size + 1)] as number
  if (middle > 1e140 || middle < 1e-140) {
    const shift = Math.round(Math.log2(middle))
    // Two factors, because 2^−shift alone could leave the range of doubles.
    const half = 2 ** -Math.trunc(shift / 2)
    const other = 2 ** -(shift - Math.trunc(shift / 2))
    for (let i = 0; i < product.length; i++) product[i] = (product[i] as number) * half * other
    exponent += shift
  }
  return { matrix: product, exponent }
}

/** The series of Pelz and Good in powers of 1/√n. */
function pelzGoodCdf(d: number, n: number): number {
  const root = Math.sqrt(n)
  const z = d * root
  if (z < 0.0417) return 0
  const z2 = z * z
  const z4 = z2 * z2
  const z6 = z4 * z2
  const pi2 = Math.PI * Math.PI
  let k0 = 0
  let k1 = 0
  let k2 = 0
  let k3 = 0
  let even2 = 0
  let even3 = 0
  const terms = Math.ceil((16 * z) / Math.PI) + 1
  for (let k = 1; k <= terms; k++) {
    const m2 = (2 * k - 1) ** 2
    const w = Math.exp((-m2 * pi2) / (8 * z2))
    const p2 = (pi2 * m2) / 4
    k0 += w
    k1 += (p2 - z2) * w
    k2 += (6 * z6 + 2 * z4 + (2 * z4 - 5 * z2) * p2 + (1 - 2 * z2) * p2 * p2) * w
    k3 += (-30 * z6 - 90 * z6 * z2 + (135 * z4 - 96 * z6) * p2 + (212 * z4 - 60 * z2) * p2 * p2 + (5 - 30 * z2) * p2 * p2 * p2) * w
    const v = k * k * Math.exp((-k * k * pi2) / (2 * z2))
    even2 += v
    even3 += (3 * z2 - pi2 * k * k) * v
  }
  const scale = Math.sqrt(2 * Math.PI)
  const c0 = (scale / z) * k0
  const c1 = (scale / (6 * z4)) * k1
  const c2 = (scale / (72 * z6 * z)) * k2 - ((scale * pi2) / (36 * z2 * z)) * even2
  const c3 = (scale / (6480 * z6 * z4)) * k3 + ((scale * pi2) / (216 * z6)) * even3
  return c0 + (c1 + (c2 + c3 / root) / root) / root
}
