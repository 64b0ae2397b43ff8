/** Operators of ONNX that have no float16 form, or none that runtimes run. */
import type { NodeProto } from '../../onnxfile/onnx_pb'
import { isStandard } from '../../onnxfile/walk'

const standard = /* @__PURE__ */ new Set([
  ...['NonMaxSuppression', 'TopK', 'RoiAlign', 'Range', 'CumSum', 'Min', 'Max', 'Upsample', 'RandomUniformLike', 'TfIdfVectorizer'],
  ...['QuantizeLinear', 'DequantizeLinear', 'DynamicQuantizeLinear', 'QLinearConv', 'QLinearMatMul', 'STFT', 'DFT', 'MelWeightMatrix'],
])

/** Whether a node computes in float32 in a file of float16: operators of classical models and of quantization, those of other makers, and a few more. */
export function staysFloat32(node: NodeProto): boolean {
  if (node.domain === 'com.microsoft') return /Quantiz|Integer|QLinear|QAttention|NBits/.test(node.opType ?? '')
  return !isStandard(node) || standard.has(node.opType ?? '')
}

/** The places of inputs that must be float32 although the node computes in float16: the scales of a Resize. */
export function floatInputs({ opType, domain = '' }: NodeProto, opset: number): readonly number[] {
  if (opType === 'Resize') return [opset < 11 ? 1 : 2]
  return domain === 'com.microsoft' && (opType === 'GroupNorm' || opType === 'SkipGroupNorm') ? [1, 2] : []
}
