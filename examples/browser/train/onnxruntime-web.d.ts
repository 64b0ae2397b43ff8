/** What the page uses of onnxruntime-web, which is optional here. A project of your own has its types with the package. */
declare module 'onnxruntime-web/wasm' {
  import type { OnnxLib } from 'millwright/runtime/onnx'

  export const InferenceSession: OnnxLib['InferenceSession'] | undefined
  export const Tensor: OnnxLib['Tensor']
}
