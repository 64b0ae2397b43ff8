/** Converts models of TensorFlow.js to files, in its own layout: `model.json` and `weights.bin`. TensorFlow.js itself is not imported. */
import { utf8 } from '../core/bytes'
import { invalidArgument, show } from '../core/errors'
import { savedArtifacts, type TfjsArtifacts } from '../modelfiles/tfjs-artifacts'
import type { ModelPackage, ModelTask, PackableModel } from '../ports/model'
import type { TensorSpec, TensorType } from '../schema/signature'

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
      const saved = await savedArtifacts(model, { includeOptimizer })
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
  return { 'model.json': utf8(JSON.stringify(description)), 'weights.bin': new Uint8Array(weightData as ArrayBuffer) }
}

const tensorTypes: Readonly<Record<string, TensorType>> = { float32: 'float32', int32: 'int32', bool: 'bool', string: 'str' }

function tensorsOf(tensors: readonly TfjsTensorLike[] | undefined): readonly TensorSpec[] {
  return (tensors ?? []).map(({ name, dtype, shape }) => ({
    name,
    dtype: tensorTypes[dtype ?? ''] ?? 'float32',
    shape: (shape ?? []).map((size) => size ?? -1),
  }))
}
