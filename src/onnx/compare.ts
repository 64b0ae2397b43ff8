/** Compares two ONNX files by their answers: what a smaller file loses. */
import { attachDisplay, markdownTable, textTable } from '../core/display'
import { invalidArgument, MillwrightError, show } from '../core/errors'
import { fromFloat16 } from '../core/float16'
import { checkOptions, either, ofType } from '../core/options'
import { throwIfAborted } from '../core/signal'
import { typeOf } from '../onnxfile/element-types'
import { readOnnxFile } from '../onnxfile/model-file'
import { tensorTypeOf } from '../onnxfile/types'
import type { OnnxLib } from '../ports/onnx-lib'
import { isTable, type Table } from '../schema/table'
import { loadEngine } from './engine'
import { type Feed, feedsOfTable, type GraphInput, tensorOfFeed } from './feeds'
import { bytesText, percentText } from './text'

/** Options of {@link compareOnnx}; one of `sample` and `feeds`. */
export interface CompareOnnxOptions {
  /** Rows: a column for each input of the shape [rows, 1] or [rows], or, for a model with one input, its numbers in the order of the columns. */
  readonly sample?: Table | undefined
  /** The values of each input by name, as its type (numbers of float16 inputs as numbers), and their shape. */
  readonly feeds?: Readonly<Record<string, Feed>> | undefined
  /** What runs the files. @default the package `onnxruntime-node`; in a page hand in `onnxruntime-web` */
  readonly lib?: OnnxLib | undefined
  readonly signal?: AbortSignal | undefined
}

/** How far apart the answers of one output are. */
export interface OutputDifference {
  readonly name: string
  /** How many values were compared. */
  readonly values: number
  /** The largest difference of a number; infinite where only one of two is a number. */
  readonly maxError: number
  /** The square root of the mean squared difference. */
  readonly rmsError: number
  /** `rmsError` divided by the root mean square of the first file's values. */
  readonly relativeError: number
  /** How many values are not the same; of texts and whole numbers (labels) this is what counts. */
  readonly differing: number
}

/** What {@link compareOnnx} found. */
export interface OnnxComparison {
  readonly bytesBefore: number
  readonly bytesAfter: number
  /** How many times smaller the second file is. */
  readonly ratio: number
  readonly outputs: readonly OutputDifference[]
}

/**
 * Runs two ONNX files on the same input and tells how far their outputs, which must have the same names, are apart, and how large the files are.
 * Shown in a console or notebook it is a table.
 *
 * @throws InvalidArgument without input; SchemaMismatch when an input lacks values, or outputs have other names or shapes; MissingDependency
 * without an engine
 *
 * @example
 * console.log(await compareOnnx(model, quantizeDynamic(model), { sample: test }))
 */
export async function compareOnnx(before: Uint8Array, after: Uint8Array, options: CompareOnnxOptions): Promise<OnnxComparison> {
  checkOptions('compareOnnx', options, {
    sample: { allowed: 'a table', test: isTable },
    feeds: ofType('object'),
    lib: either(ofType('object'), ofType('function')),
    signal: ofType('object'),
  })
  for (const bytes of [before, after])
    if (!(bytes instanceof Uint8Array)) throw invalidArgument(`compareOnnx needs the bytes of two files, got ${show(bytes)}`)
  if ((options?.sample === undefined) === (options?.feeds === undefined))
    throw invalidArgument('compareOnnx needs either `sample` or `feeds`')
  const engine = await loadEngine('compareOnnx', options.lib)
  const first = await answersOf(before, engine, options)
  const second = await answersOf(after, engine, options)
  const outputs = [...first].map(([name, values]) => {
    const others = second.get(name)
    if (others?.length !== values.length) {
      throw new MillwrightError(
        'SchemaMismatch',
        `compareOnnx: the output ${show(name)} has ${values.length} values before, ${others?.length ?? 'none'} after`,
      )
    }
    return differenceOf(name, values, others)
  })
  return displayed({ bytesBefore: before.length, bytesAfter: after.length, ratio: before.length / after.length, outputs })
}

/** The values of each output. */
async function answersOf(
  bytes: Uint8Array,
  engine: OnnxLib,
  { sample, feeds, signal }: CompareOnnxOptions,
): Promise<ReadonlyMap<string, ArrayLike<unknown>>> {
  throwIfAborted(signal)
  const inputs = inputsOf(bytes)
  const given = feeds ?? feedsOfTable(inputs, sample as Table)
  const session = await engine.InferenceSession.create(bytes, { logSeverityLevel: 3 })
  try {
    const tensors = Object.fromEntries(inputs.map((input) => [input.name, tensorOfFeed(engine, input, given[input.name])]))
    const results = await session.run(tensors as never)
    return new Map(Object.entries(results).map(([name, tensor]) => [name, valuesOf(tensor as { type: string; data: ArrayLike<unknown> })]))
  } finally {
    await session.release()
  }
}

/** The inputs that must be fed. */
function inputsOf(bytes: Uint8Array): GraphInput[] {
  const { graph } = readOnnxFile(bytes)
  const constants = new Set(graph.initializer.map(({ name }) => name))
  return graph.input
    .filter(({ name }) => !constants.has(name))
    .map(({ name = '', type }) => {
      const tensor = type?.value.case === 'tensorType' ? type.value.value : undefined
      const dims = tensor?.shape?.dim.map(({ value }) => (value.case === 'dimValue' ? Number(value.value) : undefined))
      return { name, type: tensorTypeOf(typeOf(type)), dims }
    })
}

function valuesOf({ type, data }: { readonly type: string; readonly data: ArrayLike<unknown> }): ArrayLike<unknown> {
  return type === 'float16' && data instanceof Uint16Array ? Float32Array.from(data, fromFloat16) : data
}

function differenceOf(name: string, before: ArrayLike<unknown>, after: ArrayLike<unknown>): OutputDifference {
  let [maxError, squares, size, differing] = [0, 0, 0, 0]
  const count = before.length
  for (let i = 0; i < count; i++) {
    const [a, b] = [before[i], after[i]]
    if (Object.is(a, b) || a === b) {
      if (typeof a === 'number' && Number.isFinite(a)) size += a * a
      continue
    }
    differing++
    if (typeof a === 'string') continue
    const error = Math.abs(Number(a) - Number(b))
    maxError = Math.max(maxError, Number.isNaN(error) ? Number.POSITIVE_INFINITY : error)
    squares += Number.isNaN(error) ? Number.POSITIVE_INFINITY : error * error
    size += Number(a) ** 2
  }
  const relative = squares === 0 ? 0 : Math.sqrt(squares / size)
  return { name, values: count, maxError, rmsError: count === 0 ? 0 : Math.sqrt(squares / count), relativeError: relative, differing }
}

function displayed(comparison: OnnxComparison): OnnxComparison {
  const { bytesBefore, bytesAfter, ratio, outputs } = comparison
  const line = `ONNX files: ${bytesText(bytesBefore)} → ${bytesText(bytesAfter)}, ${ratio.toFixed(2)} times smaller`
  const header = ['output', 'values', 'max error', 'RMS error', 'relative', 'differing']
  const rows = outputs.map(({ name, values, maxError, rmsError, relativeError, differing }) => [
    name,
    values,
    maxError.toPrecision(3),
    rmsError.toPrecision(3),
    percentText(relativeError),
    differing,
  ])
  return attachDisplay(comparison, {
    text: () => `${line}\n${textTable(header, rows)}`,
    markdown: () => `${line}\n\n${markdownTable(header, rows)}`,
  })
}
