/** Values of ONNX tensors: from typed arrays into a file, and out of it. */
import { create } from '@bufbuild/protobuf'
import { copyBytes, fromUtf8, utf8 } from '../core/bytes'
import { MillwrightError, show } from '../core/errors'
import type { TensorType } from '../schema/signature'
import { type TensorArray, tensorArrays } from '../schema/tensor-arrays'
import { type TensorProto, TensorProtoSchema } from './onnx_pb'
import { dataTypeOf, tensorTypeOf } from './types'

/** The values of a tensor: numbers, 64-bit integers, or texts. Booleans are 0 and 1; float16 are their bits. */
export type TensorValues = TensorArray | readonly string[]

const littleEndian = /* @__PURE__ */ (() => new Uint8Array(Uint16Array.of(1).buffer)[0] === 1)()

/** A tensor as ONNX stores it: texts one by one, everything else as raw little-endian bytes. */
export function tensorProto(name: string, type: TensorType, dims: readonly number[], values: TensorValues): TensorProto {
  const head = { name, dims: dims.map(BigInt), dataType: dataTypeOf[type] }
  if (type === 'str') return create(TensorProtoSchema, { ...head, stringData: (values as readonly string[]).map(utf8) })
  const { buffer, byteOffset, byteLength, BYTES_PER_ELEMENT } = values as TensorArray
  const bytes = new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength).slice()
  return create(TensorProtoSchema, { ...head, rawData: littleEndian ? bytes : swapped(bytes, BYTES_PER_ELEMENT) })
}

/**
 * The values of a tensor of a file.
 *
 * @throws Corrupt when there are not as many values as the dimensions say; Unsupported for element types this library has no word for, and for
 * weights that lie in another file
 */
export function tensorValues(tensor: TensorProto): TensorValues {
  const type = tensorTypeOf(tensor.dataType)
  const subject = `the tensor ${show(tensor.name ?? '')}`
  if (type === undefined)
    throw new MillwrightError('Unsupported', `${subject} has the element type ${tensor.dataType ?? 0}, which is not known`)
  if (tensor.dataLocation === 1) throw new MillwrightError('Unsupported', `${subject} lies in another file, which is not read`)
  const count = tensor.dims.reduce((product, dim) => product * Number(dim), 1)
  const values = type === 'str' ? tensor.stringData.map(fromUtf8) : numbersOf(tensor, type)
  if (values.length !== count) throw new MillwrightError('Corrupt', `${subject} must hold ${count} values, it holds ${values.length}`)
  return values
}

function numbersOf(tensor: TensorProto, type: Exclude<TensorType, 'str'>): TensorArray {
  const Values = tensorArrays[type]
  const raw = tensor.rawData
  if (raw !== undefined && raw.length > 0) {
    const width = new Values(new ArrayBuffer(0)).BYTES_PER_ELEMENT
    if (raw.length % width !== 0)
      throw new MillwrightError('Corrupt', `the tensor ${show(tensor.name ?? '')} has ${raw.length} bytes of ${type}`)
    const bytes = copyBytes(raw)
    return new Values((littleEndian ? bytes : swapped(bytes, width)).buffer as ArrayBuffer)
  }
  if (type === 'float32') return Float32Array.from(tensor.floatData)
  if (type === 'float64') return Float64Array.from(tensor.doubleData)
  if (type === 'int64') return BigInt64Array.from(tensor.int64Data)
  if (type === 'uint64') return BigUint64Array.from(tensor.uint64Data)
  if (type === 'uint32') return Uint32Array.from(tensor.uint64Data, Number)
  const From = Values as unknown as { from(values: readonly number[]): TensorArray }
  return From.from(tensor.int32Data)
}

function swapped(bytes: Uint8Array, width: number): Uint8Array {
  for (let at = 0; at < bytes.length; at += width) bytes.subarray(at, at + width).reverse()
  return bytes
}
