/** What a failed delivery means for the operation. */
import { isMillwrightError, MillwrightError } from '../../core/errors'

const finalCodes: readonly string[] = [
  'InvalidArgument',
  'Conflict',
  'InvalidState',
  'NotFound',
  'AlreadyExists',
  'Unsupported',
  'SchemaMismatch',
]

/**
 * Whether the backend refused the operation, so that a retry cannot succeed. A missing permission is not final, as a new token may grant
 * it; nor is an error that is not a `MillwrightError`, such as an invalid answer of a proxy.
 */
export function isFinal(error: unknown): boolean {
  return isMillwrightError(error) && finalCodes.includes(error.code) && !error.retryable && error.details.isTakenOver !== true
}

/** Whether the backend answered, but failed on this operation: status 500, or an error that the backend reports as its own. */
export function isServerFault(error: unknown): boolean {
  return isMillwrightError(error) && (error.details.status === 500 || error.code === 'Internal' || error.code === 'Corrupt')
}

/** `Unavailable`: operations could not be delivered. */
export function undelivered(entries: number, cause: unknown): MillwrightError {
  return new MillwrightError('Unavailable', `${entries} queued operations are not delivered yet`, { cause, details: { entries } })
}
