/** Expectations on the order of values, and on how far they lie from the rest. Missing cells are left out. */
import { finiteNumber, ofType, oneOf, requireOptions } from '../core/options'
import { rowwise } from './column-values'
import { checkColumn, checkExpectation, type Expectation, makeExpectation, mostlyRule, type RowwiseOptions } from './expectation'

/** Whether equal neighbours are in order. */
export interface OrderOptions extends RowwiseOptions {
  /** Equal neighbours are unexpected. @default false */
  readonly strictly?: boolean | undefined
}

/** No value is less than the one before it. `expect_column_values_to_be_increasing` */
export function columnValuesToBeIncreasing(column: string, options: OrderOptions = {}): Expectation {
  return rowwise('be_increasing', column, { strictly: options.strictly }, options, { strictly: ofType('boolean') })
}

/** No value is greater than the one before it. `expect_column_values_to_be_decreasing` */
export function columnValuesToBeDecreasing(column: string, options: OrderOptions = {}): Expectation {
  return rowwise('be_decreasing', column, { strictly: options.strictly }, options, { strictly: ofType('boolean') })
}

/** Options of {@link columnValueZScoresToBeLessThan}. */
export interface ZScoreOptions extends RowwiseOptions {
  readonly threshold: number
  /** Values far below the mean are unexpected, too. @default true */
  readonly doubleSided?: boolean | undefined
}

/** Distances from the mean, in sample standard deviations. `expect_column_value_z_scores_to_be_less_than` */
export function columnValueZScoresToBeLessThan(column: string, options: ZScoreOptions): Expectation {
  const type = 'expect_column_value_z_scores_to_be_less_than'
  checkColumn(type, column)
  requireOptions(type, options, ['threshold'])
  checkExpectation(type, options, { threshold: finiteNumber(), doubleSided: ofType('boolean'), ...mostlyRule() })
  const { threshold, doubleSided = true, mostly } = options
  return makeExpectation(type, { column, threshold, double_sided: doubleSided, mostly }, options)
}

/** What an outlier is. */
export interface OutlierOptions extends RowwiseOptions {
  /** `iqr`: beyond the quartiles by `multiplier` interquartile ranges; `std`: `multiplier` standard deviations or more from the mean. @default 'iqr' */
  readonly method?: 'iqr' | 'std' | undefined
  /** @default 1.5 */
  readonly multiplier?: number | undefined
}

/** No value is an outlier. `expect_column_values_to_not_be_outliers` */
export function columnValuesToNotBeOutliers(column: string, options: OutlierOptions = {}): Expectation {
  const rules = { method: oneOf('iqr', 'std'), multiplier: finiteNumber(0) }
  return rowwise('not_be_outliers', column, { method: options.method, multiplier: options.multiplier }, options, rules)
}
