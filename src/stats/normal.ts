/** The normal distribution and the error function. */
import { gammaP, gammaQ } from './incomplete-gamma'

/** Error function. Relative error about 1e-15. */
export function erf(x: number): number {
  return x < 0 ? -gammaP(0.5, x * x) : gammaP(0.5, x * x)
}

/** 1 − erf(x), accurate in the upper tail. */
export function erfc(x: number): number {
  return x < 0 ? 1 + gammaP(0.5, x * x) : gammaQ(0.5, x * x)
}

/** P(Z > z) of a standard normal; accurate down to 1e-308. */
export function normalSf(z: number): number {
  return 0.5 * erfc(z / Math.SQRT2)
}

/** P(Z ≤ z) of a standard normal. */
export function normalCdf(z: number): number {
  return normalSf(-z)
}

/**
 * The z with P(Z > z) = q; ±Infinity at 1 and 0, `NaN` outside [0, 1].
 *
 * Starts from Abramowitz and Stegun 26.2.23 and refines by Newton steps on the logarithm, which converge in the whole range.
 */
export function normalIsf(q: number): number {
  if (!(q >= 0 && q <= 1)) return Number.NaN
  if (q === 0) return Number.POSITIVE_INFINITY
  if (q === 0.5) return 0
  if (q > 0.5) return -normalIsf(1 - q)
  const t = Math.sqrt(-2 * Math.log(q))
  let z = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)))
  const target = Math.log(q)
  for (let step = 0; step < 12; step++) {
    const tail = normalSf(z)
    const density = Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI)
    const change = ((Math.log(tail) - target) * tail) / density
    z += change
    if (Math.abs(change) <= 1e-15 * Math.abs(z)) break
  }
  return z
}
