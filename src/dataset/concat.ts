/** Concatenates tables by rows. */
import { type Issue, invalidArgument, SchemaMismatchError, show } from '../core/errors'
import { type Column, type ColumnType, MISSING_INT32, makeColumn, newValues } from '../schema/column'
import type { RowOf, Selected } from '../schema/row-types'
import { isAssignable } from '../schema/schema'
import { assertTable, type Table } from '../schema/table'
import { Dataset } from './dataset'

/**
 * The rows of all tables, one table after the other. Every table must have the columns of the first, in any order;
 * A column that is `int32` in one table and `float64` in another becomes `float64`.
 *
 * @throws InvalidArgument without a table, SchemaMismatch listing every column that differs
 */
export function concat<T extends Table>(tables: readonly T[]): Dataset<Selected<RowOf<T>, keyof RowOf<T>>> {
  if (!Array.isArray(tables as unknown)) throw invalidArgument(`concat expects an array of Datasets, got ${show(tables)}`)
  for (const table of tables) assertTable(table, 'concat')
  const [first] = tables
  if (first === undefined) throw invalidArgument('concat needs at least one table')
  const issues = tables.flatMap((table, t) => differences(first, table, t))
  if (issues.length > 0) {
    throw new SchemaMismatchError(`concat needs tables with the same columns: ${issues.map(({ message }) => message).join('; ')}`, issues)
  }
  return new Dataset(first.columnNames.map((name) => stack(tables.map((table) => table.column(name)))))
}

function differences(first: Table, table: Table, t: number): Issue[] {
  const issues: Issue[] = []
  const issue = (name: string, code: string, message: string): void => void issues.push({ path: [t, name], code, message })
  for (const name of first.columnNames) {
    if (!table.columnNames.includes(name)) {
      issue(name, 'missing', `table ${t} has no column ${show(name)}`)
      continue
    }
    const [want, got] = [first.column(name).type, table.column(name).type]
    if (!isAssignable(got, want) && !isAssignable(want, got))
      issue(name, 'wrong-type', `${show(name)} is ${want} in table 0 and ${got} in table ${t}`)
  }
  for (const name of table.columnNames) {
    if (!first.columnNames.includes(name)) issue(name, 'unexpected', `table ${t} has a column ${show(name)} that table 0 lacks`)
  }
  return issues
}

function stack(columns: readonly Column[]): Column {
  const [first] = columns as [Column]
  const type: ColumnType = columns.some((column) => column.type === 'float64') ? 'float64' : first.type
  const values = newValues(
    type,
    columns.reduce((sum, column) => sum + column.length, 0),
  )
  const codes = new Map<string, number>()
  let at = 0
  for (const column of columns) {
    if (type === 'string') {
      const map = (column.dictionary ?? []).map((text) => {
        let code = codes.get(text)
        if (code === undefined) {
          code = codes.size
          codes.set(text, code)
        }
        return code
      })
      for (const code of column.storage) values[at++] = code < 0 ? code : (map[code] as number)
    } else if (column.type === 'int32' && type === 'float64') {
      for (const value of column.storage) values[at++] = value === MISSING_INT32 ? Number.NaN : value
    } else {
      values.set(column.storage, at)
      at += column.length
    }
  }
  const dictionary = type === 'string' ? { dictionary: [...codes.keys()] } : {}
  return makeColumn(first.name, { type, values, ...dictionary } as Parameters<typeof makeColumn>[1])
}
