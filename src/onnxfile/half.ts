/** Sixteen-bit floats as bits, and back. */

const cell = /* @__PURE__ */ new Float32Array(1)
const bits = /* @__PURE__ */ new Uint32Array(cell.buffer)

/** The bits of the nearest float16, of two equally near ones the even one; too large numbers become infinite. */
export function toHalfBits(value: number): number {
  cell[0] = value
  const word = bits[0] as number
  const sign = (word >>> 16) & 0x8000
  const exponent = ((word >>> 23) & 0xff) - 127
  const fraction = word & 0x7fffff
  if (exponent === 128) return sign | 0x7c00 | (fraction === 0 ? 0 : 0x200)
  if (exponent > 15) return sign | 0x7c00
  if (exponent < -25) return sign
  // Below 2⁻¹⁴ the leading one is written, and the exponent is 0.
  const subnormal = exponent < -14
  const digits = subnormal ? fraction | 0x800000 : fraction
  const dropped = subnormal ? -exponent - 1 : 13
  const kept = digits >>> dropped
  const rest = digits & ((1 << dropped) - 1)
  const half = 1 << (dropped - 1)
  const up = rest > half || (rest === half && (kept & 1) === 1) ? 1 : 0
  // A carry out of the fraction makes the next exponent, of the largest one infinity.
  return sign | ((subnormal ? 0 : (exponent + 15) << 10) + kept + up)
}

/** The number that these bits of a float16 are. */
export function fromHalfBits(half: number): number {
  const sign = half & 0x8000 ? -1 : 1
  const exponent = (half >>> 10) & 0x1f
  const fraction = half & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}
