/** The error of an alias that moved although the event could not be written to the history. Loaded only when this happens. */
import { isMillwrightError, MillwrightError, show } from '../core/errors'

/** Adds to the error of `appendEvent` that the alias has moved, and how to write the event. Other errors than `MillwrightError` are returned unchanged. */
export function unrecordedMove(
  move: { readonly model: string; readonly alias: string; readonly version: string },
  error: unknown,
): unknown {
  if (!isMillwrightError(error)) return error
  const { model, alias, version } = move
  return new MillwrightError(
    error.code,
    `${alias} of ${show(model)} has moved to version ${version}, but the event could not be written to the history: ${error.message}`,
    {
      retryable: error.retryable,
      details: { ...error.details, model, alias, version, hasMoved: true },
      hint: 'make the same call again, without `expected`: it then only writes the history',
      cause: error,
    },
  )
}
