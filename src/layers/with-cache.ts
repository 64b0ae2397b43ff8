/** A layer that caches content, and checks whether it has changed. */
import { copyBytes } from '../core/bytes'
import { checkOptions, ofType, wholeNumber } from '../core/options'
import type { ObjectStore } from '../ports/object-store'
import { wrapStore } from './wrap-store'

/** Options of {@link withCache}. */
export interface WithCacheOptions {
  /** Most bytes of content kept; the least recently used is dropped first. @default 33554432 (32 MiB) */
  readonly maxBytes?: number | undefined
  /** Keys whose content never changes once written: they are not checked again. @default none */
  readonly immutable?: ((key: string) => boolean) | undefined
}

interface Entry {
  readonly etag: string
  readonly bytes: Uint8Array
}

/**
 * Keeps the content of objects in memory. Each `get` first compares the ETag by `head`, so that no reader gets an old object; this is faster
 * where a transfer takes longer than `head`. A range is cut from the whole object only if that is in the cache.
 *
 * @example
 * const storage = withCache(remote, { immutable: (key) => key.includes('/artifacts/') })
 */
export function withCache(store: ObjectStore, options: WithCacheOptions = {}): ObjectStore {
  checkOptions('withCache', options, { maxBytes: wholeNumber(0), immutable: ofType('function') })
  const { maxBytes = 32 * 1024 * 1024, immutable = () => false } = options
  const entries = new Map<string, Entry>()
  let held = 0

  const forget = (key: string): void => {
    held -= entries.get(key)?.bytes.length ?? 0
    entries.delete(key)
  }
  const keep = (key: string, entry: Entry): void => {
    forget(key)
    if (entry.bytes.length > maxBytes) return
    entries.set(key, entry)
    held += entry.bytes.length
    for (const oldest of entries.keys()) {
      if (held <= maxBytes) break
      forget(oldest)
    }
  }

  return wrapStore(store, {
    async get(key, { signal, range } = {}) {
      const entry = entries.get(key)
      const before = entry !== undefined && immutable(key) ? entry.etag : (await store.head(key, { signal }))?.etag
      if (entry !== undefined && entry.etag === before && !signal?.aborted) {
        keep(key, entry)
        return copyBytes(entry.bytes, range?.start, range?.end)
      }
      const bytes = await store.get(key, { signal, range })
      // Kept only if the object was the same before and after: otherwise the ETag may belong to other content.
      if (range === undefined && before !== undefined && (await store.head(key, { signal }))?.etag === before) {
        keep(key, { etag: before, bytes: copyBytes(bytes) })
      }
      return bytes
    },
    put(key, bytes, o) {
      forget(key)
      return store.put(key, bytes, o)
    },
    append(key, bytes, o) {
      forget(key)
      return store.append(key, bytes, o)
    },
    delete(key, o) {
      forget(key)
      return store.delete(key, o)
    },
    async close() {
      entries.clear()
      held = 0
      await store.close()
    },
  })
}
