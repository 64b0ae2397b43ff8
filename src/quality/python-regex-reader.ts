/** The position and state of the parser of Python's regular expressions, and its errors. */
import { invalidArgument, MillwrightError, show } from '../core/errors'

/** Inline flags that are in force. */
export interface Flags {
  readonly ignoreCase: boolean
  readonly multiline: boolean
  readonly dotAll: boolean
  readonly verbose: boolean
  readonly ascii: boolean
}

/** Where the parser stands. */
export interface PatternReader {
  readonly pattern: string
  at: number
  flags: Flags
  /** Groups opened so far; names by number. */
  groups: number
  readonly names: Map<string, number>
  readonly open: Set<number>
  /** Groups that have certainly matched at this position. */
  certain: ReadonlySet<number>
  /** Groups that the translation added for atomic ones. */
  atomic: number
  lookbehind: number
}

/** The error for a pattern that Python refuses, too. */
export function noRegex({ pattern, at }: PatternReader, what: string): MillwrightError {
  return invalidArgument(`${show(pattern)} is no regular expression of Python: ${what} at ${at}`)
}

/** The error for what JavaScript lacks. */
export function unsupported({ pattern }: PatternReader, what: string): MillwrightError {
  return new MillwrightError(
    'Unsupported',
    `the regular expression ${show(pattern)} cannot be judged here: ${what} has no counterpart in JavaScript`,
  )
}
