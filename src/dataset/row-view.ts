/** Reads rows without copying: one object whose members read the current row. */
import type { CellValue } from '../schema/column'
import type { Table } from '../schema/table'

/** A row that is not copied; it changes with the next call, so do not keep it. */
export type RowView = Readonly<Record<string, CellValue>>

/** A view over `table`, and the function that moves it. */
export function rowView(table: Table): { readonly row: RowView; moveTo(index: number): RowView } {
  let current = 0
  const row: Record<string, CellValue> = {}
  for (const name of table.columnNames) {
    const column = table.column(name)
    Object.defineProperty(row, name, { enumerable: true, get: () => column.at(current) })
  }
  return {
    row,
    moveTo(index) {
      current = index
      return row
    },
  }
}
