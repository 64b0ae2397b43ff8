/** ONNX: fitted models as files that every runtime opens. */
export type { Precision } from './features'
export type { ToOnnxOptions } from './to-onnx'
export { toOnnx } from './to-onnx'
export type { OnnxEngine, OnnxEngineSession, OnnxVerification } from './verify'
