/** Expectations on the table itself: its columns and its number of rows. */
import { invalidArgument, show } from '../core/errors'
import { ofType, wholeNumber } from '../core/options'
import { setOf } from './column-values'
import {
  type Bounds,
  boundKwargs,
  boundRules,
  type ConditionOptions,
  checkColumn,
  checkExpectation,
  conditionRules,
  type Expectation,
  type ExpectationOptions,
  makeExpectation,
} from './expectation'

/** There is a column of this name, at a position (from 0) if one is given. `expect_column_to_exist` */
export function columnToExist(column: string, options: ExpectationOptions & { readonly index?: number | undefined } = {}): Expectation {
  checkColumn('columnToExist', column)
  checkExpectation('columnToExist', options, { index: wholeNumber(0) })
  return makeExpectation('expect_column_to_exist', { column, column_index: options.index }, options)
}

/** The number of rows. `expect_table_row_count_to_be_between` */
export function tableRowCountToBeBetween(options: Bounds & ConditionOptions): Expectation {
  return between('row', options)
}

/** The number of columns. `expect_table_column_count_to_be_between` */
export function tableColumnCountToBeBetween(options: Bounds & ExpectationOptions): Expectation {
  return between('column', options)
}

/** The exact number of rows. `expect_table_row_count_to_equal` */
export function tableRowCountToEqual(value: number, options: ConditionOptions = {}): Expectation {
  checkExpectation('tableRowCountToEqual', options, conditionRules())
  return makeExpectation('expect_table_row_count_to_equal', { value }, options)
}

/** There are as many rows as in another table, which `validate` takes as `tables`. `expect_table_row_count_to_equal_other_table` */
export function tableRowCountToEqualOtherTable(name: string, options: ConditionOptions = {}): Expectation {
  if (typeof name !== 'string' || name === '')
    throw invalidArgument(`tableRowCountToEqualOtherTable needs the name of a table, got ${show(name)}`)
  checkExpectation('tableRowCountToEqualOtherTable', options, conditionRules())
  return makeExpectation('expect_table_row_count_to_equal_other_table', { other_table_name: name }, options)
}

/** The exact number of columns. `expect_table_column_count_to_equal` */
export function tableColumnCountToEqual(value: number, options: ExpectationOptions = {}): Expectation {
  checkExpectation('tableColumnCountToEqual', options)
  return makeExpectation('expect_table_column_count_to_equal', { value }, options)
}

/** The columns are these, in any order; others may be there too unless `exactMatch`. `expect_table_columns_to_match_set` */
export function tableColumnsToMatchSet(
  columns: readonly string[],
  options: ExpectationOptions & { /** @default true */ readonly exactMatch?: boolean | undefined } = {},
): Expectation {
  checkExpectation('tableColumnsToMatchSet', options, { exactMatch: ofType('boolean') })
  // Written out: versions of Great Expectations differ in what they take for the default.
  const kwargs = { column_set: setOf('tableColumnsToMatchSet', columns), exact_match: options.exactMatch ?? true }
  return makeExpectation('expect_table_columns_to_match_set', kwargs, options)
}

/** The columns are these, in this order. `expect_table_columns_to_match_ordered_list` */
export function tableColumnsToMatchOrderedList(columns: readonly string[], options: ExpectationOptions = {}): Expectation {
  checkExpectation('tableColumnsToMatchOrderedList', options)
  const kwargs = { column_list: setOf('tableColumnsToMatchOrderedList', columns) }
  return makeExpectation('expect_table_columns_to_match_ordered_list', kwargs, options)
}

function between(what: 'row' | 'column', options: Bounds & ExpectationOptions): Expectation {
  const type = `expect_table_${what}_count_to_be_between`
  checkExpectation(type, options, { ...boundRules(), ...(what === 'row' ? conditionRules() : {}) })
  return makeExpectation(type, boundKwargs(type, options), options)
}
