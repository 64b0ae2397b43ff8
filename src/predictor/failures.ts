/** Classifies the failures of calls. */

import { isMillwrightError, MillwrightError, show } from '../core/errors'
import type { CancelSignal } from '../core/signal'

/** The kind of failure, for the statistics. */
export function outcomeOf(error: unknown, signal: CancelSignal | undefined): 'rejected' | 'failed' | 'aborted' | 'shed' {
  if (signal?.aborted && error === signal.reason) return 'aborted'
  if (isMillwrightError(error, 'SchemaMismatch') || isMillwrightError(error, 'InvalidArgument') || isMillwrightError(error, 'InvalidState'))
    return 'rejected'
  return isMillwrightError(error, 'Unavailable') && typeof error.details.reason === 'string' ? 'shed' : 'failed'
}

/** Wraps an error thrown by a model as `Internal`, so that it is not reported as an error of the caller; retryable errors and errors with a hint are kept. */
export function modelFailure(error: unknown, subject: string, numRows: number, signal: CancelSignal | undefined): unknown {
  if (signal?.aborted && error === signal.reason) return error
  const kept = ['SchemaMismatch', 'Unavailable', 'RateLimited', 'InvalidState', 'MissingDependency', 'Unsupported']
  if (isMillwrightError(error) && kept.includes(error.code)) return error
  const reason = error instanceof Error ? error.message : show(error)
  return new MillwrightError('Internal', `${subject} failed on ${numRows} row${numRows === 1 ? '' : 's'}: ${reason}`, { cause: error })
}
