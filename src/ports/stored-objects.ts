/** Helpers for modules that keep records in an object store. */
import { isMillwrightError } from '../core/errors'
import type { ObjectInfo, ObjectStore } from './object-store'

/** The bytes, or `undefined` if the object does not exist. */
export async function readOptional(store: ObjectStore, key: string): Promise<Uint8Array | undefined> {
  try {
    return await store.get(key)
  } catch (error) {
    if (isMillwrightError(error, 'NotFound')) return undefined
    throw error
  }
}

/** Every object below `prefix`, ascending by key. */
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
