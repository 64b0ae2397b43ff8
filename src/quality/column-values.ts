/** Expectations on every value of a column. Missing cells are left out, except by expectations about missing cells. */
import { invalidArgument, show } from '../core/errors'
import type { OptionRule } from '../core/options'
import {
  type Bounds,
  boundKwargs,
  boundRules,
  checkColumn,
  checkExpectation,
  type Expectation,
  type ExpectationOptions,
  type Kwargs,
  makeExpectation,
  mostlyRule,
  type RowwiseOptions,
} from './expectation'

/** A value a column may hold. Timestamps are ISO 8601 text or epoch milliseconds. 1 and '1' differ; 1 and `true` are equal, as in Python. */
export type SetValue = string | number | boolean

/** Values lie between bounds: numbers, timestamps, or text by code unit order. `expect_column_values_to_be_between` */
export function columnValuesToBeBetween(column: string, options: Bounds & RowwiseOptions): Expectation {
  checkExpectation('columnValuesToBeBetween', options, { ...boundRules(), ...mostlyRule() })
  return rowwise('be_between', column, boundKwargs('columnValuesToBeBetween', options), options, boundRules())
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
  return rowwise('be_in_set', column, { value_set: valueSetOf('columnValuesToBeInSet', values) }, options)
}

/** Values are none of `values`. `expect_column_values_to_not_be_in_set` */
export function columnValuesToNotBeInSet(column: string, values: readonly SetValue[], options: RowwiseOptions = {}): Expectation {
  return rowwise('not_be_in_set', column, { value_set: valueSetOf('columnValuesToNotBeInSet', values) }, options)
}

/** No value occurs twice; every copy of one that does is unexpected. `expect_column_values_to_be_unique` */
export function columnValuesToBeUnique(column: string, options: RowwiseOptions = {}): Expectation {
  return rowwise('be_unique', column, {}, options)
}

/** The column is of a type: ours (`int32`, …), or a name Python uses for it (`int64`, `str`, `bool`, `datetime64[ns]`, …). `expect_column_values_to_be_of_type` */
export function columnValuesToBeOfType(column: string, type: string, options: RowwiseOptions = {}): Expectation {
  if (typeof type !== 'string') throw invalidArgument(`columnValuesToBeOfType needs the name of a type, got ${show(type)}`)
  return rowwise('be_of_type', column, { type_: type }, options)
}

/** The column is of a type, by the same names; a check of the schema alone, without `mostly`. `expect_column_type_to_be` */
export function columnTypeToBe(column: string, type: string, options: ExpectationOptions = {}): Expectation {
  checkColumn('columnTypeToBe', column)
  checkExpectation('columnTypeToBe', options)
  if (typeof type !== 'string') throw invalidArgument(`columnTypeToBe needs the name of a type, got ${show(type)}`)
  return makeExpectation('expect_column_type_to_be', { column, type_: type }, options)
}

/** The column is of one of several types. `expect_column_values_to_be_in_type_list` */
export function columnValuesToBeInTypeList(column: string, types: readonly string[], options: RowwiseOptions = {}): Expectation {
  return rowwise('be_in_type_list', column, { type_list: setOf('columnValuesToBeInTypeList', types) }, options)
}

/** An expectation `expect_column_values_to_…`. */
export function rowwise(
  what: string,
  column: string,
  kwargs: Kwargs,
  ...[options, rules = {}]: [options: RowwiseOptions, rules?: Readonly<Record<string, OptionRule>>]
): Expectation {
  const type = `expect_column_values_to_${what}`
  checkColumn(type, column)
  checkExpectation(type, options, { ...mostlyRule(), ...rules })
  return makeExpectation(type, { column, ...kwargs, mostly: options.mostly }, options)
}

/** A copy of a list of values. @throws InvalidArgument */
export function setOf<T extends SetValue>(subject: string, values: readonly T[]): readonly T[] {
  if (!Array.isArray(values)) throw invalidArgument(`${subject} needs an array of values, got ${show(values)}`)
  const wrong = values.find((value) => !['string', 'number', 'boolean'].includes(typeof value))
  if (wrong !== undefined) throw invalidArgument(`${subject} needs text, numbers or booleans, got ${show(wrong)}`)
  return [...values]
}

/** {@link setOf} of at least one value: Great Expectations does not load a suite with an empty `value_set`. @throws InvalidArgument */
export function valueSetOf<T extends SetValue>(subject: string, values: readonly T[]): readonly T[] {
  const set = setOf(subject, values)
  if (set.length === 0) throw invalidArgument(`${subject} needs at least one value`)
  return set
}
