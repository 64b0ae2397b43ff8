/** Adds or replaces a column. */
import { invalidArgument, show } from '../core/errors'
import { checkOptions, oneOf } from '../core/options'
import { type ColumnType, columnTypes } from '../schema/column'
import type { CellAskedFor, CellInput, CellOf, RowOf, WithCell } from '../schema/row-types'
import { assertTable, type Table } from '../schema/table'
import { type CellsOf, type ColumnCells, columnOf } from './create'
import { Dataset } from './dataset'
import { type RowView, rowView } from './row-view'

/** Options of {@link withColumn}. */
export interface WithColumnOptions<Type extends ColumnType | undefined = ColumnType | undefined> {
  /** The column's type. @default inferred from its cells */
  readonly type?: Type
}

/** The cells of a column for {@link withColumn}: one value per row, a column, or a function of the row. */
export type CellsFor<R> = ColumnCells | ((row: Readonly<R>, index: number) => CellInput)

/** The cell of a column that {@link withColumn} makes. */
export type CellFor<Cells> = Cells extends (...row: never) => infer Value ? CellOf<Value> : CellsOf<Cells>

/**
 * Adds a column at the end, or replaces the column with that name in its place.
 *
 * @param cells one value per row, a column, or a function of the row
 * @example withColumn(flights, 'late', (row) => row.arr_delay === null ? null : (row.arr_delay as number) > 15)
 * @throws InvalidArgument when the number of values differs from the number of rows, or a value does not fit `type`
 */
export function withColumn<
  T extends Table,
  const Name extends string,
  Cells extends CellsFor<RowOf<T>>,
  const Type extends ColumnType | undefined = undefined,
>(
  table: T,
  name: Name,
  ...[cells, options = {}]: [cells: Cells, options?: WithColumnOptions<Type>]
): Dataset<WithCell<RowOf<T>, Name, CellAskedFor<CellFor<Cells>, Type>>> {
  assertTable(table, 'withColumn')
  checkOptions('withColumn', options, { type: oneOf(...columnTypes) })
  const column = columnOf(name, typeof cells === 'function' ? computed(table, cells as RowFunction) : (cells as ColumnCells), options.type)
  if (column.length !== table.numRows && table.columnNames.length > 0) {
    throw invalidArgument(`column ${show(name)} needs ${table.numRows} values, got ${column.length}`)
  }
  const columns = table.columnNames.map((other) => (other === name ? column : table.column(other)))
  return new Dataset(table.columnNames.includes(name) ? columns : [...columns, column])
}

type RowFunction = (row: RowView, index: number) => unknown

function computed(table: Table, cell: RowFunction): unknown[] {
  const view = rowView(table)
  const cells = new Array<unknown>(table.numRows)
  for (let row = 0; row < table.numRows; row++) cells[row] = cell(view.moveTo(row), row)
  return cells
}
