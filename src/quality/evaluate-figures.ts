/** Evaluates expectations on one figure, on the set of distinct values, or on the shape of the table. */
import { invalidArgument, show } from '../core/errors'
import type { Json } from '../core/json'
import { type CellValue, type Column, isMissingAt, toFloat64 } from '../schema/column'
import type { Table } from '../schema/table'
import { boundsOf, cellKey, columnOf, jsonValue, valueSet } from './cells'
import type { Evaluator } from './evaluate-rows'
import type { Kwargs } from './expectation'
import type { Verdict } from './result'

/** Expectations on figures and shapes by type. */
export const figureEvaluators: Readonly<Record<string, Evaluator>> = {
  expect_column_mean_to_be_between: (table, kwargs) => judgeNumbers(table, kwargs, mean),
  expect_column_median_to_be_between: (table, kwargs) => judgeNumbers(table, kwargs, median),
  expect_column_sum_to_be_between: (table, kwargs) => judgeNumbers(table, kwargs, sum),
  expect_column_stdev_to_be_between: (table, kwargs) => judgeNumbers(table, kwargs, stdev),
  expect_column_min_to_be_between: (table, kwargs) => judgeExtreme(table, kwargs, -1),
  expect_column_max_to_be_between: (table, kwargs) => judgeExtreme(table, kwargs, 1),
  expect_column_unique_value_count_to_be_between: (table, kwargs) => judgeFigure(kwargs, distinctValues(columnOf(table, kwargs)).size),
  expect_column_proportion_of_unique_values_to_be_between: (table, kwargs) => {
    const column = columnOf(table, kwargs)
    const present = column.length - column.nullCount
    return judgeFigure(kwargs, present === 0 ? 0 : distinctValues(column).size / present)
  },
  expect_column_proportion_of_non_null_values_to_be_between: (table, kwargs) => {
    const column = columnOf(table, kwargs)
    return judgeFigure(kwargs, column.length === 0 ? 0 : (column.length - column.nullCount) / column.length)
  },
  expect_column_quantile_values_to_be_between: judgeQuantiles,
  expect_column_distinct_values_to_be_in_set: (table, kwargs) => judgeDistinct(table, kwargs, { extra: true }),
  expect_column_distinct_values_to_contain_set: (table, kwargs) => judgeDistinct(table, kwargs, { absent: true }),
  expect_column_distinct_values_to_equal_set: (table, kwargs) => judgeDistinct(table, kwargs, { extra: true, absent: true }),
  expect_column_to_exist: (table, { column, column_index: index }) => {
    const at = table.columnNames.indexOf(column as string)
    return { kind: 'figure', success: at >= 0 && (index === undefined || index === null || index === at) }
  },
  expect_table_row_count_to_be_between: (table, kwargs) => judgeFigure(kwargs, table.numRows),
  expect_table_row_count_to_equal: (table, { value }) => ({ kind: 'figure', success: table.numRows === value, observed: table.numRows }),
  expect_table_column_count_to_be_between: (table, kwargs) => judgeFigure(kwargs, table.columnNames.length),
  expect_table_column_count_to_equal: ({ columnNames: { length } }, { value }) => ({
    kind: 'figure',
    success: length === value,
    observed: length,
  }),
  expect_table_columns_to_match_set: judgeColumnSet,
  expect_table_columns_to_match_ordered_list: judgeColumnList,
}

/** Compares a figure with bounds. `null`: there were no values to compute it from, which is a failure. */
function judgeFigure(kwargs: Kwargs, observed: number | null): Verdict {
  return { kind: 'figure', success: observed !== null && boundsOf(kwargs)(observed), observed }
}

function judgeNumbers(table: Table, kwargs: Kwargs, figure: (values: Float64Array) => number | null): Verdict {
  return judgeFigure(kwargs, figure(toFloat64(columnOf(table, kwargs)).filter((value) => value === value)))
}

function judgeExtreme(table: Table, kwargs: Kwargs, sign: 1 | -1): Verdict {
  const column = columnOf(table, kwargs)
  let extreme: CellValue = null
  for (const value of distinctValues(column)) {
    if (extreme === null || (sign > 0 ? (value as number) > (extreme as number) : (value as number) < (extreme as number))) extreme = value
  }
  return { kind: 'figure', success: extreme !== null && boundsOf(kwargs, column)(extreme), observed: jsonValue(column, extreme) }
}

function distinctValues(column: Column): Set<CellValue> {
  const raw = new Set<number>()
  for (let row = 0; row < column.length; row++) if (!isMissingAt(column, row)) raw.add(column.storage[row] as number)
  const { dictionary, type } = column
  const value = (code: number): CellValue =>
    dictionary !== undefined ? (dictionary[code] as string) : type === 'boolean' ? code === 1 : code
  return new Set(Array.from(raw, value))
}

/** Of nothing it is 0, as in pandas. */
function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0)
}

function mean(values: Float64Array): number | null {
  return values.length === 0 ? null : sum(values) / values.length
}

function stdev(values: Float64Array): number | null {
  const center = mean(values)
  if (center === null || values.length < 2) return null
  return Math.sqrt(values.reduce((total, value) => total + (value - center) ** 2, 0) / (values.length - 1))
}

function median(values: Float64Array): number | null {
  if (values.length === 0) return null
  const sorted = values.slice().sort()
  const half = sorted.length >> 1
  const upper = sorted[half] as number
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] as number) + upper) / 2
}

function judgeQuantiles(table: Table, kwargs: Kwargs): Verdict {
  const { quantiles, value_ranges: ranges } = (kwargs.quantile_ranges ?? {}) as Readonly<Record<string, unknown>>
  if (!Array.isArray(quantiles) || !Array.isArray(ranges) || quantiles.length !== ranges.length) {
    throw invalidArgument(`\`quantile_ranges\` needs as many value_ranges as quantiles, got ${show(kwargs.quantile_ranges)}`)
  }
  const sorted = toFloat64(columnOf(table, kwargs))
    .filter((value) => value === value)
    .sort()
  const method =
    kwargs.allow_relative_error === undefined || kwargs.allow_relative_error === false ? 'nearest' : kwargs.allow_relative_error
  const values = quantiles.map((q: number) => (sorted.length === 0 ? null : quantileOf(sorted, q, method as string)))
  const success = values.map((value, i) => {
    const [min, max] = ranges[i] as readonly [number | null, number | null]
    return value !== null && (min === null || atMost(min, value)) && (max === null || atMost(value, max))
  })
  return { kind: 'figure', success: success.every(Boolean), observed: { quantiles, values }, details: { success_details: success } }
}

/** A quantile by the methods of `pandas.Series.quantile`; `nearest` takes the even rank of two equally near. */
function quantileOf(sorted: Float64Array, q: number, method: string): number {
  const position = q * (sorted.length - 1)
  if (method === 'nearest') return sorted[roundHalfEven(position)] as number
  const lower = sorted[Math.floor(position)] as number
  const upper = sorted[Math.ceil(position)] as number
  if (method === 'lower') return lower
  if (method === 'higher') return upper
  return method === 'midpoint' ? (lower + upper) / 2 : lower + (upper - lower) * (position - Math.floor(position))
}

function roundHalfEven(x: number): number {
  const low = Math.floor(x)
  return x - low === 0.5 ? low + (low % 2) : Math.round(x)
}

/** a ≤ b, or so close that Great Expectations calls them equal (relative tolerance 10⁻⁴). */
function atMost(a: number, b: number): boolean {
  return a <= b || Math.abs(a - b) <= 1e-4 * Math.abs(b)
}

/** Compares distinct values with a set: there must be no `extra` or no `absent` values, depending on the expectation. */
function judgeDistinct(table: Table, kwargs: Kwargs, looksAt: { readonly extra?: true; readonly absent?: true }): Verdict {
  const column = columnOf(table, kwargs)
  const expected = valueSet(kwargs.value_set, column)
  const observed = [...distinctValues(column)].sort((a, b) => ((a as number) < (b as number) ? -1 : 1))
  const found = new Set(observed.map(cellKey))
  const extra = observed.filter((value) => !expected.has(cellKey(value))).map((value) => jsonValue(column, value))
  const absent = [...expected].filter((value) => !found.has(value)).map((value) => jsonValue(column, value))
  const success = (looksAt.extra !== true || extra.length === 0) && (looksAt.absent !== true || absent.length === 0)
  const counts = {
    ...(looksAt.extra === true ? { unexpected_count: extra.length, partial_unexpected_list: extra.slice(0, 20) } : {}),
    ...(looksAt.absent === true ? { missing_count: absent.length, partial_missing_list: absent.slice(0, 20) } : {}),
  }
  return { kind: 'figure', success, observed: observed.slice(0, 1000).map((value) => jsonValue(column, value)), counts }
}

function judgeColumnSet(table: Table, kwargs: Kwargs): Verdict {
  const { column_set: expected } = kwargs
  if (!Array.isArray(expected)) throw invalidArgument(`\`column_set\` must be an array, got ${show(expected)}`)
  const names = table.columnNames
  const missing = expected.filter((name: Json) => !names.includes(name as string))
  const unexpected = names.filter((name) => !expected.includes(name))
  const success = missing.length === 0 && (kwargs.exact_match === false || unexpected.length === 0)
  const mismatched = { ...(missing.length > 0 ? { missing } : {}), ...(unexpected.length > 0 ? { unexpected } : {}) }
  const details = missing.length + unexpected.length > 0 ? { details: { mismatched } } : {}
  return { kind: 'figure', success, observed: [...names].sort(), ...details }
}

function judgeColumnList(table: Table, kwargs: Kwargs): Verdict {
  const { column_list: expected } = kwargs
  if (!Array.isArray(expected)) throw invalidArgument(`\`column_list\` must be an array, got ${show(expected)}`)
  const found = table.columnNames
  const mismatched = Array.from({ length: Math.max(expected.length, found.length) }, (_, i) => ({
    'Expected Column Position': i,
    Expected: (expected[i] as Json | undefined) ?? null,
    Found: found[i] ?? null,
  })).filter((pair) => pair.Expected !== pair.Found)
  const details = mismatched.length > 0 ? { details: { mismatched } } : {}
  return { kind: 'figure', success: mismatched.length === 0, observed: [...found], ...details }
}
