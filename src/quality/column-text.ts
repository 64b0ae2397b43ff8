/** Expectations on text: regular expressions, LIKE patterns, lengths, JSON, times. Missing cells are left out. */
import { invalidArgument, show } from '../core/errors'
import type { Json } from '../core/json'
import { nonEmptyString, oneOf } from '../core/options'
import { rowwise } from './column-values'
import {
  type Bounds,
  boundKwargs,
  boundRules,
  checkColumn,
  checkExpectation,
  type Expectation,
  makeExpectation,
  mostlyRule,
  type RowwiseOptions,
} from './expectation'
import { likeRegex } from './like-pattern'
import { pythonRegex } from './python-regex'
import { pythonTime } from './python-time'
import { regexpToPython } from './regexp-to-python'

/**
 * Text holds a match of a regular expression, anywhere unless it is anchored. `expect_column_values_to_match_regex`
 *
 * @param regex text in Python's syntax, as suites carry it; or a `RegExp`, which is rewritten so that it means the same there
 * @throws InvalidArgument on what is no regular expression of Python, Unsupported on what JavaScript cannot judge
 */
export function columnValuesToMatchRegex(column: string, regex: string | RegExp, options: RowwiseOptions = {}): Expectation {
  return rowwise('match_regex', column, { regex: regexText(regex) }, options)
}

/** Text holds no match of a regular expression; see {@link columnValuesToMatchRegex}. `expect_column_values_to_not_match_regex` */
export function columnValuesToNotMatchRegex(column: string, regex: string | RegExp, options: RowwiseOptions = {}): Expectation {
  return rowwise('not_match_regex', column, { regex: regexText(regex) }, options)
}

/** Whether one pattern of a list is enough. */
export interface PatternListOptions extends RowwiseOptions {
  /** @default 'any' */
  readonly matchOn?: 'any' | 'all' | undefined
}

/** Text matches one of several regular expressions, or all; see {@link columnValuesToMatchRegex}. `expect_column_values_to_match_regex_list` */
export function columnValuesToMatchRegexList(
  column: string,
  regexes: readonly (string | RegExp)[],
  options: PatternListOptions = {},
): Expectation {
  const kwargs = { regex_list: listOf('columnValuesToMatchRegexList', regexes).map(regexText), match_on: options.matchOn }
  return rowwise('match_regex_list', column, kwargs, options, matchRule())
}

/** Text matches none of several regular expressions. `expect_column_values_to_not_match_regex_list` */
export function columnValuesToNotMatchRegexList(
  column: string,
  regexes: readonly (string | RegExp)[],
  options: RowwiseOptions = {},
): Expectation {
  return rowwise('not_match_regex_list', column, { regex_list: listOf('columnValuesToNotMatchRegexList', regexes).map(regexText) }, options)
}

/** How LIKE patterns are read. */
export interface LikeOptions extends RowwiseOptions {
  /** A character that takes the meaning from the `%` or `_` after it. @default none */
  readonly escape?: string | undefined
}

/**
 * The whole text matches an SQL LIKE pattern: `%` is any text, `_` any one character. Case counts. `expect_column_values_to_match_like_pattern`
 *
 * Great Expectations judges these on SQL databases only.
 */
export function columnValuesToMatchLikePattern(column: string, pattern: string, options: LikeOptions = {}): Expectation {
  return like('match_like_pattern', column, { like_pattern: likeText(pattern, options) }, options)
}

/** Text does not match an SQL LIKE pattern; see {@link columnValuesToMatchLikePattern}. `expect_column_values_to_not_match_like_pattern` */
export function columnValuesToNotMatchLikePattern(column: string, pattern: string, options: LikeOptions = {}): Expectation {
  return like('not_match_like_pattern', column, { like_pattern: likeText(pattern, options) }, options)
}

/** Text matches one of several LIKE patterns, or all. `expect_column_values_to_match_like_pattern_list` */
export function columnValuesToMatchLikePatternList(
  column: string,
  patterns: readonly string[],
  options: LikeOptions & PatternListOptions = {},
): Expectation {
  const list = listOf('columnValuesToMatchLikePatternList', patterns).map((pattern) => likeText(pattern, options))
  const rules = { escape: nonEmptyString(), ...matchRule() }
  return rowwise(
    'match_like_pattern_list',
    column,
    { like_pattern_list: list, match_on: options.matchOn, escape: options.escape },
    options,
    rules,
  )
}

/** Text matches none of several LIKE patterns. `expect_column_values_to_not_match_like_pattern_list` */
export function columnValuesToNotMatchLikePatternList(column: string, patterns: readonly string[], options: LikeOptions = {}): Expectation {
  const list = listOf('columnValuesToNotMatchLikePatternList', patterns).map((pattern) => likeText(pattern, options))
  return like('not_match_like_pattern_list', column, { like_pattern_list: list }, options)
}

/** The length of text, in code points, lies between bounds. `expect_column_value_lengths_to_be_between` */
export function columnValueLengthsToBeBetween(column: string, options: Bounds & RowwiseOptions): Expectation {
  checkColumn('columnValueLengthsToBeBetween', column)
  checkExpectation('columnValueLengthsToBeBetween', options, { ...boundRules(), ...mostlyRule() })
  const kwargs = { column, ...boundKwargs('columnValueLengthsToBeBetween', options), mostly: options.mostly }
  return makeExpectation('expect_column_value_lengths_to_be_between', kwargs, options)
}

/** The length of text, in code points, is `value`. `expect_column_value_lengths_to_equal` */
export function columnValueLengthsToEqual(column: string, value: number, options: RowwiseOptions = {}): Expectation {
  const type = 'expect_column_value_lengths_to_equal'
  checkColumn(type, column)
  checkExpectation(type, options, mostlyRule())
  if (!Number.isSafeInteger(value) || value < 0) throw invalidArgument(`${type} needs a whole number ≥ 0, got ${show(value)}`)
  return makeExpectation(type, { column, value, mostly: options.mostly }, options)
}

/**
 * Text is a time in a format of Python's `strptime`, such as `'%Y-%m-%d'`. `expect_column_values_to_match_strftime_format`
 *
 * @throws Unsupported on directives of week numbers
 */
export function columnValuesToMatchStrftimeFormat(column: string, format: string, options: RowwiseOptions = {}): Expectation {
  if (typeof format !== 'string') throw invalidArgument(`columnValuesToMatchStrftimeFormat needs a format, got ${show(format)}`)
  pythonTime(format)
  return rowwise('match_strftime_format', column, { strftime_format: format }, options)
}

/** Text is JSON, as Python reads it (`NaN` and `Infinity` count). `expect_column_values_to_be_json_parseable` */
export function columnValuesToBeJsonParseable(column: string, options: RowwiseOptions = {}): Expectation {
  return rowwise('be_json_parseable', column, {}, options)
}

/**
 * Text is JSON that a JSON Schema allows; `format` is not checked. `expect_column_values_to_match_json_schema`
 *
 * Needs the optional peer `@cfworker/json-schema`: `validate(table, suite, { jsonSchema: await loadJsonSchema() })`.
 */
export function columnValuesToMatchJsonSchema(
  column: string,
  schema: Readonly<Record<string, Json>>,
  options: RowwiseOptions = {},
): Expectation {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) {
    throw invalidArgument(`columnValuesToMatchJsonSchema needs a JSON Schema, got ${show(schema)}`)
  }
  return rowwise('match_json_schema', column, { json_schema: schema }, options)
}

function like(what: string, column: string, kwargs: Readonly<Record<string, Json>>, options: LikeOptions): Expectation {
  return rowwise(what, column, { ...kwargs, escape: options.escape }, options, { escape: nonEmptyString() })
}

/** The pattern, when it can be read. */
function likeText(pattern: string, options: LikeOptions): string {
  if (typeof pattern !== 'string') throw invalidArgument(`a LIKE pattern must be text, got ${show(pattern)}`)
  likeRegex(pattern, options.escape)
  return pattern
}

function listOf<T>(subject: string, list: readonly T[]): readonly T[] {
  if (!Array.isArray(list) || list.length === 0) throw invalidArgument(`${subject} needs an array of patterns, got ${show(list)}`)
  return list
}

function matchRule() {
  return { matchOn: oneOf('any', 'all') }
}

function regexText(regex: string | RegExp): string {
  if (regex instanceof RegExp) return regexpToPython(regex)
  if (typeof regex !== 'string') throw invalidArgument(`a regular expression was expected, got ${show(regex)}`)
  pythonRegex(regex)
  return regex
}
