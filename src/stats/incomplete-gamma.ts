/** Regularised incomplete gamma functions: the lower share P and the upper share Q. */
import { deviance, logGamma, stirlingError } from './log-gamma'

/** P(a, x) = γ(a, x) / Γ(a), for a > 0 and x ≥ 0; `NaN` outside. Relative error about 1e-13. */
export function gammaP(a: number, x: number): number {
  if (!(a > 0) || !(x >= 0)) return Number.NaN
  if (x === 0) return 0
  if (x === Number.POSITIVE_INFINITY) return 1
  return x < a + 1 ? series(a, x) : 1 - continuedFraction(a, x)
}

/** Q(a, x) = 1 − P(a, x); keeps its relative accuracy in the far tail. */
export function gammaQ(a: number, x: number): number {
  if (!(a > 0) || !(x >= 0)) return Number.NaN
  if (x === 0) return 1
  if (x === Number.POSITIVE_INFINITY) return 0
  return x < a + 1 ? 1 - series(a, x) : continuedFraction(a, x)
}

/** x^a e^−x / Γ(a + 1). Through the deviance for large a, where the plain logarithms would cancel. */
function prefactor(a: number, x: number): number {
  if (a < 15) return Math.exp(a * Math.log(x) - x - logGamma(a + 1))
  return Math.exp(-stirlingError(a) - deviance(a, x)) / Math.sqrt(2 * Math.PI * a)
}

function series(a: number, x: number): number {
  let term = 1
  let sum = 1
  for (let n = 1; term > sum * 1e-17; n++) {
    term *= x / (a + n)
    sum += term
  }
  return sum * prefactor(a, x)
}

/** Lentz's method on the continued fraction of Γ(a, x). */
function continuedFraction(a: number, x: number): number {
  let b = x + 1 - a
  let c = 1e300
  let d = 1 / b
  let h = d
  for (let i = 1; i < 1e6; i++) {
    const an = -i * (i - a)
    b += 2
    d = 1 / floor(an * d + b)
    c = floor(b + an / c)
    const delta = d * c
    h *= delta
    if (Math.abs(delta - 1) < 2e-16) break
  }
  return h * prefactor(a, x) * a
}

function floor(value: number): number {
  return Math.abs(value) < 1e-300 ? 1e-300 : value
}
