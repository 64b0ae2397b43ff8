/** Selects, drops and renames columns. Cells are shared, not copied. */
import { invalidArgument, show } from '../core/errors'
import { renameColumn } from '../schema/column'
import type { Dropped, NameOf, NoOthers, Renamed, RowOf, Selected } from '../schema/row-types'
import { assertTable, type Table } from '../schema/table'
import { Dataset } from './dataset'

/** The named columns, in the order given. @throws NotFound, InvalidArgument when a name is given twice */
export function select<T extends Table, const Name extends NameOf<T>>(table: T, names: readonly Name[]): Dataset<Selected<RowOf<T>, Name>> {
  assertTable(table, 'select')
  return new Dataset(names.map((name) => table.column(name)))
}

/** All columns but the named ones. @throws NotFound */
export function drop<T extends Table, const Name extends NameOf<T>>(table: T, names: readonly Name[]): Dataset<Dropped<RowOf<T>, Name>> {
  assertTable(table, 'drop')
  for (const name of names) table.column(name)
  return new Dataset(table.columnNames.filter((name) => !(names as readonly string[]).includes(name)).map((name) => table.column(name)))
}

/** Columns under new names: `rename(flights, { dep_delay: 'delay' })`. @throws NotFound, InvalidArgument when two columns would share a name */
export function rename<T extends Table, const Names extends { readonly [Name in NameOf<T>]?: string }>(
  table: T,
  names: Names & NoOthers<Names, NameOf<T>>,
): Dataset<Renamed<RowOf<T>, Names>> {
  assertTable(table, 'rename')
  for (const [from, to] of Object.entries(names)) {
    table.column(from)
    if (typeof to !== 'string') throw invalidArgument(`the new name of column ${show(from)} must be a string, got ${show(to)}`)
  }
  return new Dataset(
    table.columnNames.map((name) =>
      Object.hasOwn(names, name)
        ? renameColumn(table.column(name), (names as Readonly<Record<string, string>>)[name] as string)
        : table.column(name),
    ),
  )
}
