/** The object store port over IndexedDB. */

import { type Clock, systemClock } from '../../core/clock'
import { displayPort } from '../../core/display'
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import { assertSafeKey, newId } from '../../core/ids'
import { anything, checkOptions, nonEmptyString } from '../../core/options'
import { throwIfAborted } from '../../core/signal'
import type { ChangedAnswer, ChangedQuery, ObjectInfo, ObjectStore } from '../../ports/object-store'
import { appendChunks, deleteChunks, readChunks, writeChunks } from './chunks'
import { done, openDatabase, type StoredInfo, type Stores } from './database'
import { listInfos, namesBelow } from './listing'

/** Options of {@link indexeddbStorage}. */
export interface IndexeddbStorageOptions {
  /** Name of the database; every page of the site that gives the same name sees the same objects. @default 'millwright' */
  readonly name?: string | undefined
  /** Where databases come from. @default the page's or worker's `indexedDB` */
  readonly indexedDB?: IDBFactory | undefined
  /** Where `modifiedAt` comes from. @default the system clock */
  readonly clock?: Clock | undefined
}

/**
 * An object store in the browser's own storage, for pages and workers.
 *
 * Every write is one transaction with `durability: 'strict'`: it is on the disk when the promise resolves, wholly or not at all. Conditions and
 * `append` hold between tabs and workers too. A key beneath an existing key (`a`, then `a/b`) is refused with `Conflict`, as on a file system.
 * The browser may clear a site's storage when the disk is full, unless `navigator.storage.persist()` was granted.
 *
 * @throws Unsupported where there is no IndexedDB; calls throw Unavailable when the quota is used up, PermissionDenied where the page may not
 * store anything (some private modes, sandboxed frames)
 * @example
 * const tracker = createTracker({ storage: indexeddbStorage({ name: 'my-app' }) })
 */
export function indexeddbStorage(options: IndexeddbStorageOptions = {}): ObjectStore {
  checkOptions('indexeddbStorage', options, { name: nonEmptyString(), indexedDB: anything(), clock: anything() })
  const { name: databaseName = 'millwright', indexedDB: factory = globalThis.indexedDB } = options
  if (factory === undefined) {
    throw new MillwrightError(
      'Unsupported',
      'indexeddbStorage needs `indexedDB`, which pages and workers of browsers have and this runtime has not',
    )
  }
  const clock = options.clock ?? systemClock()
  const name = `indexeddbStorage(${databaseName})`
  const database = openDatabase(factory, databaseName, name)
  let closed = false

  const begin = (signal: AbortSignal | undefined, key?: string): void => {
    if (closed) throw new MillwrightError('InvalidState', `${name} is closed`)
    throwIfAborted(signal)
    if (key !== undefined) assertSafeKey(key)
  }

  /** Refuses a new key that lies beneath an object, or has keys beneath itself. */
  const assertRoom = async ({ infos }: Stores, key: string): Promise<void> => {
    const parents: string[] = []
    for (let at = key.lastIndexOf('/'); at > 0; at = key.lastIndexOf('/', at - 1)) parents.push(key.slice(0, at))
    const [beneath, ...above] = await Promise.all([
      done(infos.count(IDBKeyRange.bound(`${key}/`, `${key}0`, false, true))),
      ...parents.map((parent) => done(infos.count(parent))),
    ])
    if (beneath > 0) throw conflict(`${name} cannot hold ${show(key)}: there are longer keys beneath it`)
    const parent = parents[above.findIndex((count) => count > 0)]
    if (parent !== undefined) throw conflict(`${name} cannot hold ${show(key)}: ${show(parent)} is an object, not a folder`)
  }

  const stamp = (sizeBytes: number): StoredInfo => ({ sizeBytes, etag: newId(), modifiedAt: clock.now() })

  return displayPort('ObjectStore', {
    portVersion: 1,
    name,
    capabilities: { conditionalPut: true, rangeRead: true, appendAtomic: true, persistent: true, maxObjectBytes: 2 ** 31 - 1 },
    uri(key) {
      if (key !== '') assertSafeKey(key.endsWith('/') ? key.slice(0, -1) : key)
      return `indexeddb://${encodeURIComponent(databaseName)}/${key.split('/').map(encodeURIComponent).join('/')}`
    },
    async head(key, { signal } = {}) {
      begin(signal, key)
      const info = await database.transact('readonly', async ({ infos }) => done<StoredInfo | undefined>(infos.get(key)), signal)
      return info === undefined ? undefined : { key, ...info }
    },
    async get(key, { signal, range } = {}) {
      begin(signal, key)
      return database.transact(
        'readonly',
        async ({ infos, chunks }) => {
          const info = await done<StoredInfo | undefined>(infos.get(key))
          if (info === undefined) throw new MillwrightError('NotFound', `${name} has no object ${show(key)}`, { details: { key } })
          return readChunks(chunks, key, info.sizeBytes, range)
        },
        signal,
      )
    },
    async put(key, bytes, { signal, ifAbsent, ifMatch } = {}) {
      begin(signal, key)
      // The caller may change its buffer once the promise resolves, and even before: the copy is made now.
      const content = bytes.slice()
      const info = stamp(content.length)
      await database.transact(
        'readwrite',
        async (stores) => {
          const held = await done<StoredInfo | undefined>(stores.infos.get(key))
          if (ifAbsent && held !== undefined) throw conflict(`${name} already holds ${show(key)}`, { key, actual: held.etag })
          if (ifMatch !== undefined && held?.etag !== ifMatch) {
            throw conflict(`${name}: ${show(key)} has changed since it was read`, { key, expected: ifMatch, actual: held?.etag ?? null })
          }
          if (held === undefined) await assertRoom(stores, key)
          else deleteChunks(stores.chunks, key)
          writeChunks(stores.chunks, key, 0, content)
          stores.infos.put(info, key)
        },
        signal,
      )
      return { key, ...info } satisfies ObjectInfo
    },
    async append(key, bytes, { signal } = {}) {
      begin(signal, key)
      const content = bytes.slice()
      await database.transact(
        'readwrite',
        async (stores) => {
          const held = await done<StoredInfo | undefined>(stores.infos.get(key))
          if (held === undefined) await assertRoom(stores, key)
          const sizeBytes = held?.sizeBytes ?? 0
          await appendChunks(stores.chunks, key, sizeBytes, content)
          stores.infos.put(stamp(sizeBytes + content.length), key)
        },
        signal,
      )
    },
    async list({ signal, prefix = '', shallow = false, limit = 1000, cursor } = {}) {
      begin(signal)
      if (!Number.isInteger(limit) || limit < 1) throw invalidArgument(`\`limit\` of list must be a whole number ≥ 1, got ${show(limit)}`)
      if (prefix.includes('/')) assertSafeKey(prefix.slice(0, prefix.lastIndexOf('/')))
      return database.transact('readonly', ({ infos }) => listInfos(infos, { prefix, shallow, limit, cursor }), signal)
    },
    async getChanged(queries, { signal } = {}) {
      begin(signal)
      for (const { key } of queries) assertSafeKey(key.endsWith('/') ? key.slice(0, -1) : key)
      return database.transact('readonly', (stores) => Promise.all(queries.map((query) => readChanged(stores, query))), signal)
    },
    async createFolder(prefix, { files }, { signal } = {}) {
      const folder = prefix.replace(/\/$/, '')
      begin(signal, folder)
      for (const path of files.keys()) assertSafeKey(`${folder}/${path}`)
      const contents = [...files].map(([path, bytes]) => [`${folder}/${path}`, bytes.slice()] as const)
      await database.transact(
        'readwrite',
        async (stores) => {
          if ((await done(stores.infos.count(folder))) > 0) throw conflict(`${name} already holds ${show(prefix)}`, { key: prefix })
          await assertRoom(stores, folder)
          for (const [key, bytes] of contents) {
            writeChunks(stores.chunks, key, 0, bytes)
            stores.infos.put(stamp(bytes.length), key)
          }
        },
        signal,
      )
    },
    async delete(key, { signal } = {}) {
      begin(signal, key)
      await database.transact(
        'readwrite',
        async ({ infos, chunks }) => {
          infos.delete(key)
          deleteChunks(chunks, key)
        },
        signal,
      )
    },
    async close() {
      closed = true
      await database.close()
    },
  })
}

function conflict(message: string, details?: Readonly<Record<string, unknown>>): MillwrightError {
  return new MillwrightError('Conflict', message, { details })
}

/** What of an object or folder differs from an earlier stamp. */
async function readChanged({ infos, chunks }: Stores, { key, stamp }: ChangedQuery): Promise<ChangedAnswer | undefined> {
  if (key.endsWith('/')) {
    const names = await namesBelow(infos, key)
    return names.length === 0 ? undefined : { stamp: '', names }
  }
  const info = await done<StoredInfo | undefined>(infos.get(key))
  if (info === undefined || info.etag === stamp) return info && { stamp: info.etag }
  return { stamp: info.etag, bytes: await readChunks(chunks, key, info.sizeBytes) }
}
