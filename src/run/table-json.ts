/** A table as JSON in pandas' *split* orientation, which MLflow shows as a table. */
import { isTable, type Row, type Table } from '../schema/table'

/**
 * `{"columns":[…],"data":[[…]]}`; missing and infinite cells are null, timestamps and dates epoch milliseconds.
 * Of rows: the columns are their keys in order of appearance.
 */
export function tableJson(table: Table | readonly Row[]): string {
  const [names, numRows, cell] = isTable(table) ? cellsOf(table) : cellsOfRows(table)
  const rows: string[] = []
  for (let i = 0; i < numRows; i++) rows.push(JSON.stringify(names.map((_, j) => cell(i, j) ?? null)))
  return `{"columns":${JSON.stringify(names)},"data":[${rows.join(',')}]}`
}

type Cells = readonly [names: readonly string[], numRows: number, cell: (row: number, column: number) => unknown]

function cellsOf(table: Table): Cells {
  const columns = table.columnNames.map((name) => table.column(name))
  return [table.columnNames, table.numRows, (row, column) => columns[column]?.at(row)]
}

function cellsOfRows(rows: readonly Row[]): Cells {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  return [
    names,
    rows.length,
    (row, column) => {
      const [members, name] = [rows[row] as Row, names[column] as string]
      const value = Object.hasOwn(members, name) ? members[name] : null
      return value instanceof Date ? value.getTime() : value
    },
  ]
}
