/** A column added or replaced. */
import { invalidArgument, show } from '../core/errors'
import { checkOptions, oneOf } from '../core/options'
import { type ColumnType, columnTypes } from '../schema/column'
import { assertTable, type Table } from '../schema/table'
import { type ColumnCells, columnOf } from './create'
import { Dataset } from './dataset'
import { type RowView, rowView } from './row-view'

/** Options of {@link withColumn}. */
export interface WithColumnOptions {
  /** The column's type. @default inferred from its cells */
  readonly type?: ColumnType | undefined
}

/**
 * The dataset with one more column, at the end; a column of that name is replaced where it stands.
 *
 * @param cells one value per row, a column, or a function of the row
 * @example withColumn(flights, 'late', (row) => row.arr_delay === null ? null : (row.arr_delay as number) > 15)
 * @throws InvalidArgument when the number of values differs from the number of rows, or a value does not fit `type`
 */
export function withColumn(
  table: Table,
  name: string,
  ...[cells, options = {}]: [cells: ColumnCells | ((row: RowView, index: number) => unknown), options?: WithColumnOptions]
): Dataset {
  assertTable(table, 'withColumn')
  checkOptions('withColumn', options, { type: oneOf(...columnTypes) })
  const column = columnOf(name, typeof cells === 'function' ? computed(table, cells) : cells, options.type)
  if (column.length !== table.numRows && table.columnNames.length > 0) {
    throw invalidArgument(`column ${show(name)} needs ${table.numRows} values, got ${column.length}`)
  }
  const columns = table.columnNames.map((other) => (other === name ? column : table.column(other)))
  return new Dataset(table.columnNames.includes(name) ? columns : [...columns, column])
}

function computed(table: Table, cell: (row: RowView, index: number) => unknown): unknown[] {
  const view = rowView(table)
  const cells = new Array<unknown>(table.numRows)
  for (let row = 0; row < table.numRows; row++) cells[row] = cell(view.moveTo(row), row)
  return cells
}
