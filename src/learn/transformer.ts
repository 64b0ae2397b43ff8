/** The transformer: is fitted on a table, and then transforms tables with the same columns. */
import { MillwrightError, show } from '../core/errors'
import type { Column, ColumnType } from '../schema/column'
import { assertTable, type Table, tableOf } from '../schema/table'
import type { Params } from './params'

/** Options of `fit` of a transformer. */
export interface TransformerFitOptions {
  /** The target column, which is neither used nor changed. */
  readonly target?: string | undefined
}

/** A transformer that is not fitted. */
export interface Transformer {
  /** The name of its factory: `simpleImputer`, `oneHotEncoder`, … */
  readonly kind: string
  /** Its options with all defaults, flat. */
  readonly options: Params
  /** @throws NotFound for a named column that the table lacks */
  fit(table: Table, options?: TransformerFitOptions): FittedTransformer
}

/** The learned state of a transformer as plain JSON. */
export interface TransformerState {
  readonly kind: string
  readonly [key: string]: unknown
}

/** A fitted transformer. Columns that it was not fitted on, such as the target, pass through unchanged. */
export interface FittedTransformer {
  readonly kind: string
  /** The columns it reads; tables to transform must have them. */
  readonly inputs: readonly string[]
  /** @throws SchemaMismatch for a missing column or one of the wrong type */
  transform(table: Table): Table
  /** The input columns from which the columns `outputs` of the result are computed. */
  sourcesOf(outputs: readonly string[]): string[]
  /** JSON from which `restoreTransformer` makes the same transformer again. */
  state(): TransformerState
}

/** The columns a transformer works on: the named ones, or all that `fits` accepts; never the target. */
export function columnsFor(
  table: Table,
  options: { readonly columns?: readonly string[] | undefined; readonly target?: string | undefined },
  fits: (column: Column) => boolean,
): Column[] {
  const names = options.columns ?? table.columnNames
  const columns = names.filter((name) => name !== options.target).map((name) => table.column(name))
  return options.columns === undefined ? columns.filter(fits) : columns
}

/** Whether a column holds numbers: `float64` or `int32`. */
export function isNumeric({ type }: { readonly type: ColumnType }): boolean {
  return type === 'float64' || type === 'int32'
}

/** The table with each column that `items` name replaced by those that `replace` makes of it. @throws SchemaMismatch as {@link neededColumn} */
export function replaceColumns<Item extends { readonly name: string }>(
  kind: string,
  table: Table,
  items: readonly Item[],
  replace: (column: Column, item: Item) => readonly Column[],
  needs?: 'numbers' | 'text',
): Table {
  assertTable(table, `transform of ${kind}`)
  return withColumns(table, new Map(items.map((item) => [item.name, replace(neededColumn(kind, table, item.name, needs), item)])))
}

/** The column a fitted transformer needs. @throws SchemaMismatch when the table lacks it, or it is text where numbers are needed */
export function neededColumn(kind: string, table: Table, name: string, needs?: 'numbers' | 'text'): Column {
  if (!table.columnNames.includes(name)) {
    throw new MillwrightError('SchemaMismatch', `${kind} learned a column ${show(name)}, which the table lacks`)
  }
  const column = table.column(name)
  if (needs !== undefined && (column.type === 'string') !== (needs === 'text')) {
    throw new MillwrightError('SchemaMismatch', `${kind} learned ${show(name)} as ${needs}, but now the column is ${column.type}`)
  }
  return column
}

/** The table with some columns replaced in place (an empty list removes) and others added at the end. */
export function withColumns(table: Table, replaced: ReadonlyMap<string, readonly Column[]>, added: readonly Column[] = []): Table {
  const columns = table.columnNames.flatMap((name) => replaced.get(name) ?? [table.column(name)])
  return tableOf([...columns, ...added])
}
