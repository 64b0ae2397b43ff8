/** Finds the version that a reference resolves to, and makes the error where there is none. */
import { isPromise, MillwrightError, show } from '../core/errors'
import type { ModelVersionRecord, RegistryBackend } from '../ports/registry-backend'
import { assertAlias, assertModelName, assertVersion, parseReference } from './reference'
import type { VersionReference } from './registry-options'

/** Most names that an error lists. */
const LISTED = 20

/** The number of a version as text. @throws InvalidArgument */
export function versionText(version: VersionReference): string {
  const isRecord = typeof version === 'object' && version !== null && !isPromise(version) && 'version' in version
  return assertVersion(isRecord ? version.version : (version as string))
}

/** The version that `name@alias`, `name@3` or `name` (the latest) resolves to. @throws NotFound */
export async function locate(backend: RegistryBackend, reference: string): Promise<ModelVersionRecord> {
  const { name, alias, version } = parseReference(reference)
  const number = alias === undefined ? version : await versionOfAlias(backend, name, alias)
  const record = number === undefined ? (await backend.listVersions(name)).at(-1) : await backend.getVersion(name, number)
  if (record === undefined) throw await versionNotFound(backend, name, number === undefined ? 'version yet' : `version ${number}`)
  return record
}

/** The version an alias points to. @throws NotFound, InvalidArgument */
export async function versionOfAlias(backend: RegistryBackend, name: string, alias: string): Promise<string> {
  assertModelName(name)
  assertAlias(alias)
  const version = await backend.getAlias(name, alias)
  if (version === undefined) throw await versionNotFound(backend, name, `alias ${show(alias)}`)
  return version
}

/** The error of a missing model or version. It lists those that exist. */
export async function versionNotFound(backend: RegistryBackend, name: string, what: string): Promise<MillwrightError> {
  const model = await backend.getModel(name)
  if (model === undefined) {
    const names = (await backend.listModels(LISTED + 1, () => {})).map((known) => known.name)
    return new MillwrightError('NotFound', `no model ${show(name)}; there are ${listed(names)}`, { details: { name } })
  }
  const versions = (await backend.listVersions(name, () => {})).map(({ version }) => version)
  const aliases = Object.keys(model.aliases)
  const message = `model ${show(name)} has no ${what}; it has the versions ${listed(versions.slice(-LISTED))} and the aliases ${listed(aliases)}`
  return new MillwrightError('NotFound', message, { details: { name, aliases } })
}

function listed(names: readonly string[]): string {
  return names.slice(0, LISTED).join(', ') + (names.length > LISTED ? ', …' : '') || 'none'
}
