/** Tables made long. */
import { invalidArgument, SchemaMismatchError, show } from '../core/errors'
import { arrayOf, checkOptions, either, nonEmptyString } from '../core/options'
import { type Column, makeColumn, renameColumn, takeColumn } from '../schema/column'
import type { DataRow, NameOf, RowOf, Selected } from '../schema/row-types'
import { stackColumns } from '../schema/stack-columns'
import { assertTable, type Table } from '../schema/table'
import { Dataset } from './dataset'

/** Options of {@link melt}. */
export interface MeltOptions<
  Id extends string = string,
  Values extends string = string,
  As extends string = string,
  Cell extends string = string,
> {
  /** The columns that stay. */
  readonly id: Id | readonly Id[]
  /** The columns that become rows, all of one type (`int32` and `float64` are). @default all others */
  readonly values?: readonly Values[] | undefined
  /** The new column of their names. @default 'variable' */
  readonly variable?: As | undefined
  /** The new column of their cells. @default 'value' */
  readonly value?: Cell | undefined
}

/** The row of a long table. */
export type MeltedRow<
  R extends object,
  Id extends PropertyKey,
  Values extends PropertyKey,
  As extends string,
  Cell extends string,
> = string extends keyof R | Id
  ? DataRow
  : {
      [Name in Id | As | Cell]: Name extends As
        ? Extract<Values, string>
        : Name extends Cell
          ? R[Values & keyof R]
          : Selected<R, Id>[Name & keyof Selected<R, Id>]
    }

/**
 * A long table: for each value column all rows, one column after the other, with the name of the column and its cell.
 *
 * @example melt(scores, { id: 'student', values: ['maths', 'physics'], variable: 'subject', value: 'score' })
 * @throws NotFound; SchemaMismatch when the columns are of different types; InvalidArgument when two columns would have one name
 */
export function melt<
  T extends Table,
  const Id extends NameOf<T>,
  const Values extends NameOf<T> = Exclude<NameOf<T>, Id>,
  const As extends string = 'variable',
  const Cell extends string = 'value',
>(table: T, options: MeltOptions<Id, Values, As, Cell>): Dataset<MeltedRow<RowOf<T>, Id, Values, As, Cell>> {
  assertTable(table, 'melt')
  checkOptions('melt', options, {
    id: either(nonEmptyString(), arrayOf(nonEmptyString())),
    values: arrayOf(nonEmptyString()),
    variable: nonEmptyString(),
    value: nonEmptyString(),
  })
  const ids = (typeof options.id === 'string' ? [options.id] : (options.id ?? [])).map((name) => table.column(name))
  const isId = (name: string): boolean => ids.some((column) => column.name === name)
  const names = options.values ?? table.columnNames.filter((name) => !isId(name))
  const columns = names.map((name) => table.column(name))
  const [first] = columns
  if (first === undefined) throw invalidArgument('melt needs at least one value column')
  const kind = ({ type }: Column): string => (type === 'int32' ? 'float64' : type)
  const other = columns.find((column) => kind(column) !== kind(first))
  if (other !== undefined) {
    const message = `melt needs value columns of one type: ${show(first.name)} is ${first.type}, ${show(other.name)} is ${other.type}`
    throw new SchemaMismatchError(message, [{ path: [other.name], code: 'wrong-type', message }])
  }
  const n = table.numRows
  const rows = new Int32Array(n * columns.length)
  const codes = new Int32Array(rows.length)
  for (let i = 0; i < rows.length; i++) rows[i] = i % n
  for (let c = 0; c < columns.length; c++) codes.fill(c, c * n, (c + 1) * n)
  return new Dataset([
    ...ids.map((column) => takeColumn(column, rows)),
    makeColumn(options.variable ?? 'variable', { type: 'string', values: codes, dictionary: names }),
    renameColumn(stackColumns(columns), options.value ?? 'value'),
  ])
}
