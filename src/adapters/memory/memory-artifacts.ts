/** The artifacts of the memory tracker. */
import { copyBytes } from '../../core/bytes'
import { MillwrightError, show } from '../../core/errors'
import { assertSafeKey } from '../../core/ids'
import type { ArtifactInfo } from '../../ports/tracker-backend'

/** Artifacts by folder (one for each run and model) and path. */
export interface MemoryArtifacts {
  /** @throws Conflict where one path is a folder of another */
  put(folder: string, path: string, bytes: Uint8Array): void
  /** @throws NotFound */
  get(folder: string, path: string): Uint8Array
  /** The direct children of `path`, ascending. */
  list(folder: string, path: string): ArtifactInfo[]
}

/** An empty set of artifacts. `backend` is the name of the tracker backend, for messages. */
export function memoryArtifacts(backend: string): MemoryArtifacts {
  const artifacts = new Map<string, Uint8Array>()
  return {
    put(folder, path, bytes) {
      assertSafeKey(path, 'an artifact path')
      const added = `${folder}/${path}`
      for (const key of artifacts.keys()) {
        if (!key.startsWith(`${added}/`) && !added.startsWith(`${key}/`)) continue
        throw new MillwrightError(
          'Conflict',
          `${backend}: ${show(path)} and ${show(key.slice(folder.length + 1))} cannot both be artifacts`,
        )
      }
      artifacts.set(added, copyBytes(bytes))
    },
    get(folder, path) {
      const bytes = artifacts.get(`${folder}/${path}`)
      if (bytes === undefined) throw new MillwrightError('NotFound', `${backend} has no artifact ${show(path)}`)
      return copyBytes(bytes)
    },
    list(folder, path) {
      const prefix = path === '' ? `${folder}/` : `${folder}/${path}/`
      const found = new Map<string, ArtifactInfo>()
      for (const [key, bytes] of artifacts) {
        if (!key.startsWith(prefix)) continue
        const [first = '', more] = key.slice(prefix.length).split('/', 2)
        const child = path === '' ? first : `${path}/${first}`
        found.set(child, more === undefined ? { path: child, isFolder: false, sizeBytes: bytes.length } : { path: child, isFolder: true })
      }
      return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
    },
  }
}
