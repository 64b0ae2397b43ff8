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

/**
 * The values of one output for all rows: one value or a list of them per row. 64-bit integers beyond 2⁵³ become strings of digits.
 *
 * @throws Unsupported when the first dimension is not the rows
 */
export function rowsOfTensor(tensor: ModelTensor, numRows: number, { name, subject, maker }: OutputPlace): unknown[] {
  const { data, shape: dims } = tensor
  // The graph may have removed the dimension of a single row (Squeeze).
  if (dims[0] !== numRows && !(numRows === 1 && dims.length === 0)) {
    throw new MillwrightError(
      'Unsupported',
      `the output ${show(name)} of ${subject} has the shape [${dims.join(', ')}] for ${numRows} row${numRows === 1 ? '' : 's'}: its first dimension is not the rows, so it cannot be divided among them`,
      { hint: `name it in \`outputs: { perCall: [...] }\` of ${maker} if it belongs to the call as a whole` },
    )
  }
  const width = data.length / numRows
  const value = valuesOf(tensor)
  return Array.from({ length: numRows }, (_, row) =>
    width === 1 ? value(row) : Array.from({ length: width }, (__, j) => value(row * width + j)),
  )
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

/** Answers from the outputs by name, each a list with one entry per row. */
export function toBatch(outputs: ReadonlyMap<string, readonly unknown[]>, binding: ResolvedBinding, numRows: number): PredictionBatch {
  const of = (value: GraphValue | undefined): readonly unknown[] | undefined => value && outputs.get(value.name)
  const scored = of(binding.scores)?.map((row) => softmax(row as readonly number[]))
  const classes = binding.classes
  const source = binding.scores ?? binding.probabilities
  const matrix = classes === undefined ? undefined : matrixOf(scored ?? of(binding.probabilities), classes.length)
  const predictions = (of(binding.prediction) ?? mostLikely(matrix, classes, numRows)) as PredictionBatch['predictions']
  const others: [string, readonly unknown[]][] = binding.others.map(({ name }) => [name, outputs.get(name) ?? []])
  // Without class labels the numbers are returned as an output, and so are those that are no probabilities.
  const left = matrix === undefined ? undefined : takeOutOthers(matrix, classes?.length ?? 0, source?.dtype === 'float16' ? 1e-2 : 1e-3)
  const raw = source && (scored ?? of(source))
  if (source !== undefined && matrix === undefined) others.push([source.name, raw ?? []])
  else if (source !== undefined && left !== undefined && left.size > 0)
    others.push([source.name, (raw ?? []).map((row, i) => (left.has(i) ? row : undefined))])
  const probabilities = left?.size === numRows ? undefined : matrix
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
 * @returns the numbers of those rows
 */
function takeOutOthers(matrix: Float64Array, width: number, tolerance: number): Set<number> {
  const rows = new Set<number>()
  for (let row = 0; row * width < matrix.length; row++) {
    const values = matrix.subarray(row * width, (row + 1) * width)
    const sum = values.reduce((total, value) => total + value, 0)
    if (Math.abs(sum - 1) <= tolerance && values.every((value) => value >= -tolerance && value <= 1 + tolerance)) continue
    rows.add(row)
    values.fill(Number.NaN)
  }
  return rows
}

/** Row-major probabilities; one value per row of a binary model is that of the second class. `undefined` when the width does not fit. */
function matrixOf(rows: readonly unknown[] | undefined, width: number): Float64Array | undefined {
  if (rows === undefined) return undefined
  const matrix = new Float64Array(rows.length * width)
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]
    const list = typeof row === 'number' && width === 2 ? [1 - row, row] : row
    if (!Array.isArray(list) || list.length !== width) return undefined
    matrix.set(list as number[], i * width)
  }
  return matrix
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
