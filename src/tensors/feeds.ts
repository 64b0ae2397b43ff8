/** Converts tables to tensors, and reports cells that do not fit an input of the graph. */
import { type Issue, SchemaMismatchError, show } from '../core/errors'
import { FLOAT16_MAX, toFloat16 } from '../core/float16'
import type { ColumnBounds, ModelTensor } from '../ports/model'
import { type Column, isMissingAt, toFloat64 } from '../schema/column'
import type { TensorType } from '../schema/signature'
import type { Table } from '../schema/table'
import { type BoundInput, columnTypeOf } from './binding'
import { newTensorData } from './tensor-check'

/** The range of each element type that is smaller than the range of columns. For 64-bit integers: those that a JavaScript number represents exactly. */
export const tensorBounds: Readonly<Partial<Record<TensorType, readonly [number, number]>>> = {
  bool: [0, 1],
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
  int32: [-2147483648, 2147483647],
  uint32: [0, 4294967295],
  int64: [-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  uint64: [0, Number.MAX_SAFE_INTEGER],
  float16: [-FLOAT16_MAX, FLOAT16_MAX],
  float32: [-3.4028234663852886e38, 3.4028234663852886e38],
}

/** How many problems an error lists. */
const MAX_ISSUES = 100

/** The range of the columns of `inputs`; for a column that feeds several inputs, the range that all of them have in common. */
export function boundsOf(inputs: readonly BoundInput[]): Record<string, ColumnBounds> {
  const found = new Map<string, ColumnBounds>()
  for (const { dtype, columns } of inputs) {
    const [min, max] = tensorBounds[dtype] ?? []
    if (min === undefined || max === undefined) continue
    for (const name of columns) {
      const other = found.get(name)
      if (other === undefined || max < other.max || min > other.min) found.set(name, { min, max, type: dtype })
    }
  }
  return Object.fromEntries(found)
}

/** One column of a graph input, checked. */
interface Source {
  readonly column: Column
  readonly input: BoundInput
}

/**
 * Finds the columns of every input. @throws SchemaMismatch listing every column that is missing or of the wrong type, and every cell that
 * the input cannot hold (a missing or fractional value in an integer input, a number out of its range)
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
  if (wanted === 'string') return
  const [min, max] = tensorBounds[input.dtype] ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
  for (let row = 0; row < column.length && issues.length < MAX_ISSUES; row++) {
    const problem = cellProblem(column, row, wanted !== 'float64', min, max, input.dtype)
    if (problem !== undefined)
      issues.push({ path: [row, name], code: problem[0], message: `row ${row}, column ${show(name)} ${problem[1]}` })
  }
}

/** The code and message of a problem of a cell. */
function cellProblem(
  column: Column,
  row: number,
  whole: boolean,
  min: number,
  max: number,
  dtype: TensorType,
): readonly [string, string] | undefined {
  if (isMissingAt(column, row)) return whole ? ['missing', `must have a value: ${dtype} tensors have no missing ones`] : undefined
  const value = Number(column.storage[row])
  if (whole && !Number.isInteger(value)) return ['not-integer', 'must be a whole number']
  // Every float type has infinity; the check of the signature refuses it.
  if ((value >= min && value <= max) || (!whole && !Number.isFinite(value))) return undefined
  return ['out-of-range', `must lie between ${min} and ${max} (${dtype})`]
}

/** The tensor of one input for rows `from` … `from + count − 1`; past the end of the table the last row repeats. */
export function tensorOf(input: BoundInput, columns: readonly Column[], from: number, count: number): ModelTensor {
  const width = columns.length
  const data = newTensorData(input.dtype, count * width)
  const isBig = data instanceof BigInt64Array || data instanceof BigUint64Array
  const isHalf = input.dtype === 'float16'
  columns.forEach((column, j) => {
    const last = column.length - 1
    const numbers = column.type === 'string' ? undefined : toFloat64(column)
    for (let i = 0; i < count; i++) {
      const row = Math.min(from + i, last)
      const value = numbers === undefined ? ((column.at(row) as string | null) ?? '') : (numbers[row] as number)
      ;(data as unknown[])[i * width + j] = isBig ? BigInt(value) : isHalf ? toFloat16(value as number) : value
    }
  })
  return { dtype: input.dtype, data, shape: [count, ...input.rowShape] }
}
