/** Listing the keys of an IndexedDB store in pages. A shallow listing reads only a few keys of each folder. */
import type { ObjectInfo, ObjectListing } from '../../ports/object-store'
import { done, type StoredInfo } from './database'

/** The options of a listing, as in the port. */
export interface ListQuery {
  readonly prefix: string
  readonly shallow: boolean
  readonly limit: number
  readonly cursor: string | undefined
}

/** One page, in the order of UTF-16 code units, as IndexedDB orders strings. The cursor is the last item of the page before. */
export async function listInfos(infos: IDBObjectStore, { prefix, shallow, limit, cursor }: ListQuery): Promise<ObjectListing> {
  const objects: ObjectInfo[] = []
  const prefixes: string[] = []
  let last = cursor
  let from = cursor === undefined || cursor < prefix ? prefix : after(cursor)
  for (;;) {
    const room = limit - objects.length - prefixes.length
    // One key more than the page takes shows whether there is a next page. In a shallow listing a folder is one item, so few keys are read.
    const wanted = shallow ? 64 : room + 1
    const within = IDBKeyRange.lowerBound(from)
    const [keys, found] = (await Promise.all([done(infos.getAllKeys(within, wanted)), done(infos.getAll(within, wanted))])) as [
      string[],
      StoredInfo[],
    ]
    for (const [index, key] of keys.entries()) {
      if (!key.startsWith(prefix)) return { objects, prefixes }
      const slash = shallow ? key.indexOf('/', prefix.length) : -1
      const item = slash < 0 ? key : key.slice(0, slash + 1)
      if (item === last) continue
      if (objects.length + prefixes.length === limit)
        return last === undefined ? { objects, prefixes } : { objects, prefixes, cursor: last }
      if (slash < 0) objects.push({ key, ...(found[index] as StoredInfo) })
      else prefixes.push(item)
      last = item
    }
    if (keys.length < wanted || last === undefined) return { objects, prefixes }
    from = after(last)
  }
}

/** The names directly below a folder, those of folders ending in `/`. */
export async function namesBelow(infos: IDBObjectStore, prefix: string): Promise<string[]> {
  const names: string[] = []
  let key = await firstKey(infos, prefix)
  while (key?.startsWith(prefix)) {
    const slash = key.indexOf('/', prefix.length)
    const item = slash < 0 ? key : key.slice(0, slash + 1)
    names.push(item.slice(prefix.length))
    key = await firstKey(infos, after(item))
  }
  return names
}

async function firstKey(infos: IDBObjectStore, from: string): Promise<string | undefined> {
  return (await done(infos.getKey(IDBKeyRange.lowerBound(from)))) as string | undefined
}

/** The least key after an item, which is a key or a folder with everything in it. */
function after(item: string): string {
  // '0' is the character after '/'.
  return item.endsWith('/') ? `${item.slice(0, -1)}0` : `${item}\0`
}
