/** Expectations on every value of a column. Missing cells are left out, except by expectations about missing cells. */
import { invalidArgument, show } from '../core/errors'
import { oneOf } from '../core/options'
import {
  type Bounds,
  boundKwargs,
  boundRules,
  checkColumn,
  checkExpectation,
  type Expectation,
  type Kwargs,
  makeExpectation,
  mostlyRule,
  type RowwiseOptions,
} from './expectation'
import { pythonRegex } from './python-regex'
import { regexpToPython } from './regexp-to-python'

/** A value a column may hold. Timestamps are ISO 8601 text or epoch milliseconds. 1 and '1' differ; 1 and `true` are equal, as in Python. */
export type SetValue = string | number | boolean

/** Values lie between bounds: numbers, timestamps, or text by code unit order. `expect_column_values_to_be_between` */
export function columnValuesToBeBetween(column: string, options: Bounds & RowwiseOptions): Expectation {
  checkExpectation('columnValuesToBeBetween', options, { ...boundRules(), ...mostlyRule() })
  return rowwise('be_between', column, boundKwargs('columnValuesToBeBetween', options), options)
}

/** No cell is missing; `mostly` counts all rows. `expect_column_values_to_not_be_null` */
export function columnValuesToNotBeNull(column: string, options: RowwiseOptions = {}): Expectation {
  return rowwise('not_be_null', column, {}, options)
}

/** Every cell is missing; `mostly` counts all rows. `expect_column_values_to_be_null` */
export function columnValuesToBeNull(column: string, options: RowwiseOptions = {}): Expectation {
  return rowwise('be_null', column, {}, options)
}

/** Values are among `values`. `expect_column_values_to_be_in_set` */
export function columnValuesToBeInSet(column: string, values: readonly SetValue[], options: RowwiseOptions = {}): Expectation {
  return rowwise('be_in_set', column, { value_set: setOf('columnValuesToBeInSet', values) }, options)
}

/** Values are none of `values`. `expect_column_values_to_not_be_in_set` */
export function columnValuesToNotBeInSet(column: string, values: readonly SetValue[], options: RowwiseOptions = {}): Expectation {
  return rowwise('not_be_in_set', column, { value_set: setOf('columnValuesToNotBeInSet', values) }, options)
}

/** No value occurs twice; every copy of one that does is unexpected. `expect_column_values_to_be_unique` */
export function columnValuesToBeUnique(column: string, options: RowwiseOptions = {}): Expectation {
  return rowwise('be_unique', column, {}, options)
}

/**
 * Text holds a match of a regular expression, anywhere unless it is anchored. `expect_column_values_to_match_regex`
 *
 * @param regex text in Python's syntax, as suites carry it; or a `RegExp`, which is rewritten so that it means the same there
 * @throws InvalidArgument on what is no regular expression of Python, Unsupported for one that JavaScript cannot match
 */
export function columnValuesToMatchRegex(column: string, regex: string | RegExp, options: RowwiseOptions = {}): Expectation {
  return rowwise('match_regex', column, { regex: regexText(regex) }, options)
}

/** Text holds no match of a regular expression; see {@link columnValuesToMatchRegex}. `expect_column_values_to_not_match_regex` */
export function columnValuesToNotMatchRegex(column: string, regex: string | RegExp, options: RowwiseOptions = {}): Expectation {
  return rowwise('not_match_regex', column, { regex: regexText(regex) }, options)
}

/** The column is of a type: ours (`int32`, …), or a name Python uses for it (`int64`, `str`, `bool`, `datetime64[ns]`, …). `expect_column_values_to_be_of_type` */
export function columnValuesToBeOfType(column: string, type: string, options: RowwiseOptions = {}): Expectation {
  if (typeof type !== 'string') throw invalidArgument(`columnValuesToBeOfType needs the name of a type, got ${show(type)}`)
  return rowwise('be_of_type', column, { type_: type }, options)
}

/** The column is of one of several types. `expect_column_values_to_be_in_type_list` */
export function columnValuesToBeInTypeList(column: string, types: readonly string[], options: RowwiseOptions = {}): Expectation {
  return rowwise('be_in_type_list', column, { type_list: setOf('columnValuesToBeInTypeList', types) }, options)
}

/** The length of text, in code points, lies between bounds. `expect_column_value_lengths_to_be_between` */
export function columnValueLengthsToBeBetween(column: string, options: Bounds & RowwiseOptions): Expectation {
  checkColumn('columnValueLengthsToBeBetween', column)
  checkExpectation('columnValueLengthsToBeBetween', options, { ...boundRules(), ...mostlyRule() })
  const kwargs = { column, ...boundKwargs('columnValueLengthsToBeBetween', options), mostly: options.mostly }
  return makeExpectation('expect_column_value_lengths_to_be_between', kwargs, options)
}

/** Which rows an expectation on two columns leaves out. */
export interface PairOptions extends RowwiseOptions {
  /** @default 'both_values_are_missing' */
  readonly ignoreRowIf?: 'both_values_are_missing' | 'either_value_is_missing' | 'neither' | undefined
}

/** In every row, a is greater than b (numbers, timestamps, text). `expect_column_pair_values_a_to_be_greater_than_b` */
export function columnPairValuesAToBeGreaterThanB(
  columns: { readonly a: string; readonly b: string },
  options: PairOptions & { readonly orEqual?: boolean | undefined } = {},
): Expectation {
  checkExpectation('columnPairValuesAToBeGreaterThanB', options, { ...pairRules(), orEqual: oneOf(true, false) })
  return pair('a_to_be_greater_than_b', columns, { or_equal: options.orEqual }, options)
}

/** In every row, a equals b. `expect_column_pair_values_to_be_equal` */
export function columnPairValuesToBeEqual(columns: { readonly a: string; readonly b: string }, options: PairOptions = {}): Expectation {
  checkExpectation('columnPairValuesToBeEqual', options, pairRules())
  return pair('to_be_equal', columns, {}, options)
}

/** Which rows an expectation on several columns leaves out. */
export interface MulticolumnOptions extends RowwiseOptions {
  /** @default 'all_values_are_missing' */
  readonly ignoreRowIf?: 'all_values_are_missing' | 'any_value_is_missing' | 'never' | undefined
}

/** No combination of values of the columns occurs twice. `expect_compound_columns_to_be_unique` */
export function compoundColumnsToBeUnique(columns: readonly string[], options: MulticolumnOptions = {}): Expectation {
  checkExpectation('compoundColumnsToBeUnique', options, multicolumnRules())
  return multicolumn('expect_compound_columns_to_be_unique', columns, {}, options)
}

/** In every row, the columns add up to `total`. `expect_multicolumn_sum_to_equal` */
export function multicolumnSumToEqual(columns: readonly string[], options: MulticolumnOptions & { readonly total: number }): Expectation {
  checkExpectation('multicolumnSumToEqual', options, { ...multicolumnRules(), total: { allowed: 'a number', test: Number.isFinite } })
  return multicolumn('expect_multicolumn_sum_to_equal', columns, { sum_total: options.total }, options)
}

function rowwise(what: string, column: string, kwargs: Kwargs, options: RowwiseOptions): Expectation {
  const type = `expect_column_values_to_${what}`
  checkColumn(type, column)
  if (what !== 'be_between') checkExpectation(type, options, mostlyRule())
  return makeExpectation(type, { column, ...kwargs, mostly: options.mostly }, options)
}

function pair(what: string, columns: { readonly a: string; readonly b: string }, kwargs: Kwargs, options: PairOptions): Expectation {
  const type = `expect_column_pair_values_${what}`
  checkColumn(type, columns?.a)
  checkColumn(type, columns?.b)
  const names = { column_A: columns.a, column_B: columns.b }
  return makeExpectation(type, { ...names, ...kwargs, mostly: options.mostly, ignore_row_if: options.ignoreRowIf }, options)
}

function multicolumn(type: string, columns: readonly string[], kwargs: Kwargs, options: MulticolumnOptions): Expectation {
  if (!Array.isArray(columns) || columns.length < 2) throw invalidArgument(`${type} needs at least two columns, got ${show(columns)}`)
  for (const column of columns) checkColumn(type, column)
  return makeExpectation(
    type,
    { column_list: [...columns], ...kwargs, mostly: options.mostly, ignore_row_if: options.ignoreRowIf },
    options,
  )
}

function pairRules() {
  return { ...mostlyRule(), ignoreRowIf: oneOf('both_values_are_missing', 'either_value_is_missing', 'neither') }
}

function multicolumnRules() {
  return { ...mostlyRule(), ignoreRowIf: oneOf('all_values_are_missing', 'any_value_is_missing', 'never') }
}

function regexText(regex: string | RegExp): string {
  if (regex instanceof RegExp) return regexpToPython(regex)
  if (typeof regex !== 'string') throw invalidArgument(`a regular expression was expected, got ${show(regex)}`)
  pythonRegex(regex)
  return regex
}

/** A copy of a list of values. @throws InvalidArgument */
export function setOf<T extends SetValue>(subject: string, values: readonly T[]): readonly T[] {
  if (!Array.isArray(values)) throw invalidArgument(`${subject} needs an array of values, got ${show(values)}`)
  const wrong = values.find((value) => !['string', 'number', 'boolean'].includes(typeof value))
  if (wrong !== undefined) throw invalidArgument(`${subject} needs text, numbers or booleans, got ${show(wrong)}`)
  return [...values]
}
