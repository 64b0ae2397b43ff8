/** Expectations on single values: bounds, sets, missing cells, types. */
import { invalidArgument, show } from '../core/errors'
import { type Column, type ColumnType, isMissingAt } from '../schema/column'
import { boundsOf, cellKey, columnOf, jsonCell, judgeCells, mostlyOf, rowsVerdict, valueSet } from './cells'
import { repeatedRows } from './evaluate-several'
import type { Evaluator } from './evaluator'
import type { Verdict } from './result'

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
    const set = valueSet(kwargs.value_set, column.type)
    return judgeCells(column, (cell) => set.has(cellKey(cell)), mostlyOf(kwargs))
  },
  expect_column_values_to_not_be_in_set: (table, kwargs) => {
    const column = columnOf(table, kwargs)
    const set = valueSet(kwargs.value_set, column.type)
    return judgeCells(column, (cell) => !set.has(cellKey(cell)), mostlyOf(kwargs))
  },
  expect_column_values_to_be_unique: (table, kwargs) => {
    const column = columnOf(table, kwargs)
    const present = (row: number): boolean => !isMissingAt(column, row)
    return rowsVerdict(column, repeatedRows([column], present), mostlyOf(kwargs))
  },
  expect_column_values_to_be_of_type: (table, kwargs) => judgeType(columnOf(table, kwargs), [kwargs.type_]),
  expect_column_values_to_be_in_type_list: (table, kwargs) => {
    const { type_list: types } = kwargs
    if (!Array.isArray(types)) throw invalidArgument(`\`type_list\` must be an array, got ${show(types)}`)
    return judgeType(columnOf(table, kwargs), types)
  },
  expect_column_type_to_be: (table, kwargs) => judgeType(columnOf(table, kwargs), [kwargs.type_]),
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
  return { kind: 'rows', elementCount: column.length, unexpected, valueAt: (row) => jsonCell(column, row), columns: [column], mostly }
}
