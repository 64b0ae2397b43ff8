/** The typed array of each element type of tensors. */
import type { TensorType } from './signature'

/** An array of numbers; booleans are 0 and 1, and half-precision numbers are bits. */
export type TensorArray =
  | Float32Array
  | Float64Array
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array

/** Makes an array for each element type but text: of zeros, or over a buffer. */
export const tensorArrays: Readonly<Record<Exclude<TensorType, 'str'>, new (content: number | ArrayBuffer) => TensorArray>> = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
} as Readonly<Record<Exclude<TensorType, 'str'>, new (content: number | ArrayBuffer) => TensorArray>>
