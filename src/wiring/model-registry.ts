/** `ModelRegistry` of `millwright` and `millwright/registry`: the class of the registry room, with the ONNX writer that this room may not import. */
import { invalidArgument, show } from '../core/errors'
import type { FittedModel } from '../learn/fitted-model'
import type { PackableModel } from '../ports/model'
import { ModelRegistry as BareModelRegistry } from '../registry'
import type { OnnxExport, OnnxExportOptions } from '../registry/onnx-export'
import type { ModelRegistryOptions } from '../registry/registry-options'
import type { ColumnSpec, ModelSignature } from '../schema/signature'

/**
 * Stores models under names: versions that do not change, and aliases (`champion`, `challenger`) that move between versions.
 * `register(name, fitted, { onnx: true })` writes an ONNX file beside the model; the writer is loaded then.
 *
 * @example
 * const registry = new ModelRegistry({ storage: fsStorage({ root: './mlops' }) })
 * const version = await registry.register('flights', fitted, { metrics: { accuracy: 0.91 }, onnx: true })
 */
export class ModelRegistry extends BareModelRegistry {
  /** @throws InvalidArgument for bad options, Unsupported where the storage has no conditional put */
  constructor(options: ModelRegistryOptions) {
    super(isPlain(options) ? { ...options, onnxExporter: options.onnxExporter ?? exportForMlflow } : options)
  }
}

function isPlain(options: unknown): boolean {
  return typeof options === 'object' && options !== null && !Array.isArray(options)
}

/**
 * Writes a fitted model as MLflow's `python_function` runs it: inputs and outputs are columns of a data frame. MLflow feeds a model of one input
 * with a matrix, all others with one vector per column.
 */
async function exportForMlflow(model: PackableModel, options: OnnxExportOptions, signal: AbortSignal | undefined): Promise<OnnxExport> {
  if (!('parts' in model)) {
    throw invalidArgument(`register with \`onnx\` takes a model fitted by this library, got ${show(model)}`, {
      hint: 'for an ONNX file that is there already: register(name, onnxModel(bytes))',
    })
  }
  const fitted = model as FittedModel
  const { toOnnx } = await import('../onnx')
  const { lib, ...others } = options
  const bytes = await toOnnx(fitted, {
    ...others,
    ...(lib === undefined ? {} : { lib: lib as never }),
    inputs: fitted.features.length === 1 ? 'columns' : 'vectors',
    outputs: 'vectors',
    signal,
  })
  return { bytes, signature: signatureOf(fitted) }
}

function signatureOf({ task, classes = [], features, signature }: FittedModel): ModelSignature {
  const [target] = signature.outputs as readonly ColumnSpec[]
  const label = { name: 'label', type: target?.type ?? 'string' } as const
  const scores = classes.map((each): ColumnSpec => ({ name: `probability_${String(each)}`, type: 'float64' }))
  return {
    inputs: features.map(inputOf),
    outputs: task === 'classification' ? [label, ...scores] : [{ name: 'prediction', type: 'float64' }],
  }
}

/** A feature as the file's input takes it: timestamps are milliseconds, and what may be missing is a float, text excepted. */
function inputOf({ name, type, required = true }: ColumnSpec): ColumnSpec {
  const isFloat = type === 'timestamp' || (type !== 'string' && !required)
  return { name, type: isFloat ? 'float64' : type, required }
}
