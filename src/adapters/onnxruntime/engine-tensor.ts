/** Tensors as onnxruntime has them. */
import type { ModelTensor, TensorData } from '../../ports/model'
import type { TensorType } from '../../schema/signature'

/** A tensor's parts, by onnxruntime's names. */
export interface EngineTensor {
  /** `string` where this library says `str`. */
  readonly type: string
  readonly data: TensorData
  readonly dims: readonly number[]
}

/** A tensor for onnxruntime. */
export function toEngine({ dtype, data, shape }: ModelTensor): EngineTensor {
  return { type: dtype === 'str' ? 'string' : dtype, data, dims: shape }
}

/** A tensor of onnxruntime. Half-precision numbers are bits, also where the runtime has arrays of such numbers. */
export function fromEngine({ type, data, dims }: EngineTensor): ModelTensor {
  if (type !== 'float16' || data instanceof Uint16Array || !ArrayBuffer.isView(data))
    return { dtype: (type === 'string' ? 'str' : type) as TensorType, data, shape: dims }
  return { dtype: 'float16', data: new Uint16Array(data.buffer, data.byteOffset, data.length), shape: dims }
}
