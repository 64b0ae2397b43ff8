/** Seeded draws from the distributions of a bandit's posteriors. */
import type { Rng } from '../../core/random'

/** A gamma variate of shape `shape` > 0 and scale 1 (Marsaglia and Tsang 2000). */
export function drawGamma(shape: number, rng: Rng): number {
  // Below 1 the method does not hold: a draw of shape + 1 is shrunk.
  if (shape < 1) return drawGamma(shape + 1, rng) * (1 - rng.next()) ** (1 / shape)
  const d = shape - 1 / 3
  const c = 1 / Math.sqrt(9 * d)
  for (;;) {
    const x = rng.normal()
    const v = (1 + c * x) ** 3
    if (v <= 0) continue
    const u = 1 - rng.next()
    if (Math.log(u) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v
  }
}

/** A beta variate, from two gamma variates. */
export function drawBeta(a: number, b: number, rng: Rng): number {
  const x = drawGamma(a, rng)
  const y = drawGamma(b, rng)
  return x + y === 0 ? a / (a + b) : x / (x + y)
}
