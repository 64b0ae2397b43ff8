/** Keeps some columns, or drops some, as steps of a chain. */
import { assertTable, tableOf } from '../schema/table'
import { paramsOf } from './params'
import type { StateOf } from './stored-parts'
import { type FittedTransformer, neededColumn, type Transformer } from './transformer'
import { type ColumnSelector, checkSelector, selectedNames, selectorText } from './transformers/selector'

/**
 * A transformer that keeps the selected columns, in the given order, and the target.
 *
 * @param selector names, a kind (`'numeric'`, `'text'`, …), a pattern, or a function that is asked for each column
 * @throws InvalidArgument for an empty list; on fit, NotFound for a name the table lacks
 */
export function selectColumns(selector: ColumnSelector): Transformer {
  checkSelector('selectColumns', selector)
  return {
    kind: 'selectColumns',
    options: paramsOf({ columns: selectorText(selector) }),
    fit(table, { target } = {}) {
      assertTable(table, 'fit of selectColumns')
      return fittedSelection(selectedNames(table, selector, target), target)
    },
  }
}

/**
 * A transformer that drops the selected columns. At fit, not the target.
 *
 * @param selector as of {@link selectColumns}
 * @throws InvalidArgument for an empty list; on fit, NotFound for a name the table lacks
 */
export function dropColumns(selector: ColumnSelector): Transformer {
  checkSelector('dropColumns', selector)
  return {
    kind: 'dropColumns',
    options: paramsOf({ columns: selectorText(selector) }),
    fit(table, { target } = {}) {
      assertTable(table, 'fit of dropColumns')
      const dropped = new Set(selectedNames(table, selector, target))
      return fittedSelection(
        table.columnNames.filter((name) => name !== target && !dropped.has(name)),
        target,
      )
    },
  }
}

/** Restores the selection from its state. */
export function restoreSelectColumns({ names, target }: StateOf<'selectColumns'>): FittedTransformer {
  return fittedSelection(names, target)
}

function fittedSelection(names: readonly string[], target: string | undefined): FittedTransformer {
  return {
    kind: 'selectColumns',
    inputs: names,
    transform(table) {
      assertTable(table, 'transform of selectColumns')
      const kept = names.map((name) => neededColumn('selectColumns', table, name))
      const labels = target !== undefined && table.columnNames.includes(target) ? [table.column(target)] : []
      return tableOf([...kept, ...labels])
    },
    sourcesOf: (outputs) => [...outputs],
    state: () => ({ kind: 'selectColumns', names, ...(target === undefined ? {} : { target }) }),
  }
}
