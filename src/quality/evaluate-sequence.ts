/** Expectations that judge a value by its neighbours, or by how far it lies from the rest. */
import { MillwrightError, show } from '../core/errors'
import { type Column, type ColumnType, isMissingAt, toFloat64 } from '../schema/column'
import type { Table } from '../schema/table'
import { columnOf, mostlyOf, rowsVerdict } from './cells'
import type { Evaluator } from './evaluator'
import type { Kwargs } from './expectation'
import { figures } from './figures'
import type { Verdict } from './result'

/** Expectations on order and distance by type. */
export const sequenceEvaluators: Readonly<Record<string, Evaluator>> = {
  expect_column_values_to_be_increasing: (table, kwargs) => judgeOrder(table, kwargs, 1),
  expect_column_values_to_be_decreasing: (table, kwargs) => judgeOrder(table, kwargs, -1),
  expect_column_value_z_scores_to_be_less_than: (table, kwargs) => {
    const { mean, stdev } = figures
    const { threshold, double_sided: doubleSided } = kwargs
    return judgeNumbers(table, kwargs, ['int32', 'float64', 'timestamp', 'boolean'], (values) => {
      const [center, spread] = [mean(values), stdev(values)]
      // Without a spread there is no z-score, and nothing that is too far away.
      if (center === null || spread === null || !(spread > 0)) return () => true
      const limit = doubleSided === true ? Math.abs(threshold as number) : (threshold as number)
      return (value) => (doubleSided === true ? Math.abs((value - center) / spread) : (value - center) / spread) < limit
    })
  },
  expect_column_values_to_not_be_outliers: (table, { method = 'iqr', multiplier = 1.5, ...kwargs }) =>
    judgeNumbers(table, kwargs, ['int32', 'float64'], (values) =>
      method === 'iqr' ? withinFences(values, multiplier as number) : nearMean(values, multiplier as number),
    ),
}

/** Every value against the one before it, missing cells left out; the first is fine. */
function judgeOrder(table: Table, kwargs: Kwargs, sign: 1 | -1): Verdict {
  const column = columnOf(table, kwargs)
  const values = numbersOf(column, ['int32', 'float64', 'timestamp'])
  const unexpected: number[] = []
  let previous: number | undefined
  for (let row = 0; row < values.length; row++) {
    if (isMissingAt(column, row)) continue
    const value = values[row] as number
    const step = previous === undefined ? undefined : (value - previous) * sign
    if (step !== undefined && (kwargs.strictly === true ? !(step > 0) : !(step >= 0))) unexpected.push(row)
    previous = value
  }
  return rowsVerdict(column, unexpected, mostlyOf(kwargs))
}

function judgeNumbers(
  table: Table,
  kwargs: Kwargs,
  types: readonly ColumnType[],
  testOf: (values: Float64Array) => (value: number) => boolean,
): Verdict {
  const column = columnOf(table, kwargs)
  const numbers = numbersOf(column, types)
  const fine = testOf(numbers.filter((value) => value === value))
  const unexpected: number[] = []
  for (let row = 0; row < numbers.length; row++) {
    const value = numbers[row] as number
    if (value === value && !fine(value)) unexpected.push(row)
  }
  return rowsVerdict(column, unexpected, mostlyOf(kwargs))
}

/** Tukey's fences; a value on a fence is inside. */
function withinFences(values: Float64Array, multiplier: number): (value: number) => boolean {
  if (values.length === 0) return () => true
  const sorted = values.slice().sort()
  const [low, high] = [figures.quantile(sorted, 0.25, 'linear'), figures.quantile(sorted, 0.75, 'linear')]
  const reach = multiplier * (high - low)
  return (value) => value >= low - reach && value <= high + reach
}

/** Less than `multiplier` standard deviations from the mean. */
function nearMean(values: Float64Array, multiplier: number): (value: number) => boolean {
  const [center, spread] = [figures.mean(values), figures.stdev(values)]
  if (center === null || spread === null) return () => true
  const reach = multiplier * spread
  return (value) => (reach <= 0 ? value === center : Math.abs(value - center) < reach)
}

/** The cells as numbers. @throws SchemaMismatch unless the column is of one of `types`, or has no value */
function numbersOf(column: Column, types: readonly ColumnType[]): Float64Array {
  if (!types.includes(column.type) && column.nullCount < column.length) {
    throw new MillwrightError('SchemaMismatch', `column ${show(column.name)} must be ${types.join(', ')}, it is ${column.type}`)
  }
  return types.includes(column.type) ? toFloat64(column) : new Float64Array(column.length).fill(Number.NaN)
}
