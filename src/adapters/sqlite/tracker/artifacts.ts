/** Artifacts of runs and models in an object store. The database holds the address of each folder. */
import { MillwrightError, show } from '../../../core/errors'
import { assertSafeKey } from '../../../core/ids'
import type { ObjectStore } from '../../../ports/object-store'
import type { ArtifactInfo, ArtifactOwner, TrackerBackend } from '../../../ports/tracker-backend'
import type { Connection } from '../database/database'
import { keyOfAddress } from '../database/stored-address'
import type { SqliteModels } from './models'
import { runRow } from './runs'

/** The calls on artifacts. */
export function sqliteArtifacts(
  connection: Connection,
  { getModel }: SqliteModels,
): Pick<TrackerBackend, 'putArtifact' | 'getArtifact' | 'listArtifacts'> {
  const { name, storage } = connection
  const folderOf = (owner: ArtifactOwner): string => {
    const uri = 'runId' in owner ? String(runRow(connection, owner.runId).artifact_uri) : getModel(owner.modelId).artifactUri
    return artifactFolder(storage, uri, name)
  }
  return {
    async putArtifact(owner, path, bytes) {
      const folder = folderOf(owner)
      assertSafeKey(path, 'an artifact path')
      await storage.put(folder + path, bytes)
    },
    async getArtifact(owner, path) {
      const folder = folderOf(owner)
      assertSafeKey(path, 'an artifact path')
      return storage.get(folder + path)
    },
    async listArtifacts(owner, path = '') {
      const folder = folderOf(owner)
      if (path !== '') assertSafeKey(path, 'an artifact path')
      return listBelow(storage, folder, path)
    },
  }
}

/** The storage key, with a slash at the end, of the folder at a stored address. @throws Unsupported for a folder outside the storage */
function artifactFolder(storage: ObjectStore, address: string, backend: string): string {
  const key = keyOfAddress(storage, address)
  if (key !== undefined) return `${key}/`
  throw new MillwrightError('Unsupported', `the artifacts at ${show(address)} lie outside ${storage.name}`, {
    hint: `give ${backend} a storage whose root holds them`,
  })
}

/** The direct children of `path` below a folder, in the order of their paths. */
async function listBelow(storage: ObjectStore, root: string, path: string): Promise<ArtifactInfo[]> {
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
