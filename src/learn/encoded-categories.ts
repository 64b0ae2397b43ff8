/** Columns of categories as codes, for learners that take categories. */
import { columnNotFound, type Table } from '../schema/table'
import type { Learner } from './learner'
import { ordinalEncoder } from './ordinal-encoder'
import type { FittedTransformer } from './transformer'

/** Most codes of a column; the rarest categories share the last. */
const MOST_CATEGORIES = 254

/** A table whose categories are codes, the transformer that makes them, and the columns that hold them. */
export interface EncodedCategories {
  readonly table: Table
  readonly step: FittedTransformer | undefined
  readonly columns: readonly string[]
}

/** Encodes the text columns and those named by the learner, if it takes categories. @throws NotFound for a named column that is not there */
export function encodedCategories({ categoricalFeatures }: Learner, table: Table, target: string): EncodedCategories {
  if (categoricalFeatures === undefined) return { table, step: undefined, columns: [] }
  const unknown = categoricalFeatures.find((name) => name === target || !table.columnNames.includes(name))
  if (unknown !== undefined) throw columnNotFound(unknown, table.columnNames)
  const columns = table.columnNames.filter(
    (name) => name !== target && (categoricalFeatures.includes(name) || table.column(name).type === 'string'),
  )
  if (columns.length === 0) return { table, step: undefined, columns }
  const step = ordinalEncoder({ columns, maxCategories: MOST_CATEGORIES }).fit(table, { target })
  return { table: step.transform(table), step, columns }
}
