/** Storage keys of a version's files. */
import { MillwrightError, show } from '../../../core/errors'
import { keyInMovedTree, loggedModelFolder } from '../../../mlruns/keys'
import type { ObjectStore } from '../../../ports/object-store'
import type { ModelVersionRecord } from '../../../ports/registry-backend'
import { keyOfAddress, plainPath } from '../database/stored-address'

/** The key of the folder of a logged model's files, without a slash at the end. */
export function artifactsKey(experimentId: number, modelId: string): string {
  return `${loggedModelFolder(experimentId, modelId)}artifacts`
}

/**
 * The key, with a slash at the end, of the folder that holds a version's files. When the whole tree was moved, the part of the address below
 * `mlruns/` is the key.
 *
 * @throws Unsupported for files outside the storage
 */
export function filesFolder(storage: ObjectStore, version: ModelVersionRecord): string {
  const key = keyOfAddress(storage, version.source)
  if (key !== undefined) return `${key}/`
  const moved = keyInMovedTree(plainPath(version.source).replace(/\/+$/, ''))
  if (moved !== undefined) return moved
  const message = `the files of ${show(version.name)} version ${version.version} lie outside ${storage.name}: ${version.source}`
  throw new MillwrightError('Unsupported', message, { hint: 'give sqliteRegistry a storage whose root holds them' })
}
