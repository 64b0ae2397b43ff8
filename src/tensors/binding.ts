/** Maps the columns of a table to the inputs of a model of tensors, and selects the outputs that are the prediction. */
import { invalidArgument, MillwrightError, show } from '../core/errors'
import type { ModelTask } from '../ports/model'
import type { ColumnType } from '../schema/column'
import type { ColumnSpec, TensorType } from '../schema/signature'
import type { GraphValue, ModelGraph } from './graph'

/** The roles of outputs. The other tensors of a graph are returned as `outputs` of each prediction. */
export interface TensorOutputs {
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
export interface TensorBinding {
  /** Graph input → the columns that fill a row of it, in order. */
  readonly inputs?: Readonly<Record<string, readonly string[]>> | undefined
  readonly outputs?: TensorOutputs | undefined
  /** Input → the dimensions after the first, where the model leaves them open: `{ image: [3, 224, 224] }`. */
  readonly rowShapes?: Readonly<Record<string, readonly number[]>> | undefined
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
  /** What the model is and the function that makes it, for messages. */
  readonly subject: string
  readonly maker: string
  readonly inputs: readonly BoundInput[]
  readonly prediction: GraphValue | undefined
  readonly probabilities: GraphValue | undefined
  readonly scores: GraphValue | undefined
  /** The other tensors. */
  readonly others: readonly GraphValue[]
  /** Names of the other tensors that belong to the call as a whole. */
  readonly perCall: readonly string[]
  readonly classes: readonly (string | number | boolean)[] | undefined
  readonly task: ModelTask
  /** Rows per execution, when the first dimension of the graph is fixed. */
  readonly fixedRows: number | undefined
}

/** What is known in addition to the graph. */
export interface BindingHints extends TensorBinding {
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
export function resolveBinding(graph: ModelGraph, hints: BindingHints): ResolvedBinding {
  const { subject, maker } = graph
  assertNames(subject, 'input', [...Object.keys(hints.inputs ?? {}), ...Object.keys(hints.rowShapes ?? {})], graph.inputs)
  for (const input of graph.inputs) assertFeedable(input, subject)
  const shaped = { ...graph, inputs: graph.inputs.map((input) => withRowShape(input, hints.rowShapes ?? {}, subject)) }
  const free = freeColumns(shaped, hints)
  const inputs = shaped.inputs.map((input) => bindInput(input, hints, { free, subject }))
  const outputs = bindOutputs(graph, hints.outputs ?? {})
  const classes = hints.classes ?? (outputs.prediction?.dtype === 'bool' ? [false, true] : graph.classes)
  const isClassifier =
    classes !== undefined || outputs.probabilities !== undefined || outputs.scores !== undefined || isLabel(outputs.prediction)
  const task = hints.task ?? (isClassifier ? 'classification' : outputs.prediction === undefined ? 'other' : 'regression')
  return {
    subject,
    maker,
    inputs,
    ...outputs,
    classes: task === 'classification' ? classes : undefined,
    task,
    fixedRows: fixedRowsOf(graph),
  }
}

/** The column type that feeds tensors of `dtype`. */
export function columnTypeOf(dtype: TensorType): ColumnType {
  if (dtype === 'str') return 'string'
  if (dtype === 'bool') return 'boolean'
  return dtype.startsWith('float') ? 'float64' : 'int32'
}

/** An input whose open dimensions are those that the caller gave. @throws InvalidArgument when these do not fit */
function withRowShape(input: GraphValue, rowShapes: NonNullable<TensorBinding['rowShapes']>, subject: string): GraphValue {
  const given = Object.hasOwn(rowShapes, input.name) ? rowShapes[input.name] : undefined
  if (given === undefined) return input
  const rest = input.shape?.slice(1)
  const fits = given.every(
    (size, i) => Number.isSafeInteger(size) && size > 0 && (rest === undefined || rest[i] === -1 || rest[i] === size),
  )
  if (!fits || (rest !== undefined && rest.length !== given.length)) {
    throw invalidArgument(
      `\`rowShapes\` gives [${given.join(', ')}] for the input ${show(input.name)} of ${subject}, whose rows have the shape [${rest?.map((size) => (size === -1 ? 'any' : size)).join(', ') ?? 'any'}]`,
    )
  }
  return { ...input, shape: [input.shape?.[0] ?? -1, ...given] }
}

/** @throws Unsupported for an input that no row can fill */
function assertFeedable(input: GraphValue, subject: string): void {
  if (input.dtype === undefined) throw unfit(subject, input, `its type cannot be filled from columns`)
  if (input.shape?.length === 0) throw unfit(subject, input, 'it is a scalar, not one value or more per row')
}

/** What the binding of an input depends on besides the input. */
interface InputPlace {
  readonly free: readonly string[]
  readonly subject: string
}

function bindInput(input: GraphValue, { inputs = {} }: BindingHints, { free, subject }: InputPlace): BoundInput {
  const { name, dtype, shape } = input
  if (dtype === undefined) throw new MillwrightError('Internal', `the input ${show(name)} has no type`)
  const given = Object.hasOwn(inputs, name) ? inputs[name] : undefined
  const width = widthOf(input)
  if (width === undefined && shape !== undefined && shape.length > 2) {
    throw invalidArgument(
      `the input ${show(name)} of ${subject} has the shape [${shape.join(', ')}]: rows can have several shapes, so say which in \`rowShapes\``,
    )
  }
  const columns = given ?? columnsFor(name, width, free)
  if (columns === undefined) {
    throw invalidArgument(`the input ${show(name)} of ${subject} does not say how many columns it has: name them in \`inputs\``)
  }
  if (columns.length === 0 || (width !== undefined && columns.length !== width)) {
    throw invalidArgument(
      `the input ${show(name)} of ${subject} takes ${width ?? 'at least 1'} values per row, \`inputs\` names ${columns.length} columns`,
    )
  }
  const rest = (shape ?? [-1, columns.length]).slice(1)
  return { name, dtype, columns, rowShape: rest.includes(-1) ? [columns.length] : rest }
}

/** The number of values in a row; `undefined` when it is not fixed. */
function widthOf({ shape }: GraphValue): number | undefined {
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
function freeColumns(graph: ModelGraph, { inputs = {}, columns = [] }: BindingHints): string[] {
  const taken = new Set(Object.values(inputs).flat())
  for (const input of graph.inputs) if (widthOf(input) === 1 && !Object.hasOwn(inputs, input.name)) taken.add(input.name)
  return columns.map(({ name }) => name).filter((name) => !taken.has(name))
}

function bindOutputs(
  graph: ModelGraph,
  named: TensorOutputs,
): Pick<ResolvedBinding, 'prediction' | 'probabilities' | 'scores' | 'others' | 'perCall'> {
  const tensors = graph.outputs.filter(({ dtype }) => dtype !== undefined)
  assertReadable(graph, tensors)
  const perCall = named.perCall ?? []
  const names = [named.prediction, named.probabilities, named.scores].filter((name) => name !== undefined)
  assertNames(graph.subject, 'output', [...names, ...perCall], tensors)
  const find = (name: string | undefined): GraphValue | undefined => tensors.find((output) => output.name === name)
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

function unlessRaw(output: GraphValue | undefined, onlyCertain: boolean): GraphValue | undefined {
  return output?.rawScores === undefined || (onlyCertain && !output.rawScores.certain) ? output : undefined
}

/**
 * Refuses decision scores as probabilities; a binding stored by a release without this check is opened without probabilities.
 *
 * @throws InvalidArgument naming the operator that computes the scores
 */
export function assertProbabilities(graph: ModelGraph, { probabilities }: TensorOutputs = {}): void {
  const raw = graph.outputs.find(({ name }) => name === probabilities)?.rawScores
  if (raw === undefined || !raw.certain) return
  throw invalidArgument(
    `the output ${show(probabilities)} of ${graph.subject} holds decision scores, not probabilities: it is made by ${raw.maker}`,
    { hint: 'leave it out of `outputs` to get the scores as they are, or name it as `scores` to get the softmax of them' },
  )
}

function assertReadable({ outputs, subject }: ModelGraph, tensors: readonly GraphValue[]): void {
  if (tensors.length > 0 || outputs.length === 0) return
  const found = outputs.map(({ name }) => show(name)).join(', ')
  throw new MillwrightError(
    'Unsupported',
    `no output of ${subject} can be read: ${found} ${outputs.length === 1 ? 'is' : 'are'} no tensor of numbers or text`,
    { hint: 'export the model with outputs of numbers or text, without sequences, maps and bfloat16' },
  )
}

function isLabel(output: GraphValue | undefined): boolean {
  return output?.dtype !== undefined && !output.dtype.startsWith('float')
}

function isScalarPerRow({ shape }: GraphValue): boolean {
  return shape === undefined || shape.length === 1 || (shape.length === 2 && shape[1] === 1)
}

function fixedRowsOf({ inputs, subject }: ModelGraph): number | undefined {
  const sizes = new Set(inputs.map(({ shape }) => shape?.[0] ?? -1).filter((size) => size !== -1))
  if (sizes.size > 1)
    throw new MillwrightError('Unsupported', `the inputs of ${subject} have different fixed first dimensions: ${[...sizes].join(', ')}`)
  return [...sizes][0]
}

function assertNames(subject: string, which: string, names: readonly string[], values: readonly GraphValue[]): void {
  const known = values.map(({ name }) => name)
  for (const name of names) {
    if (!known.includes(name))
      throw invalidArgument(`${subject} has no ${which} ${show(name)} that is a tensor; it has ${known.map(show).join(', ')}`)
  }
}

function unfit(subject: string, { name, shape, dtype }: GraphValue, reason: string): MillwrightError {
  return new MillwrightError(
    'Unsupported',
    `the input ${show(name)} of ${subject} (${dtype ?? 'no tensor'}, [${shape?.join(', ') ?? '?'}]) cannot be fed from rows: ${reason}`,
    { hint: 'make it a model of tensors with `tensors: true`, and run it with `predictTensors`' },
  )
}
