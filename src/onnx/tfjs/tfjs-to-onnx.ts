/** LayersModels of TensorFlow.js as ONNX files. */
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import { checkOptions, either, finiteNumber, nonEmptyString, ofType, wholeNumber } from '../../core/options'
import { throwIfAborted } from '../../core/signal'
import { type SavableTfjsModel, savedArtifacts, type TfjsArtifacts, tfjsLoader } from '../../modelfiles/tfjs-artifacts'
import { readTopology } from '../../modelfiles/tfjs-topology'
import { readWeights } from '../../modelfiles/tfjs-weights'
import type { OnnxLib } from '../../ports/onnx-lib'
import { type TfjsModule, type TfjsVerification, verifyTfjs } from './verify-tfjs'
import { writeTfjsModel } from './write-model'

/** A model of TensorFlow.js: a `tf.LayersModel`, or its files by name. */
export type TfjsModelSource =
  | Readonly<Record<string, Uint8Array>>
  | {
      save(
        handler: { save(artifacts: TfjsArtifacts): Promise<unknown> },
        config?: { readonly includeOptimizer?: boolean },
      ): Promise<unknown>
    }

/** Options of {@link tfjsToOnnx}. */
export interface TfjsToOnnxOptions {
  /** The name of the graph. @default 'millwright' */
  readonly name?: string | undefined
  /** A description, stored in the file. */
  readonly doc?: string | undefined
  /** Texts stored in the file, by key. */
  readonly metadata?: Readonly<Record<string, string>> | undefined
  /** `false` writes the file without running it. @default true */
  readonly verify?: boolean | undefined
  /** TensorFlow.js, which the file is compared with. @default the package `@tensorflow/tfjs` */
  readonly tf?: TfjsModule | undefined
  /** What runs the file. @default the package `onnxruntime-node`; in a page hand in `onnxruntime-web` */
  readonly lib?: OnnxLib | undefined
  /** The largest difference of an output, relative where it is above 1. @default 1e-4 */
  readonly tolerance?: number | undefined
  /** How many random rows the file is verified on. @default 8 */
  readonly rows?: number | undefined
  /** Told what the verification found. */
  readonly onVerified?: ((verification: TfjsVerification) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Writes a LayersModel of TensorFlow.js as an ONNX file (IR 8, ai.onnx 17), and verifies it: the file and TensorFlow.js must give the same
 * answers on random rows. Shared layers and models inside models are written too.
 *
 * Inputs have the names of the model's input layers, outputs those of its output layers, both float32 (int32 where the input layer says so),
 * the batch first.
 *
 * @example
 * await writeFile('net.onnx', await tfjsToOnnx(model, { tf }))
 * @throws Unsupported naming the layer that has no ONNX form, and for GraphModels; Corrupt for files that are no model; MissingDependency without an engine
 *   to verify with; Internal when the answers differ, which would be a fault of this library
 */
export async function tfjsToOnnx(model: TfjsModelSource, options: TfjsToOnnxOptions = {}): Promise<Uint8Array> {
  check(options)
  const { name = 'millwright', doc, metadata, verify = true, onVerified, signal } = options
  const artifacts = await artifactsOf(model)
  throwIfAborted(signal)
  if (artifacts.format === 'graph-model') {
    throw new MillwrightError('Unsupported', 'tfjsToOnnx writes LayersModels, this is a GraphModel', {
      hint: 'convert the model that it was made of; a GraphModel is run as it is by tfjsRuntime',
    })
  }
  const { graph, inputs, outputs } = writeTfjsModel(readTopology(artifacts.modelTopology), readWeights(artifacts))
  const bytes = graph.build({ name, doc, metadata })
  if (!verify) return bytes
  const { tf, lib, tolerance = 1e-4, rows = 8 } = options
  const verification = await verifyTfjs(artifacts, bytes, { tf, lib, inputs, outputs, tolerance, rows, signal })
  onVerified?.(verification)
  return bytes
}

function check(options: TfjsToOnnxOptions): void {
  checkOptions('tfjsToOnnx', options, {
    name: nonEmptyString(),
    doc: ofType('string'),
    metadata: ofType('object'),
    verify: ofType('boolean'),
    tf: either(ofType('object'), ofType('function')),
    lib: either(ofType('object'), ofType('function')),
    tolerance: finiteNumber(0),
    rows: wholeNumber(1, 10_000),
    onVerified: ofType('function'),
    signal: ofType('object'),
  })
}

async function artifactsOf(model: TfjsModelSource): Promise<TfjsArtifacts> {
  if (typeof model !== 'object' || model === null)
    throw invalidArgument(`tfjsToOnnx takes a model of TensorFlow.js or its files, got ${show(model)}`)
  if (typeof model.save !== 'function') return tfjsLoader(model as Readonly<Record<string, Uint8Array>>).load()
  return savedArtifacts(model as SavableTfjsModel, { includeOptimizer: false })
}
