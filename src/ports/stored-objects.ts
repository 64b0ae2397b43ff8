/** Helpers for modules that store records as objects. */
import { isMillwrightError } from '../core/errors'
import type { ObjectInfo, ObjectStore } from './object-store'

/** The bytes of an object; `undefined` where there is none. */
export async function readOptional(store: ObjectStore, key: string): Promise<Uint8Array | undefined> {
  try {
    return await store.get(key)
  } catch (error) {
    if (isMillwrightError(error, 'NotFound')) return undefined
    throw error
  }
}

/** The bytes from `start` to the end. Without `rangeRead` the whole object is read. @throws NotFound */
export async function readFrom(store: ObjectStore, key: string, start: number): Promise<Uint8Array> {
  if (store.capabilities.rangeRead) return store.get(key, { range: { start } })
  return (await store.get(key)).subarray(start)
}

/** All objects whose key begins with `prefix`, ascending by key. */
export async function listAll(store: ObjectStore, prefix: string): Promise<ObjectInfo[]> {
  const objects: ObjectInfo[] = []
  let cursor: string | undefined
  do {
    const page = await store.list({ prefix, cursor })
    objects.push(...page.objects)
    cursor = page.cursor
  } while (cursor !== undefined)
  return objects
}
