/** Converts tensors to predictions. */
import { MillwrightError, show } from '../core/errors'
import { fromFloat16 } from '../core/float16'
import type { ModelTensor, PredictionBatch } from '../ports/model'
import type { ResolvedBinding } from './binding'
import type { GraphValue } from './graph'

/** Which output of which model, for messages. */
export interface OutputPlace {
  readonly name: string
  readonly subject: string
  readonly maker: string
}

/** The values of one output for all rows. */
export interface OutputValues {
  /** One value or list of values per row. */
  rows(): readonly unknown[]
  /** The values of all rows one after the other, where they are plain numbers. */
  readonly numbers: ArrayLike<number> | undefined
}

/** Values that are divided among the rows already. */
export function valuesOfRows(rows: readonly unknown[]): OutputValues {
  return { rows: () => rows, numbers: undefined }
}

/** The values of a tensor whose first dimension is the rows. @throws Unsupported when it is not */
export function valuesOfTensor(tensor: ModelTensor, numRows: number, place: OutputPlace): OutputValues {
  assertRowsFirst(tensor, numRows, place)
  return { rows: () => divide(tensor, numRows), numbers: numbersOf(tensor) }
}

/**
 * The values of one output for all rows: one value or a list of them per row. 64-bit integers beyond 2⁵³ become strings of digits.
 *
 * @throws Unsupported when the first dimension is not the rows
 */
export function rowsOfTensor(tensor: ModelTensor, numRows: number, place: OutputPlace): unknown[] {
  assertRowsFirst(tensor, numRows, place)
  return divide(tensor, numRows)
}

function assertRowsFirst({ shape: dims }: ModelTensor, numRows: number, { name, subject, maker }: OutputPlace): void {
  // The graph may have removed the dimension of a single row (Squeeze).
  if (dims[0] !== numRows && !(numRows === 1 && dims.length === 0)) {
    throw new MillwrightError(
      'Unsupported',
      `the output ${show(name)} of ${subject} has the shape [${dims.join(', ')}] for ${numRows} row${numRows === 1 ? '' : 's'}: its first dimension is not the rows, so it cannot be divided among them`,
      { hint: `name it in \`outputs: { perCall: [...] }\` of ${maker} if it belongs to the call as a whole` },
    )
  }
}

function divide(tensor: ModelTensor, numRows: number): unknown[] {
  const width = tensor.data.length / numRows
  const value = valuesOf(tensor)
  const rows = new Array<unknown>(numRows)
  for (let row = 0; row < numRows; row++) {
    if (width === 1) rows[row] = value(row)
    else {
      const list = new Array<unknown>(width)
      for (let j = 0; j < width; j++) list[j] = value(row * width + j)
      rows[row] = list
    }
  }
  return rows
}

/** The numbers of a tensor as they are; `undefined` for texts, booleans, 64-bit integers and the bits of half precision. */
function numbersOf({ data, dtype }: ModelTensor): ArrayLike<number> | undefined {
  const isPlain = dtype !== 'str' && dtype !== 'bool' && dtype !== 'float16' && dtype !== 'int64' && dtype !== 'uint64'
  return isPlain ? (data as Float32Array) : undefined
}

/** All values of an output as nested lists, by its dimensions; one value for a scalar. */
export function wholeTensor(tensor: ModelTensor): unknown {
  const value = valuesOf(tensor)
  const { shape: dims } = tensor
  const part = (depth: number, from: number, size: number): unknown => {
    if (depth === dims.length) return value(from)
    const count = dims[depth] as number
    const inner = count === 0 ? 0 : size / count
    return Array.from({ length: count }, (_, i) => part(depth + 1, from + i * inner, inner))
  }
  return part(0, 0, tensor.data.length)
}

/** The value at an index: a boolean, number or string. */
function valuesOf({ data, dtype }: ModelTensor): (i: number) => unknown {
  // Engines return half precision as bits if the runtime has no Float16Array.
  const isHalf = dtype === 'float16' && data instanceof Uint16Array
  return (i) => {
    const raw = data[i] as string | number | bigint
    if (typeof raw === 'bigint') return Number.isSafeInteger(Number(raw)) ? Number(raw) : String(raw)
    return isHalf ? fromFloat16(raw as number) : dtype === 'bool' ? raw === 1 : raw
  }
}

/** Answers from the outputs by name. */
export function toBatch(outputs: ReadonlyMap<string, OutputValues>, binding: ResolvedBinding, numRows: number): PredictionBatch {
  const of = (value: GraphValue | undefined): OutputValues | undefined => value && outputs.get(value.name)
  const classes = binding.classes
  const source = binding.scores ?? binding.probabilities
  const given = of(source)
  const matrix = classes === undefined || given === undefined ? undefined : matrixOf(given, numRows, classes.length)
  if (matrix !== undefined && binding.scores !== undefined) softmaxRows(matrix, (classes as readonly unknown[]).length)
  const predictions = (of(binding.prediction)?.rows() ?? mostLikely(matrix, classes, numRows)) as PredictionBatch['predictions']
  const others: [string, readonly unknown[]][] = binding.others.map(({ name }) => [name, outputs.get(name)?.rows() ?? []])
  // Without class labels the numbers are returned as an output, and so are those that are no probabilities.
  const left = matrix === undefined ? undefined : takeOutOthers(matrix, classes?.length ?? 0, source?.dtype === 'float16' ? 1e-2 : 1e-3)
  if (source !== undefined && given !== undefined && (matrix === undefined || left !== undefined)) {
    const raw = binding.scores === undefined ? given.rows() : given.rows().map((row) => softmax(row as readonly number[]))
    others.push([source.name, left === undefined ? raw : raw.map((row, i) => (left.has(i) ? row : undefined))])
  }
  const probabilities = numRows === 0 || left?.size === numRows ? undefined : matrix
  return {
    predictions,
    ...(probabilities === undefined ? {} : { probabilities, classes }),
    ...(others.length === 0 ? {} : { outputs: Object.fromEntries(others) }),
  }
}

/**
 * Sets the rows of `matrix` to `NaN` that are no probabilities: outside [0, 1], or with a sum other than 1. The tolerance is wide enough for float32
 * sums of large forests and for quantized models.
 *
 * @returns the numbers of those rows, if there are any
 */
function takeOutOthers(matrix: Float64Array, width: number, tolerance: number): Set<number> | undefined {
  let rows: Set<number> | undefined
  for (let from = 0; from < matrix.length; from += width) {
    let sum = 0
    let isOutside = false
    for (let k = from; k < from + width; k++) {
      const value = matrix[k] as number
      sum += value
      if (!(value >= -tolerance && value <= 1 + tolerance)) isOutside = true
    }
    if (!isOutside && Math.abs(sum - 1) <= tolerance) continue
    rows ??= new Set()
    rows.add(from / width)
    matrix.fill(Number.NaN, from, from + width)
  }
  return rows
}

/** Row-major probabilities; one value per row of a binary model is that of the second class. `undefined` when the width does not fit. */
function matrixOf(values: OutputValues, numRows: number, width: number): Float64Array | undefined {
  const { numbers } = values
  if (numbers !== undefined && width > 1 && numbers.length === numRows * width) return Float64Array.from(numbers)
  const rows = values.rows()
  const matrix = new Float64Array(rows.length * width)
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]
    const list = typeof row === 'number' && width === 2 ? [1 - row, row] : row
    if (!Array.isArray(list) || list.length !== width) return undefined
    matrix.set(list as number[], i * width)
  }
  return matrix
}

function softmaxRows(matrix: Float64Array, width: number): void {
  for (let from = 0; from < matrix.length; from += width) matrix.set(softmax([...matrix.subarray(from, from + width)]), from)
}

function mostLikely(
  probabilities: Float64Array | undefined,
  classes: readonly (string | number | boolean)[] | undefined,
  numRows: number,
): PredictionBatch['predictions'] {
  if (probabilities === undefined || classes === undefined) return new Array<null>(numRows).fill(null)
  const width = classes.length
  return Array.from({ length: numRows }, (_, row) => {
    let best = 0
    for (let k = 1; k < width; k++) if ((probabilities[row * width + k] as number) > (probabilities[row * width + best] as number)) best = k
    return classes[best] as string | number | boolean
  })
}

function softmax(scores: readonly number[]): number[] {
  const largest = Math.max(...scores)
  const powers = scores.map((score) => Math.exp(score - largest))
  const sum = powers.reduce((total, power) => total + power, 0)
  return powers.map((power) => power / sum)
}
