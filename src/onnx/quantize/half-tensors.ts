/** Tensors and attributes of float32 as float16. */

import { toFloat16 } from '../../core/float16'
import { attributeOf, int, tensor } from '../../onnxfile/attribute'
import type { AttributeProto, NodeProto, TensorProto, TypeProto } from '../../onnxfile/onnx_pb'
import { tensorProto, tensorValues } from '../../onnxfile/tensor'
import { dataTypeOf } from '../../onnxfile/types'

const { float32, float16 } = dataTypeOf

/** The largest float16, and the least above 0. */
const MOST = 65504
const LEAST = 5.96e-8

/** A float32 tensor as float16; another tensor as it is. */
export function halfTensor(proto: TensorProto): TensorProto {
  if (proto.dataType !== float32) return proto
  return tensorProto(proto.name ?? '', 'float16', proto.dims.map(Number), Uint16Array.from(tensorValues(proto) as Float32Array, halfBits))
}

/** The bits of a finite number within float16's range, never 0 unless it was; NaN and infinities as they are. */
function halfBits(value: number): number {
  const size = Math.abs(value)
  const limited = size > MOST && size < Number.POSITIVE_INFINITY ? MOST : size > 0 && size < LEAST ? LEAST : size
  return toFloat16(value < 0 ? -limited : value > 0 ? limited : value)
}

/** A type of float32 tensors, or of sequences of them, becomes one of float16. */
export function halfType(type: TypeProto | undefined): void {
  const value = type?.value
  if (value?.case === 'tensorType' || value?.case === 'sparseTensorType') {
    if (value.value.elemType === float32) value.value.elemType = float16
  } else if (value?.case === 'sequenceType' || value?.case === 'optionalType') halfType(value.value.elemType)
}

/** Operators that make float32 where no attribute says otherwise, and that attribute. */
const makers: Readonly<Record<string, string>> = {
  RandomNormal: 'dtype',
  RandomUniform: 'dtype',
  SequenceEmpty: 'dtype',
  BlackmanWindow: 'output_datatype',
  HannWindow: 'output_datatype',
  HammingWindow: 'output_datatype',
}

/** The attributes of a node that is to compute in float16; graphs in them are the caller's matter. */
export function halfAttributes(node: NodeProto): AttributeProto[] {
  const { opType = '', attribute } = node
  if (opType === 'Constant') return attribute.map(halfConstant)
  const given = attribute.map((each) => {
    const names = each.name === 'to' || each.name === 'dtype' || each.name === 'output_datatype'
    if (names && Number(each.i ?? 0n) === float32) return int(float16)(each.name ?? '')
    if (each.t === undefined && each.tensors.length === 0) return each
    return { ...each, ...(each.t === undefined ? {} : { t: halfTensor(each.t) }), tensors: each.tensors.map(halfTensor) }
  })
  const maker = Object.hasOwn(makers, opType) ? makers[opType] : undefined
  if (maker !== undefined && attributeOf(node, maker) === undefined) return [...given, int(float16)(maker)]
  if (opType === 'ConstantOfShape' && attributeOf(node, 'value') === undefined) {
    return [...given, tensor(tensorProto('value', 'float16', [1], Uint16Array.of(0)))('value')]
  }
  return given
}

/** The value of a Constant. */
function halfConstant(attribute: AttributeProto): AttributeProto {
  const { name = '', t, f, floats } = attribute
  if (name === 'value' && t !== undefined) return tensor(halfTensor(t))(name)
  if (name === 'value_float') return tensor(tensorProto('', 'float16', [], Uint16Array.of(halfBits(f ?? 0))))('value')
  if (name === 'value_floats') return tensor(tensorProto('', 'float16', [floats.length], Uint16Array.from(floats, halfBits)))('value')
  return attribute
}
