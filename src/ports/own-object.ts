/** Finds out whether a write whose answer was lost had succeeded. */
import type { ObjectInfo, ObjectStore } from './object-store'

/**
 * The facts of an object that holds exactly `bytes`; `undefined` for any other object. When the answer of a conditional put was lost and its
 * repetition fails with `Conflict`, an object with these bytes means that the first put had succeeded.
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
