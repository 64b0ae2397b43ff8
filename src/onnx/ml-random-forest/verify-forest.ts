/** Runs an exported file beside the forest of ml-random-forest that it was made of. */
import { MillwrightError } from '../../core/errors'
import { createRng } from '../../core/random'
import { throwIfAborted } from '../../core/signal'
import type { MlForest } from '../../modelfiles/ml-random-forest'
import { forestNumbers, forestVotes } from '../../modelfiles/ml-random-forest-run'
import type { OnnxLib } from '../../ports/onnx-lib'
import { loadEngine } from '../engine'
import type { Precision } from '../features'

/** What a verification found. */
export interface ForestVerification {
  readonly rows: number
  /** The largest difference of a probability, or the largest relative difference of a number. */
  readonly maxDifference: number
}

/** How file and forest are compared. */
export interface VerifyForestOptions {
  readonly inputs: readonly string[]
  readonly numFeatures: number
  readonly classes: readonly (string | number)[]
  readonly label: string
  readonly scores: string
  readonly precision: Precision
  readonly lib: OnnxLib | undefined
  readonly signal: AbortSignal | undefined
}

const numRows = 256
const tolerance = 1e-6

/** Compares labels and numbers on rows at and near the thresholds, missing values among them. @throws Internal where they differ */
export async function verifyForest(forest: MlForest, bytes: Uint8Array, options: VerifyForestOptions): Promise<ForestVerification> {
  const { classes, label, scores, signal, lib, numFeatures, precision } = options
  const engine = await loadEngine('mlRandomForestToOnnx', lib, ', or write without verifying: `verify: false`')
  throwIfAborted(signal)
  const values = sampleOf(forest, numFeatures, precision)
  const rows = { values, width: numFeatures, numRows }
  const session = await engine.InferenceSession.create(bytes, { logSeverityLevel: 3 })
  try {
    const results = await session.run(feedsOf(engine, values, options) as never)
    const dataOf = (name: string): ArrayLike<unknown> => (results[name] as { readonly data: ArrayLike<unknown> }).data
    const own = forest.selection === 'votes' ? forestVotes(forest, rows, classes.length) : forestNumbers(forest, rows)
    const maxDifference = compare(own, dataOf(scores))
    if (forest.selection === 'votes') compareLabels(own, classes, dataOf(label))
    return { rows: numRows, maxDifference }
  } finally {
    await session.release()
  }
}

/** Each feature of a row is one of its thresholds, a number near one, or missing. */
function sampleOf({ trees }: MlForest, numFeatures: number, precision: Precision): Float64Array {
  const random = createRng(1)
  const thresholds = Array.from({ length: numFeatures }, (): number[] => [])
  for (const { feature, threshold } of trees)
    for (const [node, tested] of feature.entries()) if (tested >= 0) thresholds[tested]?.push(threshold[node] as number)
  return Float64Array.from({ length: numRows * numFeatures }, (_, i) => {
    const known = thresholds[i % numFeatures] as readonly number[]
    const near = known[Math.floor(random.next() * known.length)] ?? 0
    const kind = random.next()
    const value = kind < 0.1 ? Number.NaN : kind < 0.4 ? near : near + (random.next() - 0.5) * Math.max(1, Math.abs(near))
    return precision === 'float64' ? value : Math.fround(value)
  })
}

function feedsOf(engine: OnnxLib, values: Float64Array, { inputs, numFeatures, precision }: VerifyForestOptions): Record<string, object> {
  const Tensor = engine.Tensor as unknown as new (type: string, data: unknown, dims: readonly number[]) => object
  const cells = (list: Float64Array): Float64Array | Float32Array => (precision === 'float64' ? list : Float32Array.from(list))
  const isMatrix = inputs.length === 1 && inputs[0] === 'X'
  if (isMatrix) return { X: new Tensor(precision, cells(values), [numRows, numFeatures]) }
  const column = (f: number): Float64Array => Float64Array.from({ length: numRows }, (_, row) => values[row * numFeatures + f] as number)
  return Object.fromEntries(inputs.map((name, f) => [name, new Tensor(precision, cells(column(f)), [numRows, 1])]))
}

function compare(own: Float64Array, other: ArrayLike<unknown>): number {
  let most = 0
  for (let i = 0; i < own.length; i++) {
    const value = own[i] as number
    const difference = Math.abs(value - Number(other[i])) / Math.max(1, Math.abs(value))
    if (!(difference <= tolerance)) throw mismatch(i, value, other[i])
    most = Math.max(most, difference)
  }
  return most
}

function compareLabels(votes: Float64Array, classes: readonly (string | number)[], labels: ArrayLike<unknown>): void {
  const width = classes.length
  for (let row = 0; row < numRows; row++) {
    const own = votes.subarray(row * width, (row + 1) * width)
    const expected = classes[own.indexOf(Math.max(...own))]
    const found = typeof expected === 'string' ? labels[row] : Number(labels[row])
    if (found !== expected) throw mismatch(row, expected, found)
  }
}

function mismatch(place: number, own: unknown, other: unknown): MillwrightError {
  return new MillwrightError(
    'Internal',
    `mlRandomForestToOnnx: at place ${place} the forest gives ${String(own)} and the file ${String(other)}`,
    {
      hint: 'please report this with the model: the file was not handed out',
    },
  )
}
