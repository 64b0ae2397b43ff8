/** Canonical JSON of what came from outside, which may be nested without end. */
import { MillwrightError } from '../core/errors'
import { canonicalJson } from '../core/json'

/** Canonical JSON. @throws InvalidArgument for a value that holds itself, or is nested deeper than can be written */
export function finiteJson(value: unknown, subject: string): string {
  try {
    return canonicalJson(value)
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw new MillwrightError('InvalidArgument', `${subject} is nested too deeply to be written as JSON`, { cause })
  }
}
