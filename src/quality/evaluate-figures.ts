/** Expectations judged by one figure, by the set of distinct values, or by the table's shape. */
import { invalidArgument, MillwrightError, show } from '../core/errors'
import type { Json } from '../core/json'
import { type CellValue, toFloat64 } from '../schema/column'
import type { Table } from '../schema/table'
import { boundsOf, columnOf, jsonValue } from './cells'
import type { EvaluationContext, Evaluator } from './evaluator'
import type { Kwargs } from './expectation'
import { figures } from './figures'
import { judgeFigure } from './judge-figure'
import { judgeKlDivergence } from './kl-divergence'
import type { Verdict } from './result'
import { byValue, summaryOf, valueOfKey } from './value-summary'

/** Expectations on figures and shapes by type. */
export const figureEvaluators: Readonly<Record<string, Evaluator>> = {
  expect_column_mean_to_be_between: (table, kwargs) => judgeNumbers(table, kwargs, figures.mean),
  expect_column_median_to_be_between: (table, kwargs) => judgeNumbers(table, kwargs, figures.median),
  expect_column_sum_to_be_between: (table, kwargs) => judgeNumbers(table, kwargs, figures.sum),
  expect_column_stdev_to_be_between: (table, kwargs) => judgeNumbers(table, kwargs, figures.stdev),
  expect_column_min_to_be_between: (table, kwargs) => judgeExtreme(table, kwargs, -1),
  expect_column_max_to_be_between: (table, kwargs) => judgeExtreme(table, kwargs, 1),
  expect_column_proportion_of_non_null_values_to_be_between: (table, kwargs) => {
    const column = columnOf(table, kwargs)
    return judgeFigure(kwargs, column.length === 0 ? 0 : (column.length - column.nullCount) / column.length)
  },
  expect_column_quantile_values_to_be_between: judgeQuantiles,
  expect_column_kl_divergence_to_be_less_than: judgeKlDivergence,
  expect_column_to_exist: (table, { column, column_index: index }) => {
    const at = table.columnNames.indexOf(column as string)
    return { kind: 'figure', success: at >= 0 && (index === undefined || index === null || index === at) }
  },
  expect_table_row_count_to_be_between: (table, kwargs) => judgeFigure(kwargs, table.numRows),
  expect_table_row_count_to_equal: (table, { value }) => ({ kind: 'figure', success: table.numRows === value, observed: table.numRows }),
  expect_table_row_count_to_equal_other_table: judgeOtherTable,
  expect_table_column_count_to_be_between: (table, kwargs) => judgeFigure(kwargs, table.columnNames.length),
  expect_table_column_count_to_equal: ({ columnNames: { length } }, { value }) => ({
    kind: 'figure',
    success: length === value,
    observed: length,
  }),
  expect_table_columns_to_match_set: judgeColumnSet,
  expect_table_columns_to_match_ordered_list: judgeColumnList,
}

function judgeNumbers(table: Table, kwargs: Kwargs, figure: (values: Float64Array) => number | null): Verdict {
  return judgeFigure(kwargs, figure(toFloat64(columnOf(table, kwargs)).filter((value) => value === value)))
}

function judgeExtreme(table: Table, kwargs: Kwargs, sign: 1 | -1): Verdict {
  const column = columnOf(table, kwargs)
  let extreme: CellValue = null
  for (const key of summaryOf(column).counts.keys()) if (extreme === null || byValue(key, extreme) === sign) extreme = key
  const observed = valueOfKey(column.type, extreme)
  return {
    kind: 'figure',
    success: extreme !== null && boundsOf(kwargs, column)(observed as Exclude<CellValue, null>),
    observed: extreme === null ? null : jsonValue(column.type, observed),
  }
}

function judgeOtherTable(table: Table, kwargs: Kwargs, { tables = {} }: EvaluationContext): Verdict {
  const name = kwargs.other_table_name as string
  const other = Object.hasOwn(tables, name) ? tables[name] : undefined
  if (other === undefined) {
    throw new MillwrightError(
      'NotFound',
      `there is no table ${show(name)} to compare with; the option \`tables\` has ${Object.keys(tables).map(show).join(', ') || 'none'}`,
    )
  }
  const [self, rows] = [table.numRows, other.numRows]
  return { kind: 'figure', success: self === rows, observed: { self, other: rows } }
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
  const values = quantiles.map((q: number) => (sorted.length === 0 ? null : figures.quantile(sorted, q, method as string)))
  const success = values.map((value, i) => {
    const [min, max] = ranges[i] as readonly [number | null, number | null]
    return value !== null && (min === null || atMost(min, value)) && (max === null || atMost(value, max))
  })
  return { kind: 'figure', success: success.every(Boolean), observed: { quantiles, values }, details: { success_details: success } }
}

/** a ≤ b, or so close that Great Expectations calls them equal (relative tolerance 10⁻⁴). */
function atMost(a: number, b: number): boolean {
  return a <= b || Math.abs(a - b) <= 1e-4 * Math.abs(b)
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
