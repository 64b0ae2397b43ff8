/** Canonical JSON of values from callers, which may be cyclic or nested very deeply. */
import { MillwrightError } from '../core/errors'
import { canonicalJson } from '../core/json'

/** Canonical JSON. @throws InvalidArgument for a value that is cyclic or nested too deeply */
export function finiteJson(value: unknown, subject: string): string {
  try {
    return canonicalJson(value)
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw new MillwrightError('InvalidArgument', `${subject} is nested too deeply to be written as JSON`, { cause })
  }
}
