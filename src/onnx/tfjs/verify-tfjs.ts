/** Runs an exported file beside the TensorFlow.js model it was made of. */
import { MillwrightError, show } from '../../core/errors'
import { loadPeer } from '../../core/peer'
import { createRng } from '../../core/random'
import { throwIfAborted } from '../../core/signal'
import type { TfjsArtifacts } from '../../modelfiles/tfjs-artifacts'
import type { OnnxLib } from '../../ports/onnx-lib'
import { loadEngine } from '../engine'
import type { GraphPort } from './write-model'

/** The part of TensorFlow.js that the verification uses. */
export interface TfjsModule {
  ready(): Promise<void>
  tensor(values: never, shape: number[], dtype: never): TfjsModuleTensor
  loadLayersModel(handler: never): Promise<TfjsModuleModel>
}

/** A tensor of {@link TfjsModule}. */
export interface TfjsModuleTensor {
  readonly shape: number[]
  data(): Promise<ArrayLike<unknown>>
  dispose(): void
}

/** A model of {@link TfjsModule}. */
export interface TfjsModuleModel {
  getWeights(): TfjsModuleTensor[]
  predictOnBatch(inputs: never): TfjsModuleTensor | TfjsModuleTensor[]
  dispose(): unknown
}

/** What a verification found. */
export interface TfjsVerification {
  readonly rows: number
  /** The largest difference of an output, relative where it is above 1. */
  readonly maxDifference: number
}

/** How the file is compared with the model. */
export interface VerifyTfjsOptions {
  readonly tf: TfjsModule | undefined
  readonly lib: OnnxLib | undefined
  readonly inputs: readonly GraphPort[]
  readonly outputs: readonly GraphPort[]
  readonly tolerance: number
  readonly rows: number
  readonly signal: AbortSignal | undefined
}

interface Sample {
  readonly name: string
  readonly dtype: GraphPort['dtype']
  readonly shape: number[]
  readonly data: Float32Array | Int32Array
}

interface Answer {
  readonly shape: readonly number[]
  readonly data: ArrayLike<unknown>
}

/** Compares the answers on random rows. @throws Internal where they differ by more than the tolerance */
export async function verifyTfjs(artifacts: TfjsArtifacts, bytes: Uint8Array, options: VerifyTfjsOptions): Promise<TfjsVerification> {
  const without = ', or write without verifying: `verify: false`'
  const { inputs, outputs, tolerance, rows, signal } = options
  const engine = await loadEngine('tfjsToOnnx', options.lib, without)
  const tf =
    options.tf ??
    (await loadPeer<TfjsModule>('@tensorflow/tfjs', {
      needed: 'tfjsToOnnx without `tf`',
      hint: `npm install @tensorflow/tfjs, or hand in \`tf\`${without}`,
    }))
  throwIfAborted(signal)
  const samples = inputs.map((input, i) => sampleOf(input, rows, i + 1))
  const own = await runTfjs(tf, artifacts, samples)
  throwIfAborted(signal)
  const other = await runOnnx(engine, bytes, samples)
  let maxDifference = 0
  outputs.forEach(({ name }, i) => {
    maxDifference = Math.max(maxDifference, compare(name, own[i] as Answer, other[name] as Answer, tolerance))
  })
  return { rows, maxDifference }
}

/** Small random numbers; of whole ones 0 and 1, which every embedding has a place for. An open size is 4. */
function sampleOf({ name, dtype, shape }: GraphPort, rows: number, seed: number): Sample {
  const random = createRng(seed)
  const sizes = shape.map((size, axis) => (size !== -1 ? size : axis === 0 ? rows : 4))
  const count = sizes.reduce((product, size) => product * size, 1)
  const data =
    dtype === 'int32'
      ? Int32Array.from({ length: count }, () => Math.floor(random.next() * 2))
      : Float32Array.from({ length: count }, () => random.next() * 2 - 1)
  return { name, dtype, shape: sizes, data }
}

async function runTfjs(tf: TfjsModule, artifacts: TfjsArtifacts, samples: readonly Sample[]): Promise<readonly Answer[]> {
  await tf.ready()
  const model = await tf.loadLayersModel({ load: async () => artifacts } as never)
  const tensors = samples.map(({ data, shape, dtype }) => tf.tensor(data as never, shape, dtype as never))
  const made: TfjsModuleTensor[] = []
  const weights = model.getWeights()
  try {
    made.push(...[model.predictOnBatch((tensors.length === 1 ? tensors[0] : tensors) as never)].flat())
    return await Promise.all(made.map(async (tensor) => ({ shape: tensor.shape, data: await tensor.data() })))
  } finally {
    model.dispose()
    // TensorFlow.js itself keeps the weights of models inside models.
    for (const tensor of new Set([...tensors, ...made, ...weights])) tensor.dispose()
  }
}

async function runOnnx(engine: OnnxLib, bytes: Uint8Array, samples: readonly Sample[]): Promise<Readonly<Record<string, Answer>>> {
  const Tensor = engine.Tensor as unknown as new (type: string, data: unknown, dims: readonly number[]) => object
  const session = await engine.InferenceSession.create(bytes, { logSeverityLevel: 3 })
  try {
    const feeds = Object.fromEntries(samples.map(({ name, dtype, data, shape }) => [name, new Tensor(dtype, data, shape)]))
    const results = (await session.run(feeds as never)) as Readonly<
      Record<string, { readonly dims: readonly number[]; readonly data: ArrayLike<unknown> }>
    >
    return Object.fromEntries(Object.entries(results).map(([name, { dims, data }]) => [name, { shape: dims, data }]))
  } finally {
    await session.release()
  }
}

/** The largest difference. */
function compare(name: string, own: Answer, other: Answer, tolerance: number): number {
  if (own.shape.join() !== other.shape.join())
    throw mismatch(name, `has the shape [${own.shape}] in TensorFlow.js and [${other.shape}] in the file`)
  let most = 0
  for (let i = 0; i < own.data.length; i++) {
    const [a, b] = [Number(own.data[i]), Number(other.data[i])]
    const difference = Object.is(a, b) ? 0 : Math.abs(a - b) / Math.max(1, Math.abs(a))
    if (!(difference <= tolerance)) throw mismatch(name, `is ${a} in TensorFlow.js and ${b} in the file, at place ${i}`)
    most = Math.max(most, difference)
  }
  return most
}

function mismatch(name: string, what: string): MillwrightError {
  return new MillwrightError('Internal', `tfjsToOnnx: the output ${show(name)} ${what}`, {
    hint: 'please report this with the model: the file was not handed out',
  })
}
