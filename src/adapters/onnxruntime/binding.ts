/** Maps the columns of a table to the inputs of an ONNX graph, and selects the outputs that are the prediction. */
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import type { ModelTask } from '../../ports/model'
import type { ColumnType } from '../../schema/column'
import type { ColumnSpec, TensorType } from '../../schema/signature'
import type { OnnxGraph, OnnxValue } from './graph'

/** The roles of outputs. The other tensors of a graph are returned as `outputs` of each prediction. */
export interface OnnxOutputs {
  /** The label or number. */
  readonly prediction?: string | undefined
  /** The probabilities, one per class. */
  readonly probabilities?: string | undefined
  /** Raw scores (logits), one per class: the softmax of them is the probability. */
  readonly scores?: string | undefined
  /**
   * Outputs of a call as a whole and not of its rows: a sum, an attention map. Every row of a batch gets the whole
   * output, which therefore depends on the other rows of the batch.
   */
  readonly perCall?: readonly string[] | undefined
}

/** The content of `binding.json`. */
export interface OnnxBinding {
  /** Graph input → the columns that fill a row of it, in order. */
  readonly inputs?: Readonly<Record<string, readonly string[]>> | undefined
  readonly outputs?: OnnxOutputs | undefined
}

/** A graph input and the columns that fill it. */
export interface BoundInput {
  readonly name: string
  readonly dtype: TensorType
  readonly columns: readonly string[]
  /** The dimensions after the first. */
  readonly rowShape: readonly number[]
}

/** A binding that is complete. */
export interface ResolvedBinding {
  readonly inputs: readonly BoundInput[]
  readonly prediction: OnnxValue | undefined
  readonly probabilities: OnnxValue | undefined
  readonly scores: OnnxValue | undefined
  /** The other tensors. */
  readonly others: readonly OnnxValue[]
  /** Names of the other tensors that belong to the call as a whole. */
  readonly perCall: readonly string[]
  readonly classes: readonly (string | number | boolean)[] | undefined
  readonly task: ModelTask
  /** Rows per execution, when the first dimension of the graph is fixed. */
  readonly fixedRows: number | undefined
}

/** What is known in addition to the graph. */
export interface BindingHints extends OnnxBinding {
  /** Columns of a signature, to name those of matrix inputs. */
  readonly columns?: readonly ColumnSpec[] | undefined
  readonly classes?: readonly (string | number | boolean)[] | undefined
  readonly task?: ModelTask | undefined
}

/**
 * Completes a binding: an input of one value per row is bound to the column with its name; the columns of a matrix are those of the
 * signature that no other input has when their number fits, else `name_0`, `name_1`, …
 *
 * @throws InvalidArgument for names that the graph lacks or columns that do not fit, Unsupported for inputs that rows cannot fill
 */
export function resolveBinding(graph: OnnxGraph, hints: BindingHints): ResolvedBinding {
  assertNames('input', Object.keys(hints.inputs ?? {}), graph.inputs)
  const free = freeColumns(graph, hints)
  const inputs = graph.inputs.map((input) => bindInput(input, hints, free))
  const outputs = bindOutputs(graph, hints.outputs ?? {})
  const classes = hints.classes ?? (outputs.prediction?.dtype === 'bool' ? [false, true] : graph.classes)
  const isClassifier =
    classes !== undefined || outputs.probabilities !== undefined || outputs.scores !== undefined || isLabel(outputs.prediction)
  const task = hints.task ?? (isClassifier ? 'classification' : outputs.prediction === undefined ? 'other' : 'regression')
  return { inputs, ...outputs, classes: task === 'classification' ? classes : undefined, task, fixedRows: fixedRowsOf(graph) }
}

/** The column type that feeds tensors of `dtype`. */
export function columnTypeOf(dtype: TensorType): ColumnType {
  if (dtype === 'str') return 'string'
  if (dtype === 'bool') return 'boolean'
  return dtype.startsWith('float') ? 'float64' : 'int32'
}

function bindInput(input: OnnxValue, { inputs = {} }: BindingHints, free: readonly string[]): BoundInput {
  const { name, dtype, shape } = input
  if (dtype === undefined) throw unfit(input, `its type cannot be filled from columns`)
  if (shape !== undefined && shape.length === 0) throw unfit(input, 'it is a scalar, not one value or more per row')
  const given = Object.hasOwn(inputs, name) ? inputs[name] : undefined
  const width = widthOf(input)
  const columns = given ?? columnsFor(name, width, free)
  if (columns === undefined) {
    throw invalidArgument(`the input ${show(name)} of the ONNX model does not say how many columns it has: name them in \`inputs\``)
  }
  if (columns.length === 0 || (width !== undefined && columns.length !== width)) {
    throw invalidArgument(
      `the input ${show(name)} of the ONNX model takes ${width ?? 'at least 1'} values per row, \`inputs\` names ${columns.length} columns`,
    )
  }
  const rest = (shape ?? [-1, columns.length]).slice(1)
  return { name, dtype, columns, rowShape: rest.includes(-1) ? [columns.length] : rest }
}

/** The number of values in a row; `undefined` when it is not fixed. */
function widthOf({ shape }: OnnxValue): number | undefined {
  if (shape === undefined || shape.slice(1).includes(-1)) return undefined
  return shape.slice(1).reduce((product, size) => product * size, 1)
}

function columnsFor(name: string, width: number | undefined, free: readonly string[]): readonly string[] | undefined {
  if (width === 1 && (free.length === 0 || !free.includes(name))) return free.length === 1 ? free : [name]
  if (width === 1) return [name]
  if (free.length > 0 && (width === undefined || free.length === width)) return free
  return width === undefined ? undefined : Array.from({ length: width }, (_, i) => `${name}_${i}`)
}

/** Columns of the signature that no other input takes by its own name or by the binding. */
function freeColumns(graph: OnnxGraph, { inputs = {}, columns = [] }: BindingHints): string[] {
  const taken = new Set(Object.values(inputs).flat())
  for (const input of graph.inputs) if (widthOf(input) === 1 && !Object.hasOwn(inputs, input.name)) taken.add(input.name)
  return columns.map(({ name }) => name).filter((name) => !taken.has(name))
}

function bindOutputs(
  graph: OnnxGraph,
  named: OnnxOutputs,
): Pick<ResolvedBinding, 'prediction' | 'probabilities' | 'scores' | 'others' | 'perCall'> {
  const tensors = graph.outputs.filter(({ dtype }) => dtype !== undefined)
  assertReadable(graph.outputs, tensors)
  const perCall = named.perCall ?? []
  const names = [named.prediction, named.probabilities, named.scores].filter((name) => name !== undefined)
  assertNames('output', [...names, ...perCall], tensors)
  const find = (name: string | undefined): OnnxValue | undefined => tensors.find((output) => output.name === name)
  const rest = tensors.filter(({ name }) => !names.includes(name) && !perCall.includes(name))
  const floats = rest.filter((output) => !isLabel(output))
  let prediction = find(named.prediction) ?? rest.find((output) => isLabel(output) && isScalarPerRow(output))
  if (prediction === undefined && named.scores === undefined && named.probabilities === undefined && floats.length === 1) {
    prediction = floats.find(isScalarPerRow)
  }
  const wide = floats.filter((output) => output !== prediction && !isScalarPerRow(output) && (output.shape?.length ?? 2) === 2)
  const scores = find(named.scores)
  const beside = scores === undefined && isLabel(prediction) && wide.length === 1 ? wide[0] : undefined
  // Decision scores stay among the other outputs. An output that the caller names is refused only if the operator itself says that it gives scores.
  const given = find(named.probabilities)
  const probabilities = given === undefined ? unlessRaw(beside, false) : unlessRaw(given, true)
  const used = [prediction, probabilities, scores]
  return { prediction, probabilities, scores, others: tensors.filter((output) => !used.includes(output)), perCall }
}

function unlessRaw(output: OnnxValue | undefined, onlyCertain: boolean): OnnxValue | undefined {
  return output?.rawScores === undefined || (onlyCertain && !output.rawScores.certain) ? output : undefined
}

/**
 * Refuses decision scores as probabilities; a binding stored by a release without this check is opened without probabilities.
 *
 * @throws InvalidArgument naming the operator that computes the scores
 */
export function assertProbabilities(graph: OnnxGraph, { probabilities }: OnnxOutputs = {}): void {
  const raw = graph.outputs.find(({ name }) => name === probabilities)?.rawScores
  if (raw === undefined || !raw.certain) return
  throw invalidArgument(
    `the output ${show(probabilities)} of the ONNX model holds decision scores, not probabilities: it is made by ${raw.maker}`,
    { hint: 'leave it out of `outputs` to get the scores as they are, or name it as `scores` to get the softmax of them' },
  )
}

function assertReadable(outputs: readonly OnnxValue[], tensors: readonly OnnxValue[]): void {
  if (tensors.length > 0 || outputs.length === 0) return
  const found = outputs.map(({ name }) => show(name)).join(', ')
  throw new MillwrightError(
    'Unsupported',
    `no output of the ONNX model can be read: ${found} ${outputs.length === 1 ? 'is' : 'are'} no tensor of numbers or text`,
    { hint: 'export the model without ZipMap (`zipmap: false`), and without bfloat16 outputs' },
  )
}

function isLabel(output: OnnxValue | undefined): boolean {
  return output?.dtype !== undefined && !output.dtype.startsWith('float')
}

function isScalarPerRow({ shape }: OnnxValue): boolean {
  return shape === undefined || shape.length === 1 || (shape.length === 2 && shape[1] === 1)
}

function fixedRowsOf({ inputs }: OnnxGraph): number | undefined {
  const sizes = new Set(inputs.map(({ shape }) => shape?.[0] ?? -1).filter((size) => size !== -1))
  if (sizes.size > 1)
    throw new MillwrightError('Unsupported', `the inputs of the ONNX model have different fixed first dimensions: ${[...sizes].join(', ')}`)
  return [...sizes][0]
}

function assertNames(which: string, names: readonly string[], values: readonly OnnxValue[]): void {
  const known = values.map(({ name }) => name)
  for (const name of names) {
    if (!known.includes(name))
      throw invalidArgument(`the ONNX model has no ${which} ${show(name)} that is a tensor; it has ${known.map(show).join(', ')}`)
  }
}

function unfit({ name, shape, dtype }: OnnxValue, reason: string): MillwrightError {
  return new MillwrightError(
    'Unsupported',
    `the input ${show(name)} of the ONNX model (${dtype ?? 'no tensor'}, [${shape?.join(', ') ?? '?'}]) cannot be fed from rows: ${reason}`,
  )
}
