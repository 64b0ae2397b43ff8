/** Expectations on one figure of a column, or on its set of distinct values. */
import { invalidArgument, show } from '../core/errors'
import type { Json } from '../core/json'
import { finiteNumber, ofType, requireOptions } from '../core/options'
import { type SetValue, valueSetOf } from './column-values'
import {
  type Bounds,
  boundKwargs,
  boundRules,
  type ConditionOptions,
  checkColumn,
  checkExpectation,
  conditionRules,
  type Expectation,
  makeExpectation,
} from './expectation'

/** Bounds of a figure. */
export type AggregateOptions = Bounds & ConditionOptions

/** The mean of the values. `expect_column_mean_to_be_between` */
export function columnMeanToBeBetween(column: string, options: AggregateOptions): Expectation {
  return between('mean', column, options)
}

/** The median of the values. `expect_column_median_to_be_between` */
export function columnMedianToBeBetween(column: string, options: AggregateOptions): Expectation {
  return between('median', column, options)
}

/** The smallest value. `expect_column_min_to_be_between` */
export function columnMinToBeBetween(column: string, options: AggregateOptions): Expectation {
  return between('min', column, options)
}

/** The greatest value. `expect_column_max_to_be_between` */
export function columnMaxToBeBetween(column: string, options: AggregateOptions): Expectation {
  return between('max', column, options)
}

/** The sample standard deviation (n − 1). `expect_column_stdev_to_be_between` */
export function columnStdevToBeBetween(column: string, options: AggregateOptions): Expectation {
  return between('stdev', column, options)
}

/** The sum of the values. `expect_column_sum_to_be_between` */
export function columnSumToBeBetween(column: string, options: AggregateOptions): Expectation {
  return between('sum', column, options)
}

/** How many different values there are. `expect_column_unique_value_count_to_be_between` */
export function columnUniqueValueCountToBeBetween(column: string, options: AggregateOptions): Expectation {
  return between('unique_value_count', column, options)
}

/** Different values over all values. `expect_column_proportion_of_unique_values_to_be_between` */
export function columnProportionOfUniqueValuesToBeBetween(column: string, options: AggregateOptions): Expectation {
  return between('proportion_of_unique_values', column, options)
}

/** Rows with a value over all rows. `expect_column_proportion_of_non_null_values_to_be_between` */
export function columnProportionOfNonNullValuesToBeBetween(column: string, options: AggregateOptions): Expectation {
  return between('proportion_of_non_null_values', column, options)
}

/**
 * Quantiles lie between bounds; `quantiles` pairs each share with its range, `null` for no bound. Nearest rank, as pandas'
 * `nearest`. `expect_column_quantile_values_to_be_between`
 */
export function columnQuantileValuesToBeBetween(
  column: string,
  options: ConditionOptions & { readonly quantiles: readonly (readonly [quantile: number, min: number | null, max: number | null])[] },
): Expectation {
  const subject = 'columnQuantileValuesToBeBetween'
  checkColumn(subject, column)
  checkExpectation(subject, options, {
    quantiles: { allowed: 'an array of [quantile, min, max]', test: Array.isArray },
    ...conditionRules(),
  })
  for (const range of options.quantiles) {
    const [q] = range
    if (!Array.isArray(range) || range.length !== 3 || !(q >= 0 && q <= 1))
      throw invalidArgument(`${subject} needs [quantile from 0 to 1, min, max], got ${show(range)}`)
  }
  const ranges = { quantiles: options.quantiles.map(([q]) => q), value_ranges: options.quantiles.map(([, min, max]) => [min, max]) }
  return makeExpectation('expect_column_quantile_values_to_be_between', { column, quantile_ranges: ranges }, options)
}

/** Every distinct value is among `values`. `expect_column_distinct_values_to_be_in_set` */
export function columnDistinctValuesToBeInSet(column: string, values: readonly SetValue[], options: ConditionOptions = {}): Expectation {
  return distinct('be_in_set', column, values, options)
}

/** Every one of `values` occurs. `expect_column_distinct_values_to_contain_set` */
export function columnDistinctValuesToContainSet(column: string, values: readonly SetValue[], options: ConditionOptions = {}): Expectation {
  return distinct('contain_set', column, values, options)
}

/** The distinct values are exactly `values`. `expect_column_distinct_values_to_equal_set` */
export function columnDistinctValuesToEqualSet(column: string, values: readonly SetValue[], options: ConditionOptions = {}): Expectation {
  return distinct('equal_set', column, values, options)
}

function between(what: string, column: string, options: AggregateOptions): Expectation {
  const type = `expect_column_${what}_to_be_between`
  checkColumn(type, column)
  checkExpectation(type, options, { ...boundRules(), ...conditionRules() })
  return makeExpectation(type, { column, ...boundKwargs(type, options) }, options)
}

function distinct(what: string, column: string, ...[values, options]: [readonly SetValue[], ConditionOptions]): Expectation {
  const type = `expect_column_distinct_values_to_${what}`
  checkColumn(type, column)
  checkExpectation(type, options, conditionRules())
  return makeExpectation(type, { column, value_set: valueSetOf(type, values) }, options)
}

/** Which values may be the most common one. */
export interface MostCommonOptions extends ConditionOptions {
  /** Several values may be equally common: one of them has to be in the set. Otherwise there must be just one. @default false */
  readonly tiesOkay?: boolean | undefined
}

/** The value that occurs most often is among `values`. `expect_column_most_common_value_to_be_in_set` */
export function columnMostCommonValueToBeInSet(column: string, values: readonly SetValue[], options: MostCommonOptions = {}): Expectation {
  const type = 'expect_column_most_common_value_to_be_in_set'
  checkColumn(type, column)
  checkExpectation(type, options, { tiesOkay: ofType('boolean'), ...conditionRules() })
  return makeExpectation(type, { column, value_set: valueSetOf(type, values), ties_okay: options.tiesOkay }, options)
}

/** The expected distribution of {@link columnKlDivergenceToBeLessThan}: shares of values, or of bins. The weights sum to 1. */
export type ExpectedPartition =
  | { readonly values: readonly SetValue[]; readonly weights: readonly number[] }
  | { readonly bins: readonly number[]; readonly weights: readonly number[]; readonly tailWeights?: readonly [number, number] | undefined }

/** Options of {@link columnKlDivergenceToBeLessThan}. */
export interface KlDivergenceOptions extends ConditionOptions {
  readonly partition: ExpectedPartition
  /** In nats. */
  readonly threshold: number
  /** The share set aside for values outside the bins, or outside the listed values. @default 0 */
  readonly tailWeightHoldout?: number | undefined
  /** The share set aside for bins whose weight is 0. @default 0 */
  readonly internalWeightHoldout?: number | undefined
}

/** The Kullback-Leibler divergence of the values from an expected distribution. `expect_column_kl_divergence_to_be_less_than` */
export function columnKlDivergenceToBeLessThan(column: string, options: KlDivergenceOptions): Expectation {
  const type = 'expect_column_kl_divergence_to_be_less_than'
  checkColumn(type, column)
  requireOptions(type, options, ['partition', 'threshold'])
  checkExpectation(type, options, {
    partition: ofType('object'),
    threshold: finiteNumber(0),
    tailWeightHoldout: finiteNumber(0, 1),
    internalWeightHoldout: finiteNumber(0, 1),
    ...conditionRules(),
  })
  const { partition, threshold, tailWeightHoldout: tail, internalWeightHoldout: internal } = options
  const { tailWeights, ...rest } = partition as Extract<ExpectedPartition, { bins: unknown }>
  const given = { ...rest, ...(tailWeights === undefined ? {} : { tail_weights: tailWeights }) } as unknown as Json
  const kwargs = { column, partition_object: given, threshold, tail_weight_holdout: tail, internal_weight_holdout: internal }
  return makeExpectation(type, kwargs, options)
}
