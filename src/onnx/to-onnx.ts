/** Fitted models as ONNX files: whole chains, from the columns of a table to labels and probabilities, or to a number. */
import { invalidArgument, show } from '../core/errors'
import { checkOptions, either, finiteNumber, nonEmptyString, ofType, oneOf } from '../core/options'
import { throwIfAborted } from '../core/signal'
import type { FittedModel } from '../learn/fitted-model'
import type { Label } from '../metrics/label'
import { int } from '../onnxfile/attribute'
import type { OnnxLib } from '../ports/onnx-lib'
import type { ColumnSpec } from '../schema/signature'
import { isTable, type Table } from '../schema/table'
import { castToFloat64, Features, inputType, type OutputNames, type Precision, type TensorColumn } from './features'
import { GraphBuilder } from './graph-builder'
import { writeLearner } from './learners'
import { sampleFor } from './sample'
import { writeTransformer } from './transformers'
import { type OnnxVerification, verifyExport } from './verify'

/** Options of {@link toOnnx}. */
export interface ToOnnxOptions {
  /**
   * `columns`: one input of the shape [rows, 1] per feature, named and typed as the feature. `matrix`: one input named `X` of the shape
   * [rows, features], in the order of `fitted.features`; only where every feature is a number. `vectors`: as `columns`, of the shape [rows], which
   * is what MLflow's `python_function` feeds.
   * @default 'columns'
   */
  readonly inputs?: 'columns' | 'vectors' | 'matrix' | undefined
  /**
   * `matrix`: probabilities are one output of the shape [rows, classes], a number is [rows, 1]. `vectors`: one output `probability_<class>` of the
   * shape [rows] per class, and numbers are [rows], so that every output is a column of a data frame.
   * @default 'matrix'
   */
  readonly outputs?: 'matrix' | 'vectors' | undefined
  /**
   * The type of the number inputs; timestamps are milliseconds since 1970 (UTC) in float64 always. With `float32`, which is what most other exporters write, numbers are rounded before the model sees them. Inside
   * the graph computes in float64 either way; a forest's scores are float32, because ONNX's operator gives no others.
   * @default 'float64'
   */
  readonly precision?: Precision | undefined
  /** The name of the graph. @default 'millwright' */
  readonly name?: string | undefined
  /** A description, stored in the file. */
  readonly doc?: string | undefined
  /** Texts stored in the file, by key. */
  readonly metadata?: Readonly<Record<string, string>> | undefined
  /** The rows that the file is verified on. @default 256 rows made from what the model has learned, missing cells and unknown categories among them */
  readonly sample?: Table | undefined
  /** What the file is verified with. @default the package `onnxruntime-node`; in a page hand in `onnxruntime-web` */
  readonly lib?: OnnxLib | undefined
  /** `false` writes the file without running it. @default true */
  readonly verify?: boolean | undefined
  /** The largest difference of a probability, and the largest relative difference of a number. @default 1e-6 */
  readonly tolerance?: number | undefined
  /** Told what the verification found. */
  readonly onVerified?: ((verification: OnnxVerification) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Writes a fitted model as an ONNX file (IR 8, ai.onnx 17, ai.onnx.ml 3), and verifies it: the file and the model must give the same
 * answers on sample rows.
 *
 * A missing number is `NaN` in the graph, a missing text an empty text. A classifier gives `label` [rows] and `probabilities` [rows, classes],
 * in the order of `fitted.classes`; a regressor gives `prediction` [rows, 1]. Features of whole numbers and booleans are inputs of type int32 and
 * bool when training had no missing value there, else floats. An output that has the name of a feature gets an underscore behind it.
 *
 * @throws Unsupported naming the step that has no ONNX form; MissingDependency without an engine to verify with; Internal when the file and
 * the model give different answers, which would be a fault of this library
 *
 * @example
 * await writeFile('flights.onnx', await toOnnx(fitted))
 */
export async function toOnnx(fitted: FittedModel, options: ToOnnxOptions = {}): Promise<Uint8Array> {
  checkToOnnx(fitted, options)
  const { precision = 'float64', sample, lib, verify = true, tolerance, onVerified, signal } = options
  throwIfAborted(signal)
  const { bytes, names } = writeModel(fitted, options)
  if (!verify) return bytes
  const rows = sample ?? sampleFor(fitted, { rows: 256, seed: 1 })
  if (rows.numRows === 0)
    throw invalidArgument('toOnnx found no row that the model answers; hand in `sample`, a table of rows to verify with')
  const verification = await verifyExport(fitted, bytes, {
    rows,
    names,
    inputs: options.inputs ?? 'columns',
    precision,
    lib,
    tolerance: tolerance ?? 1e-6,
    signal,
  })
  onVerified?.(verification)
  return bytes
}

function checkToOnnx(fitted: FittedModel, options: ToOnnxOptions): void {
  if (typeof fitted !== 'object' || fitted === null || !('parts' in fitted)) {
    throw invalidArgument(`toOnnx takes a fitted model, got ${show(fitted)}`, {
      hint: 'fit it first: toOnnx(model.fit(train, { target }))',
    })
  }
  checkOptions('toOnnx', options, {
    inputs: oneOf('columns', 'vectors', 'matrix'),
    outputs: oneOf('matrix', 'vectors'),
    precision: oneOf('float64', 'float32'),
    name: nonEmptyString(),
    doc: ofType('string'),
    metadata: ofType('object'),
    sample: { allowed: 'a table', test: isTable },
    lib: either(ofType('object'), ofType('function')),
    verify: ofType('boolean'),
    tolerance: finiteNumber(0),
    onVerified: ofType('function'),
    signal: ofType('object'),
  })
}

function writeModel(fitted: FittedModel, options: ToOnnxOptions): { bytes: Uint8Array; names: OutputNames } {
  const { precision = 'float64', inputs = 'columns', name = 'millwright', doc, metadata } = options
  const graph = new GraphBuilder()
  const names = outputNames(fitted, options)
  graph.reserve([...(inputs === 'matrix' ? ['X'] : fitted.features.map((feature) => feature.name)), ...Object.values(names).flat()])
  const columns =
    inputs === 'matrix' ? matrixInput(graph, fitted.features, precision) : columnInputs(graph, fitted.features, { precision, inputs })
  const features = new Features(graph, columns)
  for (const step of fitted.parts.transformers) writeTransformer(step.state(), features)
  const { type } = writeLearner(fitted.parts, features, names.scores)
  const classes = fitted.classes ?? []
  if (fitted.task === 'classification') writeLabels(graph, names, classes)
  if (names.columns === undefined) graph.output(names.scores, type, ['N', Math.max(1, classes.length)])
  for (const [i, column] of (names.columns ?? []).entries()) {
    graph.node('Gather', [names.scores, graph.constant('int64', [], BigInt64Array.of(BigInt(i)))], {
      attributes: { axis: int(1) },
      output: column,
    })
    graph.output(column, type, ['N'])
  }
  return { bytes: graph.build({ name, doc, metadata }), names }
}

/** The names of the outputs: none is that of an input. */
function outputNames({ task, classes = [], features }: FittedModel, { inputs, outputs = 'matrix' }: ToOnnxOptions): OutputNames {
  const taken = inputs === 'matrix' ? ['X'] : features.map((feature) => feature.name)
  const free = (wanted: string): string => {
    if (taken.includes(wanted)) return free(`${wanted}_`)
    taken.push(wanted)
    return wanted
  }
  const isClassifier = task === 'classification'
  const label = isClassifier ? free('label') : ''
  if (outputs === 'matrix') return { label, scores: free(isClassifier ? 'probabilities' : 'prediction') }
  const columns = isClassifier ? classes.map((each) => free(`probability_${String(each)}`)) : [free('prediction')]
  return { label, scores: free('all_scores'), columns }
}

function columnInputs(
  graph: GraphBuilder,
  specs: readonly ColumnSpec[],
  { precision, inputs }: { readonly precision: Precision; readonly inputs: 'columns' | 'vectors' },
): TensorColumn[] {
  return specs.map((spec) => {
    const type = inputType(spec, precision)
    const given = graph.input(spec.name, type, inputs === 'columns' ? ['N', 1] : ['N'])
    const input = inputs === 'columns' ? given : graph.node('Unsqueeze', [given, graph.constant('int64', [1], BigInt64Array.of(1n))])
    const column = { name: spec.name, index: 0, width: 1 } as const
    if (type === 'str') return { ...column, tensor: input, kind: 'text' }
    const tensor = type === 'float64' ? input : castToFloat64(graph, input)
    return { ...column, tensor, kind: 'numbers' }
  })
}

function matrixInput(graph: GraphBuilder, specs: readonly ColumnSpec[], precision: Precision): TensorColumn[] {
  const text = specs.find(({ type }) => type === 'string')
  if (text !== undefined) {
    throw invalidArgument(`toOnnx with inputs 'matrix' needs features that are all numbers, ${show(text.name)} is text`, {
      hint: "leave inputs 'columns'",
    })
  }
  const date = specs.find(({ type }) => type === 'timestamp')
  if (date !== undefined && precision === 'float32') {
    throw invalidArgument(`toOnnx with inputs 'matrix' of float32 cannot hold the timestamps of ${show(date.name)}`, {
      hint: "leave inputs 'columns', or precision 'float64'",
    })
  }
  const input = graph.input('X', precision, ['N', specs.length])
  const tensor = precision === 'float64' ? input : castToFloat64(graph, input)
  return specs.map(({ name }, index) => ({ name, tensor, index, width: specs.length, kind: 'numbers' }))
}

/** The label of the highest score; of equal ones the first, as the model itself answers. */
function writeLabels(graph: GraphBuilder, names: OutputNames, classes: readonly Label[]): void {
  const best = graph.node('ArgMax', [names.scores], { attributes: { axis: int(1), keepdims: int(0), select_last_index: int(0) } })
  const first = classes[0]
  const type = typeof first === 'string' ? 'str' : typeof first === 'boolean' ? 'bool' : 'int64'
  const labels =
    type === 'str'
      ? graph.constant('str', [classes.length], classes as readonly string[])
      : type === 'bool'
        ? graph.constant('bool', [classes.length], Uint8Array.from(classes, Number))
        : graph.constant('int64', [classes.length], BigInt64Array.from(classes as readonly number[], BigInt))
  graph.node('Gather', [labels, best], { attributes: { axis: int(0) }, output: names.label })
  graph.output(names.label, type, ['N'])
}
