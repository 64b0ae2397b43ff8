/** A layer that refuses writes. */
import { MillwrightError, show } from '../core/errors'
import type { ObjectStore } from '../ports/object-store'
import { wrapStore } from './wrap-store'

/**
 * The same store without writing: `put` and `delete` throw `PermissionDenied`, `append` throws `Unsupported`, and the capabilities say so.
 *
 * @example
 * const source = new ModelRegistry({ storage: withReadOnly(store) })
 */
export function withReadOnly(store: ObjectStore): ObjectStore {
  const name = `${store.name} (read-only)`
  const refuse = async (operation: string, key: string): Promise<never> => {
    throw new MillwrightError(operation === 'append' ? 'Unsupported' : 'PermissionDenied', `${name} does not ${operation} ${show(key)}`, {
      details: { key },
    })
  }
  return wrapStore(store, {
    name,
    capabilities: { ...store.capabilities, appendAtomic: false },
    ...(store.getChanged === undefined ? {} : { getChanged: async (queries, o) => (await store.getChanged?.(queries, o)) ?? [] }),
    put: (key) => refuse('put', key),
    append: (key) => refuse('append', key),
    delete: (key) => refuse('delete', key),
    ensureFolder: (prefix) => refuse('make the folder', prefix),
  })
}
