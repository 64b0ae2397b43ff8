/** A layer that presents one folder of a store as a store. */
import { MillwrightError } from '../core/errors'
import { assertSafeKey } from '../core/ids'
import type { ObjectInfo, ObjectStore } from '../ports/object-store'
import { wrapStore } from './wrap-store'

/**
 * The objects below `prefix` (a key, without a slash at its end) under their shorter keys. Nothing outside can be reached.
 * Closing it does not close the inner store, which others may share.
 *
 * @throws InvalidArgument when `prefix` is not a safe key
 * @example
 * const teamA = withPrefix(store, 'teams/a')
 */
export function withPrefix(store: ObjectStore, prefix: string): ObjectStore {
  assertSafeKey(prefix, '`prefix` of withPrefix')
  const base = `${prefix}/`
  const name = `${store.name}/${prefix}`
  let closed = false
  const assertOpen = (): void => {
    if (closed) throw new MillwrightError('InvalidState', `${name} is closed`)
  }
  const full = (key: string): string => {
    assertOpen()
    assertSafeKey(key)
    return base + key
  }
  const fullFolder = (folder: string): string => `${full(folder.replace(/\/$/, ''))}/`
  const strip = (info: ObjectInfo): ObjectInfo => ({ ...info, key: info.key.slice(base.length) })
  return wrapStore(store, {
    name,
    uri: (key) => store.uri(base + key),
    head: async (key, options) => {
      const info = await store.head(full(key), options)
      return info === undefined ? undefined : strip(info)
    },
    get: async (key, options) => store.get(full(key), options),
    put: async (key, bytes, options) => strip(await store.put(full(key), bytes, options)),
    append: async (key, bytes, options) => store.append(full(key), bytes, options),
    delete: async (key, options) => store.delete(full(key), options),
    ...(store.ensureFolder === undefined
      ? {}
      : { ensureFolder: async (folder, options) => store.ensureFolder?.(fullFolder(folder), options) }),
    ...(store.getChanged === undefined
      ? {}
      : {
          getChanged: async (queries, options) => {
            const asked = queries.map((query) => ({
              ...query,
              key: query.key.endsWith('/') ? `${full(query.key.slice(0, -1))}/` : full(query.key),
            }))
            return (await store.getChanged?.(asked, options)) ?? []
          },
        }),
    ...(store.createFolder === undefined
      ? {}
      : {
          createFolder: async (folder, content, options) => store.createFolder?.(fullFolder(folder), content, options),
        }),
    ...(store.moveFolder === undefined
      ? {}
      : { moveFolder: async (from, to, options) => store.moveFolder?.(fullFolder(from), fullFolder(to), options) }),
    list: async (options = {}) => {
      assertOpen()
      const { objects, prefixes, cursor } = await store.list({ ...options, prefix: base + (options.prefix ?? '') })
      const listing = { objects: objects.map(strip), prefixes: prefixes.map((deeper) => deeper.slice(base.length)) }
      return cursor === undefined ? listing : { ...listing, cursor }
    },
    close: async () => {
      closed = true
    },
  })
}
