/** Neighbours of numbers, to turn comparisons of float32 into comparisons of doubles and back. */

const view = /* @__PURE__ */ new DataView(new ArrayBuffer(8))

/** The largest float32 below a float32. */
function float32Below(value: number): number {
  if (value === 0) return -1.401298464324817e-45
  view.setFloat32(0, value)
  view.setInt32(0, view.getInt32(0) + (value > 0 ? -1 : 1))
  return view.getFloat32(0)
}

/** The smallest float32 above a float32. */
function float32Above(value: number): number {
  return -float32Below(-value)
}

/** The largest double below a finite double. */
function doubleBelow(value: number): number {
  if (value === 0) return -Number.MIN_VALUE
  view.setFloat64(0, value)
  view.setBigInt64(0, view.getBigInt64(0) + (value > 0 ? -1n : 1n))
  return view.getFloat64(0)
}

/** Doubles from here on round to infinity as float32. */
const FLOAT32_END = 2 ** 128 - 2 ** 103

/**
 * The largest double that is below a float32 once it is rounded to float32: `fround(x) < limit` is the same as `x ≤ lastBelow(limit)`. No number
 * but −∞ is at most the result for −∞.
 */
export function lastBelow(limit: number): number {
  if (limit === Number.NEGATIVE_INFINITY) return limit
  // Half way to the float32 before, which is exact; a double there rounds to the even one of both.
  const middle = limit === Number.POSITIVE_INFINITY ? FLOAT32_END : (float32Below(limit) + limit) / 2
  return Math.fround(middle) < limit ? middle : doubleBelow(middle)
}

/** The smallest float32 above a double: for float32 `v`, `v ≤ limit` is the same as `v < firstAbove(limit)`. Of ∞ the largest float32. */
export function firstAbove(limit: number): number {
  const rounded = Math.fround(limit)
  if (rounded > limit) return Number.isFinite(rounded) ? rounded : LARGEST
  if (limit >= LARGEST) return LARGEST
  if (limit === Number.NEGATIVE_INFINITY) return -LARGEST
  return float32Above(rounded)
}

const LARGEST = 3.4028234663852886e38
