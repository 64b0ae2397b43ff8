/** Input tensors for ONNX files: from values with a shape, or from the rows of a table. */
import { MillwrightError, show } from '../core/errors'
import { toFloat16 } from '../core/float16'
import type { OnnxLib } from '../ports/onnx-lib'
import { toFloat64 } from '../schema/column'
import type { TensorType } from '../schema/signature'
import type { Table } from '../schema/table'

/** The values of an input, row-major, and their shape. */
export interface Feed {
  readonly data: ArrayLike<number> | ArrayLike<bigint> | readonly string[] | readonly boolean[]
  readonly dims: readonly number[]
}

/** An input of a graph. */
export interface GraphInput {
  readonly name: string
  readonly type: TensorType | undefined
  /** `undefined` for an unknown rank; a size that is not fixed is `undefined`. */
  readonly dims: readonly (number | undefined)[] | undefined
}

/** A feed for each input: the column of its name, or the columns of the whole table as one matrix. @throws SchemaMismatch */
export function feedsOfTable(inputs: readonly GraphInput[], table: Table): Record<string, Feed> {
  const rows = table.numRows
  return Object.fromEntries(
    inputs.map(({ name, dims }): [string, Feed] => {
      if (table.columnNames.includes(name)) {
        const column = table.column(name)
        const data = column.type === 'string' ? column.toArray().map((cell) => (cell === null ? '' : String(cell))) : toFloat64(column)
        return [name, { data, dims: dims?.length === 1 ? [rows] : [rows, 1] }]
      }
      if (inputs.length > 1)
        throw new MillwrightError('SchemaMismatch', `compareOnnx: \`sample\` has no column for the input ${show(name)}`)
      const columns = table.columnNames.map((column) => toFloat64(table.column(column)))
      const data = Float64Array.from(
        { length: rows * columns.length },
        (_, i) => columns[i % columns.length]?.[Math.floor(i / columns.length)] as number,
      )
      return [name, { data, dims: matrixDims(name, dims, rows, columns.length) }]
    }),
  )
}

/** The shape of an input for some rows of a width. */
function matrixDims(name: string, dims: readonly (number | undefined)[] | undefined, rows: number, width: number): readonly number[] {
  if (dims === undefined || dims.length < 2) return [rows, width]
  const fixed = dims.slice(1).reduce<number>((product, dim) => product * (dim ?? 1), 1)
  const open = dims.slice(1).filter((dim) => dim === undefined).length
  const rest = open === 0 ? 1 : width / fixed
  if (open > 1 || (open === 0 ? fixed !== width : !Number.isInteger(rest))) {
    throw new MillwrightError('SchemaMismatch', `compareOnnx: ${width} columns do not fill a row of the input ${show(name)}`, {
      hint: 'give its values and shape in `feeds`',
    })
  }
  return [rows, ...dims.slice(1).map((dim) => dim ?? rest)]
}

/** A tensor of the engine. @throws SchemaMismatch when there are no values, or too few for the shape */
export function tensorOfFeed(engine: OnnxLib, { name, type = 'float32' }: GraphInput, feed: Feed | undefined): object {
  if (feed === undefined) throw new MillwrightError('SchemaMismatch', `compareOnnx: there are no values for the input ${show(name)}`)
  const count = feed.dims.reduce((product, dim) => product * dim, 1)
  if (feed.data.length !== count) {
    throw new MillwrightError(
      'SchemaMismatch',
      `compareOnnx: the input ${show(name)} must hold ${count} values, it holds ${feed.data.length}`,
    )
  }
  const Tensor = engine.Tensor as unknown as new (type: string, data: unknown, dims: readonly number[]) => object
  return new Tensor(type === 'str' ? 'string' : type, dataOf(type, feed.data as ArrayLike<number>), feed.dims)
}

function dataOf(type: TensorType, data: ArrayLike<number>): unknown {
  const big = (value: number): bigint => BigInt(value)
  switch (type) {
    case 'str':
      return Array.from(data, String)
    case 'float64':
      return Float64Array.from(data)
    case 'float16':
      return Uint16Array.from(data, toFloat16)
    case 'int64':
      return BigInt64Array.from(Array.from(data, big))
    case 'uint64':
      return BigUint64Array.from(Array.from(data, big))
    case 'int32':
      return Int32Array.from(data)
    case 'int16':
      return Int16Array.from(data)
    case 'uint16':
      return Uint16Array.from(data)
    case 'uint32':
      return Uint32Array.from(data)
    case 'int8':
      return Int8Array.from(data)
    case 'uint8':
    case 'bool':
      return Uint8Array.from(data, Number)
    default:
      return Float32Array.from(data)
  }
}
