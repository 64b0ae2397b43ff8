/** The error of a move that was made and could not be written into the history. Loaded only when that happens. */
import { isMillwrightError, MillwrightError, show } from '../core/errors'

/** Says that the alias has moved all the same, and how the history learns of it; what is not an error of ours stays as it is. */
export function unnotedMove(move: { readonly model: string; readonly alias: string; readonly version: string }, error: unknown): unknown {
  if (!isMillwrightError(error)) return error
  const { model, alias, version } = move
  return new MillwrightError(
    error.code,
    `${alias} of ${show(model)} has moved to version ${version}, but the history could not take it: ${error.message}`,
    {
      retryable: error.retryable,
      details: { ...error.details, model, alias, version, hasMoved: true },
      hint: 'make the same call again, without `expected`: it then only writes the history',
      cause: error,
    },
  )
}
