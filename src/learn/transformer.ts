/** The transformer: is fitted on a table, and then transforms tables with the same columns. */
import { MillwrightError, show } from '../core/errors'
import type { Column, ColumnType } from '../schema/column'
import { type Table, tableOf } from '../schema/table'
import type { Params } from './params'

/** Options of `fit` of a transformer. */
export interface TransformerFitOptions {
  /** The target column: never changed, and learned from by `targetEncoder` only. */
  readonly target?: string | undefined
  /** What the chain's model does, where there is one: `targetEncoder` takes its kind of target from it. */
  readonly task?: 'classification' | 'regression' | undefined
  /** The columns to work on where the transformer's own options name none: what `columns([…])` routes to it. */
  readonly columns?: readonly string[] | undefined
}

/** A transformer that is not fitted. */
export interface Transformer {
  /** The name of its factory: `simpleImputer`, `oneHotEncoder`, … */
  readonly kind: string
  /** Its options with all defaults, flat. */
  readonly options: Params
  /** The same transformer with some options changed, for searches. @throws InvalidArgument for unknown or unfit options */
  withOptions?(changes: object): Transformer
  /** @throws NotFound for a named column that the table lacks */
  fit(table: Table, options?: TransformerFitOptions): FittedTransformer
  /**
   * Learns from a table and transforms it, where that differs from `fit(table).transform(table)`: `targetEncoder` is cross-fitted.
   * Call it through `fitTransform`.
   */
  fitTransform?(table: Table, options?: TransformerFitOptions): FitTransformed
}

/** A fitted transformer, and the training table as the next step of a chain sees it. */
export interface FitTransformed {
  readonly fitted: FittedTransformer
  readonly table: Table
}

/**
 * Fits a transformer and transforms the table it learned from, as scikit-learn's `fit_transform`: what a chain does with its training
 * table. For a cross-fitted transformer (`targetEncoder`) the result is not that of `fitted.transform(table)`.
 */
export function fitTransform(transformer: Transformer, table: Table, options: TransformerFitOptions = {}): FitTransformed {
  if (transformer.fitTransform !== undefined) return transformer.fitTransform(table, options)
  const fitted = transformer.fit(table, options)
  return { fitted, table: fitted.transform(table) }
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

/** The columns a transformer works on: those its options name, else those routed to it, else all that `fits` accepts; never the target. */
export function columnsFor(
  table: Table,
  named: readonly string[] | undefined,
  { target, columns: routed }: TransformerFitOptions,
  fits: (column: Column) => boolean,
): Column[] {
  const names = named ?? routed
  const columns = [...new Set(names ?? table.columnNames)].filter((name) => name !== target).map((name) => table.column(name))
  return names === undefined ? columns.filter(fits) : columns
}

/** Whether a column holds numbers: `float64` or `int32`. */
export function isNumeric({ type }: { readonly type: ColumnType }): boolean {
  return type === 'float64' || type === 'int32'
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

/** The columns of the raw table that columns behind some transformers are computed from. */
export function sourcesOf(transformers: readonly FittedTransformer[], names: readonly string[]): Set<string> {
  let needed: readonly string[] = names
  for (const step of [...transformers].reverse()) needed = [...step.sourcesOf(needed), ...step.inputs]
  return new Set(needed)
}
