/** Recognises an object of one's own after a write whose answer was lost. */
import type { ObjectInfo, ObjectStore } from './object-store'

/**
 * The facts of `key` where it holds exactly `bytes`, otherwise `undefined`. For a conditional put that is tried again after its answer was
 * lost and now fails with `Conflict`: holding these bytes, it had succeeded.
 */
export async function ownObject(
  store: Pick<ObjectStore, 'head' | 'get'>,
  key: string,
  bytes: Uint8Array,
  signal?: AbortSignal,
): Promise<ObjectInfo | undefined> {
  const info = await store.head(key, { signal })
  if (info?.sizeBytes !== bytes.length) return undefined
  const held = await store.get(key, { signal })
  return held.length === bytes.length && held.every((byte, i) => byte === bytes[i]) ? info : undefined
}
