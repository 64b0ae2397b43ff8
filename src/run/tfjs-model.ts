/** Converts models of TensorFlow.js to files and back, in its own layout: `model.json` and `weights.bin`. TensorFlow.js itself is not imported. */
import { concatBytes, fromUtf8, utf8 } from '../core/bytes'
import { damaged } from '../core/damage'
import { invalidArgument, MillwrightError, show } from '../core/errors'
import { parseJson } from '../core/json'
import type { ModelPackage, ModelTask, PackableModel } from '../ports/model'
import type { TensorSpec, TensorType } from '../schema/signature'

/** The members of TensorFlow.js' `ModelArtifacts` that are stored. */
export interface TfjsArtifacts {
  readonly modelTopology?: unknown
  readonly weightSpecs?: readonly unknown[] | undefined
  readonly weightData?: ArrayBuffer | readonly ArrayBuffer[] | undefined
  readonly format?: string | undefined
  readonly generatedBy?: string | undefined
  readonly convertedBy?: string | null | undefined
  readonly trainingConfig?: unknown
  readonly userDefinedMetadata?: unknown
}

/** The members of a `tf.LayersModel` or `tf.GraphModel` that are used here. */
export interface TfjsModelLike {
  save(handler: { save(artifacts: TfjsArtifacts): Promise<unknown> }, config?: { readonly includeOptimizer?: boolean }): Promise<unknown>
  readonly inputs?: readonly TfjsTensorLike[]
  readonly outputs?: readonly TfjsTensorLike[]
}

/** A symbolic tensor of such a model. */
export interface TfjsTensorLike {
  readonly name: string
  readonly dtype?: string | undefined
  readonly shape?: readonly (number | null)[] | undefined
}

/** Options of {@link tfjsModel}. */
export interface TfjsModelOptions {
  /** @default 'other' */
  readonly task?: ModelTask | undefined
  /** Of classifiers: the labels in the order of the output. */
  readonly classes?: readonly (string | number | boolean)[] | undefined
  /** Also stores the state of the optimizer, so that training can be continued. @default false */
  readonly includeOptimizer?: boolean | undefined
}

/**
 * Wraps a TensorFlow.js model so that it can be logged: `run.logModel('net', tfjsModel(model))`. Its signature has tensors; the files are those
 * that TensorFlow.js itself writes and can load over HTTP.
 *
 * @throws InvalidArgument
 */
export function tfjsModel(model: TfjsModelLike, options: TfjsModelOptions = {}): PackableModel {
  if (typeof model?.save !== 'function') throw invalidArgument(`tfjsModel takes a model of TensorFlow.js, got ${show(model)}`)
  const { task = 'other', classes, includeOptimizer = false } = options
  return {
    async pack(): Promise<ModelPackage> {
      let saved: TfjsArtifacts | undefined
      const save = async (artifacts: TfjsArtifacts): Promise<unknown> => {
        saved = artifacts
        return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } }
      }
      await model.save({ save }, { includeOptimizer })
      if (saved === undefined)
        throw new MillwrightError('Internal', '`save` of the TensorFlow.js model did not pass its topology and weights to the save handler')
      return {
        flavor: 'tfjs',
        signature: { inputs: tensorsOf(model.inputs), outputs: tensorsOf(model.outputs) },
        task,
        ...(classes === undefined ? {} : { classes }),
        files: filesOf(saved),
      }
    },
  }
}

/**
 * Makes the files of a logged model loadable with `tf.loadLayersModel` or `tf.loadGraphModel`: `tf.loadLayersModel(tfjsLoader(files))`.
 *
 * @param files `model.json` and the weight files that it names, as TensorFlow.js and its converter write them: `weights.bin`, or shards
 *   such as `group1-shard1of2.bin`
 * @throws Corrupt when they are not a model; the message names the file or member that is wrong
 */
export function tfjsLoader(files: Readonly<Record<string, Uint8Array>>): { load(): Promise<TfjsArtifacts> } {
  const description = fileOf(files, 'model.json')
  const model = parseJson(fromUtf8(description), 'model.json') as TfjsArtifacts & { weightsManifest?: unknown }
  if (typeof model !== 'object' || model === null) throw damaged('model.json', [], 'an object', model)
  const { weightsManifest, ...rest } = model
  if (!Array.isArray(weightsManifest)) throw damaged('model.json', ['weightsManifest'], 'an array', weightsManifest)
  const groups = weightsManifest.map(weightGroup)
  const shards = groups.flatMap(({ paths }) => paths.map((path) => fileOf(files, path)))
  const weightSpecs = groups.flatMap(({ weights }) => weights)
  return { load: async () => ({ ...rest, weightSpecs, weightData: concatBytes(shards).buffer as ArrayBuffer }) }
}

/** A group of the weights manifest: files that together hold the bytes of its weights. */
function weightGroup(value: unknown, i: number): { readonly paths: readonly string[]; readonly weights: readonly object[] } {
  const at = ['weightsManifest', i]
  if (typeof value !== 'object' || value === null) throw damaged('model.json', at, 'an object', value)
  const { paths, weights = [] } = value as { readonly paths?: unknown; readonly weights?: unknown }
  const isPath = (path: unknown): boolean => typeof path === 'string'
  if (!Array.isArray(paths) || !paths.every(isPath)) throw damaged('model.json', [...at, 'paths'], 'an array of file names', paths)
  if (!Array.isArray(weights) || !weights.every(isWeight)) {
    throw damaged('model.json', [...at, 'weights'], 'an array of weights, each with name, shape and dtype', weights)
  }
  return { paths, weights }
}

function isWeight(value: unknown): boolean {
  const { name, shape, dtype } = (value ?? {}) as Readonly<Record<string, unknown>>
  return typeof name === 'string' && typeof dtype === 'string' && Array.isArray(shape) && shape.every(Number.isSafeInteger)
}

function fileOf(files: Readonly<Record<string, Uint8Array>>, path: string): Uint8Array {
  if (typeof files !== 'object' || files === null) {
    throw invalidArgument(
      `tfjsLoader takes files by name: write tfjsLoader({ 'model.json': bytes, 'weights.bin': bytes }), got ${show(files)}`,
    )
  }
  const bytes = Object.hasOwn(files, path) ? files[path] : undefined
  if (bytes instanceof Uint8Array) return bytes
  throw new MillwrightError(
    'Corrupt',
    `the model of TensorFlow.js has no file ${show(path)}; it has ${Object.keys(files).map(show).join(', ') || 'none'}`,
  )
}

function filesOf({ modelTopology, weightSpecs = [], weightData, ...rest }: TfjsArtifacts): Record<string, Uint8Array> {
  const { format, generatedBy, convertedBy, trainingConfig, userDefinedMetadata } = rest
  const description = {
    format,
    generatedBy,
    convertedBy,
    modelTopology,
    trainingConfig,
    userDefinedMetadata,
    weightsManifest: [{ paths: ['weights.bin'], weights: weightSpecs }],
  }
  return { 'model.json': utf8(JSON.stringify(description)), 'weights.bin': joined(weightData) }
}

function joined(data: TfjsArtifacts['weightData']): Uint8Array {
  const parts = (data === undefined ? [] : Array.isArray(data) ? data : [data]) as readonly ArrayBuffer[]
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(new Uint8Array(part), at)
    at += part.byteLength
  }
  return bytes
}

const tensorTypes: Readonly<Record<string, TensorType>> = { float32: 'float32', int32: 'int32', bool: 'bool', string: 'str' }

function tensorsOf(tensors: readonly TfjsTensorLike[] | undefined): readonly TensorSpec[] {
  return (tensors ?? []).map(({ name, dtype, shape }) => ({
    name,
    dtype: tensorTypes[dtype ?? ''] ?? 'float32',
    shape: (shape ?? []).map((size) => size ?? -1),
  }))
}
