/** The transformer: learns from a table, then turns tables of the same columns into others. */
import { MillwrightError, show } from '../core/errors'
import { type Column, type ColumnType, columnTypes } from '../schema/column'
import { type Table, tableOf } from '../schema/table'
import type { Params } from './params'

/** What a transformer may be told while it learns. */
export interface TransformerFitOptions {
  /** The target column: never learned from, never changed. */
  readonly target?: string | undefined
}

/** A transformer before it has learned. */
export interface Transformer {
  /** The name of its factory: `simpleImputer`, `oneHotEncoder`, … */
  readonly kind: string
  /** Its options with all defaults, flat. */
  readonly options: Params
  /** @throws NotFound for a named column that the table lacks */
  fit(table: Table, options?: TransformerFitOptions): FittedTransformer
}

/** What a transformer has learned, as plain JSON. */
export interface TransformerState {
  readonly kind: string
  readonly [key: string]: unknown
}

/** A transformer that has learned. Columns it did not learn, the target among them, pass through unchanged. */
export interface FittedTransformer {
  readonly kind: string
  /** The columns it reads; a table to transform must have them. */
  readonly inputs: readonly string[]
  /** @throws SchemaMismatch for a missing column or one of the wrong type */
  transform(table: Table): Table
  /** The columns of the input that the columns `outputs` of the result are made of. */
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

/** The error for a transformer state that cannot be right. */
export function corruptState(kind: string, what: string): MillwrightError {
  return new MillwrightError('Corrupt', `the state of ${kind} is damaged: ${what}`)
}

/** The list of objects under `key` of a state. @throws Corrupt */
export function stateList(state: TransformerState, key: string): readonly Record<string, unknown>[] {
  const list = state[key]
  if (!Array.isArray(list) || list.some((item) => typeof item !== 'object' || item === null)) {
    throw corruptState(state.kind, `\`${key}\` is no list of objects`)
  }
  return list as Record<string, unknown>[]
}

/** A string of a state entry. @throws Corrupt */
export function stateText(kind: string, value: unknown): string {
  if (typeof value !== 'string') throw corruptState(kind, `expected text, got ${show(value)}`)
  return value
}

/** A finite number of a state entry. @throws Corrupt */
export function stateNumber(kind: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw corruptState(kind, `expected a number, got ${show(value)}`)
  return value
}

/** A column type of a state entry. @throws Corrupt */
export function stateType(kind: string, value: unknown): ColumnType {
  if (!columnTypes.includes(value as ColumnType)) throw corruptState(kind, `expected a column type, got ${show(value)}`)
  return value as ColumnType
}
