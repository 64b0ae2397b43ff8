/** The common code of the layers: an object store that passes every call on, except those that are replaced. */
import { displayPort } from '../core/display'
import type { ObjectStore } from '../ports/object-store'

/**
 * A store with the members of `changes`; all other calls go to `inner`, also `close`. The shortcuts `getChanged`, `createFolder` and
 * `moveFolder` are not passed on, because they would bypass a layer that replaces `get` or `put`.
 */
export function wrapStore(inner: ObjectStore, changes: Partial<ObjectStore>): ObjectStore {
  return displayPort('ObjectStore', {
    portVersion: 1,
    name: inner.name,
    capabilities: inner.capabilities,
    uri: (key) => inner.uri(key),
    head: (key, options) => inner.head(key, options),
    get: (key, options) => inner.get(key, options),
    put: (key, bytes, options) => inner.put(key, bytes, options),
    append: (key, bytes, options) => inner.append(key, bytes, options),
    list: (options) => inner.list(options),
    delete: (key, options) => inner.delete(key, options),
    ...(inner.ensureFolder === undefined ? {} : { ensureFolder: (prefix, options) => inner.ensureFolder?.(prefix, options) }),
    close: () => inner.close(),
    ...changes,
  })
}
