/** Columns as one block of numbers, for code that calculates on matrices. */
import { arrayOf, checkOptions, nonEmptyString, oneOf } from '../core/options'
import { toFloat64 } from '../schema/column'
import type { NameOf } from '../schema/row-types'
import { assertTable, type Table } from '../schema/table'

/** Options of {@link toMatrix}. */
export interface ToMatrixOptions<Name extends string = string> {
  /** @default all */
  readonly columns?: readonly Name[] | undefined
  /** `row`: the cells of a row stand together, as in NumPy's C order; `column`: those of a column. @default 'row' */
  readonly order?: 'row' | 'column' | undefined
}

/** Numbers of a table in one array. */
export interface DataMatrix {
  /** `numRows` × `columnNames.length` numbers, `NaN` where missing. */
  readonly values: Float64Array
  readonly numRows: number
  readonly columnNames: readonly string[]
  readonly order: 'row' | 'column'
}

/**
 * The cells of numeric, boolean (0 and 1) and timestamp (epoch milliseconds) columns in one array, `NaN` where missing.
 *
 * @example toMatrix(select(iris, ['sepal_length', 'sepal_width'])).values // row 0, row 1, …
 * @throws NotFound; InvalidArgument for a column of text
 */
export function toMatrix<T extends Table>(table: T, options: ToMatrixOptions<NameOf<T>> = {}): DataMatrix {
  assertTable(table, 'toMatrix')
  checkOptions('toMatrix', options, { columns: arrayOf(nonEmptyString()), order: oneOf('row', 'column') })
  const columnNames: readonly string[] = options.columns ?? table.columnNames
  const { numRows } = table
  const order = options.order ?? 'row'
  const values = new Float64Array(numRows * columnNames.length)
  columnNames.forEach((name, c) => {
    const numbers = toFloat64(table.column(name))
    if (order === 'column') values.set(numbers, c * numRows)
    else for (let row = 0; row < numRows; row++) values[row * columnNames.length + c] = numbers[row] as number
  })
  return { values, numRows, columnNames, order }
}
