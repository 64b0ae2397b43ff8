/** Element types of ONNX tensors: their numbers in files, and how many bytes an element takes. */
import type { TensorType } from '../schema/signature'

/** TensorProto.DataType of each element type that this library has a word for. */
export const dataTypeOf: Readonly<Record<TensorType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  str: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
}

const byNumber: ReadonlyMap<number, TensorType> = /* @__PURE__ */ new Map(
  (Object.entries(dataTypeOf) as [TensorType, number][]).map(([type, number]) => [number, type]),
)

/** The element type with this number; `undefined` for types this library has no word for (bfloat16, float8, complex, four-bit). */
export function tensorTypeOf(dataType: number | undefined): TensorType | undefined {
  return byNumber.get(dataType ?? 0)
}

/** AttributeProto.AttributeType. */
export const attributeTypes = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
} as const
