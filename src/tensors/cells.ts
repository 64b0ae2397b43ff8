/** Fills tensors from rows of cells, without columns in between. */
import { toFloat16 } from '../core/float16'
import type { ModelTensor } from '../ports/model'
import type { CellValue } from '../schema/column'
import type { ColumnSpec } from '../schema/signature'
import type { BoundInput } from './binding'
import { tensorBounds } from './feeds'
import { newTensorData } from './tensor-check'

/** Rows of cells in the order of some columns. */
export type CellRows = readonly (readonly CellValue[])[]

/** The tensors of some rows by input; `undefined` when a cell does not fit its input. */
export type CellFeeder = (rows: CellRows) => Record<string, ModelTensor> | undefined

/** A feeder for rows in the order of `columns`; `undefined` when an input needs a column that is not among them. */
export function cellFeeder(inputs: readonly BoundInput[], columns: readonly ColumnSpec[]): CellFeeder | undefined {
  const places = new Map(columns.map(({ name }, j) => [name, j]))
  const plans = inputs.map((input) => ({ input, indexes: input.columns.map((name) => places.get(name) ?? -1) }))
  if (plans.some(({ indexes }) => indexes.includes(-1))) return undefined
  return (rows) => {
    const feeds: Record<string, ModelTensor> = {}
    for (const { input, indexes } of plans) {
      const tensor = fill(input, indexes, rows)
      if (tensor === undefined) return undefined
      feeds[input.name] = tensor
    }
    return feeds
  }
}

function fill({ dtype, rowShape }: BoundInput, indexes: readonly number[], rows: CellRows): ModelTensor | undefined {
  const data = newTensorData(dtype, rows.length * indexes.length) as unknown[]
  const fits = dtype === 'str' ? fillTexts(data, indexes, rows) : fillNumbers(data, { dtype, indexes, rows })
  return fits ? { dtype, data: data as unknown as ModelTensor['data'], shape: [rows.length, ...rowShape] } : undefined
}

function fillTexts(data: unknown[], indexes: readonly number[], rows: CellRows): boolean {
  let at = 0
  for (const row of rows) {
    for (const index of indexes) {
      const cell = row[index] ?? ''
      if (typeof cell !== 'string') return false
      data[at++] = cell
    }
  }
  return true
}

interface Numbers {
  readonly dtype: Exclude<BoundInput['dtype'], 'str'>
  readonly indexes: readonly number[]
  readonly rows: CellRows
}

/** Whether every cell fits. */
function fillNumbers(data: unknown[], { dtype, indexes, rows }: Numbers): boolean {
  const isFloat = dtype.startsWith('float')
  const isBig = dtype === 'int64' || dtype === 'uint64'
  const [min, max] = tensorBounds[dtype] ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
  let at = 0
  for (const row of rows) {
    for (const index of indexes) {
      const cell = row[index]
      // A missing number is NaN, which whole numbers have not.
      const value =
        typeof cell === 'number' ? cell : typeof cell === 'boolean' ? Number(cell) : cell === null && isFloat ? Number.NaN : undefined
      if (value === undefined || value < min || value > max || (!isFloat && !Number.isInteger(value))) return false
      data[at++] = isBig ? BigInt(value) : dtype === 'float16' ? toFloat16(value) : value
    }
  }
  return true
}
