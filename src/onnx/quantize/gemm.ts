/** Gemm as MatMul and Add, which can be quantized. */

import { attributeOf, intOf } from '../../onnxfile/attribute'
import type { NodeProto, TensorProto } from '../../onnxfile/onnx_pb'

/** Whether a Gemm is a plain product with a constant, which may lie transposed, plus a sum: then MatMul and Add give the same. */
export function isPlainGemm(node: NodeProto): boolean {
  const one = (name: string): boolean => (attributeOf(node, name)?.f ?? 1) === 1
  return node.opType === 'Gemm' && one('alpha') && one('beta') && intOf(node, 'transA', 0) === 0
}

/** Whether the constant of a Gemm lies transposed. */
export function isTransposed(node: NodeProto): boolean {
  return intOf(node, 'transB', 0) !== 0
}

/** Rows and columns exchanged. */
export function transposed(values: Float32Array, { dims }: TensorProto): Float32Array {
  const [rows, columns] = dims.map(Number) as [number, number]
  const result = new Float32Array(values.length)
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) result[c * rows + r] = values[r * columns + c] as number
  return result
}
