/** Fitted transformers that put columns in the place of each column they learned, one by one. */
import { type Column, makeColumn } from '../../schema/column'
import { assertTable } from '../../schema/table'
import { type FittedTransformer, neededColumn, type TransformerState, withColumns } from '../transformer'

/** What {@link columnwise} needs: what was learned of each column, and what it makes of a column. */
export interface Columnwise<P extends { readonly name: string }> {
  readonly kind: string
  /** One per column. */
  readonly parts: readonly P[]
  /** What a column must hold. @default anything */
  readonly needs?: 'numbers' | 'text' | undefined
  /** The columns in the place of `column`. */
  readonly apply: (column: Column, part: P) => readonly Column[]
  /** The names of those columns. @default the name of the column alone */
  readonly outputs?: ((part: P) => readonly string[]) | undefined
  readonly state: () => TransformerState
}

/** A fitted transformer of one column at a time. */
export function columnwise<P extends { readonly name: string }>({
  kind,
  parts,
  needs,
  apply,
  outputs,
  state,
}: Columnwise<P>): FittedTransformer {
  const origins = new Map(outputs === undefined ? [] : parts.flatMap((part) => outputs(part).map((output) => [output, part.name] as const)))
  return {
    kind,
    inputs: parts.map(({ name }) => name),
    transform(table) {
      assertTable(table, `transform of ${kind}`)
      const replaced = new Map<string, readonly Column[]>()
      for (const part of parts) replaced.set(part.name, apply(neededColumn(kind, table, part.name, needs), part))
      return withColumns(table, replaced)
    },
    sourcesOf: (names) => names.map((name) => origins.get(name) ?? name),
    state,
  }
}

/** A `float64` column. */
export function floatColumn(name: string, values: Float64Array): Column {
  return makeColumn(name, { type: 'float64', values })
}
