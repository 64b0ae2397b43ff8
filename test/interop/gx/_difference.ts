/** Our verdict beside that of Great Expectations. */

import { type EvaluationContext, expectations, type Kwargs, validate } from '../../../src/quality'
import { columnFrom } from '../../../src/schema/column'
import { type Table, tableOf } from '../../../src/schema/table'
import type { Case, CaseColumn } from './_cases'

/** What Great Expectations says: an error, or success and figures. */
export interface Answer {
  readonly error?: string
  readonly success?: boolean
  readonly element_count?: number
  readonly unexpected_count?: number
  readonly missing_count?: number
  readonly observed_value?: unknown
  readonly unexpected_index_list?: readonly number[] | null
}

/** A table of ours. */
export function caseTable(columns: readonly CaseColumn[]): Table {
  return tableOf(
    columns.map(({ name, type, values }) =>
      columnFrom(name, type, type === 'timestamp' ? values.map((value) => (value === null ? null : new Date(value as string))) : values),
    ),
  )
}

/** Where we differ on purpose, and why; `undefined` where we do not. */
export function knownDifference({ type, kwargs }: Case): string | undefined {
  const { row_condition: condition, type_: name, column, value_set: set, min_value: min, max_value: max } = kwargs
  const time = column === 't' || column === 'd'
  if (type.includes('type')) {
    if (['int32', 'INTEGER', 'string', 'object', 'Timestamp', 'category'].includes(name as string))
      return 'names of our own, SQL and older pandas count, too'
    if (column === 'j' || column === 'c') return 'pandas has no column type for whole numbers or booleans with missing cells'
    if (Array.isArray(kwargs.type_list) && (column === 's' || column === 'u')) return 'pandas compares text columns with no list of types'
  }
  if (/increasing|decreasing|outliers/.test(type) && column === 'flag') return 'booleans have no order and no distance here'
  if (type === 'expect_column_values_to_be_in_set' && time && Array.isArray(set))
    return 'Great Expectations never finds a time in a set of text'
  if (typeof condition === 'string' && /^[td] [!=]=/.test(condition)) return 'pandas never finds a time equal to text'
  if (type.endsWith('min_to_be_between') && time) return 'Great Expectations fails on dates as bounds of a minimum'
  if (/_(min|max)_to_be_between$/.test(type) && (typeof min === 'string' || typeof max === 'string')) return 'text may bound text'
  return undefined
}

/** How our verdict differs, in words; `undefined` when it does not. */
export function differenceOf(table: Table, { type, kwargs }: Case, answer: Answer, context: EvaluationContext = {}): string | undefined {
  const suite = expectations('one', [{ type, kwargs: kwargs as Kwargs }])
  const [own] = validate(table, suite, { resultFormat: 'COMPLETE', ...context }).results
  if (own === undefined) return 'no result'
  const { success, result, exception_info: exception } = own
  if (answer.error !== undefined) return exception.raised_exception || !success ? undefined : `ours ${success}, GX raised: ${answer.error}`
  // Refused by name is as good as honoured.
  if (exception.raised_exception && /`row_condition`.* not (?:understood|supported)/.test(exception.exception_message ?? ''))
    return undefined
  if (exception.raised_exception) return `ours raised: ${exception.exception_message}; GX ${JSON.stringify(answer)}`
  const differs = (key: 'element_count' | 'unexpected_count' | 'missing_count' | 'observed_value' | 'unexpected_index_list'): boolean =>
    answer[key] !== undefined && answer[key] !== null && !same(result[key], answer[key])
  const keys = (['element_count', 'unexpected_count', 'missing_count', 'observed_value', 'unexpected_index_list'] as const).filter(
    (key) => differs(key) && !(key === 'observed_value' && type.includes('type')),
  )
  if (success === answer.success && keys.length === 0) return undefined
  const shown = keys.map((key) => `${key} ours ${JSON.stringify(result[key])} GX ${JSON.stringify(answer[key])}`)
  return [`success ours ${success} GX ${answer.success}`, ...shown].join('; ')
}

/** Whether two JSON values are the same, numbers to nine digits. */
export function same(a: unknown, b: unknown): boolean {
  if (typeof a === 'number' && typeof b === 'number') return a === b || Math.abs(a - b) <= 1e-9 * Math.abs(b)
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => same(item, b[i]))
  if (typeof a === 'object' && a !== null && typeof b === 'object' && b !== null) {
    return Object.keys({ ...a, ...b }).every((key) => same((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]))
  }
  return a === b || (a ?? null) === (b ?? null)
}
