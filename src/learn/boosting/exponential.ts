/** eˣ from additions and multiplications alone: `Math.exp` differs between runtimes in its last digit. */

/** ln 2 in two parts: the first has so few digits that a product with a whole number below 2¹¹ is exact. */
const LN2_HIGH = 0.6931471803691238
const LN2_LOW = 1.9082149292705877e-10
const LEAST = 1021
const POWERS = /* @__PURE__ */ powersOfTwo()

/** eˣ, the same on every runtime, within 2 units in the last place; arguments beyond ±700 count as ±700. */
export function exponential(x: number): number {
  const clipped = x > 700 ? 700 : x < -700 ? -700 : x
  const k = Math.floor(clipped * Math.LOG2E + 0.5)
  const r = clipped - k * LN2_HIGH - k * LN2_LOW
  // The series of e^r for |r| ≤ ln 2 / 2 up to r¹³ / 13!: what is left out is below 2⁻⁵⁷.
  const high =
    ((((((r * (1 / 6_227_020_800) + 1 / 479_001_600) * r + 1 / 39_916_800) * r + 1 / 3_628_800) * r + 1 / 362_880) * r + 1 / 40_320) * r +
      1 / 5_040) *
    r
  const series = ((((((high + 1 / 720) * r + 1 / 120) * r + 1 / 24) * r + 1 / 6) * r + 1 / 2) * r + 1) * r + 1
  return series * (POWERS[k + LEAST] as number)
}

/** 1 / (1 + e⁻ˣ). */
export function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + exponential(-x))
  const power = exponential(x)
  return power / (1 + power)
}

/** 2ᵏ for k from −1021 to 1023, by doubling and halving, which are exact. */
function powersOfTwo(): Float64Array {
  const powers = new Float64Array(2045)
  powers[LEAST] = 1
  for (let k = 1; k <= 1023; k++) powers[LEAST + k] = (powers[LEAST + k - 1] as number) * 2
  for (let k = 1; k <= LEAST; k++) powers[LEAST - k] = (powers[LEAST - k + 1] as number) / 2
  return powers
}
