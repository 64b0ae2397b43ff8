/** One expectation made ready, and judged on a table. */
import { invalidArgument, isMillwrightError, MillwrightError, show } from '../core/errors'
import type { Json } from '../core/json'
import { arrayOf, checkOptions, nonEmptyString, ofType, oneOf, wholeNumber } from '../core/options'
import { takeColumn } from '../schema/column'
import type { Table } from '../schema/table'
import { distinctEvaluators } from './evaluate-distinct'
import { figureEvaluators } from './evaluate-figures'
import { rowEvaluators } from './evaluate-rows'
import { sequenceEvaluators } from './evaluate-sequence'
import { severalEvaluators } from './evaluate-several'
import { textEvaluators } from './evaluate-text'
import type { EvaluationContext, Evaluator } from './evaluator'
import type { Expectation, Kwargs } from './expectation'
import { addFindings, formatFindings, noFindings } from './findings'
import { checkedKwargs } from './kwargs'
import {
  type ExceptionInfo,
  type ExpectationResult,
  type FormattedVerdict,
  formatFigure,
  type ReportOptions,
  type ResultFormat,
  type Verdict,
} from './result'
import { matchingRows, parseRowCondition, type RowCondition } from './row-condition'

/** The formats of results. */
export const resultFormats: readonly ResultFormat[] = ['BOOLEAN_ONLY', 'BASIC', 'SUMMARY', 'COMPLETE']

/** What a validation asks of every expectation. */
export interface JudgeOptions extends EvaluationContext {
  readonly resultFormat?: ResultFormat | undefined
  readonly partialUnexpectedCount?: number | undefined
  readonly unexpectedIndexColumns?: readonly string[] | undefined
  readonly parameters: Readonly<Record<string, Json | undefined>>
}

/** An expectation whose arguments are checked. */
export interface Judge {
  readonly type: string
  readonly kwargs: Kwargs
  readonly condition: RowCondition | undefined
  readonly report: ReportOptions
  readonly context: EvaluationContext
}

/** A judged table: the rows that were looked at, and the verdict. */
export interface Judged {
  readonly table: Table
  readonly verdict: Verdict
  /** Row number in the whole table of a row of `table`. */
  readonly numberOf: (row: number) => number
}

/** @throws what is wrong with the arguments */
export function makeJudge({ type, kwargs: given }: Expectation, options: JudgeOptions): Judge {
  const kwargs = checkedKwargs(type, resolved(given, options.parameters))
  const own = formatOf(type, kwargs.result_format)
  const report = {
    format: options.resultFormat ?? own.resultFormat ?? 'SUMMARY',
    partialCount: options.partialUnexpectedCount ?? own.partialUnexpectedCount ?? 20,
    indexColumns: options.unexpectedIndexColumns ?? own.unexpectedIndexColumns ?? [],
  }
  return { type, kwargs, condition: conditionOf(type, kwargs), report, context: options }
}

/** The rows that the expectation is about, and their numbers in the whole table. */
export function rowsOfCondition({ condition }: Judge, table: Table): Omit<Judged, 'verdict'> {
  if (condition === undefined) return { table, numberOf: (row) => row }
  const rows = matchingRows(table, condition)
  return { table: someRows(table, rows), numberOf: (row) => rows[row] as number }
}

/** The verdict on the rows that the expectation is about. */
export function judgeRows(judge: Judge, table: Table): Judged {
  const some = rowsOfCondition(judge, table)
  return { ...some, verdict: evaluatorOf(judge.type)(some.table, judge.kwargs, judge.context) }
}

/** The verdict on a whole table, formatted. */
export function judgeTable(judge: Judge, table: Table): FormattedVerdict {
  const judged = judgeRows(judge, table)
  const { verdict } = judged
  if (verdict.kind === 'figure') return formatFigure(verdict, judge.report)
  const findings = noFindings()
  addFindings(findings, verdict, { ...judged, report: judge.report })
  return formatFindings(findings, judge.report)
}

/** The result of an expectation; what `find` throws becomes its `exception_info`. */
export function resultOf(expectation: Expectation, find: () => FormattedVerdict): ExpectationResult {
  try {
    const { success, result } = find()
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
function formatOf(
  type: string,
  format: Json | undefined,
): Pick<JudgeOptions, 'resultFormat' | 'partialUnexpectedCount' | 'unexpectedIndexColumns'> {
  const given = typeof format === 'object' && format !== null ? format : { result_format: format }
  checkOptions(`\`result_format\` of ${type}`, given, {
    result_format: oneOf(...resultFormats),
    partial_unexpected_count: wholeNumber(0),
    unexpected_index_column_names: arrayOf(nonEmptyString()),
    include_unexpected_rows: oneOf(false),
    exclude_unexpected_values: oneOf(false),
    return_unexpected_index_query: ofType('boolean'),
  })
  const known = given as Readonly<Record<string, Json | undefined>>
  return {
    resultFormat: known.result_format as ResultFormat | undefined,
    partialUnexpectedCount: known.partial_unexpected_count as number | undefined,
    unexpectedIndexColumns: known.unexpected_index_column_names as readonly string[] | undefined,
  }
}

/** The table of the given rows; a column is gathered when it is asked for. */
function someRows(table: Table, rows: Int32Array): Table {
  return { numRows: rows.length, columnNames: table.columnNames, column: (name) => takeColumn(table.column(name), rows) }
}

function exceptionInfo(message: string | null): ExceptionInfo {
  return { raised_exception: message !== null, exception_message: message, exception_traceback: null }
}

function evaluatorOf(type: string): Evaluator {
  for (const evaluators of [rowEvaluators, textEvaluators, sequenceEvaluators, severalEvaluators, distinctEvaluators, figureEvaluators]) {
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
