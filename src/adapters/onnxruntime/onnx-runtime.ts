/** ONNX models on onnxruntime: onnxruntime-node by default, onnxruntime-web (same interface) through `lib`. */
import { displayPort } from '../../core/display'
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import { checkOptions, ofType, oneOf, wholeNumber } from '../../core/options'
import { loadPeer } from '../../core/peer'
import { throwIfAborted } from '../../core/signal'
import type { ModelPackage, ModelRuntime, ModelTask, PackableModel } from '../../ports/model'
import type { OnnxLib } from '../../ports/onnx-lib'
import { assertSignature, isTensorSide, type ModelSignature } from '../../schema/signature'
import { assertProbabilities, type ResolvedBinding, resolveBinding, type TensorBinding, type TensorOutputs } from '../../tensors/binding'
import { bindingFile, columnSignature, hintsOf, inputColumns, writeBinding } from '../../tensors/binding-file'
import { type ModelGraph, tensorSignature } from '../../tensors/graph'
import { openTensorModel, type TensorEngine } from '../../tensors/loaded-model'
import { sessionEngine } from './session'
import { findWorkers, type WorkerPool, workerPool } from './workers'
import { readableModel } from './zip-map'

export type { OnnxLib, OnnxSession } from '../../ports/onnx-lib'
export type { TensorBinding as OnnxBinding, TensorOutputs as OnnxOutputs } from '../../tensors/binding'

/** Options of {@link onnxRuntime}. */
export interface OnnxRuntimeOptions {
  /** The engine. @default the package `onnxruntime-node`, loaded with the first model */
  readonly lib?: OnnxLib | undefined
  /** Passed to `InferenceSession.create`: `executionProviders`, `intraOpNumThreads`, … @default the engine's */
  readonly sessionOptions?: Readonly<Record<string, unknown>> | undefined
  /**
   * Runs models in this many threads of Node, each with a session of its own, so that the calling thread stays free while a model runs. Each
   * session uses one thread unless `sessionOptions.intraOpNumThreads` says otherwise. Calls of about the same size that wait for a thread go to it together
   * if, by the calls before, they take no longer than 5 ms; what the thread has not begun by then waits again. Ignored where there are no such threads, as
   * in a page.
   * @default 0: models run in the calling thread
   */
  readonly workers?: number | undefined
}

/** Options of {@link onnxModel}. */
export interface OnnxModelOptions extends TensorBinding {
  /**
   * Graph input → the columns that fill a row of it, in order: `{ numeric: ['bill_length_mm', 'bill_depth_mm'] }`.
   * @default the input's own name where it takes one value per row, else `name_0`, `name_1`, …
   */
  readonly inputs?: Readonly<Record<string, readonly string[]>> | undefined
  /** The roles of the outputs. @default inferred from type and shape */
  readonly outputs?: TensorOutputs | undefined
  /**
   * Input → the dimensions after the first, for an input with several that the file leaves open: `{ image: [3, 224, 224] }`. Its columns fill them
   * row-major.
   */
  readonly rowShapes?: Readonly<Record<string, readonly number[]>> | undefined
  /**
   * `true` for a model that rows cannot feed (scalars, a state that goes from call to call): its signature has tensors, and it is run with
   * `predictTensors` alone. @default false
   */
  readonly tensors?: boolean | undefined
  /** The labels in the order of the probabilities. @default read from the file where a classifier of ai.onnx.ml names them */
  readonly classes?: readonly (string | number | boolean)[] | undefined
  /** @default from the graph: columns of floats and strings may be missing (`NaN`, `''`), integers and booleans not */
  readonly signature?: ModelSignature | undefined
  /** @default inferred from the outputs */
  readonly task?: ModelTask | undefined
  readonly target?: string | undefined
  readonly metadata?: Readonly<Record<string, unknown>> | undefined
}

/** An ONNX file that can be registered. */
export interface OnnxModel extends PackableModel {
  readonly signature: ModelSignature
  readonly task: ModelTask
  readonly classes: readonly (string | number | boolean)[] | undefined
  pack(): ModelPackage
}

const modelFile = 'model.onnx'

/**
 * Wraps the bytes of an ONNX file as a model that can be registered, and served with plain rows. The model is not run, so no engine is needed.
 *
 * @example
 * const model = onnxModel(bytes, { inputs: { numeric: ['bill_length_mm', 'bill_depth_mm', 'flipper_length_mm', 'body_mass_g'] } })
 * @throws Corrupt when the bytes are no ONNX model; InvalidArgument when the options do not fit it; Unsupported for inputs that rows cannot fill
 */
export function onnxModel(bytes: Uint8Array, options: OnnxModelOptions = {}): OnnxModel {
  if (!(bytes instanceof Uint8Array)) throw invalidArgument(`onnxModel needs the bytes of a file, got ${show(bytes)}`)
  const object = ofType('object')
  checkOptions('onnxModel', options, {
    inputs: object,
    outputs: object,
    rowShapes: object,
    tensors: ofType('boolean'),
    classes: object,
    signature: object,
    task: oneOf('classification', 'regression', 'other'),
    target: ofType('string'),
    metadata: object,
  })
  const { graph } = readableModel(bytes)
  return options.tensors === true ? tensorModel(bytes, graph, options) : rowModel(bytes, graph, options)
}

function rowModel(bytes: Uint8Array, graph: ModelGraph, options: OnnxModelOptions): OnnxModel {
  const { inputs, outputs, rowShapes, target, metadata } = options
  const columns = options.signature === undefined ? undefined : inputColumns(options.signature)
  const binding = resolveBinding(graph, { inputs, outputs, rowShapes, columns, classes: options.classes, task: options.task })
  assertProbabilities(graph, outputs)
  const signature = options.signature ?? columnSignature(binding, target)
  assertSignature(signature)
  const { task, classes } = binding
  const files = { [modelFile]: bytes, [bindingFile]: writeBinding(binding, { rowShapes }) }
  return { signature, task, classes, pack: () => ({ flavor: 'onnx', signature, files, task, classes, target, metadata }) }
}

function tensorModel(bytes: Uint8Array, graph: ModelGraph, options: OnnxModelOptions): OnnxModel {
  const other = (['inputs', 'outputs', 'rowShapes'] as const).find((name) => options[name] !== undefined)
  if (other !== undefined) throw invalidArgument(`onnxModel with \`tensors\` takes no rows, so it has no \`${other}\``)
  const { target, metadata, classes, task = 'other' } = options
  const signature = options.signature ?? tensorSignature(graph)
  assertSignature(signature)
  if (!isTensorSide(signature.inputs)) throw invalidArgument('onnxModel with `tensors` needs a signature whose inputs are tensors')
  return {
    signature,
    task,
    classes,
    pack: () => ({ flavor: 'onnx', signature, files: { [modelFile]: bytes }, task, classes, target, metadata }),
  }
}

/**
 * Runs packages of flavor `onnx`: a file `model.onnx` (or the only `.onnx` file), and `binding.json` as {@link onnxModel} writes it;
 * without that file, the binding is inferred from the graph and the signature's columns.
 *
 * Missing numbers are fed as `NaN`, missing strings as `''`. The lists of maps that ZipMap makes are the matrix of probabilities instead. A graph
 * with a fixed first dimension is run several times for more rows. An output whose first dimension is not the rows is `Unsupported`, unless
 * `outputs.perCall` names it; the first call of several rows may run one row again to find that out. Scores that are no probabilities stay in
 * `outputs`. `predictTensors` of a loaded model runs it with tensors as they are.
 *
 * @example
 * const model = await onnxRuntime({ workers: 2 }).load(onnxModel(bytes).pack())
 */
export function onnxRuntime(options: OnnxRuntimeOptions = {}): ModelRuntime {
  checkOptions('onnxRuntime', options, {
    lib: { allowed: 'a module', test: isModule },
    sessionOptions: ofType('object'),
    workers: wholeNumber(0, 256),
  })
  const { lib: given, sessionOptions = {}, workers = 0 } = options
  if (given !== undefined && workers > 0)
    throw invalidArgument('onnxRuntime takes `workers` or `lib`, not both: workers load onnxruntime-node themselves')
  const threads = workers > 0 ? findWorkers() : undefined
  const open =
    threads === undefined ? inThisThread(given, sessionOptions) : inWorkers(workerPool({ threads, size: workers, sessionOptions }))
  return displayPort('ModelRuntime', {
    portVersion: 1,
    name: 'onnx',
    capabilities: { batches: true, blocking: threads === undefined },
    flavors: ['onnx'],
    async load(model, { signal } = {}) {
      throwIfAborted(signal)
      const { graph, bytes } = readableModel(modelBytes(model))
      const binding = bindingOf(graph, model)
      return openTensorModel(await open(bytes, signal), { graph, binding, model })
    },
  })
}

/** Opens a session for the bytes of a model. */
type OpenEngine = (bytes: Uint8Array, signal: AbortSignal | undefined) => Promise<TensorEngine>

function inThisThread(given: OnnxLib | undefined, sessionOptions: object): OpenEngine {
  let lib: Promise<OnnxLib> | undefined
  return async (bytes, signal) => {
    lib ??= given === undefined ? loadNode() : Promise.resolve(given)
    const engine = await lib.catch((error: unknown) => {
      lib = undefined
      throw error
    })
    throwIfAborted(signal)
    return sessionEngine(engine, bytes, sessionOptions)
  }
}

function inWorkers(pool: WorkerPool): OpenEngine {
  return (bytes, signal) => pool.open(bytes, signal)
}

/** The binding of a package; none for a model that was made with `tensors`, or that only tensors can feed. */
function bindingOf(graph: ModelGraph, model: ModelPackage): ResolvedBinding | undefined {
  const isTensors = isTensorSide(model.signature.inputs) && !Object.hasOwn(model.files, bindingFile)
  try {
    return resolveBinding(graph, hintsOf(model))
  } catch (error) {
    if (isTensors && error instanceof MillwrightError && ['Unsupported', 'InvalidArgument'].includes(error.code)) return undefined
    throw error
  }
}

function isModule(value: unknown): boolean {
  return (typeof value === 'object' || typeof value === 'function') && value !== null && 'InferenceSession' in value && 'Tensor' in value
}

function loadNode(): Promise<OnnxLib> {
  const isPage = typeof document !== 'undefined' || typeof (globalThis as { importScripts?: unknown }).importScripts === 'function'
  return loadPeer<OnnxLib>('onnxruntime-node', {
    needed: 'onnxRuntime without `lib`',
    hint: isPage ? "in a page: import * as ort from 'onnxruntime-web', and onnxRuntime({ lib: ort })" : undefined,
  })
}

function modelBytes({ files }: ModelPackage): Uint8Array {
  const names = Object.keys(files).filter((name) => name.endsWith('.onnx'))
  const name = names.includes(modelFile) ? modelFile : names.length === 1 ? names[0] : undefined
  if (name === undefined)
    throw new MillwrightError(
      'Corrupt',
      `a model of flavor onnx must hold ${modelFile}, it holds ${Object.keys(files).map(show).join(', ') || 'no file'}`,
    )
  return files[name] as Uint8Array
}
