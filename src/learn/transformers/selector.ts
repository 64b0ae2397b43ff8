/** Choosing columns of a table by name, pattern or type. */
import { invalidArgument, show } from '../../core/errors'
import type { Column } from '../../schema/column'
import { columnNotFound, type Table } from '../../schema/table'

/** The kinds of columns that a selector may name. */
export type SelectedKind = 'numeric' | 'text' | 'boolean' | 'timestamp'

/**
 * Which columns: a list of names in order, all of a kind (`numeric` is `float64` and `int32`), all whose name matches a pattern, or all
 * for which a function says yes. It is asked once, when the transformer learns; what is learned and stored is the names.
 */
export type ColumnSelector = readonly string[] | SelectedKind | RegExp | ((column: Column) => boolean)

/** The names of the selected columns, never the target. @throws NotFound for a listed name that the table lacks */
export function selectedNames(table: Table, selector: ColumnSelector, target: string | undefined): string[] {
  const features = table.columnNames.filter((name) => name !== target)
  if (typeof selector === 'function') return features.filter((name) => selector(table.column(name)) === true)
  if (selector instanceof RegExp) return features.filter((name) => name.search(selector) >= 0)
  if (typeof selector === 'string') return features.filter((name) => kindOf(table.column(name)) === selector)
  const unknown = selector.find((name) => !table.columnNames.includes(name))
  if (unknown !== undefined) throw columnNotFound(unknown, table.columnNames)
  return [...new Set(selector)].filter((name) => name !== target)
}

/** Checks a selector. @throws InvalidArgument */
export function checkSelector(subject: string, selector: unknown): void {
  if (typeof selector === 'function' || selector instanceof RegExp) return
  if (typeof selector === 'string' && ['numeric', 'text', 'boolean', 'timestamp'].includes(selector)) return
  if (Array.isArray(selector) && selector.length > 0 && selector.every((name) => typeof name === 'string')) return
  throw invalidArgument(
    `${subject} takes a list of column names, 'numeric', 'text', 'boolean', 'timestamp', a pattern or a function, got ${show(selector)}`,
  )
}

/** How a selector reads among the options of a model. */
export function selectorText(selector: ColumnSelector): string {
  if (typeof selector === 'function') return `function ${selector.name}`.trim()
  return Array.isArray(selector) ? selector.join(',') : String(selector)
}

function kindOf({ type }: Column): SelectedKind {
  if (type === 'string') return 'text'
  return type === 'boolean' || type === 'timestamp' ? type : 'numeric'
}
