/** Converts numbers to and from IEEE 754 half precision. */

/** The largest finite number of half precision. */
export const FLOAT16_MAX = 65504

/** The number that sixteen bits represent. */
export function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (1024 + fraction) * 2 ** (exponent - 25)
}

/** The sixteen bits of the nearest number of half precision, ties to even; beyond the largest it is infinity. */
export function toFloat16(value: number): number {
  if (Number.isNaN(value)) return 0x7e00
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0
  const size = Math.abs(value)
  if (size >= 65520) return sign | 0x7c00
  if (size < 2 ** -25) return sign
  let exponent = Math.floor(Math.log2(size))
  if (2 ** exponent > size) exponent--
  exponent = Math.max(exponent, -14)
  const steps = roundToEven(size / 2 ** (exponent - 10))
  // A fraction that rounds up to 2048 carries into the exponent by itself.
  return sign | (exponent === -14 && steps < 1024 ? steps : ((exponent + 15) << 10) + (steps - 1024))
}

function roundToEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor
}
