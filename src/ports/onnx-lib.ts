/** The engine of ONNX models. */

/** The part of onnxruntime-common that is used; `onnxruntime-node`, `onnxruntime-web` and `onnxruntime-web/wasm` have it. */
export interface OnnxLib {
  readonly InferenceSession: { create(model: Uint8Array, options?: object): Promise<OnnxSession> }
  readonly Tensor: new (type: never, data: never, dims: never) => object
}

/** A session of onnxruntime: one model, ready to run. */
export interface OnnxSession {
  /** @param fetches one argument, the names of the outputs to compute; without it, all are computed */
  run(feeds: never, ...fetches: readonly never[]): Promise<Readonly<Record<string, unknown>>>
  release(): Promise<void>
}
