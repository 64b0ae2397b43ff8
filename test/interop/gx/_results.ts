/** One result of ours beside that of Great Expectations: all that a user can rely on must be equal. */
import type { Json } from '../../../src/core/json'
import type { ExpectationResult } from '../../../src/quality'
import { same } from './_difference'

/** What Great Expectations says about one expectation. */
export interface Found {
  readonly type: string
  readonly place: number
  readonly success: boolean
  readonly result: Readonly<Record<string, unknown>>
  readonly error: string | null
}

/**
 * Great Expectations 1.24.1 lists at most 200 unexpected values, in COMPLETE results too (`MAX_RESULT_RECORDS` of its constants.py; used by
 * the `*_map_condition_auxilliary_methods.py`), but all row numbers (pandas) or none (SQL). The counts of values in a result
 * (`partial_unexpected_counts`) are counts of that list. Ours lists and counts all values.
 */
const LISTED = 200

/** How two COMPLETE results differ, in words; `undefined` where they do not. */
export function resultDifference(ours: ExpectationResult, found: Found, engine: 'pandas' | 'sqlite'): string | undefined {
  const { raised_exception: raised, exception_message: message } = ours.exception_info
  if (found.error !== null && !ours.success) return undefined
  if (found.error !== null || raised) return `ours ${message ?? ours.success}, Great Expectations ${found.error ?? found.success}`
  if (found.type.includes('distinct_values')) return distinctDifference(ours, found)
  // The names of types are ours on one side, those of numpy on the other; columns of Python objects are judged cell by cell there.
  if (/_of_type$|_type_list$|_type_to_be$/.test(found.type))
    return ours.success === found.success ? undefined : `success: ours ${ours.success}, Great Expectations ${found.success}`
  const keys = new Set([...Object.keys(found.result), ...Object.keys(ours.result)])
  const lines = [...keys].flatMap((key) => {
    const wanted = expected(key, ours, found.result[key], engine)
    return wanted === anything || same(wanted, found.result[key])
      ? []
      : [`${key}: ours ${short(wanted)}, Great Expectations ${short(found.result[key])}`]
  })
  if (ours.success !== found.success) lines.unshift(`success: ours ${ours.success}, Great Expectations ${found.success}`)
  return lines.length === 0 ? undefined : lines.join('\n    ')
}

/** Distinct values: `observed_value` is `null` there, and the lists of at most 20 values are in no order. */
function distinctDifference(ours: ExpectationResult, found: Found): string | undefined {
  const told = (result: Readonly<Record<string, unknown>>, success: boolean): object => ({
    success,
    ...Object.fromEntries(
      Object.entries(result)
        .filter(([key]) => key !== 'observed_value')
        .map(([key, value]) => [key, Array.isArray(value) ? value.map(textOf).sort() : value]),
    ),
  })
  const [a, b] = [told(ours.result, ours.success), told(found.result, found.success)]
  return same(a, b) ? undefined : `ours ${short(a)}, Great Expectations ${short(b)}`
}

/** No value to compare with. */
const anything = Symbol('anything')

/** What Great Expectations must give for a member of our result. */
function expected(key: string, { result }: ExpectationResult, found: unknown, engine: string): unknown {
  switch (key) {
    case 'unexpected_list':
      return (result.unexpected_list as Json[] | undefined)?.slice(0, LISTED)
    case 'partial_unexpected_counts':
      return countsOf((result.unexpected_list as Json[]).slice(0, LISTED), found)
    // Code for pandas, or SQL.
    case 'unexpected_index_query':
      return anything
    // Without columns that name rows, SQL has no row numbers.
    case 'unexpected_index_list':
    case 'partial_unexpected_index_list':
      return engine === 'sqlite' ? anything : result[key]
    default:
      return result[key]
  }
}

/**
 * `found`, a list of values with counts, when it is right: each value has its count among `values`, and the counts are the largest ones.
 * Otherwise the right counts. Values that occur equally often may come in any order. A missing value is not counted: for pandas each is one of its own.
 */
function countsOf(values: readonly Json[], found: unknown): unknown {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(textOf(value), (counts.get(textOf(value)) ?? 0) + 1)
  const right = [...counts.values()].sort((a, b) => b - a).slice(0, 20)
  if (!Array.isArray(found)) return right
  const present = (found as { value: unknown; count: number }[]).filter(({ value }) => !textOf(value).includes('null'))
  const hasMissing = [...counts.keys()].some((text) => text.includes('null'))
  const isRight =
    present.every(({ value, count }) => counts.get(textOf(value)) === count) &&
    (hasMissing || present.map(({ count }) => count).join() === right.join())
  return isRight ? found : right
}

/** Several columns give an object on our side, and a list on theirs. */
function textOf(value: unknown): string {
  return JSON.stringify(typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.values(value) : value)
}

/** A value as JSON, cut to 200 characters. */
export function short(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}
