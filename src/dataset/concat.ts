/** Concatenates tables by rows. */
import { type Issue, invalidArgument, SchemaMismatchError, show } from '../core/errors'
import type { RowOf, Selected } from '../schema/row-types'
import { isAssignable } from '../schema/schema'
import { stackColumns } from '../schema/stack-columns'
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
  return new Dataset(first.columnNames.map((name) => stackColumns(tables.map((table) => table.column(name)))))
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
