/** Choosing, dropping and naming columns. Cells are shared, not copied. */
import { invalidArgument, show } from '../core/errors'
import { renameColumn } from '../schema/column'
import { assertTable, type Table } from '../schema/table'
import { Dataset } from './dataset'

/** The named columns, in the order given. @throws NotFound, InvalidArgument when a name is given twice */
export function select(table: Table, names: readonly string[]): Dataset {
  assertTable(table, 'select')
  return new Dataset(names.map((name) => table.column(name)))
}

/** All columns but the named ones. @throws NotFound */
export function drop(table: Table, names: readonly string[]): Dataset {
  assertTable(table, 'drop')
  for (const name of names) table.column(name)
  return new Dataset(table.columnNames.filter((name) => !names.includes(name)).map((name) => table.column(name)))
}

/** Columns under new names: `rename(flights, { dep_delay: 'delay' })`. @throws NotFound, InvalidArgument when two columns would share a name */
export function rename(table: Table, names: Readonly<Record<string, string>>): Dataset {
  assertTable(table, 'rename')
  for (const [from, to] of Object.entries(names)) {
    table.column(from)
    if (typeof to !== 'string') throw invalidArgument(`the new name of column ${show(from)} must be a string, got ${show(to)}`)
  }
  return new Dataset(
    table.columnNames.map((name) =>
      Object.hasOwn(names, name) ? renameColumn(table.column(name), names[name] as string) : table.column(name),
    ),
  )
}
