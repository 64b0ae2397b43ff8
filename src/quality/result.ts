/** The result of a validation, in the JSON format of Great Expectations 1.x. */
import type { Json } from '../core/json'
import type { Column } from '../schema/column'
import type { Expectation } from './expectation'

/** The level of detail of a result: only success; also counts and examples; also the most common unexpected values; also every unexpected value. */
export type ResultFormat = 'BOOLEAN_ONLY' | 'BASIC' | 'SUMMARY' | 'COMPLETE'

/** Why an expectation could not be evaluated. */
export interface ExceptionInfo {
  readonly raised_exception: boolean
  readonly exception_message: string | null
  readonly exception_traceback: null
}

/** The result of one expectation. */
export interface ExpectationResult {
  readonly success: boolean
  readonly expectation_config: Expectation
  /** Counts, percents from 0 to 100, examples; or `observed_value` and `details`. */
  readonly result: Readonly<Record<string, Json | undefined>>
  readonly meta: Readonly<Record<string, Json | undefined>>
  readonly exception_info: ExceptionInfo
}

/** The result of a suite. */
export interface ValidationResult {
  /** Whether every expectation was met. */
  readonly success: boolean
  readonly results: readonly ExpectationResult[]
  readonly suite_name: string
  readonly suite_parameters: Readonly<Record<string, Json | undefined>>
  readonly statistics: {
    readonly evaluated_expectations: number
    readonly successful_expectations: number
    readonly unsuccessful_expectations: number
    /** 0 to 100; `null` for an empty suite. */
    readonly success_percent: number | null
  }
  readonly meta: Readonly<Record<string, Json | undefined>>
  readonly id: string | null
}

/** What an expectation says about a table, before it is formatted. */
export type Verdict = RowsVerdict | FigureVerdict

/** What an expectation on rows says. */
export interface RowsVerdict {
  readonly kind: 'rows'
  readonly elementCount: number
  /** Absent for expectations on missing cells themselves: every row counts. */
  readonly missingCount?: number
  /** Ascending row numbers. */
  readonly unexpected: readonly number[]
  /** What to show for a row. */
  readonly valueAt: (row: number) => Json
  /** The columns that are judged. */
  readonly columns: readonly Column[]
  readonly mostly: number
}

/** What an expectation on one figure or shape says. */
export interface FigureVerdict {
  readonly kind: 'figure'
  readonly success: boolean
  readonly observed?: Json
  readonly details?: Json
  readonly counts?: Readonly<Record<string, Json>>
}

/** How much of a verdict is reported. */
export interface ReportOptions {
  readonly format: ResultFormat
  /** How many unexpected values and rows are shown. */
  readonly partialCount: number
  /** Columns whose values name a row, instead of its number. */
  readonly indexColumns: readonly string[]
}

/** A verdict as `success` and `result`. */
export interface FormattedVerdict {
  readonly success: boolean
  readonly result: Record<string, Json | undefined>
}

/** A figure as `success` and `result`. */
export function formatFigure({ success, observed, details, counts }: FigureVerdict, { format }: ReportOptions): FormattedVerdict {
  if (format === 'BOOLEAN_ONLY') return { success, result: {} }
  return {
    success,
    result: { ...(observed === undefined ? {} : { observed_value: observed }), ...counts, ...(details === undefined ? {} : { details }) },
  }
}
