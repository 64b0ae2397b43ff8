/** A bounded cache of answers: the least recently used entry is dropped first. */

/** Options of {@link createResultCache}. */
export interface ResultCacheOptions {
  /** Most entries held. */
  readonly maxEntries: number
  /** How long an entry may be used, in milliseconds. @default no limit */
  readonly ttlMs?: number | undefined
  /** A monotonic clock, in milliseconds. */
  readonly now: () => number
}

/** Key → value, bounded. */
export interface ResultCache<V> {
  /** The value, or `undefined` when there is none or it is too old. */
  get(key: string): V | undefined
  set(key: string, value: V): void
  clear(): void
  readonly size: number
}

/** An empty cache. */
export function createResultCache<V>({ maxEntries, ttlMs = Number.POSITIVE_INFINITY, now }: ResultCacheOptions): ResultCache<V> {
  // A Map keeps insertion order, so its first key is the least recently used one when every use re-inserts.
  const entries = new Map<string, { readonly value: V; readonly until: number }>()
  return {
    get(key) {
      const entry = entries.get(key)
      if (entry === undefined) return undefined
      entries.delete(key)
      if (now() >= entry.until) return undefined
      entries.set(key, entry)
      return entry.value
    },
    set(key, value) {
      entries.delete(key)
      entries.set(key, { value, until: now() + ttlMs })
      if (entries.size > maxEntries) entries.delete(entries.keys().next().value as string)
    },
    clear: () => entries.clear(),
    get size() {
      return entries.size
    },
  }
}
