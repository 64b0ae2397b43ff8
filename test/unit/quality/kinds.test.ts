/** What the builders of expectations write, and what they refuse. Verdicts are compared with Great Expectations in great-expectations.test.ts. */
import { describe, expect, it } from 'vitest'
import { fromColumns } from '../../../src/dataset'
import * as quality from '../../../src/quality'

const { expectations, suiteFromJson, suiteToJson, validate } = quality
const data = fromColumns({
  code: ['A1', 'B%', null, 'a2'],
  json: ['{"a": 1}', '[2]', '{"a": NaN}', null],
  day: ['2024-02-29', '2024-01-05', null, '2023-01-05'],
  n: [1, 2, 2, 40],
  m: [1, 3, 2, 40],
  status: ['paid', 'open', 'paid', 'paid'],
})

/** Every builder once, with the rows that are unexpected, or the observed figure. */
const all: readonly (readonly [quality.Expectation, unknown])[] = [
  [quality.columnValuesToMatchRegexList('code', [/^A/, '%$']), [3]],
  [quality.columnValuesToMatchRegexList('code', ['[A-Z]', '\\d'], { matchOn: 'all' }), [1, 3]],
  [quality.columnValuesToNotMatchRegexList('code', ['^a', '%']), [1, 3]],
  [quality.columnValuesToMatchLikePattern('code', 'A_'), [1, 3]],
  [quality.columnValuesToNotMatchLikePattern('code', '_!%', { escape: '!' }), [1]],
  [quality.columnValuesToMatchLikePatternList('code', ['A%', 'a%']), [1]],
  [quality.columnValuesToNotMatchLikePatternList('code', ['A%', 'a%']), [0, 3]],
  [quality.columnValueLengthsToEqual('code', 2), []],
  [quality.columnValuesToMatchStrftimeFormat('day', '%Y-%m-%d'), []],
  [quality.columnValuesToBeJsonParseable('json'), []],
  [quality.columnValuesToMatchJsonSchema('json', { type: 'object', required: ['a'] }), [1]],
  [quality.columnValuesToBeIncreasing('n'), []],
  [quality.columnValuesToBeIncreasing('n', { strictly: true }), [2]],
  [quality.columnValuesToBeDecreasing('n', { mostly: 0.1 }), [1, 3]],
  [quality.columnValueZScoresToBeLessThan('n', { threshold: 1 }), [3]],
  [quality.columnValuesToNotBeOutliers('n'), [3]],
  [
    quality.columnPairValuesToBeInSet({ a: 'n', b: 'm' }, [
      [1, 1],
      [2, 2],
    ]),
    [1, 3],
  ],
  [quality.multicolumnValuesToBeEqual(['n', 'm']), [1]],
  [quality.selectColumnValuesToBeUniqueWithinRecord(['n', 'm']), [0, 2, 3]],
  [quality.columnMostCommonValueToBeInSet('n', [2]), [2]],
  [quality.columnTypeToBe('code', 'str'), 'string'],
  [quality.tableRowCountToEqualOtherTable('orders'), { self: 4, other: 4 }],
  [quality.columnKlDivergenceToBeLessThan('status', { partition: { values: ['paid', 'open'], weights: [0.75, 0.25] }, threshold: 0 }), 0],
  [quality.columnValuesToNotBeNull('code', { rowCondition: quality.col('status').is('paid') }), [2]],
  [quality.columnMeanToBeBetween('n', { max: 2, rowCondition: 'status == "open"' }), 2],
  [quality.tableRowCountToEqual(1, { rowCondition: quality.allOf(quality.col('n').atLeast(2), quality.col('m').isNotIn([3, 40])) }), 1],
  [
    quality.columnSumToBeBetween('n', {
      min: 0,
      rowCondition: quality.anyOf(quality.col('code').isMissing(), quality.col('n').lessThan(2)),
    }),
    3,
  ],
]

describe('every kind', () => {
  it('is judged, and read back from its JSON as it was', async () => {
    const suite = expectations(
      'all',
      all.map(([expectation]) => expectation),
    )
    expect(suiteFromJson(JSON.stringify(suiteToJson(suite))).expectations).toEqual(suite.expectations)
    const { results } = validate(data, suite, { tables: { orders: data }, jsonSchema: await quality.loadJsonSchema() })
    expect(results.map(({ result }) => result.partial_unexpected_index_list ?? result.observed_value)).toEqual(
      all.map(([, found]) => found),
    )
    expect(results.filter(({ exception_info: { raised_exception: raised } }) => raised)).toEqual([])
  })

  it('keeps notes, description, severity and meta', () => {
    const told = { notes: ['why', 'when'], description: 'codes are there', severity: 'info', meta: { owner: 'x' } } as const
    const suite = expectations('told', [quality.columnValuesToNotBeNull('code', told)])
    expect(suite.expectations[0]).toMatchObject(told)
    expect(suiteFromJson(suiteToJson(suite)).expectations[0]).toMatchObject(told)
  })

  it('names failing rows by key columns', () => {
    const suite = expectations('keys', [quality.columnValuesToBeBetween('n', { max: 2 })])
    const [result] = validate(data, suite, { unexpectedIndexColumns: ['code'], resultFormat: 'COMPLETE' }).results
    expect(result?.result).toMatchObject({ unexpected_index_column_names: ['code'], unexpected_index_list: [{ n: 40, code: 'a2' }] })
  })
})

describe('what cannot be judged', () => {
  const message = (expectation: quality.Expectation) =>
    validate(data, expectations('x', [expectation])).results[0]?.exception_info.exception_message

  it('is refused when it is written', () => {
    expect(() => quality.columnValuesToMatchRegexList('code', [])).toThrow(
      'columnValuesToMatchRegexList needs an array of patterns, got an array of 0',
    )
    expect(() => quality.columnValuesToMatchLikePattern('code', 'a!b', { escape: '!' })).toThrow(
      'in the LIKE pattern "a!b", "!" must be followed by %, _ or itself',
    )
    expect(() => quality.columnValuesToMatchStrftimeFormat('day', '%G-%V')).toThrow(
      '%G in the format "%G-%V" is not supported; there are %d',
    )
    expect(() => quality.columnValuesToNotBeNull('code', { rowCondition: 'n >' })).toThrow('is not understood')
    expect(() => quality.columnToExist('code', { rowCondition: 'n > 1' } as never)).toThrow(
      '`rowCondition` is not an option of columnToExist',
    )
    expect(() => quality.columnPairValuesToBeInSet({ a: 'n', b: 'm' }, [[1] as never])).toThrow('needs an array of pairs of values')
    expect(() => quality.columnValueLengthsToEqual('code', -1)).toThrow('needs a whole number ≥ 0, got -1')
  })

  it('is refused by name, with what to do', () => {
    expect(message(quality.columnValuesToMatchJsonSchema('json', {}))).toContain('needs the option `jsonSchema` of validate')
    expect(message({ type: 'unexpected_rows_expectation', kwargs: {} })).toContain('it runs SQL')
    expect(message({ type: 'expect_column_values_to_be_dateutil_parseable', kwargs: { column: 'day' } })).toContain('strftime')
    expect(message(quality.tableRowCountToEqualOtherTable('orders'))).toContain('there is no table "orders"')
    expect(message(quality.columnValuesToBeIncreasing('code'))).toContain('column "code" must be int32, float64, timestamp, it is string')
    const partition = { values: ['paid'], weights: [0.5] }
    expect(message(quality.columnKlDivergenceToBeLessThan('status', { partition, threshold: 1 }))).toContain('`weights` that sum to 1')
  })

  it('gives shares of no values as null, not as NaN', () => {
    const partition = { bins: [0, 1, 2], weights: [0.5, 0.5] }
    const suite = quality.expectations('s', [quality.columnKlDivergenceToBeLessThan('n', { partition, threshold: 1 })])
    const [result] = quality.validate(fromColumns({ n: [null, null] }, { types: { n: 'float64' } }), suite).results
    expect(result).toMatchObject({
      success: false,
      result: { details: { observed_partition: { weights: [null, null], tail_weights: [null, null] } } },
    })
  })
})
