/** Results in the JSON of Great Expectations, read back. */
import * as z from 'zod/mini'
import { invalidArgument } from '../core/errors'
import { parseJson } from '../core/json'
import { readStored, storedFormat } from '../core/stored'
import type { Severity } from './expectation'
import type { ExceptionInfo, ExpectationResult, ValidationResult } from './result'
import { displayedValidation } from './validate'

const resultFormat = /* @__PURE__ */ storedFormat(() => {
  const record = z.record(z.string(), z.unknown())
  return z.looseObject({
    success: z.boolean(),
    suite_name: z.string(),
    suite_parameters: z.optional(z.nullable(record)),
    statistics: z.looseObject({
      evaluated_expectations: z.number(),
      successful_expectations: z.number(),
      unsuccessful_expectations: z.number(),
      success_percent: z.nullable(z.number()),
    }),
    meta: z.optional(z.nullable(record)),
    results: z.array(
      z.looseObject({
        success: z.boolean(),
        expectation_config: z.looseObject({
          type: z.string(),
          kwargs: record,
          severity: z.optional(z.nullable(z.enum(['critical', 'warning', 'info']))),
          meta: z.optional(z.nullable(record)),
        }),
        result: record,
        exception_info: z.optional(z.nullable(record)),
      }),
    ),
  })
})

/**
 * A validation result from its JSON, text or object: one of ours, or of Great Expectations 1.x. It prints, and has a data docs page, like one
 * that was just made.
 *
 * @throws Corrupt naming the place that is wrong
 */
export function validationResultFromJson(json: string | object): ValidationResult {
  const document = typeof json === 'string' ? parseJson(json, 'a validation result') : json
  const value = readStored(resultFormat, document, 'a validation result')
  return displayedValidation({
    success: value.success,
    results: value.results.map(
      ({ success, expectation_config: config, result, exception_info: info, meta }) =>
        ({
          success,
          expectation_config: config,
          result,
          meta: meta ?? {},
          exception_info: exceptionOf(info ?? {}),
        }) as unknown as ExpectationResult,
    ),
    suite_name: value.suite_name,
    suite_parameters: value.suite_parameters ?? {},
    statistics: value.statistics,
    meta: value.meta ?? {},
    id: typeof value.id === 'string' ? value.id : null,
  } as unknown as ValidationResult)
}

/** Great Expectations writes one record, or one for each metric that failed, under a key of its own. */
function exceptionOf(info: Readonly<Record<string, unknown>>): ExceptionInfo {
  const nested = Object.values(info).find((item) => typeof item === 'object' && item !== null && 'raised_exception' in item)
  const { raised_exception: raised, exception_message: message } = (nested ?? info) as Readonly<Record<string, unknown>>
  return {
    raised_exception: raised === true,
    exception_message: typeof message === 'string' ? message : null,
    exception_traceback: null,
  }
}

const bySeverity: readonly Severity[] = ['info', 'warning', 'critical']

/** The gravest severity among the expectations that were not met; `undefined` when all were. Without one of its own, an expectation is critical. */
export function maxSeverityOfFailures(result: ValidationResult): Severity | undefined {
  if (!Array.isArray(result?.results)) throw invalidArgument('maxSeverityOfFailures needs a validation result')
  let most = -1
  for (const { success, expectation_config: config } of result.results) {
    if (!success) most = Math.max(most, bySeverity.indexOf(config.severity ?? 'critical'))
  }
  return bySeverity[most]
}
