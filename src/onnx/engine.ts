/** What runs ONNX files: handed in, or the package onnxruntime-node. */
import { loadPeer } from '../core/peer'

/** The part of onnxruntime-common that is used; `onnxruntime-node`, `onnxruntime-web` and `onnxruntime-web/wasm` have it. */
export interface OnnxEngine {
  readonly InferenceSession: { create(model: Uint8Array, options?: object): Promise<OnnxEngineSession> }
  readonly Tensor: new (type: never, data: never, dims: never) => object
}

/** A session of {@link OnnxEngine}. */
export interface OnnxEngineSession {
  run(feeds: never): Promise<Readonly<Record<string, unknown>>>
  release(): Promise<void>
}

/** The engine that was handed in, or onnxruntime-node. @throws MissingDependency */
export async function loadEngine(subject: string, lib: OnnxEngine | undefined, more = ''): Promise<OnnxEngine> {
  if (lib !== undefined) return lib
  const hint = `npm install onnxruntime-node, or hand in \`lib\` (import * as ort from "onnxruntime-web")${more}`
  return loadPeer<OnnxEngine>('onnxruntime-node', { needed: `${subject} without \`lib\``, hint })
}
