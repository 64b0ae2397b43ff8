import { describe, expect, it } from 'vitest'
import type { Json } from '../../../src/core/json'
import { fromColumns } from '../../../src/dataset'
import { expectations, suiteFromJson, validate } from '../../../src/quality'
import { matchingRows, parseRowCondition } from '../../../src/quality/row-condition'

const table = fromColumns({
  n: [1, 2, 3, null, 5],
  s: ['a', 'b', null, 'a', "it's"],
  b: [true, false, true, true, false],
  c: [true, null, false, null, true],
  t: [new Date('2024-01-01'), new Date('2024-06-01'), null, new Date('2025-01-01'), null],
  'two words': [1, 1, 2, 2, 3],
})

const rowsOf = (condition: Json, parser: Json = 'pandas') => {
  const parsed = parseRowCondition(condition, parser)
  return parsed === undefined ? undefined : [...matchingRows(table, parsed)]
}

describe('row conditions', () => {
  it.each<[string, number[]]>([
    ['n > 1', [1, 2, 4]],
    ['2 <= n', [1, 2, 4]],
    ['1 < n <= 3', [1, 2]],
    ['n != 1', [1, 2, 3, 4]],
    ['not n == 1 and s == "a"', [3]],
    ['n == 1 | n == 2 & s == "b"', [0, 1]],
    ['(n == 1 or n == 2) and s == "b"', [1]],
    ['s in ["a", "b"]', [0, 1, 3]],
    ["s not in ['a']", [1, 2, 4]],
    ['s == ["b"]', [1]],
    ['s.isin(["b", "c"])', [1]],
    ["s == 'it\\'s'", [4]],
    ['n.isnull() or s.isna()', [2, 3]],
    ['n.notnull() & ~s.notna()', [2]],
    ['b', [0, 2, 3]],
    ['~b', [1, 4]],
    ['c == True', [0, 4]],
    ['`two words` >= 2', [2, 3, 4]],
    ['t > "2024-03-01"', [1, 3]],
    ['n == `two words`', [0]],
    ['n == "1"', []],
  ])('pandas: %s', (condition, rows) => {
    expect(rowsOf(condition)).toEqual(rows)
  })

  it.each<[string, number[]]>([
    ['col("n") == 5', [4]],
    ["col('s') != 'a'", [1, 2, 4]],
    ['col("n").notNull()', [0, 1, 2, 4]],
    ['col("n").is_null()', [3]],
    ['col("n") > 1 & col("s").notnull()', [1, 4]],
    ['col("t") >= date("2024-06-01")', [1, 3]],
  ])('great_expectations: %s', (condition, rows) => {
    expect(rowsOf(condition, 'great_expectations')).toEqual(rows)
  })

  it('are read as Great Expectations 1.9 and later writes them', () => {
    const n = { type: 'comparison', column: { name: 'n' }, operator: '>', parameter: 1 }
    const s = { type: 'comparison', column: { name: 's' }, operator: 'IN', parameter: ['b'] }
    const none = { type: 'nullity', column: { name: 's' }, is_null: true }
    expect(rowsOf({ type: 'and', conditions: [n, { type: 'or', conditions: [s, none] }] }, null)).toEqual([1, 2])
    expect(rowsOf({ ...s, operator: 'NOT_IN' }, null)).toEqual([0, 2, 3, 4])
    expect(rowsOf({ type: 'pass_through', pass_through_filter: 'n == 1' }, 'pandas')).toEqual([0])
    expect(() => rowsOf({ type: 'xor', conditions: [n] }, null)).toThrow('is not understood')
  })

  it.each<[string, string]>([
    ['n + 1 > 2', '"+" at 2 of the `row_condition` "n + 1 > 2" is not supported'],
    ['s.str.contains("a")', '`.str` in the `row_condition`'],
    ['n > @limit', '"@" at 4'],
    ['n >', 'not understood from its end'],
    ['n > 1 n', 'not understood from "n" at 6'],
    ['abs(n) > 1', 'not understood from "abs" at 0'],
    ['gone == 1', 'no column "gone"'],
    ['n > "a"', '"a" cannot be compared with column "n" (int32)'],
    ['t > "soon"', '"soon" is no ISO 8601 date or time'],
    ['c', 'column "c" is no condition'],
    ['n', 'column "n" is no condition'],
  ])('%s is refused by name', (condition, message) => {
    expect(() => rowsOf(condition)).toThrow(message)
  })

  it('need a parser that is known', () => {
    expect(() => rowsOf('n > 1', 'spark')).toThrow('`condition_parser` must be one of "pandas", "great_expectations"')
    expect(() => parseRowCondition('n > 1', undefined)).toThrow('needs a `condition_parser`')
    expect(rowsOf('')).toBeUndefined()
  })
})

describe('a conditional expectation', () => {
  it('judges the rows of its condition only, and numbers them as in the whole table', () => {
    const kwargs = { column: 's', mostly: 0.7, row_condition: 'n > 1', condition_parser: 'pandas' }
    const suite = suiteFromJson({ name: 's', expectations: [{ type: 'expect_column_values_to_not_be_null', kwargs }] })
    expect(validate(table, suite, { resultFormat: 'COMPLETE' }).results[0]).toMatchObject({
      success: false,
      result: { element_count: 3, unexpected_count: 1, unexpected_index_list: [2], partial_unexpected_index_list: [2] },
    })
  })

  it('fails with the name of what is not honoured', () => {
    const message = (type: string, kwargs: Record<string, Json>) =>
      validate(table, expectations('s', [{ type, kwargs }])).results[0]?.exception_info.exception_message
    const mean = 'expect_column_mean_to_be_between'
    expect(message(mean, { column: 'n', min_value: 0, row_condition: 'n % 2 == 0', condition_parser: 'pandas' })).toBe(
      `${mean}: "%" at 2 of the \`row_condition\` "n % 2 == 0" is not supported`,
    )
    expect(message(mean, { column: 'n', min_value: 0, parse_strings_as_datetimes: true })).toMatch(
      '`parse_strings_as_datetimes` is not an option of expect_column_mean_to_be_between; it has',
    )
    expect(message('expect_table_column_count_to_be_between', { min_value: 1, strict_min: true })).toMatch('`strict_min` is not an option')
    expect(message('expect_column_values_to_be_null', { column: 'n', severity: 'info' })).toMatch('`severity` is not an option of')
    expect(message('expect_column_values_to_be_null', { column: 'n', mostly: 'most' })).toMatch(
      '`mostly` of expect_column_values_to_be_null',
    )
    expect(message('expect_multicolumn_sum_to_equal', { column_list: ['n', 'b'] })).toBe(
      'expect_multicolumn_sum_to_equal needs `sum_total`',
    )
    expect(
      message(mean, { column: 'n', min_value: 0, result_format: { result_format: 'BASIC', include_unexpected_columns: ['s'] } }),
    ).toMatch('`include_unexpected_columns` is not an option of `result_format`')
  })

  it('takes its own result format', () => {
    const kwargs = { column: 'n', result_format: { result_format: 'COMPLETE', partial_unexpected_count: 0 } }
    const suite = expectations('s', [{ type: 'expect_column_values_to_not_be_null', kwargs }])
    expect(validate(table, suite).results[0]?.result).toMatchObject({ partial_unexpected_list: [], unexpected_index_list: [3] })
    expect(validate(table, suite, { resultFormat: 'BOOLEAN_ONLY' }).results[0]?.result).toEqual({})
  })
})
