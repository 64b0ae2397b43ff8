/** Suites and results from any JSON; expectations with any arguments; LIKE patterns against a matcher that is plainly right. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isMillwrightError } from '../../src/core/errors'
import { fromColumns } from '../../src/dataset'
import { type Expectation, expectations, suiteFromJson, suiteToJson, validate, validationResultFromJson } from '../../src/quality'
import { knownTypes } from '../../src/quality/kwargs'
import { likeRegex } from '../../src/quality/like-pattern'
import { validationReport } from '../../src/report'
import { propertySeed, times } from '../support/effort'

const seed = { seed: propertySeed, numRuns: times(25, 3000) }
const data = fromColumns({
  n: [1, 2.5, null, -3],
  s: ['a', null, 'b', 'A1'],
  t: [new Date(0), null, new Date(1e12), new Date(2e12)],
  b: [true, false, null, true],
})

const column = fc.constantFrom('n', 's', 't', 'b', 'gone')
const value = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.string(),
  fc.boolean(),
  fc.constant(null),
  fc.constantFrom('a', '2024-01-01', '^a', '%', 'i > 2'),
)
/** Arguments of the right names, and values that mostly fit none. */
const kwargs = fc.record(
  {
    ...{
      column,
      column_A: column,
      column_B: column,
      column_list: fc.array(column, { maxLength: 3 }),
      mostly: fc.oneof(fc.double({ min: 0, max: 1 }), value),
    },
    ...{
      min_value: value,
      max_value: value,
      strict_min: fc.boolean(),
      value_set: fc.oneof(fc.array(value, { maxLength: 4 }), value),
      regex: value,
    },
    ...{
      regex_list: fc.array(fc.string(), { maxLength: 2 }),
      like_pattern: value,
      escape: value,
      value,
      threshold: value,
      double_sided: fc.boolean(),
    },
    ...{
      strftime_format: value,
      json_schema: fc.constant({}),
      type_: value,
      type_list: fc.array(fc.string()),
      row_condition: value,
      condition_parser: value,
    },
    ...{
      value_pairs_set: fc.array(fc.array(value, { maxLength: 3 })),
      sum_total: value,
      column_set: fc.array(column),
      strictly: value,
      method: value,
    },
    ...{
      quantile_ranges: fc.anything(),
      partition_object: fc.anything(),
      result_format: fc.anything(),
      ignore_row_if: value,
      match_on: value,
    },
  },
  { requiredKeys: [] },
)
const expectation = fc.record({ type: fc.constantFrom(...knownTypes, 'unexpected_rows_expectation'), kwargs }) as fc.Arbitrary<Expectation>
const json = fc.jsonValue() as fc.Arbitrary<object>

describe('reading', () => {
  it('any JSON gives a suite, or is called corrupt', () => {
    const part = fc.record(
      { type: fc.oneof(json, fc.string()), kwargs: json, meta: json, severity: json, notes: json },
      { requiredKeys: [] },
    )
    const almost = fc.record(
      { name: fc.oneof(json, fc.string()), expectations: fc.oneof(json, fc.array(part)), suite_parameters: json, meta: json },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.oneof(json, almost), (document) => {
        for (const read of [suiteFromJson, validationResultFromJson]) {
          try {
            expect(typeof String(read(document))).toBe('string')
          } catch (error) {
            expect(isMillwrightError(error, 'Corrupt'), String(error)).toBe(true)
          }
        }
      }),
      seed,
    )
  })

  it('a suite comes back as it was written', () => {
    const meta = fc.dictionary(fc.string({ minLength: 1 }), fc.string(), { minKeys: 1 })
    const whole = fc.record(
      {
        type: fc.string(),
        kwargs: fc.dictionary(fc.string(), json),
        meta,
        severity: fc.constantFrom('critical', 'warning', 'info'),
        notes: fc.string(),
        description: fc.string(),
      },
      { requiredKeys: ['type', 'kwargs'] },
    ) as fc.Arbitrary<Expectation>
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.array(whole, { maxLength: 4 }), (name, list) => {
        const text = JSON.stringify(suiteToJson(expectations(name, list)))
        expect(JSON.stringify(suiteToJson(suiteFromJson(text)))).toBe(text)
      }),
      seed,
    )
  })
})

/** All numbers in a value and its members: `NaN` would be `null` in its JSON. */
function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : []
}

describe('judging', () => {
  it('never throws, gives plain JSON that is read back, and a page', () => {
    fc.assert(
      fc.property(fc.array(expectation, { maxLength: 5 }), (list) => {
        const result = validate(data, expectations('any', list), { resultFormat: 'COMPLETE' })
        expect(result.results).toHaveLength(list.length)
        const text = JSON.stringify(result)
        expect(JSON.stringify(JSON.parse(text))).toBe(text)
        expect(result.results.flatMap((item) => numbersIn(item.result)).filter((number) => !Number.isFinite(number))).toEqual([])
        expect(validationResultFromJson(text).statistics).toEqual(result.statistics)
        expect(validationReport(result)).toContain('</html>')
        for (const { success, exception_info: info } of result.results) if (info.raised_exception) expect(success).toBe(false)
      }),
      seed,
    )
  })

  it('LIKE patterns match what a plain matcher says', () => {
    const matches = (text: readonly string[], pattern: readonly string[]): boolean => {
      const [first, ...rest] = pattern
      if (first === undefined) return text.length === 0
      if (first === '%') return matches(text, rest) || (text.length > 0 && matches(text.slice(1), pattern))
      return text.length > 0 && (first === '_' || first === text[0]) && matches(text.slice(1), rest)
    }
    const letters = fc.array(fc.constantFrom('a', 'b', '%', '_', '.', '\\', '\n', '😀', '^', ']'), { maxLength: 7 })
    fc.assert(
      fc.property(letters, letters, (text, pattern) => {
        expect(likeRegex(pattern.join('')).test(text.join(''))).toBe(matches(text, pattern))
      }),
      { ...seed, numRuns: times(500, 20_000) },
    )
  })
})
