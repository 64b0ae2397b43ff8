/** Aliases in MLflow's layout on an object store: one object for each alias, which holds the version as text. */
import { utf8 } from '../../core/bytes'
import { isMillwrightError, type MillwrightError } from '../../core/errors'
import type { ObjectStore } from '../../ports/object-store'
import type { RegistryBackend } from '../../ports/registry-backend'
import { aliasConflict, missingModel } from '../../ports/registry-errors'
import { aliasKey, readAlias, readVersion } from './read-records'

/** The calls on aliases. An alias moves by a conditional put. */
export function storedAliases(store: ObjectStore): Pick<RegistryBackend, 'getAlias' | 'moveAlias' | 'deleteAlias'> {
  return {
    getAlias: (name, alias) => readAlias(store, name, alias),
    async moveAlias(name, alias, version, expected) {
      const key = aliasKey(name, alias)
      if ((await readVersion(store, name, version)) === undefined) throw missingModel(store.name, name, version)
      const head = await store.head(key)
      const actual = head === undefined ? undefined : await readAlias(store, name, alias)
      const conflict = (cause?: unknown): MillwrightError => aliasConflict(name, alias, { expected, actual, cause })
      if (actual !== expected) throw conflict()
      const condition = head === undefined ? { ifAbsent: true } : { ifMatch: head.etag }
      const written = await Promise.resolve(store.put(key, utf8(version), condition)).catch((error) => {
        throw isMillwrightError(error, 'Conflict') ? conflict(error) : error
      })
      // `deleteVersion` marks the version and then looks for aliases. So either this call sees the mark, or that call sees the alias.
      if ((await readVersion(store, name, version)) !== undefined) return
      if (expected === undefined) await store.delete(key)
      else await store.put(key, utf8(expected), { ifMatch: written.etag })
      throw missingModel(store.name, name, version)
    },
    deleteAlias: async (name, alias) => store.delete(aliasKey(name, alias)),
  }
}
