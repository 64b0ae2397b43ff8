/** Expectations in words, for people. */
import type { Json } from '../core/json'
import { type Expectation, type Kwargs, shortText } from './expectation'
import type { RowConditionJson } from './row-condition-json'

/**
 * What an expectation asks for, in one sentence without the column's name: "values are between 0 and 5, in at least 80 % of the rows that have a
 * value". The `description` of an expectation stands for it. Types that are not known here are told by their name and arguments.
 */
export function expectationWords({ type, kwargs, description }: Expectation): string {
  if (description !== undefined) return description
  const make = Object.hasOwn(words, type) ? words[type] : undefined
  const what = make === undefined ? unknownWords(type, kwargs) : make(kwargs)
  return `${what}${mostlyWords(type, kwargs)}${conditionWords(kwargs)}`
}

const words: Readonly<Record<string, (kwargs: Kwargs) => string>> = {
  expect_column_values_to_be_between: (k) => `values are ${between(k)}`,
  expect_column_values_to_not_be_null: () => 'no value is missing',
  expect_column_values_to_be_null: () => 'every value is missing',
  expect_column_values_to_be_in_set: (k) => `values are one of ${listed(k.value_set)}`,
  expect_column_values_to_not_be_in_set: (k) => `values are none of ${listed(k.value_set)}`,
  expect_column_values_to_be_unique: () => 'no value occurs twice',
  expect_column_values_to_match_regex: (k) => `texts match the regular expression ${code(k.regex ?? '(?s).*')}`,
  expect_column_values_to_not_match_regex: (k) => `texts do not match the regular expression ${code(k.regex)}`,
  expect_column_values_to_match_regex_list: (k) => `texts match ${anyAll(k)} of the regular expressions ${listed(k.regex_list)}`,
  expect_column_values_to_not_match_regex_list: (k) => `texts match none of the regular expressions ${listed(k.regex_list)}`,
  expect_column_values_to_match_like_pattern: (k) => `texts match the LIKE pattern ${code(k.like_pattern)}`,
  expect_column_values_to_not_match_like_pattern: (k) => `texts do not match the LIKE pattern ${code(k.like_pattern)}`,
  expect_column_values_to_match_like_pattern_list: (k) => `texts match ${anyAll(k)} of the LIKE patterns ${listed(k.like_pattern_list)}`,
  expect_column_values_to_not_match_like_pattern_list: (k) => `texts match none of the LIKE patterns ${listed(k.like_pattern_list)}`,
  expect_column_values_to_match_strftime_format: (k) => `texts are times in the format ${code(k.strftime_format)}`,
  expect_column_values_to_be_json_parseable: () => 'texts are JSON',
  expect_column_values_to_match_json_schema: (k) => `texts are JSON that the schema ${shortText(k.json_schema)} allows`,
  expect_column_value_lengths_to_be_between: (k) => `texts are ${between(k)} characters long`,
  expect_column_value_lengths_to_equal: (k) => `texts are ${shown(k.value)} characters long`,
  expect_column_values_to_be_of_type: (k) => `the column is of type ${code(k.type_)}`,
  expect_column_type_to_be: (k) => `the column is of type ${code(k.type_)}`,
  expect_column_values_to_be_in_type_list: (k) => `the column is of one of the types ${listed(k.type_list)}`,
  expect_column_values_to_be_increasing: (k) => `every value is ${k.strictly === true ? 'greater than' : 'at least'} the one before it`,
  expect_column_values_to_be_decreasing: (k) => `every value is ${k.strictly === true ? 'less than' : 'at most'} the one before it`,
  expect_column_value_z_scores_to_be_less_than: (k) =>
    `z-scores are less than ${shown(k.threshold)}${k.double_sided === true ? ' on both sides' : ''}`,
  expect_column_values_to_not_be_outliers: (k) =>
    `no value is an outlier (${shown(k.method ?? 'iqr')}, multiplier ${shown(k.multiplier ?? 1.5)})`,
  expect_column_pair_values_a_to_be_greater_than_b: (k) =>
    `${code(k.column_A)} is greater than ${k.or_equal === true ? 'or equal to ' : ''}${code(k.column_B)}`,
  expect_column_pair_values_to_be_equal: (k) => `${code(k.column_A)} equals ${code(k.column_B)}`,
  expect_column_pair_values_to_be_in_set: (k) =>
    `${code(k.column_A)} and ${code(k.column_B)} are one of the pairs ${listed(k.value_pairs_set)}`,
  expect_compound_columns_to_be_unique: (k) => `no combination of ${listed(k.column_list)} occurs twice`,
  expect_multicolumn_sum_to_equal: (k) => `${listed(k.column_list)} add up to ${shown(k.sum_total)}`,
  expect_multicolumn_values_to_be_equal: (k) => `${listed(k.column_list)} hold the same value in a row`,
  expect_select_column_values_to_be_unique_within_record: (k) => `${listed(k.column_list)} hold different values in a row`,
  ...figureWords(),
  expect_column_quantile_values_to_be_between: (k) => `quantiles lie in their ranges: ${quantiles(k.quantile_ranges)}`,
  expect_column_most_common_value_to_be_in_set: (k) => `the most common value is one of ${listed(k.value_set)}`,
  expect_column_kl_divergence_to_be_less_than: (k) =>
    `the distribution is near the expected one (divergence at most ${shown(k.threshold)})`,
  expect_column_distinct_values_to_be_in_set: (k) => `the different values are among ${listed(k.value_set)}`,
  expect_column_distinct_values_to_contain_set: (k) => `each of ${listed(k.value_set)} occurs`,
  expect_column_distinct_values_to_equal_set: (k) => `the different values are exactly ${listed(k.value_set)}`,
  expect_column_to_exist: (k) => `the column exists${k.column_index === undefined ? '' : ` at position ${shown(k.column_index)}`}`,
  expect_table_row_count_to_be_between: (k) => `the number of rows is ${between(k)}`,
  expect_table_row_count_to_equal: (k) => `the number of rows is ${shown(k.value)}`,
  expect_table_row_count_to_equal_other_table: (k) => `there are as many rows as in ${code(k.other_table_name)}`,
  expect_table_column_count_to_be_between: (k) => `the number of columns is ${between(k)}`,
  expect_table_column_count_to_equal: (k) => `the number of columns is ${shown(k.value)}`,
  expect_table_columns_to_match_set: (k) => `the columns are ${k.exact_match === false ? 'at least' : 'exactly'} ${listed(k.column_set)}`,
  expect_table_columns_to_match_ordered_list: (k) => `the columns are, in this order, ${listed(k.column_list)}`,
}

function figureWords(): Record<string, (kwargs: Kwargs) => string> {
  const names = {
    mean: 'mean',
    median: 'median',
    sum: 'sum',
    stdev: 'standard deviation',
    min: 'least value',
    max: 'greatest value',
    unique_value_count: 'number of different values',
    proportion_of_unique_values: 'share of different values',
    proportion_of_non_null_values: 'share of rows that have a value',
  }
  return Object.fromEntries(
    Object.entries(names).map(([key, name]) => [`expect_column_${key}_to_be_between`, (k: Kwargs) => `the ${name} is ${between(k)}`]),
  )
}

function between({ min_value: min, max_value: max, strict_min: strictMin, strict_max: strictMax }: Kwargs): string {
  const [low, high] = [min !== undefined && min !== null, max !== undefined && max !== null]
  if (low && high && strictMin !== true && strictMax !== true) return `between ${shown(min)} and ${shown(max)}`
  const lower = low ? `${strictMin === true ? 'greater than' : 'at least'} ${shown(min)}` : ''
  const upper = high ? `${strictMax === true ? 'less than' : 'at most'} ${shown(max)}` : ''
  return [lower, upper].filter(Boolean).join(' and ') || 'anything'
}

function mostlyWords(type: string, { mostly }: Kwargs): string {
  if (typeof mostly !== 'number' || mostly === 1) return ''
  const rows = /_null$/.test(type) ? 'rows' : 'rows that have a value'
  return `, in at least ${Number((mostly * 100).toPrecision(6))} % of the ${rows}`
}

function conditionWords({ row_condition: condition }: Kwargs): string {
  if (condition === undefined || condition === null || condition === '') return ''
  return `, where ${typeof condition === 'string' ? condition : conditionText(condition as unknown as RowConditionJson)}`
}

function conditionText(condition: RowConditionJson): string {
  if (condition.type === 'comparison') {
    const operator =
      { IN: 'is one of', NOT_IN: 'is none of', '==': 'is', '!=': 'is not' }[condition.operator as string] ?? condition.operator
    return `${code(condition.column.name)} ${operator} ${shown(condition.parameter as Json)}`
  }
  if (condition.type === 'nullity') return `${code(condition.column.name)} is ${condition.is_null ? 'missing' : 'there'}`
  if (condition.type === 'and' || condition.type === 'or') return condition.conditions.map(conditionText).join(` ${condition.type} `)
  return shortText(condition)
}

function anyAll({ match_on: matchOn }: Kwargs): string {
  return matchOn === 'all' ? 'all' : 'one'
}

function quantiles(ranges: Json | undefined): string {
  const { quantiles: shares = [], value_ranges: values = [] } = (ranges ?? {}) as Readonly<Record<string, readonly Json[]>>
  const range = (item: Json | undefined): string => {
    const [min, max] = (item ?? []) as readonly Json[]
    return between({ min_value: min, max_value: max })
  }
  return shares.map((share, i) => `${shown(share)} ${range(values[i])}`).join('; ')
}

/** At most ten members of a list. */
function listed(list: Json | undefined): string {
  if (!Array.isArray(list)) return shown(list)
  const rest = list.length > 10 ? ` and ${list.length - 10} more` : ''
  return `${list.slice(0, 10).map(shown).join(', ')}${rest}`
}

function code(value: Json | undefined): string {
  return typeof value === 'string' ? `“${value}”` : shown(value)
}

function shown(value: Json | undefined): string {
  return typeof value === 'number' ? String(value) : shortText(value)
}

function unknownWords(type: string, kwargs: Kwargs): string {
  const rest = Object.entries(kwargs).filter(([key]) => !['column', 'mostly', 'row_condition', 'condition_parser'].includes(key))
  const args = rest.map(([key, value]) => `${key} ${shortText(value)}`).join(', ')
  return `${type.replace(/^expect_/, '').replaceAll('_', ' ')}${args === '' ? '' : ` (${args})`}`
}
