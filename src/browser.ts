/** What a page needs: every neutral name, with onnxruntime-web as the engine for ONNX models. */
import { functionRuntime } from './adapters/function/function-runtime'
import { type OnnxLib, onnxRuntime } from './adapters/onnxruntime/onnx-runtime'
import { learnRuntime } from './learn/runtime'
import type { ModelRuntime } from './ports/model'

export { type IndexeddbStorageOptions, indexeddbStorage } from './adapters/indexeddb/indexeddb-storage'
export * from './index'

/** The runtimes for a page: own learners, ONNX through the onnxruntime-web module that is handed in, functions. */
export function browserRuntimes(options: { readonly onnxruntimeWeb?: OnnxLib | undefined } = {}): readonly ModelRuntime[] {
  const { onnxruntimeWeb } = options
  return [learnRuntime(), ...(onnxruntimeWeb === undefined ? [] : [onnxRuntime({ lib: onnxruntimeWeb })]), functionRuntime()]
}
