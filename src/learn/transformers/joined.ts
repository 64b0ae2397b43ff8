/** Fitted transformers that make columns out of several others together. */
import type { Column } from '../../schema/column'
import { assertTable, type Table } from '../../schema/table'
import { type FittedTransformer, type TransformerState, withColumns } from '../transformer'

/** What {@link joined} needs. */
export interface Joined {
  readonly kind: string
  /** The columns that go; the results stand in the place of the first. */
  readonly columns: readonly string[]
  readonly outputs: readonly string[]
  /** The columns that output number `output` is made of. */
  readonly sources: (output: number) => Iterable<string>
  /** The columns named `outputs`. @throws SchemaMismatch when the table lacks one of `columns` */
  readonly apply: (table: Table) => readonly Column[]
  readonly state: () => TransformerState
}

/** A fitted transformer of several columns together. Without any column it changes nothing. */
export function joined({ kind, columns, outputs, sources, apply, state }: Joined): FittedTransformer {
  const places = new Map(outputs.map((name, i) => [name, i] as const))
  return {
    kind,
    inputs: columns,
    transform(table) {
      assertTable(table, `transform of ${kind}`)
      if (columns.length === 0) return table
      const made = apply(table)
      const first = table.columnNames.find((name) => columns.includes(name))
      return withColumns(table, new Map(columns.map((name) => [name, name === first ? made : []])))
    },
    sourcesOf: (names) =>
      names.flatMap((name) => {
        const place = places.get(name)
        return place === undefined ? [name] : [...sources(place)]
      }),
    state,
  }
}
