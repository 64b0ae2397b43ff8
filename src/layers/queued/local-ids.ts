/** Maps ids assigned locally, while the backend did not answer, to the ids that the backend assigned later. Kept on the store. */
import { fromUtf8, utf8 } from '../../core/bytes'
import { damaged } from '../../core/damage'
import { isMillwrightError } from '../../core/errors'
import { assertSafeSegment } from '../../core/ids'
import type { ObjectStore } from '../../ports/object-store'
import type { ArtifactOwner } from '../../ports/tracker-backend'

/** Translates between local ids and the backend's ids of runs, experiments and models. */
export interface LocalIds {
  /** The backend's id for a local id. Any other id is returned unchanged: it is already the backend's. */
  toServer(id: string): Promise<string>
  /** Applies {@link LocalIds.toServer} to the id of an artifact's owner. */
  toServerOwner(owner: ArtifactOwner): Promise<ArtifactOwner>
  /** The local id for a backend's id, if this process knows one; otherwise the id unchanged. */
  toLocal(id: string): string
  set(localId: string, serverId: string): Promise<void>
}

/** Ids kept in memory; all are forgotten, and read from the store again, when there are more. */
const maxIds = 100_000

/** Opens the map stored below `prefix`. Pairs of equal ids are not stored. */
export function localIds(storage: ObjectStore, prefix: string): LocalIds {
  const serverIds = new Map<string, string>()
  const localIdOf = new Map<string, string>()
  const remember = (localId: string, serverId: string): string => {
    if (serverIds.size >= maxIds) serverIds.clear()
    serverIds.set(localId, serverId)
    if (localId !== serverId) localIdOf.set(serverId, localId)
    return serverId
  }
  const toServer = async (id: string): Promise<string> => {
    const held = serverIds.get(id)
    if (held !== undefined) return held
    try {
      assertSafeSegment(id, 'an id')
      const key = `${prefix}/ids/${id}`
      const serverId = fromUtf8(await storage.get(key))
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
      if (!/^[^\s\u0000-\u001f]+$/.test(serverId)) throw damaged(key, [], 'an id that the backend assigned', serverId)
      return remember(id, serverId)
    } catch (error) {
      // An id that is not stored, or cannot be a key, was not assigned here: it is the backend's.
      if (isMillwrightError(error, 'NotFound') || isMillwrightError(error, 'InvalidArgument')) return id
      throw error
    }
  }
  return {
    toServer,
    toServerOwner: async (owner) =>
      'runId' in owner ? { runId: await toServer(owner.runId) } : { modelId: await toServer(owner.modelId) },
    toLocal: (id) => localIdOf.get(id) ?? id,
    async set(localId, serverId) {
      if (localId !== serverId) await storage.put(`${prefix}/ids/${localId}`, utf8(serverId))
      remember(localId, serverId)
    },
  }
}
