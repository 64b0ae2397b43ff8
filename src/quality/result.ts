/** The result of a validation, in the JSON format of Great Expectations 1.x. */
import type { Json } from '../core/json'
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
  readonly id: null
}

/** The outcome of an expectation, before it is formatted. */
export type Verdict =
  | {
      readonly kind: 'rows'
      readonly elementCount: number
      /** Absent for expectations on missing cells themselves: every row counts. */
      readonly missingCount?: number
      /** Ascending row numbers. */
      readonly unexpected: readonly number[]
      /** What to show for a row. */
      readonly valueAt: (row: number) => Json
      readonly mostly: number
    }
  | {
      readonly kind: 'figure'
      readonly success: boolean
      readonly observed?: Json
      readonly details?: Json
      readonly counts?: Readonly<Record<string, Json>>
    }

/** A verdict as `success` and `result`; `rowNumbers` of the whole table where only some rows were judged. */
export function formatVerdict(
  verdict: Verdict,
  format: ResultFormat,
  partialCount: number,
  rowNumbers?: Int32Array,
): { readonly success: boolean; readonly result: Record<string, Json | undefined> } {
  if (verdict.kind === 'figure') {
    const { success, observed, details, counts } = verdict
    if (format === 'BOOLEAN_ONLY') return { success, result: {} }
    return {
      success,
      result: { ...(observed === undefined ? {} : { observed_value: observed }), ...counts, ...(details === undefined ? {} : { details }) },
    }
  }
  const { elementCount, missingCount, unexpected, valueAt, mostly } = verdict
  const judged = elementCount - (missingCount ?? 0)
  // Without values the expectation is met.
  const success = judged === 0 || (judged - unexpected.length) / judged >= mostly
  if (format === 'BOOLEAN_ONLY') return { success, result: {} }
  const percent = (count: number, of: number): number | null => (of === 0 ? null : (count / of) * 100)
  const partial = unexpected.slice(0, partialCount)
  const numberOf = (row: number): number => (rowNumbers === undefined ? row : (rowNumbers[row] as number))
  const result: Record<string, Json | undefined> = {
    element_count: elementCount,
    unexpected_count: unexpected.length,
    unexpected_percent: percent(unexpected.length, judged),
    partial_unexpected_list: partial.map(valueAt),
  }
  if (missingCount !== undefined) {
    result.missing_count = missingCount
    result.missing_percent = percent(missingCount, elementCount)
    result.unexpected_percent_total = percent(unexpected.length, elementCount)
    result.unexpected_percent_nonmissing = percent(unexpected.length, judged)
  }
  if (format === 'BASIC') return { success, result }
  result.partial_unexpected_counts = commonest(unexpected.map(valueAt), partialCount)
  result.partial_unexpected_index_list = partial.map(numberOf)
  if (format === 'COMPLETE') {
    result.unexpected_list = unexpected.map(valueAt)
    result.unexpected_index_list = unexpected.map(numberOf)
  }
  return { success, result }
}

/** The most common values with their counts, by descending count, then by value. */
function commonest(values: readonly Json[], limit: number): Json[] {
  const counts = new Map<string, { value: Json; count: number }>()
  for (const value of values) {
    const key = JSON.stringify(value)
    const known = counts.get(key)
    if (known === undefined) counts.set(key, { value, count: 1 })
    else known.count++
  }
  const order = ({ value: a }: { value: Json }, { value: b }: { value: Json }): number => {
    if (typeof a === 'number' && typeof b === 'number') return a - b
    const [x, y] = [String(a), String(b)]
    return x < y ? -1 : x > y ? 1 : 0
  }
  return [...counts.values()].sort((a, b) => b.count - a.count || order(a, b)).slice(0, limit)
}
