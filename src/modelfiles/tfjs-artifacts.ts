/** The files of a TensorFlow.js model, read: `model.json` and the weight files that it names. TensorFlow.js itself is not imported. */
import { concatBytes, fromUtf8 } from '../core/bytes'
import { damaged } from '../core/damage'
import { invalidArgument, MillwrightError, show } from '../core/errors'
import { parseJson } from '../core/json'

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
  /** Of graph models: names, types and shapes of inputs and outputs. */
  readonly signature?: unknown
}

/**
 * Makes the files of a logged model loadable with `tf.loadLayersModel` or `tf.loadGraphModel`: `tf.loadLayersModel(tfjsLoader(files))`.
 *
 * @param files `model.json` and the weight files that it names, as TensorFlow.js and its converter write them: `weights.bin`, or shards
 *   such as `group1-shard1of2.bin`
 * @throws Corrupt when they are not a model; the message names the file or member that is wrong
 */
export function tfjsLoader(files: Readonly<Record<string, Uint8Array>>): { load(): Promise<TfjsArtifacts> } {
  const { groups, rest } = readDescription(fileOf(files, 'model.json'))
  const shards = groups.flatMap(({ paths }) => paths.map((path) => fileOf(files, path)))
  const weightSpecs = groups.flatMap(({ weights }) => weights)
  return { load: async () => ({ ...rest, weightSpecs, weightData: concatBytes(shards).buffer as ArrayBuffer }) }
}

/** A model of TensorFlow.js that can be saved. */
export interface SavableTfjsModel {
  save(handler: { save(artifacts: TfjsArtifacts): Promise<unknown> }, config?: { readonly includeOptimizer?: boolean }): Promise<unknown>
}

/** What TensorFlow.js saves of a model, its weights in one buffer. */
export async function savedArtifacts(model: SavableTfjsModel, config: { readonly includeOptimizer: boolean }): Promise<TfjsArtifacts> {
  let saved: TfjsArtifacts | undefined
  const save = async (artifacts: TfjsArtifacts): Promise<unknown> => {
    saved = artifacts
    return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } }
  }
  await model.save({ save }, config)
  if (saved === undefined)
    throw new MillwrightError('Internal', '`save` of the TensorFlow.js model did not pass its topology and weights to the save handler')
  const { weightData = [] } = saved
  const parts = (Array.isArray(weightData) ? weightData : [weightData]) as readonly ArrayBuffer[]
  return { ...saved, weightData: concatBytes(parts.map((part) => new Uint8Array(part))).buffer as ArrayBuffer }
}

/** The paths of the weight files that a `model.json` names, relative to it. @throws Corrupt when it is no such file, or a path leads elsewhere */
export function tfjsWeightPaths(description: Uint8Array): readonly string[] {
  const paths = readDescription(description).groups.flatMap((group) => group.paths)
  const outside = paths.find((path) => path.startsWith('/') || path.split(/[/\\]/).includes('..') || path.includes(':'))
  if (outside !== undefined) throw damaged('model.json', ['weightsManifest'], 'paths beside model.json', outside)
  return paths
}

/** Bytes of a value of each type that weights are stored in; texts have no fixed size. */
const widths: Readonly<Record<string, number>> = { float32: 4, int32: 4, bool: 1, uint8: 1, uint16: 2, float16: 2, complex64: 8 }

/** @throws Corrupt when the weight files hold fewer or more bytes than `model.json` says */
export function assertWeightBytes({ weightSpecs = [], weightData }: TfjsArtifacts): void {
  let expected = 0
  for (const spec of weightSpecs as readonly WeightSpec[]) {
    const width = widths[spec.quantization?.dtype ?? spec.dtype]
    if (width === undefined) return
    expected += spec.shape.reduce((product, size) => product * size, width)
  }
  const found = (weightData as ArrayBuffer).byteLength
  if (found !== expected)
    throw new MillwrightError('Corrupt', `the weight files of the TensorFlow.js model must hold ${expected} bytes, they hold ${found}`)
}

/** What `model.json` says of a weight. */
export interface WeightSpec {
  readonly name: string
  readonly shape: readonly number[]
  readonly dtype: string
  readonly quantization?: { readonly dtype: string; readonly scale?: number; readonly min?: number } | undefined
}

interface Description {
  readonly groups: readonly ReturnType<typeof weightGroup>[]
  readonly rest: TfjsArtifacts
}

function readDescription(description: Uint8Array): Description {
  const model = parseJson(fromUtf8(description), 'model.json') as TfjsArtifacts & { weightsManifest?: unknown }
  if (typeof model !== 'object' || model === null) throw damaged('model.json', [], 'an object', model)
  const { weightsManifest, ...rest } = model
  if (!Array.isArray(weightsManifest)) throw damaged('model.json', ['weightsManifest'], 'an array', weightsManifest)
  return { groups: weightsManifest.map(weightGroup), rest }
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
