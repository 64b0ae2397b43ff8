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

const rules: Readonly<Record<string, Rules>> = {
  expect_column_values_to_be_between: { ...map, ...strictBounds },
  expect_column_values_to_not_be_null: map,
  expect_column_values_to_be_null: map,
  expect_column_values_to_be_in_set: { ...map, ...set },
  expect_column_values_to_not_be_in_set: { ...map, ...set },
  expect_column_values_to_be_unique: map,
  expect_column_values_to_match_regex: { ...map, ...regex },
  expect_column_values_to_not_match_regex: { ...map, ...regex },
  expect_column_value_lengths_to_be_between: { ...map, ...strictBounds },
  expect_column_values_to_be_of_type: { ...map, type_: ofType('string') },
  expect_column_values_to_be_in_type_list: { ...map, type_list: list },
  expect_column_pair_values_a_to_be_greater_than_b: { ...pair, or_equal: ofType('boolean') },
  expect_column_pair_values_to_be_equal: pair,
  expect_compound_columns_to_be_unique: tuple,
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
  expect_column_distinct_values_to_be_in_set: { ...column, ...set },
  expect_column_distinct_values_to_contain_set: { ...column, ...set },
  expect_column_distinct_values_to_equal_set: { ...column, ...set },
  expect_column_to_exist: { ...common, column: nonEmptyString(), column_index: wholeNumber() },
  expect_table_row_count_to_be_between: { ...domain, ...strictBounds },
  expect_table_row_count_to_equal: { ...domain, value: wholeNumber() },
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
]

/** kwargs that Great Expectations takes as numbers, also spelt as text. */
const numeric: readonly string[] = ['mostly', 'value', 'sum_total', 'column_index']

/**
 * The kwargs of an expectation, checked. `null` is as good as absent, as in Great Expectations.
 *
 * @throws Unsupported on a type that is not known; InvalidArgument on a kwarg that the type does not take, on one that it needs and does not
 *   get, and on a value that a kwarg cannot have
 */
export function checkedKwargs(type: string, kwargs: Kwargs): Kwargs {
  const own = Object.hasOwn(rules, type) ? rules[type] : undefined
  if (own === undefined) throw new MillwrightError('Unsupported', `expectations of type ${show(type)} are not supported`)
  const given: Record<string, Json | undefined> = Object.fromEntries(
    Object.entries(kwargs).filter(([, value]) => value !== null && value !== undefined),
  )
  for (const key of numeric) {
    const value = given[key]
    if (typeof value === 'string') given[key] = numberOfText(value) ?? value
  }
  checkOptions(type, given, own)
  const absent = Object.keys(own).find((key) => given[key] === undefined && !optional.includes(key))
  if (absent !== undefined && !(type === 'expect_column_values_to_match_regex' && absent === 'regex')) {
    throw invalidArgument(`${type} needs \`${absent}\``)
  }
  if (needsBound.includes(type) && given.min_value === undefined && given.max_value === undefined) {
    throw invalidArgument(`${type} needs \`min_value\`, \`max_value\` or both`)
  }
  return given
}

/** Without a bound these would always be met; Great Expectations refuses them, too. */
const needsBound: readonly string[] = ['expect_column_values_to_be_between', 'expect_column_value_lengths_to_be_between']
