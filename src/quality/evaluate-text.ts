/** Expectations on text. */
import { invalidArgument, MillwrightError, show } from '../core/errors'
import type { Column } from '../schema/column'
import type { Table } from '../schema/table'
import { boundsOf, type CellTest, columnOf, judgeCells, mostlyOf } from './cells'
import type { EvaluationContext, Evaluator } from './evaluator'
import type { Kwargs } from './expectation'
import { likeRegex } from './like-pattern'
import { pythonJson } from './python-json'
import { pythonRegex } from './python-regex'
import { pythonTime } from './python-time'
import type { Verdict } from './result'

/** Expectations on text by type. */
export const textEvaluators: Readonly<Record<string, Evaluator>> = {
  expect_column_values_to_match_regex: (table, kwargs) => judgeText(table, kwargs, matchTest([regexOf(kwargs, '(?s).*')])),
  expect_column_values_to_not_match_regex: (table, kwargs) => judgeText(table, kwargs, noMatchTest([regexOf(kwargs)])),
  expect_column_values_to_match_regex_list: (table, kwargs) =>
    judgeText(table, kwargs, matchTest(listOf(kwargs, 'regex_list').map(pythonRegex), kwargs.match_on)),
  expect_column_values_to_not_match_regex_list: (table, kwargs) =>
    judgeText(table, kwargs, noMatchTest(listOf(kwargs, 'regex_list').map(pythonRegex))),
  expect_column_values_to_match_like_pattern: (table, kwargs) => judgeText(table, kwargs, matchTest([likeOf(kwargs)])),
  expect_column_values_to_not_match_like_pattern: (table, kwargs) => judgeText(table, kwargs, noMatchTest([likeOf(kwargs)])),
  expect_column_values_to_match_like_pattern_list: (table, kwargs) => judgeText(table, kwargs, matchTest(likesOf(kwargs), kwargs.match_on)),
  expect_column_values_to_not_match_like_pattern_list: (table, kwargs) => judgeText(table, kwargs, noMatchTest(likesOf(kwargs))),
  expect_column_value_lengths_to_be_between: (table, kwargs) => {
    const within = boundsOf(kwargs)
    return judgeText(table, kwargs, (text) => within(lengthOf(text)))
  },
  expect_column_value_lengths_to_equal: (table, kwargs) => judgeText(table, kwargs, (text) => lengthOf(text) === kwargs.value),
  expect_column_values_to_match_strftime_format: (table, kwargs) => {
    const { strftime_format: format } = kwargs
    if (typeof format !== 'string') throw invalidArgument(`\`strftime_format\` must be text, got ${show(format)}`)
    return judgeText(table, kwargs, pythonTime(format))
  },
  // A number is not JSON text, so it is unexpected; that is no error here, as in Great Expectations.
  expect_column_values_to_be_json_parseable: (table, kwargs) =>
    judgeCells(columnOf(table, kwargs), (cell) => typeof cell === 'string' && isJson(cell), mostlyOf(kwargs)),
  expect_column_values_to_match_json_schema: judgeJsonSchema,
}

function judgeText(table: Table, kwargs: Kwargs, test: (text: string) => boolean): Verdict {
  const column = columnOf(table, kwargs)
  return judgeCells(column, textTest(column, test), mostlyOf(kwargs))
}

function textTest(column: Column, test: (text: string) => boolean): CellTest {
  // A column without any value has no type of its own: there is nothing to judge.
  if (column.type !== 'string' && column.nullCount < column.length)
    throw new MillwrightError('SchemaMismatch', `column ${show(column.name)} must be text, it is ${column.type}`)
  return (cell) => test(cell as string)
}

/** In code points, as Python counts. */
function lengthOf(text: string): number {
  return [...text].length
}

/** kwarg `regex`, in Python's syntax. */
function regexOf(kwargs: Kwargs, absent?: string): RegExp {
  const { regex = absent } = kwargs
  if (typeof regex !== 'string') throw invalidArgument(`\`regex\` must be text, got ${show(regex)}`)
  return pythonRegex(regex)
}

function likeOf({ like_pattern: pattern, escape: escapeWith }: Kwargs): RegExp {
  return likeRegex(pattern as string, escapeWith as string | undefined)
}

function likesOf(kwargs: Kwargs): RegExp[] {
  return listOf(kwargs, 'like_pattern_list').map((pattern) => likeRegex(pattern, kwargs.escape as string | undefined))
}

/** A kwarg that lists patterns. @throws InvalidArgument on an empty one */
function listOf(kwargs: Kwargs, key: string): string[] {
  const list = kwargs[key] as readonly string[]
  if (list.length === 0) throw invalidArgument(`\`${key}\` needs at least one pattern`)
  return [...list]
}

function matchTest(patterns: readonly RegExp[], matchOn: unknown = 'any'): (text: string) => boolean {
  return matchOn === 'all'
    ? (text) => patterns.every((pattern) => pattern.test(text))
    : (text) => patterns.some((pattern) => pattern.test(text))
}

function noMatchTest(patterns: readonly RegExp[]): (text: string) => boolean {
  return (text) => !patterns.some((pattern) => pattern.test(text))
}

function isJson(text: string): boolean {
  try {
    pythonJson(text)
    return true
  } catch {
    return false
  }
}

function judgeJsonSchema(table: Table, kwargs: Kwargs, { jsonSchema }: EvaluationContext): Verdict {
  if (jsonSchema === undefined) {
    throw new MillwrightError('MissingDependency', 'expect_column_values_to_match_json_schema needs the option `jsonSchema` of validate', {
      hint: 'validate(table, suite, { jsonSchema: await loadJsonSchema() })',
    })
  }
  const valid = jsonSchema(kwargs.json_schema)
  return judgeText(table, kwargs, (text) => {
    let value: unknown
    try {
      value = pythonJson(text)
    } catch (cause) {
      // Great Expectations raises, too: text that is no JSON is another finding than JSON that breaks the schema.
      throw new MillwrightError('SchemaMismatch', `column ${show(kwargs.column)} holds text that is not JSON: ${show(text)}`, { cause })
    }
    return valid(value)
  })
}
