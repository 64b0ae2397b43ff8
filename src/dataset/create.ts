/** Creates datasets from rows or columns in memory. */
import { invalidArgument, show } from '../core/errors'
import { checkOptions, ofType, oneOf } from '../core/options'
import type { CoerceOptions } from '../schema/coerce'
import { type Column, type ColumnType, columnOfCells, columnTypes, MISSING_INT32, makeColumn, renameColumn } from '../schema/column'
import type { CellOf, ColumnName, NoOthers, RowFrom, RowInput, Selected, TypedBy } from '../schema/row-types'
import { isRow, type Row, tableFromRows } from '../schema/table'
import { Dataset } from './dataset'

/** Column types by column name. */
export type ColumnTypes<Name extends string = string> = { readonly [Column in Name]?: ColumnType | undefined }

/** Options of {@link fromRows}. */
export interface FromRowsOptions<Name extends string = string, Types extends ColumnTypes = ColumnTypes<Name>> {
  /** Types by column name; the others are inferred from all rows. */
  readonly types?: Types | undefined
  /** The columns to take, in this order. @default every key, in order of appearance */
  readonly columns?: readonly Name[] | undefined
  /** Convert text to the numbers and booleans that `types` asks for, and 0 and 1 to booleans. @default false */
  readonly coerce?: boolean | undefined
}

/**
 * A dataset from row objects. `null`, `undefined`, `NaN` and absent keys are missing; whole numbers become `int32`, `Date`
 * becomes `timestamp`; a column of mixed kinds, or with a bigint beyond ±2⁵³, becomes `string`.
 *
 * @throws InvalidArgument naming column and row of what is no cell (an object, an array, a Promise, …) or does not fit the type asked for
 */
export function fromRows<
  R extends RowInput<R>,
  const Types extends ColumnTypes<ColumnName<RowFrom<R>>> = object,
  const Name extends ColumnName<RowFrom<R>> = ColumnName<RowFrom<R>>,
>(
  rows: readonly R[],
  options?: FromRowsOptions<Name, Types & NoOthers<Types, ColumnName<RowFrom<R>>>>,
): Dataset<TypedBy<Selected<RowFrom<R>, Name>, Types>>
export function fromRows(rows: readonly Row[], options: FromRowsOptions = {}): Dataset {
  checkOptions('fromRows', options, { types: ofType('object'), columns: ofType('object'), coerce: ofType('boolean') })
  if (!Array.isArray(rows)) throw invalidArgument(`fromRows needs an array of row objects, got ${show(rows)}`)
  const wrong = rows.findIndex((row) => !isRow(row))
  if (wrong >= 0) throw invalidArgument(`fromRows needs row objects, row ${wrong} is ${show(rows[wrong])}`)
  checkTypes(options.types)
  return Dataset.fromTable(tableFromRows(rows, options.types, options.columns, { coerce: options.coerce }))
}

/** The row type of a dataset with these columns. */
export type RowOfColumns<Columns> = { -readonly [Name in keyof Columns]: CellsOf<Columns[Name]> }

/** The cell type of a column with these cells. */
export type CellsOf<Cells> = Cells extends Column<infer Cell> ? Cell : Cells extends ArrayLike<infer Value> ? CellOf<Value> : never

/** Cells of one column: an array or typed array of values, or a column (its name is replaced). */
export type ColumnCells = ArrayLike<unknown> | Column

/**
 * A dataset from columns by name. A `Float64Array` gives `float64`, an `Int32Array` `int32`, arrays are inferred. Typed arrays are copied.
 *
 * @param types types by column name, for columns given as plain arrays
 * @throws InvalidArgument on unequal lengths, or naming column and row of what is no cell or does not fit the type asked for
 */
export function fromColumns<
  Columns extends Readonly<Record<string, ColumnCells>>,
  const Types extends ColumnTypes<ColumnName<Columns>> = object,
>(
  columns: Columns,
  options?: Omit<FromRowsOptions<string, Types & NoOthers<Types, ColumnName<Columns>>>, 'columns'>,
): Dataset<TypedBy<RowOfColumns<Columns>, Types>>
export function fromColumns(columns: Readonly<Record<string, ColumnCells>>, options: Omit<FromRowsOptions, 'columns'> = {}): Dataset {
  checkOptions('fromColumns', options, { types: ofType('object'), coerce: ofType('boolean') })
  if (typeof columns !== 'object' || columns === null || Array.isArray(columns)) {
    throw invalidArgument(`fromColumns needs an object of columns by name, got ${show(columns)}`)
  }
  checkTypes(options.types)
  const { types, coerce } = options
  return new Dataset(Object.entries(columns).map(([name, cells]) => columnOf(name, cells, typeFor(types, name), { coerce })))
}

/** A column from cells of any accepted kind. */
export function columnOf(
  name: string,
  cells: ColumnCells,
  ...[type, options]: [type?: ColumnType | undefined, options?: CoerceOptions]
): Column {
  if (isColumn(cells)) return renameColumn(cells, name)
  if (type === undefined && cells instanceof Float64Array) return makeColumn(name, { type: 'float64', values: cells.slice() })
  if (type === undefined && cells instanceof Int32Array && !cells.includes(MISSING_INT32)) {
    return makeColumn(name, { type: 'int32', values: cells.slice() })
  }
  if (typeof cells === 'string' || typeof cells?.length !== 'number') {
    throw invalidArgument(`column ${show(name)} needs an array of cells, got ${show(cells)}`)
  }
  return columnOfCells(name, cells, type, options)
}

function isColumn(cells: ColumnCells): cells is Column {
  return typeof (cells as Partial<Column> | null)?.at === 'function' && 'storage' in cells && 'type' in cells && 'name' in cells
}

function typeFor(types: ColumnTypes | undefined, name: string): ColumnType | undefined {
  return types !== undefined && Object.hasOwn(types, name) ? types[name] : undefined
}

/** @throws InvalidArgument naming the first entry that is no column type */
export function checkTypes(types: ColumnTypes | undefined): void {
  const rule = oneOf(...columnTypes)
  for (const [name, type] of Object.entries(types ?? {})) {
    if (type !== undefined && !rule.test(type))
      throw invalidArgument(`the type of column ${show(name)} must be ${rule.allowed}, got ${show(type)}`)
  }
}
