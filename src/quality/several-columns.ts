/** Expectations on several columns of a row. */
import { invalidArgument, show } from '../core/errors'
import type { Json } from '../core/json'
import { oneOf } from '../core/options'
import type { SetValue } from './column-values'
import {
  checkColumn,
  checkExpectation,
  type Expectation,
  type Kwargs,
  makeExpectation,
  mostlyRule,
  type RowwiseOptions,
} from './expectation'

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

/** In every row, the values of a and b are one of `pairs`; `null` stands for a missing cell. `expect_column_pair_values_to_be_in_set` */
export function columnPairValuesToBeInSet(
  columns: { readonly a: string; readonly b: string },
  pairs: readonly (readonly [SetValue | null, SetValue | null])[],
  options: PairOptions = {},
): Expectation {
  checkExpectation('columnPairValuesToBeInSet', options, pairRules())
  const wrong = Array.isArray(pairs) ? pairs.find((item) => !Array.isArray(item) || item.length !== 2) : pairs
  if (wrong !== undefined) throw invalidArgument(`columnPairValuesToBeInSet needs an array of pairs of values, got ${show(wrong)}`)
  return pair('to_be_in_set', columns, { value_pairs_set: pairs as unknown as Json }, options)
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

/** In every row, the columns hold the same value; missing equals missing. `expect_multicolumn_values_to_be_equal` */
export function multicolumnValuesToBeEqual(columns: readonly string[], options: MulticolumnOptions = {}): Expectation {
  checkExpectation('multicolumnValuesToBeEqual', options, multicolumnRules())
  return multicolumn('expect_multicolumn_values_to_be_equal', columns, {}, options)
}

/** In every row, no two of the columns hold the same value. `expect_select_column_values_to_be_unique_within_record` */
export function selectColumnValuesToBeUniqueWithinRecord(columns: readonly string[], options: MulticolumnOptions = {}): Expectation {
  checkExpectation('selectColumnValuesToBeUniqueWithinRecord', options, multicolumnRules())
  return multicolumn('expect_select_column_values_to_be_unique_within_record', columns, {}, options)
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
