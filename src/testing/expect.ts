/** The assertions of the check suites. They do not depend on a test runner. */

import { type ErrorCode, isMillwrightError, MillwrightError } from '../core/errors'
import { firstDifference, textOf } from './equal'

/** Throws unless `condition` holds. */
export function expectThat(condition: boolean, what: string): void {
  if (!condition) throw new MillwrightError('Internal', `check failed: ${what}`)
}

/**
 * Throws unless both values are equal. The message names the first difference.
 *
 * `NaN` equals `NaN`, and −0 does not equal 0. Arrays, typed arrays, maps, sets and plain objects are equal when their content is. A member that
 * is `undefined` equals an absent one.
 */
export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  const difference = firstDifference(actual, expected)
  if (difference === undefined) return
  const { path } = difference
  const place = path === '' ? '' : ` (at ${path}: expected ${textOf(difference.expected)}, got ${textOf(difference.actual)})`
  throw new MillwrightError('Internal', `check failed: ${what}: expected ${textOf(expected)}, got ${textOf(actual)}${place}`)
}

/** Throws unless `work` fails with a `MillwrightError` that has one of these codes. Returns the error. */
export async function expectCode(work: () => unknown, codes: ErrorCode | readonly ErrorCode[], what: string): Promise<MillwrightError> {
  const allowed = typeof codes === 'string' ? [codes] : codes
  let result: unknown
  try {
    result = await work()
  } catch (error) {
    if (isMillwrightError(error) && allowed.includes(error.code)) return error
    throw new MillwrightError('Internal', `check failed: ${what}: expected ${allowed.join(' or ')}, got ${String(error)}`, { cause: error })
  }
  throw new MillwrightError('Internal', `check failed: ${what}: expected ${allowed.join(' or ')}, but it succeeded with ${textOf(result)}`)
}

/** Throws unless `work` rejects with `reason` itself, as an aborted call must. */
export async function expectReason(work: () => unknown, reason: unknown, what: string): Promise<void> {
  try {
    await work()
  } catch (error) {
    return expectThat(error === reason, `${what}: expected the signal's reason itself, got ${String(error)}`)
  }
  expectThat(false, `${what}: expected the signal's reason, but it succeeded`)
}
