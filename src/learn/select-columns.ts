/** Transformers that keep or drop columns. */
import { invalidArgument, show } from '../core/errors'
import { assertTable, columnNotFound, type Table, tableOf } from '../schema/table'
import { paramsOf } from './params'
import type { StateOf } from './stored-parts'
import { type FittedTransformer, neededColumn, type Transformer } from './transformer'

/**
 * A transformer that keeps the named columns, in the given order, and the target.
 *
 * @throws InvalidArgument unless given at least one name; on fit, NotFound for a name the table lacks
 */
export function selectColumns(names: readonly string[]): Transformer {
  checkNames('selectColumns', names)
  return {
    kind: 'selectColumns',
    options: paramsOf({ columns: names }),
    fit(table, { target } = {}) {
      assertTable(table, 'fit of selectColumns')
      assertThere(table, names)
      return fittedSelection(
        names.filter((name) => name !== target),
        target,
      )
    },
  }
}

/**
 * A transformer that drops the named columns. At fit, not the target.
 *
 * @throws InvalidArgument unless given at least one name; on fit, NotFound for a name the table lacks
 */
export function dropColumns(names: readonly string[]): Transformer {
  checkNames('dropColumns', names)
  return {
    kind: 'dropColumns',
    options: paramsOf({ columns: names }),
    fit(table, { target } = {}) {
      assertTable(table, 'fit of dropColumns')
      assertThere(table, names)
      return fittedSelection(
        table.columnNames.filter((name) => name !== target && !names.includes(name)),
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

function checkNames(kind: string, names: unknown): void {
  if (!Array.isArray(names) || names.length === 0 || names.some((name) => typeof name !== 'string')) {
    throw invalidArgument(`${kind} takes a list of column names, got ${show(names)}`)
  }
}

function assertThere(table: Table, names: readonly string[]): void {
  const unknown = names.find((name) => !table.columnNames.includes(name))
  if (unknown !== undefined) throw columnNotFound(unknown, table.columnNames)
}
