/** Floats as eight-bit whole numbers with a scale, by the formulas of onnxruntime's quantizer. */

/** The type of quantized weights. */
export type WeightType = 'int8' | 'uint8'

/** How weights are quantized. */
export interface Int8Options {
  readonly type: WeightType
  /** The range is the same on both sides of 0, whose place is then fixed. */
  readonly symmetric: boolean
  /** One bit less, for processors whose eight-bit products overflow (x86 without VNNI). */
  readonly reduceRange: boolean
}

/** Weights w ≈ (quantized − zeroPoint) · scale. */
export interface Quantized {
  readonly values: Int8Array | Uint8Array
  /** One per channel. */
  readonly scales: Float32Array
  readonly zeroPoints: Int8Array | Uint8Array
}

/** The least normal float32. */
const TINY = 1.1754943508222875e-38

/** Quantizes finite weights; the channel of the i-th is i modulo `channels`, which are those of the last axis, or 1. */
export function quantizeWeights(weights: Float32Array, channels: number, options: Int8Options): Quantized {
  const { type } = options
  const make = (length: number): Int8Array | Uint8Array => (type === 'int8' ? new Int8Array(length) : new Uint8Array(length))
  const [lows, highs] = [new Float64Array(channels), new Float64Array(channels)]
  for (let i = 0, c = 0; i < weights.length; i++, c = c + 1 === channels ? 0 : c + 1) {
    const weight = weights[i] as number
    if (weight < (lows[c] as number)) lows[c] = weight
    if (weight > (highs[c] as number)) highs[c] = weight
  }
  const [scales, zeroPoints] = [new Float32Array(channels), make(channels)]
  for (let c = 0; c < channels; c++) {
    const { scale, zeroPoint } = scaleOf(lows[c] as number, highs[c] as number, options)
    scales[c] = scale
    zeroPoints[c] = zeroPoint
  }
  const [least, most] = type === 'int8' ? [-128, 127] : [0, 255]
  const values = make(weights.length)
  for (let i = 0, c = 0; i < weights.length; i++, c = c + 1 === channels ? 0 : c + 1) {
    const steps = roundHalfEven(Math.fround((weights[i] as number) / (scales[c] as number))) + (zeroPoints[c] as number)
    values[i] = steps < least ? least : steps > most ? most : steps
  }
  return { values, scales, zeroPoints }
}

/** Scale and zero point for numbers from `low` (≤ 0) to `high` (≥ 0). */
function scaleOf(low: number, high: number, { type, symmetric, reduceRange }: Int8Options): { scale: number; zeroPoint: number } {
  const [least, most] = rangeOf(type, symmetric, reduceRange)
  const end = Math.max(-low, high)
  const [from, to] = symmetric ? [-end, end] : [low, high]
  const scale = (to - from) / (most - least)
  if (scale < TINY) return { scale: 1, zeroPoint: 0 }
  return { scale, zeroPoint: roundHalfEven(symmetric ? (least + most) / 2 : least - from / scale) }
}

/** The whole numbers that the floats are spread over. */
function rangeOf(type: WeightType, symmetric: boolean, reduceRange: boolean): [number, number] {
  if (reduceRange) return type === 'int8' ? [-64, 64] : [0, 127]
  if (symmetric) return type === 'int8' ? [-127, 127] : [0, 254]
  return type === 'int8' ? [-128, 127] : [0, 255]
}

/** The nearest whole number, of two equally near ones the even one. */
export function roundHalfEven(value: number): number {
  const nearest = Math.round(value)
  return nearest - value === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest
}
