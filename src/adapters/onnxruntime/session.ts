/** A session of onnxruntime in the calling thread. */
import { MillwrightError } from '../../core/errors'
import type { ModelTensor } from '../../ports/model'
import type { OnnxLib } from '../../ports/onnx-lib'
import type { TensorEngine } from '../../tensors/loaded-model'
import { type EngineTensor, fromEngine, toEngine } from './engine-tensor'

/** Opens a session. @throws Corrupt when onnxruntime cannot open the model */
export async function sessionEngine(lib: OnnxLib, bytes: Uint8Array, sessionOptions: object): Promise<TensorEngine> {
  const session = await lib.InferenceSession.create(bytes, sessionOptions).catch((cause: unknown) => {
    throw cannotOpen((cause as Error).message, cause)
  })
  const make = lib.Tensor as unknown as new (type: string, data: unknown, dims: readonly number[]) => object
  return {
    run(feeds, fetches) {
      const given: Record<string, object> = {}
      for (const name of Object.keys(feeds)) {
        const { type, data, dims } = toEngine(feeds[name] as ModelTensor)
        given[name] = new make(type, data, dims)
      }
      return session.run(given as never, fetches as never).then((results) => {
        const tensors: Record<string, ModelTensor> = {}
        for (const name of fetches) tensors[name] = fromEngine(results[name] as EngineTensor)
        return tensors
      })
    },
    close: () => session.release(),
  }
}

/** The error for a model that onnxruntime refuses. */
export function cannotOpen(message: string, cause?: unknown): MillwrightError {
  return new MillwrightError('Corrupt', `onnxruntime cannot open the model: ${message}`, { cause })
}
