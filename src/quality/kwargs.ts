/** The kwargs of every expectation, as Great Expectations 1.24 declares them: no kwarg is ever ignored. */
import { invalidArgument, MillwrightError, show } from '../core/errors'
import type { Json } from '../core/json'
import { arrayOf, checkOptions, either, finiteNumber, nonEmptyString, type OptionRule, ofType, oneOf, wholeNumber } from '../core/options'
import { numberOfText } from '../schema/coerce'
import type { Kwargs } from './expectation'

type Rules = Readonly<Record<string, OptionRule>>

const list: OptionRule = { allowed: 'an array', test: Array.isArray }
const scalar: OptionRule = { allowed: 'a number or text', test: (value) => typeof value === 'number' || typeof value === 'string' }
const share: OptionRule = finiteNumber(0, 1)

/**
 * The kwargs that every expectation takes. They do not change the verdict: `catch_exceptions` and `include_config` because errors and configuration are
 * always reported, `batch_id` because the table that is handed in is the batch, `windows` because it only says where parameters come from.
 */
const common: Rules = {
  result_format: either(oneOf('BOOLEAN_ONLY', 'BASIC', 'SUMMARY', 'COMPLETE'), ofType('object')),
  catch_exceptions: ofType('boolean'),
  include_config: ofType('boolean'),
  batch_id: ofType('string'),
  windows: list,
}
const domain: Rules = { ...common, row_condition: either(ofType('string'), ofType('object')), condition_parser: ofType('string') }
const column: Rules = { ...domain, column: nonEmptyString() }
const map: Rules = { ...column, mostly: share }
const pair: Rules = {
  ...domain,
  column_A: nonEmptyString(),
  column_B: nonEmptyString(),
  mostly: share,
  ignore_row_if: oneOf('both_values_are_missing', 'either_value_is_missing', 'neither'),
}
const tuple: Rules = {
  ...domain,
  column_list: arrayOf(nonEmptyString()),
  mostly: share,
  ignore_row_if: oneOf('all_values_are_missing', 'any_value_is_missing', 'never'),
}
const bounds: Rules = { min_value: scalar, max_value: scalar }
const strictBounds: Rules = { ...bounds, strict_min: ofType('boolean'), strict_max: ofType('boolean') }
const figure: Rules = { ...column, ...strictBounds }
const set: Rules = { value_set: list }
const regex: Rules = { regex: ofType('string') }
const patterns: OptionRule = arrayOf(ofType('string'))
const matchOn: Rules = { match_on: oneOf('any', 'all') }
const escaped: Rules = { escape: ofType('string') }
const positive: OptionRule = finiteNumber(0)

const rules: Readonly<Record<string, Rules>> = {
  expect_column_values_to_be_between: { ...map, ...strictBounds },
  expect_column_values_to_not_be_null: map,
  expect_column_values_to_be_null: map,
  expect_column_values_to_be_in_set: { ...map, ...set },
  expect_column_values_to_not_be_in_set: { ...map, ...set },
  expect_column_values_to_be_unique: map,
  expect_column_values_to_match_regex: { ...map, ...regex },
  expect_column_values_to_not_match_regex: { ...map, ...regex },
  expect_column_values_to_match_regex_list: { ...map, regex_list: patterns, ...matchOn },
  expect_column_values_to_not_match_regex_list: { ...map, regex_list: patterns },
  expect_column_values_to_match_like_pattern: { ...map, like_pattern: ofType('string'), ...escaped },
  expect_column_values_to_not_match_like_pattern: { ...map, like_pattern: ofType('string'), ...escaped },
  expect_column_values_to_match_like_pattern_list: { ...map, like_pattern_list: patterns, ...matchOn, ...escaped },
  expect_column_values_to_not_match_like_pattern_list: { ...map, like_pattern_list: patterns, ...escaped },
  expect_column_values_to_match_strftime_format: { ...map, strftime_format: ofType('string') },
  expect_column_values_to_be_json_parseable: map,
  expect_column_values_to_match_json_schema: { ...map, json_schema: ofType('object') },
  expect_column_values_to_be_increasing: { ...map, strictly: ofType('boolean') },
  expect_column_values_to_be_decreasing: { ...map, strictly: ofType('boolean') },
  expect_column_value_z_scores_to_be_less_than: { ...map, threshold: finiteNumber(), double_sided: ofType('boolean') },
  expect_column_values_to_not_be_outliers: { ...map, method: oneOf('iqr', 'std'), multiplier: positive },
  expect_column_value_lengths_to_equal: { ...map, value: finiteNumber() },
  expect_column_value_lengths_to_be_between: { ...map, ...strictBounds },
  expect_column_values_to_be_of_type: { ...map, type_: ofType('string') },
  expect_column_values_to_be_in_type_list: { ...map, type_list: list },
  expect_column_pair_values_a_to_be_greater_than_b: { ...pair, or_equal: ofType('boolean') },
  expect_column_pair_values_to_be_equal: pair,
  expect_column_pair_values_to_be_in_set: { ...pair, value_pairs_set: list },
  expect_compound_columns_to_be_unique: tuple,
  expect_multicolumn_values_to_be_equal: tuple,
  expect_select_column_values_to_be_unique_within_record: tuple,
  expect_multicolumn_sum_to_equal: { ...tuple, sum_total: ofType('number') },
  expect_column_mean_to_be_between: figure,
  expect_column_median_to_be_between: figure,
  expect_column_sum_to_be_between: figure,
  expect_column_stdev_to_be_between: figure,
  expect_column_min_to_be_between: figure,
  expect_column_max_to_be_between: figure,
  expect_column_unique_value_count_to_be_between: figure,
  expect_column_proportion_of_unique_values_to_be_between: figure,
  expect_column_proportion_of_non_null_values_to_be_between: figure,
  expect_column_quantile_values_to_be_between: {
    ...column,
    quantile_ranges: ofType('object'),
    allow_relative_error: oneOf(false, 'nearest', 'linear', 'lower', 'higher', 'midpoint'),
  },
  expect_column_kl_divergence_to_be_less_than: {
    ...column,
    partition_object: ofType('object'),
    threshold: positive,
    tail_weight_holdout: share,
    internal_weight_holdout: share,
    bucketize_data: ofType('boolean'),
  },
  expect_column_most_common_value_to_be_in_set: { ...column, ...set, ties_okay: ofType('boolean') },
  expect_column_type_to_be: { ...common, column: nonEmptyString(), type_: ofType('string') },
  expect_column_distinct_values_to_be_in_set: { ...column, ...set },
  expect_column_distinct_values_to_contain_set: { ...column, ...set },
  expect_column_distinct_values_to_equal_set: { ...column, ...set },
  expect_column_to_exist: { ...common, column: nonEmptyString(), column_index: wholeNumber() },
  expect_table_row_count_to_be_between: { ...domain, ...strictBounds },
  expect_table_row_count_to_equal: { ...domain, value: wholeNumber() },
  expect_table_row_count_to_equal_other_table: { ...domain, other_table_name: nonEmptyString() },
  expect_table_column_count_to_be_between: { ...common, ...bounds },
  expect_table_column_count_to_equal: { ...common, value: wholeNumber() },
  expect_table_columns_to_match_set: { ...common, column_set: list, exact_match: ofType('boolean') },
  expect_table_columns_to_match_ordered_list: { ...common, column_list: list },
}

/** Types of expectations that can be evaluated. */
export const knownTypes: readonly string[] = /* @__PURE__ */ Object.keys(rules)

/** kwargs that may be left out. All others of a type are needed. */
const optional: readonly string[] = [
  ...['result_format', 'catch_exceptions', 'include_config', 'batch_id', 'windows', 'row_condition', 'condition_parser', 'mostly'],
  ...[
    'ignore_row_if',
    'min_value',
    'max_value',
    'strict_min',
    'strict_max',
    'or_equal',
    'allow_relative_error',
    'column_index',
    'exact_match',
  ],
  ...['match_on', 'escape', 'strictly', 'method', 'multiplier', 'ties_okay'],
  ...['tail_weight_holdout', 'internal_weight_holdout', 'bucketize_data'],
]

/** The same kwargs of one type only. */
const optionalOf: Readonly<Record<string, string>> = {
  expect_column_values_to_match_regex: 'regex',
  expect_column_kl_divergence_to_be_less_than: 'threshold',
}

/** kwargs that Great Expectations takes as numbers, also spelt as text. */
const numeric: readonly string[] = ['mostly', 'value', 'sum_total', 'column_index', 'threshold', 'multiplier']

/**
 * The kwargs of an expectation, checked. `null` is as good as absent, as in Great Expectations.
 *
 * @throws Unsupported on a type that is not known; InvalidArgument on a kwarg that the type does not take, on one that it needs and does not
 *   get, and on a value that a kwarg cannot have
 */
export function checkedKwargs(type: string, kwargs: Kwargs): Kwargs {
  const own = Object.hasOwn(rules, type) ? rules[type] : undefined
  if (own === undefined) throw notSupported(type)
  const given: Record<string, Json | undefined> = Object.fromEntries(
    Object.entries(kwargs).filter(([, value]) => value !== null && value !== undefined),
  )
  for (const key of numeric) {
    const value = given[key]
    if (typeof value === 'string') given[key] = numberOfText(value) ?? value
  }
  checkOptions(type, given, own)
  const absent = Object.keys(own).find((key) => given[key] === undefined && !optional.includes(key) && optionalOf[type] !== key)
  if (absent !== undefined) throw invalidArgument(`${type} needs \`${absent}\``)
  if (needsBound.includes(type) && given.min_value === undefined && given.max_value === undefined) {
    throw invalidArgument(`${type} needs \`min_value\`, \`max_value\` or both`)
  }
  return given
}

/** Without a bound these would always be met; Great Expectations refuses them, too. */
const needsBound: readonly string[] = ['expect_column_values_to_be_between', 'expect_column_value_lengths_to_be_between']

/** Why some types of Great Expectations cannot be judged here. */
const reasons: Readonly<Record<string, string>> = {
  unexpected_rows_expectation: 'it runs SQL; judge the rows that your query gives by the other expectations',
  expect_query_results_to_match_comparison: 'it runs SQL; read both results and compare them',
  expect_column_values_to_be_dateutil_parseable:
    "the guesses of Python's dateutil have no counterpart; use expect_column_values_to_match_strftime_format",
  expect_multicolumn_values_to_be_unique:
    'Great Expectations itself cannot run it; use expect_select_column_values_to_be_unique_within_record',
  expect_column_chisquare_test_p_value_to_be_greater_than: 'compare distributions with a DriftDetector',
  expect_column_bootstrapped_ks_test_p_value_to_be_greater_than: 'compare distributions with a DriftDetector',
  expect_column_parameterized_distribution_ks_test_p_value_to_be_greater_than: 'compare distributions with a DriftDetector',
  expect_column_pair_cramers_phi_value_to_be_less_than: 'Great Expectations itself cannot run it',
}

function notSupported(type: string): MillwrightError {
  const reason = Object.hasOwn(reasons, type) ? reasons[type] : undefined
  return new MillwrightError(
    'Unsupported',
    `expectations of type ${show(type)} are not supported${reason === undefined ? '' : `: ${reason}`}`,
  )
}
