/** The object store port over IndexedDB. */

import { copyBytes } from '../../core/bytes'
import { type Clock, systemClock } from '../../core/clock'
import { displayPort } from '../../core/display'
import { MillwrightError } from '../../core/errors'
import { assertSafeKey, newId } from '../../core/ids'
import { anything, checkOptions, nonEmptyString } from '../../core/options'
import type { ObjectInfo, ObjectStore } from '../../ports/object-store'
import { assertListOptions, assertUriKey, type StoreState, storeState } from '../../ports/object-store-rules'
import { type Database, openDatabase } from './database'
import { listInfos } from './listing'
import { ObjectWrites, readChanged, readInfo, readObject } from './objects'

/** Options of {@link indexeddbStorage}. */
export interface IndexeddbStorageOptions {
  /** Name of the database. All pages of the site that use one name see the same objects. @default 'millwright' */
  readonly name?: string | undefined
  /** Where databases come from. @default the page's or worker's `indexedDB` */
  readonly indexedDB?: IDBFactory | undefined
  /** Where `modifiedAt` comes from. @default the system clock */
  readonly clock?: Clock | undefined
}

/** What the calls of one store share. */
interface IndexeddbStore {
  readonly name: string
  readonly state: StoreState
  readonly database: Database
}

/**
 * An object store in the browser's own storage, for pages and workers.
 *
 * Every write is one transaction with `durability: 'strict'`: when the promise resolves, the whole write is on the disk. Conditions and `append`
 * are atomic between tabs and workers. A key below the key of an object (`a`, then `a/b`) is refused with `Conflict`, as on a file system.
 * The browser may clear a site's storage when the disk is full, unless `navigator.storage.persist()` was granted.
 *
 * @throws Unsupported without IndexedDB; calls throw Unavailable when the quota is used up, PermissionDenied where the page may not
 * store data (some private modes, sandboxed frames)
 * @example
 * const tracker = createTracker({ storage: indexeddbStorage({ name: 'my-app' }) })
 */
export function indexeddbStorage(options: IndexeddbStorageOptions = {}): ObjectStore {
  checkOptions('indexeddbStorage', options, { name: nonEmptyString(), indexedDB: anything(), clock: anything() })
  const { name: databaseName = 'millwright', indexedDB: factory = globalThis.indexedDB, clock = systemClock() } = options
  if (factory === undefined) {
    throw new MillwrightError(
      'Unsupported',
      'indexeddbStorage needs `indexedDB`, which pages and workers of browsers have and this runtime has not',
    )
  }
  const name = `indexeddbStorage(${databaseName})`
  const store: IndexeddbStore = { name, state: storeState(name), database: openDatabase(factory, databaseName, name) }
  return displayPort('ObjectStore', {
    portVersion: 1,
    name,
    capabilities: { conditionalPut: true, rangeRead: true, appendAtomic: true, persistent: true, maxObjectBytes: 2 ** 31 - 1 },
    uri(key) {
      assertUriKey(key)
      return `indexeddb://${encodeURIComponent(databaseName)}/${key.split('/').map(encodeURIComponent).join('/')}`
    },
    ...reads(store),
    ...writes(store, new ObjectWrites(name, (sizeBytes) => ({ sizeBytes, etag: newId(), modifiedAt: clock.now() }))),
    async close() {
      store.state.close()
      await store.database.close()
    },
  })
}

/** The calls that read: each is one transaction. */
function reads({ name, state, database }: IndexeddbStore): Required<Pick<ObjectStore, 'head' | 'get' | 'list' | 'getChanged'>> {
  return {
    async head(key, { signal } = {}) {
      state.assertCall(signal, key)
      const info = await database.transact('readonly', (stores) => readInfo(stores, key), signal)
      return info === undefined ? undefined : { key, ...info }
    },
    async get(key, { signal, range } = {}) {
      state.assertCall(signal, key)
      return database.transact('readonly', (stores) => readObject(name, stores, key, range), signal)
    },
    async list(options = {}) {
      const { signal, prefix = '', shallow = false, limit = 1000, cursor } = options
      state.assertCall(signal)
      assertListOptions(options)
      return database.transact('readonly', ({ infos }) => listInfos(infos, { prefix, shallow, limit, cursor }), signal)
    },
    async getChanged(queries, { signal } = {}) {
      state.assertCall(signal)
      for (const { key } of queries) assertSafeKey(key.endsWith('/') ? key.slice(0, -1) : key)
      return database.transact('readonly', (stores) => Promise.all(queries.map((query) => readChanged(stores, query))), signal)
    },
  }
}

/** The calls that write: each is one transaction. Content is copied at once, since the caller may change its buffer. */
function writes(
  { state, database }: IndexeddbStore,
  objects: ObjectWrites,
): Required<Pick<ObjectStore, 'put' | 'append' | 'createFolder' | 'delete'>> {
  return {
    async put(key, bytes, options = {}) {
      state.assertCall(options.signal, key)
      const content = copyBytes(bytes)
      const info = await database.transact('readwrite', (stores) => objects.put(stores, key, content, options), options.signal)
      return { key, ...info } satisfies ObjectInfo
    },
    async append(key, bytes, { signal } = {}) {
      state.assertCall(signal, key)
      const content = copyBytes(bytes)
      await database.transact('readwrite', (stores) => objects.append(stores, key, content), signal)
    },
    async createFolder(prefix, { files }, { signal } = {}) {
      const folder = prefix.replace(/\/$/, '')
      state.assertCall(signal, folder)
      for (const path of files.keys()) assertSafeKey(`${folder}/${path}`)
      const contents = [...files].map(([path, bytes]) => [`${folder}/${path}`, copyBytes(bytes)] as const)
      await database.transact('readwrite', (stores) => objects.createFolder(stores, prefix, contents), signal)
    },
    async delete(key, { signal } = {}) {
      state.assertCall(signal, key)
      await database.transact('readwrite', async (stores) => objects.delete(stores, key), signal)
    },
  }
}
