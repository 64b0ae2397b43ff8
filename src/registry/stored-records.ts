/** Small readings and writings that the stored registry is made of. */
import { fromUtf8 } from '../core/bytes'
import { isMillwrightError, MillwrightError, show } from '../core/errors'
import type { ObjectStore } from '../ports/object-store'
import { listAll, readOptional } from '../ports/stored-objects'

/** Every folder that begins with `prefix`, each ending in `/`, ascending. */
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
 * What `read` gives for each of `places`, without those where there is nothing.
 *
 * @param onDamaged told of each that is `Corrupt`, which is then left out; without it the error is thrown
 */
export async function readAll<P, T>(
  places: readonly P[],
  read: (place: P) => Promise<T | undefined>,
  onDamaged?: (error: unknown) => void,
): Promise<T[]> {
  const found = await Promise.all(
    places.map((place) =>
      read(place).catch((error) => {
        if (onDamaged === undefined || !isMillwrightError(error, 'Corrupt')) throw error
        onDamaged(error)
        return undefined
      }),
    ),
  )
  return found.filter((record) => record !== undefined) as T[]
}

/** Replaces an object by what `change` makes of it, again if another was quicker. @throws NotFound, Conflict after 50 attempts */
export async function updateObject(store: ObjectStore, key: string, change: (bytes: Uint8Array) => Promise<Uint8Array>): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const info = await store.head(key)
    if (info === undefined) throw new MillwrightError('NotFound', `${store.name} has no object ${show(key)}`)
    try {
      await store.put(key, await change(await store.get(key)), { ifMatch: info.etag })
      return
    } catch (error) {
      if (!isMillwrightError(error, 'Conflict') || attempt === 50) throw error
    }
  }
}
