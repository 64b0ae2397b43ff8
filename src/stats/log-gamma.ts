/** Logarithm of the gamma function, and Stirling's error, from which accurate probabilities are built. */

/** Half the logarithm of 2π. */
export const HALF_LOG_TWO_PI = 0.9189385332046727

/**
 * ln Γ(x) for x > 0; `Infinity` at 0, `NaN` below.
 *
 * Relative error about 1e-15 away from the zeros at 1 and 2, absolute error 1e-15 near them.
 * Method: the argument is moved above 15 by the recurrence, then Stirling's series.
 */
export function logGamma(x: number): number {
  if (x === 1 || x === 2) return 0
  if (!(x > 0)) return x === 0 ? Number.POSITIVE_INFINITY : Number.NaN
  if (x > 1e306) return x * (Math.log(x) - 1)
  let shift = 1
  let z = x
  while (z < 15) {
    shift *= z
    z++
  }
  return (z - 0.5) * Math.log(z) - z + HALF_LOG_TWO_PI + stirlingSeries(z) - (shift === 1 ? 0 : Math.log(shift))
}

/**
 * Stirling's error ln n! − ((n + ½) ln n − n + ½ ln 2π), n ≥ 0 (not necessarily whole); at 0 it is `Infinity`.
 *
 * Source: C. Loader, Fast and Accurate Computation of Binomial Probabilities, 2000.
 */
export function stirlingError(n: number): number {
  if (n >= 15) return stirlingSeries(n)
  return logGamma(n + 1) - (n + 0.5) * Math.log(n) + n - HALF_LOG_TWO_PI
}

/**
 * Deviance part x·ln(x/np) + np − x, computed without cancellation when x is near np. Both > 0.
 *
 * Source: Loader 2000, function bd0.
 */
export function deviance(x: number, np: number): number {
  const difference = x - np
  if (Math.abs(difference) >= 0.1 * (x + np)) return x * Math.log(x / np) + np - x
  const ratio = difference / (x + np)
  const square = ratio * ratio
  let sum = difference * ratio
  let term = 2 * x * ratio
  for (let j = 3; ; j += 2) {
    term *= square
    const next = sum + term / j
    if (next === sum) return sum
    sum = next
  }
}

/** Tail of Stirling's series, for z ≥ 15: Bernoulli numbers B₂ₖ / (2k(2k−1) z^(2k−1)). */
function stirlingSeries(z: number): number {
  const w = 1 / (z * z)
  return (1 / 12 - w * (1 / 360 - w * (1 / 1260 - w * (1 / 1680 - w * (1 / 1188 - (w * 691) / 360360))))) / z
}
