/** A table as JSON in pandas' *split* orientation, which MLflow shows as a table. */
import { invalidArgument, show } from '../core/errors'
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

/**
 * As {@link tableJson}, also for columns by name, which must all have the same length.
 *
 * @throws InvalidArgument
 */
export function tableContent(table: Table | readonly Row[] | Readonly<Record<string, ArrayLike<unknown>>>): string {
  if (isTable(table)) return tableJson(table)
  if (Array.isArray(table)) {
    const odd = table.findIndex((row) => typeof row !== 'object' || row === null || Array.isArray(row))
    if (odd !== -1) throw invalidArgument(`logTable: row ${odd} must be an object of names and values, got ${show(table[odd])}`)
    return tableJson(table as readonly Row[])
  }
  const columns = Object.entries(typeof table === 'object' && table !== null ? table : {})
  const lengths = columns.map(([, values]) => (typeof values === 'object' && values !== null ? (values as ArrayLike<unknown>).length : -1))
  if (columns.length === 0 || lengths.some((length) => length !== lengths[0] || !(length >= 0))) {
    throw invalidArgument(`logTable takes a table, rows, or columns of one length, got ${show(table)}`)
  }
  const rows = Array.from({ length: lengths[0] as number }, (_, i) => columns.map(([, values]) => plain((values as ArrayLike<unknown>)[i])))
  return `{"columns":${JSON.stringify(columns.map(([name]) => name))},"data":${JSON.stringify(rows)}}`
}

/** A cell as JSON can hold it. */
function plain(value: unknown): unknown {
  if (value === undefined) return null
  return value instanceof Date ? value.getTime() : typeof value === 'bigint' ? String(value) : value
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
      return plain(value)
    },
  ]
}
