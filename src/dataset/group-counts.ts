/** Counts how often each value, or each combination of values, occurs. */
import { invalidArgument, show } from '../core/errors'
import { type CellValue, type Column, makeColumn, takeColumn } from '../schema/column'
import type { NameOf, RowOf, Selected, WithCell } from '../schema/row-types'
import { assertTable, type Table } from '../schema/table'
import { Dataset } from './dataset'
import { groupCodes } from './group-codes'

/**
 * One row per combination of values of the given columns, in order of first appearance, and how many rows have it in a
 * column `count`. Missing cells form a group.
 *
 * @throws NotFound; InvalidArgument without a column, or when one of them is called `count`
 */
export function groupCounts<T extends Table, const Name extends NameOf<T>>(
  table: T,
  by: Name | readonly Name[],
): Dataset<WithCell<Selected<RowOf<T>, Name>, 'count', number>> {
  assertTable(table, 'groupCounts')
  const names: readonly string[] = typeof by === 'string' ? [by] : by
  if (names.length === 0) throw invalidArgument('groupCounts needs at least one column')
  if (names.includes('count')) throw invalidArgument(`groupCounts cannot group by a column called ${show('count')}: rename it first`)
  const keys = names.map((name) => table.column(name))
  const { firsts, counts } = countGroups(keys)
  return new Dataset([...keys.map((column) => takeColumn(column, firsts)), makeColumn('count', { type: 'int32', values: counts })])
}

/** A value and how often it occurs. */
export interface ValueCount {
  readonly value: CellValue
  readonly count: number
}

/** The distinct values of a column, the most frequent first (ties by first appearance); `null` stands for missing. @throws NotFound */
export function valueCounts<T extends Table>(table: T, name: NameOf<T>): ValueCount[] {
  assertTable(table, 'valueCounts')
  return countValues(table.column(name))
}

/** {@link valueCounts} of a column. */
export function countValues(column: Column): ValueCount[] {
  const { firsts, counts } = countGroups([column])
  return Array.from(firsts, (row, group) => ({ value: column.at(row), count: counts[group] as number })).sort((a, b) => b.count - a.count)
}

function countGroups(keys: readonly Column[]): { firsts: Int32Array; counts: Int32Array } {
  const { codes, count } = groupCodes(
    keys.map((column) => [column]),
    'group',
  )
  const firsts = new Int32Array(count).fill(-1)
  const counts = new Int32Array(count)
  ;(codes[0] as Int32Array).forEach((group, row) => {
    if (counts[group] === 0) firsts[group] = row
    counts[group] = (counts[group] as number) + 1
  })
  return { firsts, counts }
}
