/** Words for types, shapes and tensors of ONNX files. */
import type { TensorProto, TensorShapeProto, TypeProto } from '../onnxfile/onnx_pb'
import { tensorTypeOf } from '../onnxfile/types'
import { innerType } from '../onnxfile/walk'

/** Element types that tensors of this library do not have, by their numbers. */
const others: Readonly<Record<number, string>> = {
  14: 'complex64',
  15: 'complex128',
  16: 'bfloat16',
  17: 'float8e4m3fn',
  18: 'float8e4m3fnuz',
  19: 'float8e5m2',
  20: 'float8e5m2fnuz',
  21: 'uint4',
  22: 'int4',
  23: 'float4e2m1',
  24: 'float8e8m0',
  25: 'uint2',
  26: 'int2',
}

/** The name of an element type; `undefined` for a number that is none. */
export function elementName(dataType: number | undefined): string | undefined {
  const type = tensorTypeOf(dataType)
  return type === 'str' ? 'string' : (type ?? others[dataType ?? 0])
}

/** `float32`, `sequence of map of int64 to float32`, `unknown`. */
export function typeName(type: TypeProto | undefined): string {
  const value = type?.value
  if (type === undefined || value === undefined) return 'unknown'
  const inner = (): string => typeName(innerType(type))
  switch (value.case) {
    case 'tensorType':
      return elementName(value.value.elemType) ?? 'unknown'
    case 'sparseTensorType':
      return `sparse ${elementName(value.value.elemType) ?? 'unknown'}`
    case 'sequenceType':
      return `sequence of ${inner()}`
    case 'optionalType':
      return `optional ${inner()}`
    case 'mapType':
      return `map of ${elementName(value.value.keyType) ?? 'unknown'} to ${inner()}`
    case 'opaqueType':
      return `opaque ${value.value.name ?? ''}`.trimEnd()
    default:
      return 'unknown'
  }
}

/** The sizes of a tensor: numbers, names of sizes known when the model runs, `null` for others; `undefined` where even the rank is not known. */
export function shapeOf(type: TypeProto | undefined): (number | string | null)[] | undefined {
  const value = type?.value
  const shape: TensorShapeProto | undefined =
    value?.case === 'tensorType' || value?.case === 'sparseTensorType' ? value.value.shape : undefined
  return shape?.dim.map(({ value: dim }) => (dim.case === undefined ? null : dim.case === 'dimValue' ? Number(dim.value) : dim.value))
}

/** How many values a tensor has by its dimensions. */
export function countOf({ dims }: TensorProto): number {
  return dims.reduce((product, dim) => product * Number(dim), 1)
}

/** How many bytes the values of a tensor take in the file, nearly. */
export function bytesOf(tensor: TensorProto): number {
  const { rawData, floatData, int32Data, int64Data, doubleData, uint64Data, stringData } = tensor
  const texts = stringData.reduce((sum, text) => sum + text.length, 0)
  const eights = int64Data.length + doubleData.length + uint64Data.length
  return (rawData?.length ?? 0) + 4 * (floatData.length + int32Data.length) + 8 * eights + texts
}
