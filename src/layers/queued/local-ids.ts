/** Ids given out while the server could not be asked, and the server's ids they turned into; kept on the store. */
import { fromUtf8, utf8 } from '../../core/bytes'
import { damaged } from '../../core/damage'
import { isMillwrightError } from '../../core/errors'
import { assertSafeSegment } from '../../core/ids'
import type { ObjectStore } from '../../ports/object-store'

/** The two names of runs, experiments and models. */
export interface LocalIds {
  /** The server's id of a local one; any other id is the server's already. */
  toServer(id: string): Promise<string>
  /** The local id a server's id was given out as, where this process knows of one. */
  toLocal(id: string): string
  set(localId: string, serverId: string): Promise<void>
}

/** The map below `prefix` of a store. Ids that are equal on both sides are not stored. */
export function localIds(storage: ObjectStore, prefix: string): LocalIds {
  const known = new Map<string, string>()
  const back = new Map<string, string>()
  const remember = (localId: string, serverId: string): string => {
    if (known.size >= 100_000) known.clear()
    known.set(localId, serverId)
    if (localId !== serverId) back.set(serverId, localId)
    return serverId
  }
  return {
    async toServer(id) {
      const held = known.get(id)
      if (held !== undefined) return held
      try {
        assertSafeSegment(id, 'an id')
        const key = `${prefix}/ids/${id}`
        const serverId = fromUtf8(await storage.get(key))
        // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
        if (!/^[^\s\u0000-\u001f]+$/.test(serverId)) throw damaged(key, [], 'an id that the server gave', serverId)
        return remember(id, serverId)
      } catch (error) {
        // An id that cannot be a key was not given out by us; one that is not there is the server's.
        if (isMillwrightError(error, 'NotFound') || isMillwrightError(error, 'InvalidArgument')) return id
        throw error
      }
    },
    toLocal: (id) => back.get(id) ?? id,
    async set(localId, serverId) {
      if (localId !== serverId) await storage.put(`${prefix}/ids/${localId}`, utf8(serverId))
      remember(localId, serverId)
    },
  }
}
