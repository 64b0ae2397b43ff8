/** Models of TensorFlow.js as files, and back: its own layout, `model.json` and `weights.bin`. Nothing of TensorFlow.js is imported. */
import { fromUtf8, utf8 } from '../core/bytes'
import { invalidArgument, MillwrightError, show } from '../core/errors'
import { parseJson } from '../core/json'
import type { ModelPackage, ModelTask, PackableModel } from '../ports/model'
import type { TensorSpec, TensorType } from '../schema/signature'

/** What TensorFlow.js hands to whoever saves a model: `ModelArtifacts`, as far as it is kept. */
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

/** A `tf.LayersModel` (or `tf.GraphModel`), as far as it is used. */
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
  /** Keeps the optimizer's state too, to train on. @default false */
  readonly includeOptimizer?: boolean | undefined
}

/**
 * A model of TensorFlow.js that can be logged: `run.logModel('net', tfjsModel(model))`. Its signature is made of tensors; the files are those
 * that TensorFlow.js itself writes and loads, from any place that serves them.
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
      if (saved === undefined) throw new MillwrightError('Internal', 'the model of TensorFlow.js did not hand out what it is made of')
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
 * A logged model for `tf.loadLayersModel` (or `tf.loadGraphModel`): `tf.loadLayersModel(tfjsLoader(files))`.
 *
 * @param files `model.json` and `weights.bin`
 * @throws Corrupt when they are no model
 */
export function tfjsLoader(files: Readonly<Record<string, Uint8Array>>): { load(): Promise<TfjsArtifacts> } {
  const [description, weights] = [files['model.json'], files['weights.bin']]
  if (description === undefined || weights === undefined) {
    throw new MillwrightError('Corrupt', `a model of TensorFlow.js has model.json and weights.bin, got ${show(Object.keys(files))}`)
  }
  const model = parseJson(fromUtf8(description), 'model.json') as TfjsArtifacts & { weightsManifest?: readonly { weights?: unknown[] }[] }
  const { weightsManifest, ...rest } = model
  if (!Array.isArray(weightsManifest)) throw new MillwrightError('Corrupt', 'model.json has no list of weights')
  const weightSpecs = weightsManifest.flatMap((group: { weights?: unknown[] }) => group.weights ?? [])
  return { load: async () => ({ ...rest, weightSpecs, weightData: weights.slice().buffer as ArrayBuffer }) }
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
