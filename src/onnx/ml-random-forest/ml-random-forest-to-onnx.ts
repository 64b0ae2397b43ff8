/** Forests of the package ml-random-forest as ONNX files. */
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import { parseJson } from '../../core/json'
import { arrayOf, checkOptions, either, nonEmptyString, ofType, oneOf } from '../../core/options'
import { throwIfAborted } from '../../core/signal'
import { type MlForest, readMlForest } from '../../modelfiles/ml-random-forest'
import { int } from '../../onnxfile/attribute'
import type { OnnxLib } from '../../ports/onnx-lib'
import type { Precision } from '../features'
import { GraphBuilder } from '../graph-builder'
import { writeMlTrees } from './trees'
import { type ForestVerification, verifyForest } from './verify-forest'

/** Options of {@link mlRandomForestToOnnx}. */
export interface MlRandomForestToOnnxOptions {
  /** The names of the columns of the matrix that the forest was trained on, in order. @default one matrix input `X` */
  readonly features?: readonly string[] | undefined
  /** Of classifiers: what the classes 0, 1, 2, … stand for; all texts or all whole numbers. @default the numbers themselves */
  readonly classes?: readonly (string | number)[] | undefined
  /** `columns`: one input [rows, 1] per feature; `matrix`: one input `X` [rows, features]. @default 'columns' with `features`, else 'matrix' */
  readonly inputs?: 'columns' | 'matrix' | undefined
  /** The type of the inputs. With `float32`, numbers are rounded before the forest sees them. @default 'float64' */
  readonly precision?: Precision | undefined
  /** The name of the graph. @default 'millwright' */
  readonly name?: string | undefined
  /** A description, stored in the file. */
  readonly doc?: string | undefined
  /** Texts stored in the file, by key. */
  readonly metadata?: Readonly<Record<string, string>> | undefined
  /** `false` writes the file without running it. @default true */
  readonly verify?: boolean | undefined
  /** What the file is verified with. @default the package `onnxruntime-node`; in a page hand in `onnxruntime-web` */
  readonly lib?: OnnxLib | undefined
  /** Told what the verification found. */
  readonly onVerified?: ((verification: ForestVerification) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Writes a forest that was trained with ml-random-forest as an ONNX file (IR 8, ai.onnx 17, ai.onnx.ml 3), and verifies it on 256 rows near its
 * thresholds. A classifier gives `label` [rows] and `probabilities` [rows, classes]: the shares of the votes, and the class with the most, of equal
 * ones the lowest. A regression by the mean gives `prediction` [rows, 1]. The answers are those of `mlRandomForestRuntime`.
 *
 * @param forest a trained `RandomForestClassifier` or `RandomForestRegression`, or the JSON of one, as text or parsed
 * @example
 * await writeFile('flowers.onnx', await mlRandomForestToOnnx(classifier, { features: ['length', 'width'] }))
 * @throws Corrupt for what is no forest; Unsupported for a regression by the median; InvalidArgument for options that do not fit; MissingDependency
 *   without an engine to verify with; Internal when file and forest differ, which would be a fault of this library
 */
export async function mlRandomForestToOnnx(forest: object | string, options: MlRandomForestToOnnxOptions = {}): Promise<Uint8Array> {
  check(options)
  const { verify = true, lib, signal, onVerified, precision = 'float64' } = options
  throwIfAborted(signal)
  if (typeof forest !== 'string' && (typeof forest !== 'object' || forest === null))
    throw invalidArgument(`mlRandomForestToOnnx takes a trained forest of ml-random-forest or its JSON, got ${show(forest)}`)
  const read = readMlForest(parseJson(typeof forest === 'string' ? forest : JSON.stringify(forest), 'the forest'), 'the forest')
  if (read.selection === 'median') {
    throw new MillwrightError('Unsupported', 'mlRandomForestToOnnx cannot write a regression by the median: ONNX has no median', {
      hint: 'train it with selectionMethod: "mean", or run it as it is with mlRandomForestRuntime',
    })
  }
  const plan = planOf(read, options)
  const bytes = write(read, plan, options)
  if (!verify) return bytes
  const verification = await verifyForest(read, bytes, { ...plan, precision, lib, signal })
  onVerified?.(verification)
  return bytes
}

function check(options: MlRandomForestToOnnxOptions): void {
  checkOptions('mlRandomForestToOnnx', options, {
    features: arrayOf(nonEmptyString()),
    classes: ofType('object'),
    inputs: oneOf('columns', 'matrix'),
    precision: oneOf('float64', 'float32'),
    name: nonEmptyString(),
    doc: ofType('string'),
    metadata: ofType('object'),
    verify: ofType('boolean'),
    lib: either(ofType('object'), ofType('function')),
    onVerified: ofType('function'),
    signal: ofType('object'),
  })
}

/** Names and sizes of inputs and outputs. */
export interface ForestPlan {
  /** The inputs: one per feature, or the matrix. */
  readonly inputs: readonly string[]
  readonly numFeatures: number
  readonly classes: readonly (string | number)[]
  readonly label: string
  readonly scores: string
}

function planOf(
  forest: MlForest,
  { features, classes: given, inputs = features === undefined ? 'matrix' : 'columns' }: MlRandomForestToOnnxOptions,
): ForestPlan {
  if (features === undefined && inputs === 'columns')
    throw invalidArgument("mlRandomForestToOnnx with inputs 'columns' needs `features`, the names of the columns")
  if (features !== undefined && features.length < forest.numFeatures)
    throw invalidArgument(
      `the forest of ml-random-forest looks at ${forest.numFeatures} features, \`features\` of mlRandomForestToOnnx names ${features.length}`,
    )
  if (new Set(features).size !== (features ?? []).length)
    throw invalidArgument('`features` of mlRandomForestToOnnx must not name a column twice')
  const isClassifier = forest.selection === 'votes'
  const classes = isClassifier ? (given ?? Array.from({ length: forest.numClasses }, (_, k) => k)) : []
  const isText = classes.every((label) => typeof label === 'string')
  if (!isText && !classes.every((label) => Number.isSafeInteger(label)))
    throw invalidArgument('`classes` of mlRandomForestToOnnx must be all texts or all whole numbers')
  if (classes.length < forest.numClasses)
    throw invalidArgument(
      `the forest of ml-random-forest has ${forest.numClasses} classes, \`classes\` names ${classes.length}: ${classes.map(show).join(', ')}`,
    )
  const names = inputs === 'columns' ? (features as readonly string[]) : ['X']
  const free = (wanted: string): string => (names.includes(wanted) ? free(`${wanted}_`) : wanted)
  const numFeatures = features?.length ?? forest.numFeatures
  return { inputs: names, numFeatures, classes, label: free('label'), scores: free(isClassifier ? 'probabilities' : 'prediction') }
}

function write(
  forest: MlForest,
  plan: ForestPlan,
  { precision = 'float64', name = 'millwright', doc, metadata }: MlRandomForestToOnnxOptions,
): Uint8Array {
  const { inputs, numFeatures, classes, label, scores } = plan
  const graph = new GraphBuilder()
  graph.reserve([...inputs, label, scores])
  for (const input of inputs) graph.input(input, precision, ['N', inputs.length === 1 && input === 'X' ? numFeatures : 1])
  const joined = inputs.length === 1 ? (inputs[0] as string) : graph.node('Concat', inputs, { attributes: { axis: int(1) } })
  const matrix = precision === 'float64' ? joined : graph.node('Cast', [joined], { attributes: { to: int(11) } })
  if (forest.selection !== 'votes') {
    writeMlTrees(graph, forest, matrix, { targets: 1, output: scores })
    graph.output(scores, 'float32', ['N', 1])
    return graph.build({ name, doc, metadata })
  }
  // Votes are whole numbers, so that equal counts are equal in every runtime.
  const counts = writeMlTrees(graph, forest, matrix, { targets: classes.length })
  graph.node('Div', [counts, graph.constant('float32', [], Float32Array.of(forest.trees.length))], { output: scores })
  const best = graph.node('ArgMax', [counts], { attributes: { axis: int(1), keepdims: int(0), select_last_index: int(0) } })
  const isText = typeof classes[0] === 'string'
  const labels = isText
    ? graph.constant('str', [classes.length], classes as readonly string[])
    : graph.constant('int64', [classes.length], BigInt64Array.from(classes as readonly number[], BigInt))
  graph.node('Gather', [labels, best], { attributes: { axis: int(0) }, output: label })
  graph.output(label, isText ? 'str' : 'int64', ['N'])
  graph.output(scores, 'float32', ['N', classes.length])
  return graph.build({ name, doc, metadata })
}
