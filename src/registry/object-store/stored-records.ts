/** Helpers for records that are kept as objects: folders, texts, lists with damaged records, and updates. */
import { fromUtf8, utf8 } from '../../core/bytes'
import { isMillwrightError } from '../../core/errors'
import type { ObjectStore } from '../../ports/object-store'
import { missingObject } from '../../ports/object-store-rules'
import type { RecordChange } from '../../ports/registry-backend'
import { listAll, readOptional } from '../../ports/stored-objects'

/** All folders whose key begins with `prefix`, ascending. Each ends in `/`. */
export async function listFolders(store: ObjectStore, prefix: string): Promise<string[]> {
  const folders: string[] = []
  let cursor: string | undefined
  do {
    const page = await store.list({ prefix, cursor, shallow: true })
    folders.push(...page.prefixes)
    cursor = page.cursor
  } while (cursor !== undefined)
  return folders
}

/** The objects below a folder as texts: key below the folder → text. */
export async function readTexts(store: ObjectStore, folder: string): Promise<Record<string, string>> {
  const objects = await listAll(store, folder)
  const entries = await Promise.all(
    objects.map(async ({ key }): Promise<[string, string] | undefined> => {
      const bytes = await readOptional(store, key)
      return bytes === undefined ? undefined : [key.slice(folder.length), fromUtf8(bytes)]
    }),
  )
  return Object.fromEntries(entries.filter((entry) => entry !== undefined))
}

/**
 * Reads the record of each item; `undefined` is left out.
 *
 * @param onDamaged called with the error of each record that is `Corrupt`, which is then left out; without it the error is thrown
 */
export async function readAll<I, T>(
  items: readonly I[],
  read: (item: I) => Promise<T | undefined>,
  onDamaged?: (error: unknown) => void,
): Promise<T[]> {
  const found = await Promise.all(
    items.map((item) =>
      read(item).catch((error) => {
        if (onDamaged === undefined || !isMillwrightError(error, 'Corrupt')) throw error
        onDamaged(error)
        return undefined
      }),
    ),
  )
  return found.filter((record) => record !== undefined) as T[]
}

/** Replaces an object by the result of `change`. Repeated when another writer changed it meanwhile. @throws NotFound, Conflict after 50 attempts */
export async function updateObject(store: ObjectStore, key: string, change: (bytes: Uint8Array) => Promise<Uint8Array>): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const info = await store.head(key)
    if (info === undefined) throw missingObject(store.name, key)
    try {
      await store.put(key, await change(await store.get(key)), { ifMatch: info.etag })
      return
    } catch (error) {
      if (!isMillwrightError(error, 'Conflict') || attempt === 50) throw error
    }
  }
}

/** Creates an object, unless it exists. */
export async function putOnce(store: ObjectStore, key: string, bytes: Uint8Array): Promise<void> {
  try {
    await store.put(key, bytes, { ifAbsent: true })
  } catch (error) {
    if (!isMillwrightError(error, 'Conflict')) throw error
  }
}

/** Writes the tags of a model or version, whose folder is given; `null` removes a tag. */
export async function writeTags(store: ObjectStore, folder: string, tags: RecordChange['tags'] = {}): Promise<void> {
  const all = Object.entries(tags)
  // Removals come first: the tag `a/b` can only be stored when there is no tag `a`.
  for (const [key, value] of all) if (value === null) await store.delete(`${folder}tags/${key}`)
  for (const [key, value] of all) if (value !== null) await store.put(`${folder}tags/${key}`, utf8(value))
}
