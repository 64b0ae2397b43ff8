/** Where a version's files lie in the storage, told by what MLflow's tables say. */
import { MillwrightError, show } from '../../../core/errors'
import { keyInMovedTree, loggedModelFolder } from '../../../mlruns/keys'
import type { ObjectStore } from '../../../ports/object-store'
import type { ModelVersionRecord } from '../../../ports/registry-backend'

/** The key of the folder of a logged model's files, without a slash at the end. */
export function artifactsKey(experimentId: number, modelId: string): string {
  return `${loggedModelFolder(experimentId, modelId)}artifacts`
}

/**
 * The storage key, with a slash at the end, of the folder that holds a version's files. MLflow writes plain paths where we write URIs;
 * a tree that was moved is found by the part below `mlruns/`.
 *
 * @throws Unsupported for files outside of the storage
 */
export function filesFolder(storage: ObjectStore, version: ModelVersionRecord): string {
  const root = plainPath(storage.uri('x').slice(0, -1))
  const path = plainPath(version.source).replace(/\/+$/, '')
  if (path.startsWith(root)) return `${path.slice(root.length)}/`
  const key = keyInMovedTree(path)
  if (key !== undefined) return key
  const message = `the files of ${show(version.name)} version ${version.version} lie outside of ${storage.name}: ${version.source}`
  throw new MillwrightError('Unsupported', message, { hint: 'give sqliteRegistry a storage whose root holds them' })
}

/** A file URI or a plain path, as a plain path; other URIs as they are. */
function plainPath(uri: string): string {
  try {
    return uri.startsWith('file:') ? decodeURIComponent(uri.replace(/^file:(\/\/)?/, '')) : uri
  } catch {
    return uri
  }
}
