/** Tables into tensors and tensors into answers. */
import { type Issue, MillwrightError, SchemaMismatchError, show } from '../../core/errors'
import type { PredictionBatch } from '../../ports/model'
import { type Column, isMissingAt, toFloat64 } from '../../schema/column'
import type { Table } from '../../schema/table'
import { type BoundInput, columnTypeOf, type ResolvedBinding } from './_onnx-binding'
import type { OnnxValue } from './_onnx-graph'

/** The values of a tensor as onnxruntime takes and gives them. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | readonly string[]

/** A tensor without an engine. */
export interface PlainTensor {
  /** By onnxruntime's name: `float32`, `string`, `bool`, … */
  readonly type: string
  readonly data: TensorData
  readonly dims: readonly number[]
}

/** One column of a graph input, checked. */
interface Source {
  readonly column: Column
  readonly input: BoundInput
}

/**
 * Finds the columns of every input. @throws SchemaMismatch listing every column that is missing, of the wrong type, or holds
 * what the input cannot (a missing or fractional value in an integer input)
 */
export function columnsOf(table: Table, inputs: readonly BoundInput[], subject: string): ReadonlyMap<BoundInput, readonly Column[]> {
  const issues: Issue[] = []
  const names = new Set(table.columnNames)
  const found = inputs.map((input) => {
    const columns = input.columns.filter((name) => {
      if (!names.has(name)) issues.push({ path: [name], code: 'missing', message: `column ${show(name)} is not there` })
      return names.has(name)
    })
    return [input, columns.map((name) => table.column(name))] as const
  })
  for (const [input, columns] of found) for (const column of columns) checkColumn({ column, input }, issues)
  if (issues.length > 0) {
    throw new SchemaMismatchError(
      `the input of ${subject} does not fit: ${issues
        .slice(0, 3)
        .map(({ message }) => message)
        .join('; ')}`,
      issues,
    )
  }
  return new Map(found)
}

function checkColumn({ column, input }: Source, issues: Issue[]): void {
  const { name, type } = column
  const wanted = columnTypeOf(input.dtype)
  if ((type === 'string') !== (wanted === 'string')) {
    issues.push({ path: [name], code: 'wrong-type', message: `column ${show(name)} must be ${wanted}, it is ${type}` })
    return
  }
  if (wanted === 'string' || wanted === 'float64') return
  for (let row = 0; row < column.length; row++) {
    const missing = isMissingAt(column, row)
    if (!missing && Number.isInteger(column.storage[row])) continue
    const reason = missing ? `must have a value: ${input.dtype} tensors have no missing ones` : 'must be a whole number'
    issues.push({ path: [row, name], code: missing ? 'missing' : 'not-integer', message: `row ${row}, column ${show(name)} ${reason}` })
    return
  }
}

/** The tensor of one input for rows `from` … `from + count − 1`; past the end of the table the last row repeats. */
export function tensorOf(input: BoundInput, columns: readonly Column[], from: number, count: number): PlainTensor {
  const width = columns.length
  const data = newData(input.dtype, count * width)
  columns.forEach((column, j) => {
    const last = column.length - 1
    const numbers = column.type === 'string' ? undefined : toFloat64(column)
    for (let i = 0; i < count; i++) {
      const row = Math.min(from + i, last)
      const value = numbers === undefined ? ((column.at(row) as string | null) ?? '') : (numbers[row] as number)
      ;(data as unknown[])[i * width + j] = data instanceof BigInt64Array || data instanceof BigUint64Array ? BigInt(value) : value
    }
  })
  const type = input.dtype === 'str' ? 'string' : input.dtype
  return { type, data, dims: [count, ...input.rowShape] }
}

function newData(dtype: BoundInput['dtype'], length: number): TensorData {
  switch (dtype) {
    case 'str':
      return new Array<string>(length)
    case 'bool':
    case 'uint8':
      return new Uint8Array(length)
    case 'int8':
      return new Int8Array(length)
    case 'int16':
      return new Int16Array(length)
    case 'uint16':
      return new Uint16Array(length)
    case 'int32':
      return new Int32Array(length)
    case 'uint32':
      return new Uint32Array(length)
    case 'int64':
      return new BigInt64Array(length)
    case 'uint64':
      return new BigUint64Array(length)
    case 'float64':
      return new Float64Array(length)
    default:
      return new Float32Array(length)
  }
}

/** The values of one output for all rows: one value or a list of them per row. 64-bit integers beyond 2⁵³ become strings of digits. */
export function rowsOfTensor({ data, type }: PlainTensor, numRows: number, name: string): unknown[] {
  const width = data.length / numRows
  if (!Number.isInteger(width))
    throw new MillwrightError('Internal', `the output ${show(name)} of the ONNX model has ${data.length} values for ${numRows} rows`)
  const value = (i: number): unknown => {
    const raw = data[i] as string | number | bigint
    if (typeof raw === 'bigint') return Number.isSafeInteger(Number(raw)) ? Number(raw) : String(raw)
    return type === 'bool' ? raw === 1 : raw
  }
  return Array.from({ length: numRows }, (_, row) =>
    width === 1 ? value(row) : Array.from({ length: width }, (__, j) => value(row * width + j)),
  )
}

/** Answers from the outputs by name, each a list with one entry per row. */
export function toBatch(outputs: ReadonlyMap<string, readonly unknown[]>, binding: ResolvedBinding, numRows: number): PredictionBatch {
  const of = (value: OnnxValue | undefined): readonly unknown[] | undefined => value && outputs.get(value.name)
  const scored = of(binding.scores)?.map((row) => softmax(row as readonly number[]))
  const classes = binding.classes
  const probabilities = classes === undefined ? undefined : matrixOf(scored ?? of(binding.probabilities), classes.length)
  const predictions = (of(binding.prediction) ?? mostLikely(probabilities, classes, numRows)) as PredictionBatch['predictions']
  const others: [string, readonly unknown[]][] = binding.others.map(({ name }) => [name, outputs.get(name) ?? []])
  // Without class labels the numbers are still worth giving.
  const unnamed = binding.probabilities ?? binding.scores
  if (probabilities === undefined && unnamed !== undefined) others.push([unnamed.name, scored ?? of(unnamed) ?? []])
  return {
    predictions,
    ...(probabilities === undefined ? {} : { probabilities, classes }),
    ...(others.length === 0 ? {} : { outputs: Object.fromEntries(others) }),
  }
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
