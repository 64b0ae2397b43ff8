/** ONNX models on onnxruntime: onnxruntime-node by default, onnxruntime-web (same interface) through `lib`. */
import * as z from 'zod/mini'
import { utf8 } from '../../core/bytes'
import { displayPort } from '../../core/display'
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import { checkOptions, ofType, oneOf } from '../../core/options'
import { loadPeer } from '../../core/peer'
import { throwIfAborted } from '../../core/signal'
import { parseStored, storedFormat } from '../../core/stored'
import type { LoadedModel, ModelPackage, ModelRuntime, ModelTask, PackableModel, PredictionBatch } from '../../ports/model'
import { assertSignature, type ColumnSpec, isTensorSide, type ModelSignature } from '../../schema/signature'
import {
  assertProbabilities,
  type BindingHints,
  columnTypeOf,
  type OnnxBinding,
  type OnnxOutputs,
  type ResolvedBinding,
  resolveBinding,
} from './binding'
import { boundsOf, columnsOf, tensorOf } from './feeds'
import { readOnnxGraph } from './graph'
import { type PlainTensor, rowsOfTensor, toBatch, wholeTensor } from './tensors'

export type { OnnxBinding, OnnxOutputs } from './binding'

/** The part of onnxruntime-common that is used; `onnxruntime-node`, `onnxruntime-web` and `onnxruntime-web/wasm` have it. */
export interface OnnxLib {
  readonly InferenceSession: { create(model: Uint8Array, options?: object): Promise<OnnxSession> }
  readonly Tensor: new (type: never, data: never, dims: never) => object
}

/** A session of onnxruntime. */
export interface OnnxSession {
  run(feeds: never, fetches: never): Promise<Readonly<Record<string, unknown>>>
  release(): Promise<void>
}

/** Options of {@link onnxRuntime}. */
export interface OnnxRuntimeOptions {
  /** The engine. @default the package `onnxruntime-node`, loaded with the first model */
  readonly lib?: OnnxLib | undefined
  /** Passed to `InferenceSession.create`: `executionProviders`, `intraOpNumThreads`, … @default the engine's */
  readonly sessionOptions?: Readonly<Record<string, unknown>> | undefined
}

/** Options of {@link onnxModel}. */
export interface OnnxModelOptions extends OnnxBinding {
  /**
   * Graph input → the columns that fill a row of it, in order: `{ numeric: ['bill_length_mm', 'bill_depth_mm'] }`.
   * @default the input's own name where it takes one value per row, else `name_0`, `name_1`, …
   */
  readonly inputs?: Readonly<Record<string, readonly string[]>> | undefined
  /** The roles of the outputs. @default inferred from type and shape */
  readonly outputs?: OnnxOutputs | undefined
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
const bindingFile = 'binding.json'

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
    classes: object,
    signature: object,
    task: oneOf('classification', 'regression', 'other'),
    target: ofType('string'),
    metadata: object,
  })
  const { inputs, outputs, target, metadata } = options
  const columns = options.signature === undefined ? undefined : inputColumns(options.signature)
  const graph = readOnnxGraph(bytes)
  const binding = resolveBinding(graph, { inputs, outputs, columns, classes: options.classes, task: options.task })
  assertProbabilities(graph, outputs)
  const signature = options.signature ?? signatureOf(binding, target)
  assertSignature(signature)
  const { task, classes } = binding
  return {
    signature,
    task,
    classes,
    pack: () => ({ flavor: 'onnx', signature, files: filesOf(bytes, binding), task, classes, target, metadata }),
  }
}

/**
 * Runs packages of flavor `onnx`: a file `model.onnx` (or the only `.onnx` file), and `binding.json` as {@link onnxModel} writes it;
 * without that file, the binding is inferred from the graph and the signature's columns.
 *
 * Missing numbers are fed as `NaN`, missing strings as `''`. Outputs that are no tensors (ZipMap) are left out, because
 * onnxruntime's JavaScript interface cannot return them. A graph with a fixed first dimension is run several times for more rows. An output whose first
 * dimension is not the rows is `Unsupported`, unless `outputs.perCall` names it; the first call of several rows may run one row again to
 * find that out. Scores that are no probabilities stay in `outputs`.
 */
export function onnxRuntime(options: OnnxRuntimeOptions = {}): ModelRuntime {
  checkOptions('onnxRuntime', options, { lib: { allowed: 'a module', test: isModule }, sessionOptions: ofType('object') })
  let lib: Promise<OnnxLib> | undefined
  return displayPort('ModelRuntime', {
    portVersion: 1,
    name: 'onnx',
    capabilities: { batches: true, blocking: true },
    flavors: ['onnx'],
    async load(model, { signal } = {}) {
      throwIfAborted(signal)
      const bytes = modelBytes(model)
      const binding = resolveBinding(readOnnxGraph(bytes), hintsOf(model))
      lib ??= options.lib === undefined ? loadNode() : Promise.resolve(options.lib)
      const engine = await lib.catch((error: unknown) => {
        lib = undefined
        throw error
      })
      throwIfAborted(signal)
      return openSession(await createSession(engine, bytes, options.sessionOptions), engine, binding, model)
    },
  })
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

async function createSession(engine: OnnxLib, bytes: Uint8Array, sessionOptions: object | undefined): Promise<OnnxSession> {
  try {
    return await engine.InferenceSession.create(bytes, sessionOptions ?? {})
  } catch (cause) {
    throw new MillwrightError('Corrupt', `onnxruntime cannot open the model: ${(cause as Error).message}`, { cause })
  }
}

function openSession(session: OnnxSession, engine: OnnxLib, binding: ResolvedBinding, { signature }: ModelPackage): LoadedModel {
  const { inputs, prediction, probabilities, scores, others, perCall, task, classes, fixedRows } = binding
  const fetches = [prediction, probabilities, scores, ...others].flatMap((output) => (output === undefined ? [] : [output.name]))
  const make = engine.Tensor as unknown as new (type: string, data: unknown, dims: readonly number[]) => object
  let disposed: Promise<void> | undefined
  const running = new Set<Promise<unknown>>()
  const perRow = [prediction, probabilities, scores, ...others].filter((output) => output !== undefined && output.rowByRow !== true)
  /** Outputs whose first dimension may not be the rows. */
  const unproven = new Set(perRow.flatMap((output) => (output === undefined || perCall.includes(output.name) ? [] : [output.name])))

  const execute: LoadedModel['run'] = async (table, { signal } = {}): Promise<PredictionBatch> => {
    const columns = columnsOf(table, inputs, 'the ONNX model')
    const parts = new Map(fetches.map((name) => [name, [] as unknown[]]))
    const step = fixedRows ?? table.numRows
    const runOf = (from: number, count: number): Promise<Readonly<Record<string, unknown>>> => {
      const feeds: Record<string, object> = {}
      for (const input of inputs) {
        const { type, data, dims } = tensorOf(input, columns.get(input) ?? [], from, count)
        feeds[input.name] = new make(type, data, dims)
      }
      return session.run(feeds as never, fetches as never)
    }
    for (let from = 0; from < table.numRows; from += step) {
      throwIfAborted(signal)
      const results = await runOf(from, step)
      for (const [name, rows] of parts) {
        const tensor = results[name] as PlainTensor
        const values = perCall.includes(name) ? new Array(step).fill(wholeTensor(tensor)) : rowsOfTensor(tensor, step, name)
        for (let i = 0; i < Math.min(step, table.numRows - from); i++) rows.push(values[i])
      }
    }
    if (unproven.size > 0 && fixedRows === undefined && table.numRows > 1) {
      // The first dimension may equal the number of rows by chance. Running a single row shows whether it depends on the rows.
      const results = await runOf(0, 1)
      for (const name of unproven) rowsOfTensor(results[name] as PlainTensor, 1, name)
      unproven.clear()
    }
    return toBatch(parts, binding, table.numRows)
  }

  return {
    signature,
    task,
    classes,
    bounds: boundsOf(inputs),
    async run(table, options) {
      if (disposed !== undefined) throw new MillwrightError('InvalidState', 'the ONNX model is disposed')
      const work = Promise.resolve(execute(table, options))
      running.add(work)
      try {
        return await work
      } finally {
        running.delete(work)
      }
    },
    dispose() {
      // Releasing a session during a run crashes the process.
      disposed ??= Promise.allSettled([...running]).then(() => session.release())
      return disposed
    },
  }
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

/** The format of `binding.json`. */
const bindingFormat = /* @__PURE__ */ storedFormat((): z.ZodMiniType<OnnxBinding> => {
  const name = z.optional(z.string())
  return z.looseObject({
    inputs: z.optional(z.record(z.string(), z.array(z.string()))),
    outputs: z.optional(z.looseObject({ prediction: name, probabilities: name, scores: name })),
  })
})

function hintsOf({ files, signature, classes, task }: ModelPackage): BindingHints {
  const stored = Object.hasOwn(files, bindingFile) ? parseStored(bindingFormat, files[bindingFile] as Uint8Array, bindingFile) : {}
  return { ...stored, columns: inputColumns(signature), classes, task }
}

function inputColumns({ inputs }: ModelSignature): readonly ColumnSpec[] {
  return isTensorSide(inputs) ? [] : (inputs as readonly ColumnSpec[])
}

function signatureOf({ inputs, prediction, classes, task }: ResolvedBinding, target: string | undefined): ModelSignature {
  const columns = inputs.flatMap(({ dtype, columns: names }) => names.map((name) => ({ name, ...columnOf(columnTypeOf(dtype)) })))
  const label = classes?.[0]
  const type = prediction?.dtype === undefined ? (typeof label === 'string' ? 'string' : 'float64') : columnTypeOf(prediction.dtype)
  const gives = prediction !== undefined || task === 'classification'
  return { inputs: columns, outputs: gives ? [{ name: target ?? prediction?.name ?? 'prediction', type }] : [] }
}

function columnOf(type: ColumnSpec['type']): Pick<ColumnSpec, 'type' | 'required'> {
  return { type, required: type !== 'float64' && type !== 'string' }
}

function filesOf(bytes: Uint8Array, { inputs, prediction, probabilities, scores, perCall }: ResolvedBinding): Record<string, Uint8Array> {
  const binding: OnnxBinding = {
    inputs: Object.fromEntries(inputs.map(({ name, columns }) => [name, columns])),
    outputs: {
      prediction: prediction?.name,
      probabilities: probabilities?.name,
      scores: scores?.name,
      ...(perCall.length === 0 ? {} : { perCall }),
    },
  }
  return { [modelFile]: bytes, [bindingFile]: utf8(`${JSON.stringify(binding, undefined, 2)}\n`) }
}
