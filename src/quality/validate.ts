/** Validates a table by a suite. */
import { type Clock, systemClock } from '../core/clock'
import { attachDisplay } from '../core/display'
import { invalidArgument, show } from '../core/errors'
import type { Json } from '../core/json'
import { arrayOf, checkOptions, nonEmptyString, type OptionRule, ofType, oneOf, wholeNumber } from '../core/options'
import { assertTable, isTable, type Table } from '../schema/table'
import type { EvaluationContext } from './evaluator'
import type { ExpectationSuite } from './expectation'
import { judgeTable, makeJudge, resultFormats, resultOf } from './judge'
import type { ExpectationResult, ResultFormat, ValidationResult } from './result'
import { validationMarkdown, validationTable } from './result-text'

/** Options of {@link validate}. */
export interface ValidateOptions extends EvaluationContext {
  /** How much each result tells. It wins over the `result_format` of an expectation. @default 'SUMMARY' */
  readonly resultFormat?: ResultFormat | undefined
  /** How many unexpected values to show. @default 20 */
  readonly partialUnexpectedCount?: number | undefined
  /** Columns whose values name the failing rows in results, instead of row numbers: a key, for example. @default [] */
  readonly unexpectedIndexColumns?: readonly string[] | undefined
  /** Values of `{ "$PARAMETER": name }` in kwargs; they win over the suite's own. */
  readonly parameters?: Readonly<Record<string, Json | undefined>> | undefined
  /** What to call this run. */
  readonly runName?: string | undefined
  /** @default the system's */
  readonly clock?: Clock | undefined
}

/**
 * Evaluates the expectations of a suite on a table. The result is plain JSON as Great Expectations 1.x writes it; its display is a summary.
 *
 * Row-wise expectations leave out missing cells; without any values they are met. An expectation that cannot be
 * evaluated (no such column, text compared with numbers, an unknown type) fails with `exception_info`; the others are not affected.
 *
 * `partial_unexpected_counts` counts all unexpected values, and `unexpected_list` has all of them; Great Expectations stops at 20 values, or at 200
 * when the format is `COMPLETE`.
 *
 * @example validate(flights, suite).success
 * @throws InvalidArgument when the table or the suite is none
 */
export function validate(table: Table, suite: ExpectationSuite, options: ValidateOptions = {}): ValidationResult {
  assertTable(table, 'validate')
  checkOptions('validate', options, validateRules())
  checkSuite('validate', suite)
  const parameters = { ...suite.suiteParameters, ...options.parameters }
  const judgeOptions = { ...options, parameters }
  const results = suite.expectations.map((expectation) =>
    resultOf(expectation, () => judgeTable(makeJudge(expectation, judgeOptions), table)),
  )
  return validationOf(suite, results, { ...options, parameters })
}

/** Rules of {@link ValidateOptions}. */
export function validateRules(): Readonly<Record<string, OptionRule>> {
  return {
    resultFormat: oneOf(...resultFormats),
    partialUnexpectedCount: wholeNumber(0),
    unexpectedIndexColumns: arrayOf(nonEmptyString()),
    parameters: ofType('object'),
    runName: ofType('string'),
    clock: ofType('object'),
    tables: {
      allowed: 'an object of Datasets by name',
      test: (value) => typeof value === 'object' && value !== null && Object.values(value).every(isTable),
    },
    jsonSchema: ofType('function'),
  }
}

/** @throws InvalidArgument unless `suite` is one */
export function checkSuite(operation: string, suite: unknown): asserts suite is ExpectationSuite {
  if (!Array.isArray((suite as ExpectationSuite | undefined)?.expectations)) {
    throw invalidArgument(`${operation} needs a suite of expectations, got ${show(suite)}`)
  }
}

/** The result of a suite from the results of its expectations. */
export function validationOf(
  suite: ExpectationSuite,
  results: readonly ExpectationResult[],
  { parameters = {}, runName, clock = systemClock() }: ValidateOptions,
): ValidationResult {
  const successful = results.filter(({ success }) => success).length
  const time = new Date(clock.now()).toISOString()
  return displayedValidation({
    success: successful === results.length,
    results,
    suite_name: suite.name,
    suite_parameters: parameters,
    statistics: {
      evaluated_expectations: results.length,
      successful_expectations: successful,
      unsuccessful_expectations: results.length - successful,
      success_percent: results.length === 0 ? null : (successful / results.length) * 100,
    },
    meta: { run_id: { run_name: runName ?? null, run_time: time }, validation_time: time },
    id: null,
  })
}

/** Attaches the display of a result. */
export function displayedValidation(result: ValidationResult): ValidationResult {
  return attachDisplay(result, { text: () => validationTable(result), markdown: () => validationMarkdown(result) })
}
