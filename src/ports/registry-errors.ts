/** The errors that every registry backend throws with the same message. */
import { MillwrightError, show } from '../core/errors'

/** `NotFound`: the model, or one of its versions, does not exist. */
export function missingModel(backend: string, name: string, version?: string): MillwrightError {
  return new MillwrightError('NotFound', `${backend} has no model ${show(name)}${version === undefined ? '' : ` version ${version}`}`)
}

/** `Conflict`: an alias does not point to the expected version. `undefined`: the alias does not exist. */
export function aliasConflict(
  name: string,
  alias: string,
  state: { readonly expected: string | undefined; readonly actual: string | undefined; readonly cause?: unknown },
): MillwrightError {
  const { expected, actual, cause } = state
  const said = expected === undefined ? 'not to exist' : `at version ${expected}`
  const message = `the alias ${alias} of ${show(name)} was expected ${said}, but another writer moved it`
  return new MillwrightError('Conflict', message, { details: { alias, expected: expected ?? null, actual: actual ?? null }, cause })
}

/** `InvalidState`: a version cannot be deleted while aliases point to it. */
export function versionInUse(name: string, version: string, aliases: readonly string[]): MillwrightError {
  const message = `${show(name)} version ${version} cannot be deleted while ${aliases.join(', ')} points to it`
  return new MillwrightError('InvalidState', message, { details: { aliases } })
}
