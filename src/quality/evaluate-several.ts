/** Expectations on several columns of a row. */
import { invalidArgument, MillwrightError, show } from '../core/errors'
import { type CellValue, type Column, isMissingAt } from '../schema/column'
import { strataOf } from '../schema/partition'
import type { Table } from '../schema/table'
import { cellKey, columnOf, jsonCell, mostlyOf, setKey } from './cells'
import type { Evaluator } from './evaluator'
import type { Kwargs } from './expectation'
import type { Verdict } from './result'

/** Expectations on pairs and lists of columns by type. */
export const severalEvaluators: Readonly<Record<string, Evaluator>> = {
  expect_column_pair_values_a_to_be_greater_than_b: (table, kwargs) =>
    judgePair(table, kwargs, (a, b, alike) => {
      if (a === null || b === null) return false
      if (alike) return a > b || (kwargs.or_equal === true && a === b)
      throw new MillwrightError(
        'SchemaMismatch',
        `columns ${show(kwargs.column_A)} and ${show(kwargs.column_B)} are of types that cannot be compared`,
      )
    }),
  // Cells of different kinds, such as text and numbers, are never equal.
  expect_column_pair_values_to_be_equal: (table, kwargs) =>
    judgePair(table, kwargs, (a, b, alike) => a !== null && b !== null && alike && a === b),
  expect_column_pair_values_to_be_in_set: judgePairSet,
  expect_compound_columns_to_be_unique: (table, kwargs) => judgeTuples(table, kwargs, repeatedRows),
  expect_multicolumn_sum_to_equal: (table, kwargs) =>
    judgeTuples(table, kwargs, (columns, counts) => {
      const text = columns.find(({ type }) => type === 'string')
      if (text !== undefined) throw new MillwrightError('SchemaMismatch', `column ${show(text.name)} is text and cannot be added up`)
      // A sum with a missing part is no number, so it equals nothing.
      const sumOf = (row: number): number => columns.reduce((total, column) => total + Number(column.at(row) ?? Number.NaN), 0)
      return rowsWhere(table, (row) => counts(row) && sumOf(row) !== kwargs.sum_total)
    }),
  // Missing equals missing here, and `true` equals 1.
  expect_multicolumn_values_to_be_equal: (table, kwargs) =>
    judgeTuples(table, kwargs, (columns, counts) =>
      rowsWhere(table, (row) => counts(row) && new Set(columns.map((column) => keyOf(column, row))).size > 1),
    ),
  expect_select_column_values_to_be_unique_within_record: (table, kwargs) =>
    judgeTuples(table, kwargs, (columns, counts) =>
      rowsWhere(table, (row) => counts(row) && new Set(columns.map((column) => keyOf(column, row))).size < columns.length),
    ),
}

function rowsWhere(table: Table, test: (row: number) => boolean): number[] {
  const rows: number[] = []
  for (let row = 0; row < table.numRows; row++) if (test(row)) rows.push(row)
  return rows
}

/** What equals across columns: a time is no number. */
function keyOf(column: Column, row: number): CellValue {
  const cell = column.at(row)
  return column.type === 'timestamp' && cell !== null ? `time ${cell as number}` : typeof cell === 'string' ? `text ${cell}` : cellKey(cell)
}

/** Rows, among those that count, whose combination of values occurs more than once. */
export function repeatedRows(columns: readonly Column[], counts: (row: number) => boolean): number[] {
  let codes = strataOf(columns[0] as Column)
  for (const column of columns.slice(1)) codes = paired(codes, strataOf(column))
  const seen = new Map<number, number>()
  for (let row = 0; row < codes.length; row++) {
    if (counts(row)) seen.set(codes[row] as number, (seen.get(codes[row] as number) ?? 0) + 1)
  }
  const rows: number[] = []
  for (let row = 0; row < codes.length; row++) if (counts(row) && (seen.get(codes[row] as number) as number) > 1) rows.push(row)
  return rows
}

function paired(a: Int32Array, b: Int32Array): Int32Array {
  const known = new Map<number, number>()
  return a.map((code, row) => {
    const pair = code * 4294967296 + (b[row] as number)
    let joint = known.get(pair)
    if (joint === undefined) {
      joint = known.size
      known.set(pair, joint)
    }
    return joint
  })
}

/** A cell that can be ordered: a boolean is 1 or 0; `null` when missing. */
type PairCell = string | number | null

function judgePair(table: Table, kwargs: Kwargs, test: (a: PairCell, b: PairCell, alike: boolean) => boolean): Verdict {
  const a = columnOf(table, kwargs, 'column_A')
  const b = columnOf(table, kwargs, 'column_B')
  const kind = ({ type }: Column): string => (type === 'string' || type === 'timestamp' ? type : 'number')
  const alike = kind(a) === kind(b)
  const ignore = kwargs.ignore_row_if ?? 'both_values_are_missing'
  let ignored = 0
  const unexpected = rowsWhere(table, (row) => {
    const [x, y] = [cellKey(a.at(row)) as PairCell, cellKey(b.at(row)) as PairCell]
    const missing = (x === null ? 1 : 0) + (y === null ? 1 : 0)
    const skip = missing === 2 ? ignore !== 'neither' : missing === 1 && ignore === 'either_value_is_missing'
    if (skip) ignored++
    return !skip && !test(x, y, alike)
  })
  const valueAt = (row: number) => [jsonCell(a, row), jsonCell(b, row)]
  return {
    kind: 'rows',
    elementCount: table.numRows,
    missingCount: ignored,
    unexpected,
    valueAt,
    columns: [a, b],
    mostly: mostlyOf(kwargs),
  }
}

function judgePairSet(table: Table, kwargs: Kwargs): Verdict {
  const { value_pairs_set: pairs } = kwargs
  const wrong = (pairs as readonly unknown[]).find((pair) => !Array.isArray(pair) || pair.length !== 2)
  if (wrong !== undefined) throw invalidArgument(`\`value_pairs_set\` must hold pairs of values, got ${show(wrong)}`)
  const [a, b] = [columnOf(table, kwargs, 'column_A'), columnOf(table, kwargs, 'column_B')]
  const keyFor = (x: CellValue, y: CellValue): string => JSON.stringify([x, y])
  const known = new Set(
    (pairs as readonly (readonly [CellValue, CellValue])[]).map(([x, y]) => keyFor(setKey(x, a.type), setKey(y, b.type))),
  )
  return judgePair(table, kwargs, (x, y) => known.has(keyFor(x, y)))
}

function judgeTuples(
  table: Table,
  kwargs: Kwargs,
  find: (columns: readonly Column[], counts: (row: number) => boolean) => readonly number[],
): Verdict {
  const { column_list: names, ignore_row_if: ignore = 'all_values_are_missing' } = kwargs
  if (!Array.isArray(names) || names.length === 0) throw invalidArgument(`\`column_list\` must name columns, got ${show(names)}`)
  const columns = names.map((name: unknown) => table.column(name as string))
  const counts = (row: number): boolean => {
    if (ignore === 'never') return true
    const missing = columns.filter((column) => isMissingAt(column, row)).length
    return ignore === 'any_value_is_missing' ? missing === 0 : missing < columns.length
  }
  const missingCount = rowsWhere(table, (row) => !counts(row)).length
  const valueAt = (row: number) => Object.fromEntries(columns.map((column) => [column.name, jsonCell(column, row)]))
  const unexpected = find(columns, counts)
  return { kind: 'rows', elementCount: table.numRows, missingCount, unexpected, valueAt, columns, mostly: mostlyOf(kwargs) }
}
