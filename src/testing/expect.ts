/** The few assertions that the check suites need; they depend on no test runner. */

import { type ErrorCode, isMillwrightError, MillwrightError } from '../core/errors'
import { canonicalJson } from '../core/json'

/** Throws unless `condition` holds. */
export function expectThat(condition: boolean, what: string): void {
  if (!condition) throw new MillwrightError('Internal', `check failed: ${what}`)
}

/** Throws unless both have the same canonical JSON; typed arrays compare as arrays. */
export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  const [a, b] = [text(actual), text(expected)]
  if (a !== b) throw new MillwrightError('Internal', `check failed: ${what}: expected ${clip(b)}, got ${clip(a)}`)
}

/** Throws unless `work` fails with an error of this library of one of these codes; gives the error. */
export async function expectCode(work: () => unknown, codes: ErrorCode | readonly ErrorCode[], what: string): Promise<MillwrightError> {
  const allowed = typeof codes === 'string' ? [codes] : codes
  let result: unknown
  try {
    result = await work()
  } catch (error) {
    if (isMillwrightError(error) && allowed.includes(error.code)) return error
    throw new MillwrightError('Internal', `check failed: ${what}: expected ${allowed.join(' or ')}, got ${String(error)}`, { cause: error })
  }
  throw new MillwrightError(
    'Internal',
    `check failed: ${what}: expected ${allowed.join(' or ')}, but it succeeded with ${clip(text(result))}`,
  )
}

/** Throws unless `work` rejects with exactly `reason`, as aborted work must. */
export async function expectReason(work: () => unknown, reason: unknown, what: string): Promise<void> {
  try {
    await work()
  } catch (error) {
    return expectThat(error === reason, `${what}: expected the signal's reason itself, got ${String(error)}`)
  }
  expectThat(false, `${what}: expected the signal's reason, but it succeeded`)
}

function text(value: unknown): string {
  return value === undefined ? 'undefined' : canonicalJson(value)
}

function clip(value: string): string {
  return value.length > 200 ? `${value.slice(0, 199)}…` : value
}
