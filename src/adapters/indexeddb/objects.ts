/** Objects inside a transaction of the database: facts and content together. */
import type { ChangedAnswer, ChangedQuery, PutOptions } from '../../ports/object-store'
import {
  assertPutCondition,
  existingObject,
  foldersAbove,
  keyBelowObject,
  keyOfFolder,
  missingObject,
} from '../../ports/object-store-rules'
import { appendChunks, deleteChunks, readChunks, writeChunks } from './chunks'
import { done, type StoredInfo, type Stores } from './database'
import { namesBelow } from './listing'

/** Makes the facts of content of this length that is written now. */
export type NewInfo = (sizeBytes: number) => StoredInfo

/** The facts of an object. */
export function readInfo({ infos }: Stores, key: string): Promise<StoredInfo | undefined> {
  return done<StoredInfo | undefined>(infos.get(key))
}

/** The bytes of an object, or of a range of it. @throws NotFound */
export async function readObject(
  name: string,
  stores: Stores,
  key: string,
  range?: { readonly start: number; readonly end?: number | undefined },
): Promise<Uint8Array> {
  const info = await readInfo(stores, key)
  if (info === undefined) throw missingObject(name, key)
  return readChunks(stores.chunks, key, info.sizeBytes, range)
}

/** The answer to one question of `getChanged`. */
export async function readChanged(stores: Stores, { key, stamp }: ChangedQuery): Promise<ChangedAnswer | undefined> {
  if (key.endsWith('/')) {
    const names = await namesBelow(stores.infos, key)
    return names.length === 0 ? undefined : { stamp: '', names }
  }
  const info = await readInfo(stores, key)
  if (info === undefined || info.etag === stamp) return info && { stamp: info.etag }
  return { stamp: info.etag, bytes: await readChunks(stores.chunks, key, info.sizeBytes) }
}

/** The writes of one store. Their promises resolve before the transaction is committed. */
export class ObjectWrites {
  readonly #name: string
  readonly #newInfo: NewInfo

  /** @param name the store's name, for messages */
  constructor(name: string, newInfo: NewInfo) {
    this.#name = name
    this.#newInfo = newInfo
  }

  /** Creates or replaces an object where the condition holds. @throws Conflict */
  async put(stores: Stores, key: string, content: Uint8Array, condition: PutOptions): Promise<StoredInfo> {
    const held = await readInfo(stores, key)
    assertPutCondition(this.#name, key, held?.etag, condition)
    if (held === undefined) await this.#assertFree(stores, key)
    else deleteChunks(stores.chunks, key)
    return this.#write(stores, key, content)
  }

  /** Adds to the end of an object, which is created if need be. @throws Conflict */
  async append(stores: Stores, key: string, content: Uint8Array): Promise<void> {
    const held = await readInfo(stores, key)
    if (held === undefined) await this.#assertFree(stores, key)
    const sizeBytes = held?.sizeBytes ?? 0
    await appendChunks(stores.chunks, key, sizeBytes, content)
    stores.infos.put(this.#newInfo(sizeBytes + content.length), key)
  }

  /** Creates all objects of a folder that does not exist. @throws Conflict */
  async createFolder(stores: Stores, prefix: string, contents: readonly (readonly [key: string, bytes: Uint8Array])[]): Promise<void> {
    const folder = prefix.replace(/\/$/, '')
    if ((await done(stores.infos.count(folder))) > 0) throw existingObject(this.#name, prefix)
    await this.#assertFree(stores, folder)
    for (const [key, bytes] of contents) this.#write(stores, key, bytes)
  }

  /** Removes an object, if there is one. */
  delete({ infos, chunks }: Stores, key: string): void {
    infos.delete(key)
    deleteChunks(chunks, key)
  }

  #write({ infos, chunks }: Stores, key: string, content: Uint8Array): StoredInfo {
    const info = this.#newInfo(content.length)
    writeChunks(chunks, key, 0, content)
    infos.put(info, key)
    return info
  }

  /** Checks that a new key is neither a folder nor below an object. */
  async #assertFree({ infos }: Stores, key: string): Promise<void> {
    const parents = foldersAbove(key)
    const [below, ...above] = await Promise.all([
      // '0' is the character after '/'.
      done(infos.count(IDBKeyRange.bound(`${key}/`, `${key}0`, false, true))),
      ...parents.map((parent) => done(infos.count(parent))),
    ])
    if (below > 0) throw keyOfFolder(this.#name, key)
    const parent = parents[above.findIndex((count) => count > 0)]
    if (parent !== undefined) throw keyBelowObject(this.#name, key, parent)
  }
}
