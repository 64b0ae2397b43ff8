/** Validates a table by a suite. */
import { type Clock, systemClock } from '../core/clock'
import { attachDisplay } from '../core/display'
import { invalidArgument, isMillwrightError, MillwrightError, show } from '../core/errors'
import type { Json } from '../core/json'
import { checkOptions, ofType, oneOf, wholeNumber } from '../core/options'
import { takeColumn } from '../schema/column'
import { assertTable, type Table } from '../schema/table'
import { figureEvaluators } from './evaluate-figures'
import { rowEvaluators } from './evaluate-rows'
import type { Expectation, ExpectationSuite, Kwargs } from './expectation'
import { checkedKwargs } from './kwargs'
import { type ExpectationResult, formatVerdict, type ResultFormat, type ValidationResult } from './result'
import { validationMarkdown, validationText } from './result-text'
import { matchingRows, parseRowCondition, type RowCondition } from './row-condition'

const formats: readonly ResultFormat[] = ['BOOLEAN_ONLY', 'BASIC', 'SUMMARY', 'COMPLETE']

/** Options of {@link validate}. */
export interface ValidateOptions {
  /** The level of detail of each result. @default 'SUMMARY' */
  readonly resultFormat?: ResultFormat | undefined
  /** How many unexpected values to show. @default 20 */
  readonly partialUnexpectedCount?: number | undefined
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
 * @example validate(flights, suite).success
 * @throws InvalidArgument when the table or the suite is none
 */
export function validate(table: Table, suite: ExpectationSuite, options: ValidateOptions = {}): ValidationResult {
  assertTable(table, 'validate')
  checkOptions('validate', options, {
    resultFormat: oneOf(...formats),
    partialUnexpectedCount: wholeNumber(0),
    parameters: ofType('object'),
    runName: ofType('string'),
    clock: ofType('object'),
  })
  if (!Array.isArray(suite?.expectations)) throw invalidArgument(`validate needs a suite of expectations, got ${show(suite)}`)
  const parameters = { ...suite.suiteParameters, ...options.parameters }
  const results = suite.expectations.map((expectation) => judge(table, expectation, { ...options, parameters }))
  const successful = results.filter(({ success }) => success).length
  const time = new Date((options.clock ?? systemClock()).now()).toISOString()
  const result: ValidationResult = {
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
    meta: { run_id: { run_name: options.runName ?? null, run_time: time }, validation_time: time },
    id: null,
  }
  attachDisplay(result, { text: () => validationText(result), markdown: () => validationMarkdown(result) })
  return result
}

type JudgeOptions = ValidateOptions & { readonly parameters: Readonly<Record<string, Json | undefined>> }

function judge(table: Table, expectation: Expectation, options: JudgeOptions): ExpectationResult {
  try {
    const { type } = expectation
    const kwargs = checkedKwargs(type, resolved(expectation.kwargs, options.parameters))
    const own = formatOf(type, kwargs.result_format)
    const condition = conditionOf(type, kwargs)
    const rows = condition === undefined ? undefined : matchingRows(table, condition)
    const { success, result } = formatVerdict(
      evaluatorOf(type)(rows === undefined ? table : someRows(table, rows), kwargs),
      options.resultFormat ?? own.resultFormat ?? 'SUMMARY',
      options.partialUnexpectedCount ?? own.partialUnexpectedCount ?? 20,
      rows,
    )
    return { success, expectation_config: expectation, result, meta: {}, exception_info: exceptionInfo(null) }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { success: false, expectation_config: expectation, result: {}, meta: {}, exception_info: exceptionInfo(message) }
  }
}

/** kwargs `row_condition` and `condition_parser`; errors name the expectation. */
function conditionOf(type: string, { row_condition: condition, condition_parser: parser }: Kwargs): RowCondition | undefined {
  try {
    return parseRowCondition(condition, parser)
  } catch (error) {
    if (!isMillwrightError(error)) throw error
    throw new MillwrightError(error.code, `${type}: ${error.message}`, {
      cause: error,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    })
  }
}

/** kwarg `result_format`: a name, or an object with that name. @throws InvalidArgument on settings that are not known here */
function formatOf(type: string, format: Json | undefined): Pick<ValidateOptions, 'resultFormat' | 'partialUnexpectedCount'> {
  const given = typeof format === 'object' && format !== null ? format : { result_format: format }
  checkOptions(`\`result_format\` of ${type}`, given, {
    result_format: oneOf(...formats),
    partial_unexpected_count: wholeNumber(0),
    include_unexpected_rows: oneOf(false),
    return_unexpected_index_query: ofType('boolean'),
  })
  const { result_format: resultFormat, partial_unexpected_count: count } = given as Readonly<Record<string, Json | undefined>>
  return { resultFormat: resultFormat as ResultFormat | undefined, partialUnexpectedCount: count as number | undefined }
}

/** The table of the given rows; each column is collected on first use. */
function someRows(table: Table, rows: Int32Array): Table {
  return { numRows: rows.length, columnNames: table.columnNames, column: (name) => takeColumn(table.column(name), rows) }
}

function exceptionInfo(message: string | null): ExpectationResult['exception_info'] {
  return { raised_exception: message !== null, exception_message: message, exception_traceback: null }
}

function evaluatorOf(type: string): (typeof rowEvaluators)[string] {
  for (const evaluators of [rowEvaluators, figureEvaluators]) {
    const evaluator = Object.hasOwn(evaluators, type) ? evaluators[type] : undefined
    if (evaluator !== undefined) return evaluator
  }
  throw new MillwrightError('Unsupported', `expectations of type ${show(type)} are not supported`)
}

/** kwargs with `{ "$PARAMETER": name }` replaced. @throws InvalidArgument for a parameter without a value */
function resolved(kwargs: Kwargs, parameters: Readonly<Record<string, Json | undefined>>): Kwargs {
  return Object.fromEntries(
    Object.entries(kwargs).map(([key, value]) => {
      const name = (value as { readonly $PARAMETER?: unknown } | null | undefined)?.$PARAMETER
      if (typeof name !== 'string') return [key, value]
      if (!Object.hasOwn(parameters, name)) throw invalidArgument(`parameter ${show(name)} of \`${key}\` has no value`)
      return [key, parameters[name]]
    }),
  )
}
