/** Evaluates expectations row by row. */
import { invalidArgument, MillwrightError, show } from '../core/errors'
import { type Column, type ColumnType, isMissingAt } from '../schema/column'
import { strataOf } from '../schema/partition'
import type { Table } from '../schema/table'
import { boundsOf, type CellTest, cellKey, columnOf, jsonCell, judgeCells, mostlyOf, rowsVerdict, valueSet } from './cells'
import type { Kwargs } from './expectation'
import { pythonRegex } from './python-regex'
import type { Verdict } from './result'

/** Evaluates one expectation, given by its kwargs, on a table. */
export type Evaluator = (table: Table, kwargs: Kwargs) => Verdict

/** Row-wise expectations by type. */
export const rowEvaluators: Readonly<Record<string, Evaluator>> = {
  expect_column_values_to_be_between: (table, kwargs) => {
    const column = columnOf(table, kwargs)
    return judgeCells(column, boundsOf(kwargs, column), mostlyOf(kwargs))
  },
  expect_column_values_to_not_be_null: (table, kwargs) => judgeMissing(columnOf(table, kwargs), true, mostlyOf(kwargs)),
  expect_column_values_to_be_null: (table, kwargs) => judgeMissing(columnOf(table, kwargs), false, mostlyOf(kwargs)),
  expect_column_values_to_be_in_set: (table, kwargs) => {
    const column = columnOf(table, kwargs)
    const set = valueSet(kwargs.value_set, column)
    return judgeCells(column, (cell) => set.has(cellKey(cell)), mostlyOf(kwargs))
  },
  expect_column_values_to_not_be_in_set: (table, kwargs) => {
    const column = columnOf(table, kwargs)
    const set = valueSet(kwargs.value_set, column)
    return judgeCells(column, (cell) => !set.has(cellKey(cell)), mostlyOf(kwargs))
  },
  expect_column_values_to_be_unique: (table, kwargs) => {
    const column = columnOf(table, kwargs)
    const present = (row: number): boolean => !isMissingAt(column, row)
    return rowsVerdict(column, repeatedRows([column], present), mostlyOf(kwargs))
  },
  expect_column_values_to_match_regex: (table, kwargs) => {
    const regex = regexOf(kwargs, '(?s).*')
    return judgeCells(
      columnOf(table, kwargs),
      textTest(columnOf(table, kwargs), (text) => regex.test(text)),
      mostlyOf(kwargs),
    )
  },
  expect_column_values_to_not_match_regex: (table, kwargs) => {
    const regex = regexOf(kwargs)
    return judgeCells(
      columnOf(table, kwargs),
      textTest(columnOf(table, kwargs), (text) => !regex.test(text)),
      mostlyOf(kwargs),
    )
  },
  expect_column_value_lengths_to_be_between: (table, kwargs) => {
    const within = boundsOf(kwargs)
    const length = (text: string): number => [...text].length
    return judgeCells(
      columnOf(table, kwargs),
      textTest(columnOf(table, kwargs), (text) => within(length(text))),
      mostlyOf(kwargs),
    )
  },
  expect_column_values_to_be_of_type: (table, kwargs) => judgeType(columnOf(table, kwargs), [kwargs.type_]),
  expect_column_values_to_be_in_type_list: (table, kwargs) => {
    const { type_list: types } = kwargs
    if (!Array.isArray(types)) throw invalidArgument(`\`type_list\` must be an array, got ${show(types)}`)
    return judgeType(columnOf(table, kwargs), types)
  },
  expect_column_pair_values_a_to_be_greater_than_b: (table, kwargs) =>
    judgePair(table, kwargs, (a, b, alike) => {
      if (alike) return a > b || (kwargs.or_equal === true && a === b)
      throw new MillwrightError(
        'SchemaMismatch',
        `columns ${show(kwargs.column_A)} and ${show(kwargs.column_B)} are of types that cannot be compared`,
      )
    }),
  // Cells of different kinds, such as text and numbers, are never equal.
  expect_column_pair_values_to_be_equal: (table, kwargs) => judgePair(table, kwargs, (a, b, alike) => alike && a === b),
  expect_compound_columns_to_be_unique: (table, kwargs) => judgeTuples(table, kwargs, repeatedRows),
  expect_multicolumn_sum_to_equal: (table, kwargs) =>
    judgeTuples(table, kwargs, (columns, counts) => {
      const rows: number[] = []
      const text = columns.find(({ type }) => type === 'string')
      if (text !== undefined) throw new MillwrightError('SchemaMismatch', `column ${show(text.name)} is text and cannot be added up`)
      for (let row = 0; row < table.numRows; row++) {
        // A sum with a missing value is NaN, so it equals nothing.
        const sum = columns.reduce((total, column) => total + Number(column.at(row) ?? Number.NaN), 0)
        if (counts(row) && sum !== kwargs.sum_total) rows.push(row)
      }
      return rows
    }),
}

/** Names of our types in suites: our own, and those of pandas, SQL and Spark. */
const typeNames: Readonly<Record<ColumnType, readonly string[]>> = {
  float64: ['float64', 'float', 'double', 'DOUBLE', 'FLOAT', 'float32', 'DoubleType', 'FloatType'],
  int32: ['int32', 'int64', 'int', 'integer', 'INTEGER', 'Int64', 'Int32', 'long', 'int16', 'int8', 'IntegerType', 'LongType'],
  boolean: ['boolean', 'bool', 'BOOLEAN', 'bool_', 'BooleanType'],
  string: ['string', 'str', 'object', 'VARCHAR', 'TEXT', 'category', 'StringType'],
  timestamp: ['timestamp', 'datetime', 'datetime64', 'datetime64[ns]', 'datetime64[ms]', 'Timestamp', 'TIMESTAMP', 'TimestampType'],
}

/** Further pandas types of a column with missing cells: whole numbers become floats, booleans objects. */
const namesWhenMissing: Readonly<Partial<Record<ColumnType, readonly string[]>>> = { int32: ['float64', 'float'], boolean: ['object'] }

function judgeType(column: Column, types: readonly unknown[]): Verdict {
  const names = [...typeNames[column.type], ...(column.nullCount > 0 ? (namesWhenMissing[column.type] ?? []) : [])]
  return { kind: 'figure', success: types.some((type) => names.includes(type as string)), observed: column.type }
}

function judgeMissing(column: Column, wantPresent: boolean, mostly: number): Verdict {
  const unexpected: number[] = []
  for (let row = 0; row < column.length; row++) if (isMissingAt(column, row) === wantPresent) unexpected.push(row)
  return { kind: 'rows', elementCount: column.length, unexpected, valueAt: (row) => jsonCell(column, row), mostly }
}

function textTest(column: Column, test: (text: string) => boolean): CellTest {
  if (column.type !== 'string')
    throw new MillwrightError('SchemaMismatch', `column ${show(column.name)} must be text, it is ${column.type}`)
  return (cell) => test(cell as string)
}

/** kwarg `regex`, in Python's syntax. */
function regexOf(kwargs: Kwargs, absent?: string): RegExp {
  const { regex = absent } = kwargs
  if (typeof regex !== 'string') throw invalidArgument(`\`regex\` must be text, got ${show(regex)}`)
  return pythonRegex(regex)
}

/** Rows, among those that count, whose combination of values occurs more than once. */
function repeatedRows(columns: readonly Column[], counts: (row: number) => boolean): number[] {
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

function judgePair(table: Table, kwargs: Kwargs, test: (a: string | number, b: string | number, alike: boolean) => boolean): Verdict {
  const a = columnOf(table, kwargs, 'column_A')
  const b = columnOf(table, kwargs, 'column_B')
  const kind = ({ type }: Column): string => (type === 'string' || type === 'timestamp' ? type : 'number')
  const alike = kind(a) === kind(b)
  const ignore = kwargs.ignore_row_if ?? 'both_values_are_missing'
  let ignored = 0
  const unexpected: number[] = []
  for (let row = 0; row < table.numRows; row++) {
    const [x, y] = [a.at(row), b.at(row)]
    const missing = (x === null ? 1 : 0) + (y === null ? 1 : 0)
    if (missing === 2 ? ignore !== 'neither' : missing === 1 && ignore === 'either_value_is_missing') ignored++
    else if (missing > 0 || !test(orderable(x), orderable(y), alike)) unexpected.push(row)
  }
  const valueAt = (row: number) => [jsonCell(a, row), jsonCell(b, row)]
  return { kind: 'rows', elementCount: table.numRows, missingCount: ignored, unexpected, valueAt, mostly: mostlyOf(kwargs) }
}

function orderable(cell: unknown): string | number {
  return typeof cell === 'boolean' ? Number(cell) : (cell as string | number)
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
  let ignored = 0
  for (let row = 0; row < table.numRows; row++) if (!counts(row)) ignored++
  const valueAt = (row: number) => Object.fromEntries(columns.map((column) => [column.name, jsonCell(column, row)]))
  return {
    kind: 'rows',
    elementCount: table.numRows,
    missingCount: ignored,
    unexpected: find(columns, counts),
    valueAt,
    mostly: mostlyOf(kwargs),
  }
}
