/** Models of TensorFlow.js: LayersModels and GraphModels, from their files. */
import { displayPort } from '../../core/display'
import { MillwrightError } from '../../core/errors'
import { checkOptions, nonEmptyString } from '../../core/options'
import { loadPeer } from '../../core/peer'
import { throwIfAborted } from '../../core/signal'
import type { ModelPackage, ModelRuntime } from '../../ports/model'
import { isTensorSide } from '../../schema/signature'
import { type ResolvedBinding, resolveBinding } from '../../tensors/binding'
import { bindingFile, hintsOf } from '../../tensors/binding-file'
import type { ModelGraph } from '../../tensors/graph'
import { openTensorModel } from '../../tensors/loaded-model'
import { openTfjs } from './tfjs-engine'
import type { TfjsLib } from './tfjs-lib'
import { rolesOf } from './tfjs-roles'

/** Options of {@link tfjsRuntime}. */
export interface TfjsRuntimeOptions {
  /** TensorFlow.js itself: `import * as tf from '@tensorflow/tfjs'`. @default the package `@tensorflow/tfjs`, loaded with the first model */
  readonly lib?: TfjsLib | undefined
  /** What computes: `cpu`, `webgl`, or the name of a back end that you have imported, such as `wasm`. @default what TensorFlow.js chooses */
  readonly backend?: string | undefined
}

/**
 * Runs packages of flavor `tfjs`: `model.json` and the weight files that it names, as `tfjsModel` logs them and {@link readTfjsModel} reads them.
 * The files are those that TensorFlow.js itself writes. Works in pages and, on plain JavaScript, in Node; `@tensorflow/tfjs-node` is not needed.
 * No tensor is left behind by a call, and disposing a model releases its weights.
 *
 * @example
 * const model = await tfjsRuntime().load(package)
 * const { predictions } = await model.run(table)
 */
export function tfjsRuntime(options: TfjsRuntimeOptions = {}): ModelRuntime {
  checkOptions('tfjsRuntime', options, { lib: { allowed: 'a module', test: isTfjs }, backend: nonEmptyString() })
  const library = tfjsLibrary(options)
  return displayPort('ModelRuntime', {
    portVersion: 1,
    name: 'tfjs',
    capabilities: { batches: true, blocking: true },
    flavors: ['tfjs'],
    async load(model, { signal } = {}) {
      throwIfAborted(signal)
      const lib = await library()
      throwIfAborted(signal)
      const { graph, engine } = await openTfjs(lib, model.files)
      try {
        return openTensorModel(engine, { graph, binding: bindingOf(graph, model), model })
      } catch (error) {
        await engine.close()
        throw error
      }
    },
  })
}

/** Gives TensorFlow.js, ready to compute; loads it when first called. */
export function tfjsLibrary({ lib: given, backend }: TfjsRuntimeOptions): () => Promise<TfjsLib> {
  let ready: Promise<TfjsLib> | undefined
  const prepare = async (): Promise<TfjsLib> => {
    const lib = given ?? (await loadPeer<TfjsLib>('@tensorflow/tfjs', { needed: 'tfjsRuntime without `lib`' }))
    if (backend === undefined) await lib.ready()
    else if (!(await lib.setBackend(backend)))
      throw new MillwrightError('Unsupported', `TensorFlow.js has no back end "${backend}" that works here`, {
        hint: 'import the package of the back end first: @tensorflow/tfjs-backend-wasm for `wasm`',
      })
    return lib
  }
  return () => {
    ready ??= prepare().catch((error: unknown) => {
      ready = undefined
      throw error
    })
    return ready
  }
}

/** Whether a value is TensorFlow.js. */
export function isTfjs(value: unknown): boolean {
  return (typeof value === 'object' || typeof value === 'function') && value !== null && 'loadLayersModel' in value && 'tensor' in value
}

/** The binding of a package; none for a model that only tensors can feed. */
function bindingOf(graph: ModelGraph, model: ModelPackage): ResolvedBinding | undefined {
  const isTensors = isTensorSide(model.signature.inputs) && !Object.hasOwn(model.files, bindingFile)
  try {
    const hints = hintsOf(model)
    return resolveBinding(graph, { ...hints, outputs: hints.outputs ?? rolesOf(graph, model) })
  } catch (error) {
    if (isTensors && error instanceof MillwrightError && ['Unsupported', 'InvalidArgument'].includes(error.code)) return undefined
    throw error
  }
}
