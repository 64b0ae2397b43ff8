/** What runs ONNX files: handed in, or the package onnxruntime-node. */
import { loadPeer } from '../core/peer'
import type { OnnxLib } from '../ports/onnx-lib'

/** The engine that was handed in, or onnxruntime-node. @throws MissingDependency */
export async function loadEngine(subject: string, lib: OnnxLib | undefined, more = ''): Promise<OnnxLib> {
  if (lib !== undefined) return lib
  const hint = `npm install onnxruntime-node, or hand in \`lib\` (import * as ort from "onnxruntime-web")${more}`
  return loadPeer<OnnxLib>('onnxruntime-node', { needed: `${subject} without \`lib\``, hint })
}
