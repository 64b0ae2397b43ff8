import { describe, expect, it } from 'vitest'
import { fromColumns } from '../../../src/dataset'
import * as quality from '../../../src/quality'

const { expectations, validate } = quality
const data = fromColumns({
  n: [1, 2, 3, null, 50, 60],
  s: ['a', 'b', 'a', null, 'zz', ''],
  t: [new Date('2024-01-01'), new Date('2024-06-01'), null, null, null, new Date('2025-01-01')],
  b: [true, false, null, true, true, true],
  m: [0, 2, null, null, 60, 59],
})
const clock = { now: () => 0, schedule: () => () => {} }

/** One expectation on `data`, its success and its result. */
function judge(expectation: quality.Expectation, options: quality.ValidateOptions = {}) {
  const [result] = validate(data, expectations('one', [expectation]), options).results
  return result as quality.ExpectationResult
}
const met = (expectation: quality.Expectation) => judge(expectation).success

describe('row-wise results', () => {
  const between = quality.columnValuesToBeBetween('n', { min: 1, max: 10, mostly: 0.6 })

  it('count as Great Expectations does', () => {
    expect(judge(between)).toEqual({
      success: true,
      expectation_config: { type: 'expect_column_values_to_be_between', kwargs: { column: 'n', min_value: 1, max_value: 10, mostly: 0.6 } },
      result: {
        element_count: 6,
        unexpected_count: 2,
        unexpected_percent: 40,
        partial_unexpected_list: [50, 60],
        missing_count: 1,
        missing_percent: (1 / 6) * 100,
        unexpected_percent_total: (2 / 6) * 100,
        unexpected_percent_nonmissing: 40,
        partial_unexpected_counts: [
          { value: 50, count: 1 },
          { value: 60, count: 1 },
        ],
        partial_unexpected_index_list: [4, 5],
      },
      meta: {},
      exception_info: { raised_exception: false, exception_message: null, exception_traceback: null },
    })
    expect(met(quality.columnValuesToBeBetween('n', { min: 1, max: 10, mostly: 0.61 }))).toBe(false)
  })

  it('come in four formats', () => {
    const keys = (resultFormat: quality.ResultFormat) => Object.keys(judge(between, { resultFormat }).result).length
    expect([keys('BOOLEAN_ONLY'), keys('BASIC'), keys('SUMMARY'), keys('COMPLETE')]).toEqual([0, 8, 10, 12])
    expect(judge(between, { resultFormat: 'COMPLETE' }).result).toMatchObject({ unexpected_list: [50, 60], unexpected_index_list: [4, 5] })
    expect(judge(between, { partialUnexpectedCount: 1 }).result).toMatchObject({ partial_unexpected_list: [50], unexpected_count: 2 })
  })

  it('count missing cells over all rows', () => {
    const { success, result } = judge(quality.columnValuesToNotBeNull('t', { mostly: 0.5 }))
    expect(success).toBe(true)
    expect(result).toEqual({
      element_count: 6,
      unexpected_count: 3,
      unexpected_percent: 50,
      partial_unexpected_list: [null, null, null],
      partial_unexpected_counts: [{ value: null, count: 3 }],
      partial_unexpected_index_list: [2, 3, 4],
    })
    expect(judge(quality.columnValuesToBeNull('t')).result).toMatchObject({
      unexpected_count: 3,
      partial_unexpected_list: [data.column('t').at(0), data.column('t').at(1), data.column('t').at(5)].map((time) =>
        new Date(time as number).toISOString(),
      ),
    })
  })

  it('are met when there is nothing to judge', () => {
    const empty = fromColumns({ n: [null, null] })
    const suite = expectations('e', [quality.columnValuesToBeBetween('n', { min: 1 })])
    expect(validate(empty, suite).results[0]).toMatchObject({ success: true, result: { unexpected_percent: null, missing_percent: 100 } })
    expect(validate(empty.head(0), suite).results[0]).toMatchObject({ success: true, result: { missing_percent: null } })
  })

  it.each<[string, quality.Expectation, readonly number[]]>([
    ['strict bounds', quality.columnValuesToBeBetween('n', { min: 1, strictMin: true }), [0]],
    ['bounds of time', quality.columnValuesToBeBetween('t', { max: '2024-12-31' }), [5]],
    ['bounds of text', quality.columnValuesToBeBetween('s', { min: 'a', max: 'b' }), [4, 5]],
    ['sets', quality.columnValuesToBeInSet('s', ['a', 'b', '']), [4]],
    ['sets of times', quality.columnValuesToBeInSet('t', ['2024-01-01', '2025-01-01T00:00:00Z']), [1]],
    ['sets of booleans', quality.columnValuesToBeInSet('b', [true]), [1]],
    ['1 is not "1"', quality.columnValuesToBeInSet('n', ['1']), [0, 1, 2, 4, 5]],
    ['forbidden sets', quality.columnValuesToNotBeInSet('n', [2]), [1]],
    ['every copy of a repeated value', quality.columnValuesToBeUnique('s'), [0, 2]],
    ['regular expressions, anywhere', quality.columnValuesToMatchRegex('s', /z|a/), [1, 5]],
    ['the absence of a match', quality.columnValuesToNotMatchRegex('s', '^z'), [4]],
    ['lengths', quality.columnValueLengthsToBeBetween('s', { min: 1, max: 1 }), [4, 5]],
    ['pairs', quality.columnPairValuesAToBeGreaterThanB({ a: 'n', b: 'm' }), [1, 2, 4]],
    [
      'pairs that may be equal',
      quality.columnPairValuesAToBeGreaterThanB({ a: 'n', b: 'm' }, { orEqual: true, ignoreRowIf: 'either_value_is_missing' }),
      [4],
    ],
    ['equal pairs', quality.columnPairValuesToBeEqual({ a: 'n', b: 'm' }, { ignoreRowIf: 'either_value_is_missing' }), [0, 4, 5]],
    ['compound keys', quality.compoundColumnsToBeUnique(['b', 's']), []],
    ['sums', quality.multicolumnSumToEqual(['n', 'm'], { total: 119, ignoreRowIf: 'any_value_is_missing' }), [0, 1, 4]],
  ])('%s', (_, expectation, rows) => {
    const { success, result, exception_info: exception } = judge(expectation)
    expect(exception.exception_message).toBeNull()
    expect(result.partial_unexpected_index_list).toEqual(rows)
    expect(success).toBe(rows.length === 0)
  })

  it('finds repeated combinations', () => {
    const table = fromColumns({ a: ['x', 'x', null, null], b: [1, 1, null, null] })
    const run = (options: quality.MulticolumnOptions) =>
      validate(table, expectations('c', [quality.compoundColumnsToBeUnique(['a', 'b'], options)])).results[0]?.result
    expect(run({})).toMatchObject({
      unexpected_count: 2,
      missing_count: 2,
      partial_unexpected_list: [
        { a: 'x', b: 1 },
        { a: 'x', b: 1 },
      ],
    })
    expect(run({ ignoreRowIf: 'never' })).toMatchObject({ unexpected_count: 4, missing_count: 0 })
  })
})

describe('figures', () => {
  it.each<[quality.Expectation, boolean, unknown]>([
    [quality.columnMeanToBeBetween('n', { min: 23.2, max: 23.2 }), true, 23.2],
    [quality.columnMedianToBeBetween('n', { max: 3, strictMax: true }), false, 3],
    [quality.columnSumToBeBetween('n', { min: 116 }), true, 116],
    [quality.columnMinToBeBetween('n', { min: 2 }), false, 1],
    [quality.columnMaxToBeBetween('t', { max: '2025-01-01' }), true, '2025-01-01T00:00:00.000Z'],
    [quality.columnMaxToBeBetween('s', { max: 'zz' }), true, 'zz'],
    [quality.columnUniqueValueCountToBeBetween('s', { min: 4, max: 4 }), true, 4],
    [quality.columnProportionOfUniqueValuesToBeBetween('s', { min: 0.8, max: 0.8 }), true, 0.8],
    [quality.columnProportionOfNonNullValuesToBeBetween('t', { min: 0.5 }), true, 0.5],
    [quality.columnDistinctValuesToBeInSet('s', ['a', 'b', 'zz']), false, ['', 'a', 'b', 'zz']],
    [quality.columnDistinctValuesToContainSet('s', ['a']), true, ['', 'a', 'b', 'zz']],
    [quality.columnDistinctValuesToEqualSet('b', [true, false]), true, [false, true]],
    [quality.columnValuesToBeOfType('n', 'int64'), true, 'int32'],
    [quality.columnValuesToBeInTypeList('s', ['float64', 'str']), true, 'string'],
    [quality.tableRowCountToBeBetween({ min: 6, max: 6 }), true, 6],
    [quality.tableRowCountToEqual(5), false, 6],
    [quality.tableColumnCountToEqual(5), true, 5],
    [quality.tableColumnCountToBeBetween({ max: 4 }), false, 5],
    [quality.tableColumnsToMatchSet(['m', 'b', 't', 's', 'n']), true, ['b', 'm', 'n', 's', 't']],
    [quality.tableColumnsToMatchSet(['n'], { exactMatch: false }), true, ['b', 'm', 'n', 's', 't']],
    [quality.tableColumnsToMatchOrderedList(['n', 's', 't', 'b', 'm']), true, ['n', 's', 't', 'b', 'm']],
  ])('%o', (expectation, success, observed) => {
    expect(judge(expectation)).toMatchObject({ success, result: { observed_value: observed } })
  })

  it('stdev is that of a sample', () => {
    // numpy.std([1, 2, 3, 50, 60], ddof=1)
    expect(judge(quality.columnStdevToBeBetween('n', { min: 0 })).result.observed_value).toBeCloseTo(29.252350332921967, 10)
  })

  it('quantiles are nearest ranks', () => {
    const expectation = quality.columnQuantileValuesToBeBetween('n', {
      quantiles: [
        [0, 1, 1],
        [0.5, null, 3],
        [0.6, 3, 3],
        [1, 60, null],
      ],
    })
    expect(judge(expectation)).toMatchObject({ success: true, result: { observed_value: { values: [1, 3, 3, 60] } } })
  })

  it('say what columns differ', () => {
    expect(judge(quality.tableColumnsToMatchSet(['n', 'x'])).result.details).toEqual({
      mismatched: { missing: ['x'], unexpected: ['s', 't', 'b', 'm'] },
    })
    expect(judge(quality.tableColumnsToMatchOrderedList(['n', 't', 's', 'b', 'm'])).result.details).toEqual({
      mismatched: [
        { 'Expected Column Position': 1, Expected: 't', Found: 's' },
        { 'Expected Column Position': 2, Expected: 's', Found: 't' },
      ],
    })
    expect([met(quality.columnToExist('s')), met(quality.columnToExist('s', { index: 0 })), met(quality.columnToExist('x'))]).toEqual([
      true,
      false,
      false,
    ])
  })

  it('fail without values', () => {
    const empty = fromColumns({ n: [null] })
    expect(validate(empty, expectations('e', [quality.columnMeanToBeBetween('n', { min: 0 })])).results[0]).toMatchObject({
      success: false,
      result: { observed_value: null },
    })
  })
})

describe('validation', () => {
  const suite = expectations('flights', [
    quality.columnToExist('n'),
    quality.columnValuesToBeBetween('gone', { min: 0, severity: 'warning' }),
    quality.columnMeanToBeBetween('s', { min: 0 }),
    { type: 'expect_the_unexpected', kwargs: {} },
    { type: 'expect_column_values_to_be_between', kwargs: { column: 'n', max_value: { $PARAMETER: 'top' } } },
  ])

  it('keeps one expectation that cannot be judged from the others', () => {
    const result = validate(data, suite, { parameters: { top: 60 }, clock, runName: 'r1' })
    expect(result).toMatchObject({
      success: false,
      suite_name: 'flights',
      suite_parameters: { top: 60 },
      statistics: { evaluated_expectations: 5, successful_expectations: 2, unsuccessful_expectations: 3, success_percent: 40 },
      meta: { run_id: { run_name: 'r1', run_time: '1970-01-01T00:00:00.000Z' } },
    })
    expect(result.results.map(({ exception_info: { exception_message: message } }) => message)).toEqual([
      null,
      'no column "gone"; there are "n", "s", "t", "b", "m"',
      'column "s" must be numeric, boolean or timestamp, it is string',
      'expectations of type "expect_the_unexpected" are not supported',
      null,
    ])
    expect(JSON.parse(JSON.stringify(result))).toEqual(result)
    expect(validate(data, suite).results[4]?.exception_info.exception_message).toBe('parameter "top" of `max_value` has no value')
  })

  it('prints a summary', () => {
    const result = validate(data, suite, { parameters: { top: 50 }, clock })
    expect(quality.validationText(result).split('\n')[0]).toBe("✗ suite 'flights': 1 of 5 expectations met")
    expect(quality.validationText(result)).toContain('1 of 6 rows unexpected (20 %), for example 60')
    expect(quality.validationMarkdown(result)).toContain('| ✗ |')
  })

  it('of an empty suite succeeds without a percentage', () => {
    expect(validate(data, expectations('none', []))).toMatchObject({ success: true, statistics: { success_percent: null } })
  })

  it('travels as the JSON of Great Expectations, new and old', () => {
    const json = quality.suiteToJson(suite)
    expect(json).toMatchObject({ name: 'flights', id: null, meta: { great_expectations_version: expect.stringMatching(/^1\./) } })
    const back = quality.suiteFromJson(JSON.stringify(json))
    expect(back.expectations).toEqual(suite.expectations)
    const old = {
      expectation_suite_name: 'old',
      expectations: [{ expectation_type: 'expect_column_to_exist', kwargs: { column: 'n' }, meta: {} }],
    }
    expect(validate(data, quality.suiteFromJson(old)).success).toBe(true)
    expect(() => quality.suiteFromJson('{')).toThrow('not valid JSON')
    const one = { type: 'expect_column_to_exist', kwargs: { column: 'n' } }
    expect(() => quality.suiteFromJson({ name: 'x', expectations: [{ ...one, kwarg: {} }] })).toThrow(
      'expectation 0 of a suite (expect_column_to_exist) has "kwarg", which is not known',
    )
    expect(() => quality.suiteFromJson({ name: 'x', expectations: [{ ...one, severity: 'fatal' }] })).toThrow('must be one of "critical"')
    expect(() => quality.suiteFromJson({ name: 'x', expectations: [{}] })).toThrow('expectation 0 of a suite needs a type and kwargs')
  })

  it('refuses wrong arguments when the expectation is made', () => {
    expect(() => quality.columnValuesToBeBetween('n', {})).toThrow('needs `min`, `max` or both')
    expect(() => quality.columnValuesToBeBetween('n', { min: 2, max: 1 })).toThrow('must not be above')
    expect(() => quality.columnValuesToBeBetween('n', { min: 1, mostly: 99 })).toThrow('from 0 to 1, got 99')
    expect(() => quality.columnValuesToMatchRegex('s', '(')).toThrow(
      '"(" is no regular expression of Python: missing ), unterminated subpattern',
    )
    expect(() => quality.columnValuesToMatchRegex('s', /a/m)).toThrow('cannot carry the flags')
    expect(() => expectations('', [])).toThrow('needs a name')
    expect(() => validate(42 as never, suite)).toThrow('validate expects a Dataset, got 42')
  })
})
