/** Artifacts of runs and models whose places stand in the database, in an object store. */
import { MillwrightError, show } from '../../../core/errors'
import { assertSafeKey } from '../../../core/ids'
import type { ObjectStore } from '../../../ports/object-store'
import type { ArtifactInfo } from '../../../ports/tracker-backend'

/**
 * The storage key, with a slash at the end, of what the database calls `uri`. MLflow writes plain paths where we write URIs.
 *
 * @throws Unsupported for a place outside of the storage
 */
export function artifactFolder(storage: ObjectStore, uri: string, backend: string): string {
  const root = plainPath(storage.uri('x').slice(0, -1))
  const path = plainPath(uri)
  if (path.startsWith(root)) return `${path.slice(root.length).replace(/\/$/, '')}/`
  throw new MillwrightError('Unsupported', `the artifacts at ${show(uri)} lie outside of ${storage.name}`, {
    hint: `give ${backend} a storage whose root holds them`,
  })
}

/** Writes one file below a folder. @throws InvalidArgument on a path that leads elsewhere */
export async function putBelow(storage: ObjectStore, folder: string, path: string, bytes: Uint8Array): Promise<void> {
  assertSafeKey(path, 'an artifact path')
  await storage.put(folder + path, bytes)
}

/** Reads one file below a folder. @throws NotFound */
export async function getBelow(storage: ObjectStore, folder: string, path: string): Promise<Uint8Array> {
  assertSafeKey(path, 'an artifact path')
  return storage.get(folder + path)
}

/** The direct children of `path` below a folder, in the order of their paths. */
export async function listBelow(storage: ObjectStore, root: string, path: string): Promise<ArtifactInfo[]> {
  if (path !== '') assertSafeKey(path, 'an artifact path')
  const prefix = path === '' ? root : `${root}${path}/`
  const found: ArtifactInfo[] = []
  for (let cursor: string | undefined; ; ) {
    const page = await storage.list({ prefix, shallow: true, cursor })
    found.push(...page.prefixes.map((key) => ({ path: key.slice(root.length, -1), isFolder: true })))
    found.push(...page.objects.map(({ key, sizeBytes }) => ({ path: key.slice(root.length), isFolder: false, sizeBytes })))
    cursor = page.cursor
    if (cursor === undefined) return found.sort((a, b) => (a.path < b.path ? -1 : 1))
  }
}

/** A file URI or a plain path, as a plain path; other URIs as they are. */
function plainPath(uri: string): string {
  if (!uri.startsWith('file:')) return uri
  try {
    return decodeURIComponent(uri.replace(/^file:(\/\/)?/, ''))
  } catch {
    return uri
  }
}
