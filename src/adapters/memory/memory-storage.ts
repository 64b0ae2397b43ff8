/** The object store in memory: the reference implementation of the port, for tests and short-lived work. */

import { copyBytes } from '../../core/bytes'
import { type Clock, systemClock } from '../../core/clock'
import { displayPort } from '../../core/display'
import { assertSafeKey } from '../../core/ids'
import { anything, checkOptions } from '../../core/options'
import type { ChangedAnswer, ChangedQuery, ObjectStore } from '../../ports/object-store'
import {
  assertListOptions,
  assertPutCondition,
  assertUriKey,
  existingObject,
  missingObject,
  type StoreState,
  storeState,
} from '../../ports/object-store-rules'
import { pageOfKeys } from '../../ports/page-of-keys'
import { type StoredObject, StoredObjects } from './stored-objects'

/** Options of {@link memoryStorage}. */
export interface MemoryStorageOptions {
  /** Where `modifiedAt` comes from. @default the system clock */
  readonly clock?: Clock | undefined
}

/** What the calls of one store share. */
interface MemoryStore {
  readonly name: string
  readonly state: StoreState
  readonly objects: StoredObjects
}

/**
 * An object store in the memory of this process; its data end with the process. Several registries and trackers may share one.
 *
 * A key below the key of an object (`a`, then `a/b`) is refused with `Conflict`, as on a file system.
 *
 * @example
 * const storage = memoryStorage()
 * await storage.put('models/a.txt', new TextEncoder().encode('hello'))
 */
export function memoryStorage(options: MemoryStorageOptions = {}): ObjectStore {
  checkOptions('memoryStorage', options, { clock: anything() })
  const name = 'memoryStorage'
  const store: MemoryStore = { name, state: storeState(name), objects: new StoredObjects(name, options.clock ?? systemClock()) }
  return displayPort('ObjectStore', {
    portVersion: 1,
    name,
    capabilities: { conditionalPut: true, rangeRead: true, appendAtomic: true, persistent: false, maxObjectBytes: 2 ** 31 - 1 },
    uri(key) {
      assertUriKey(key)
      return `memory:///${key.split('/').map(encodeURIComponent).join('/')}`
    },
    ...reads(store),
    ...writes(store),
    async close() {
      store.state.close()
      store.objects.clear()
    },
  })
}

/** The calls that read. */
function reads({ name, state, objects }: MemoryStore): Required<Pick<ObjectStore, 'head' | 'get' | 'list' | 'getChanged'>> {
  return {
    async head(key, { signal } = {}) {
      state.assertCall(signal, key)
      return objects.get(key)?.info
    },
    async get(key, { signal, range } = {}) {
      state.assertCall(signal, key)
      const object = objects.get(key)
      if (object === undefined) throw missingObject(name, key)
      return object.buffer.subarray(0, object.info.sizeBytes).slice(range?.start ?? 0, range?.end)
    },
    async list(options = {}) {
      const { signal, prefix = '', shallow = false, limit = 1000, cursor } = options
      state.assertCall(signal)
      assertListOptions(options)
      const { keys, ...rest } = pageOfKeys(objects.sortedKeys(), { prefix, shallow, limit, cursor })
      return { objects: keys.map((key) => (objects.get(key) as StoredObject).info), ...rest }
    },
    async getChanged(queries, { signal } = {}) {
      state.assertCall(signal)
      return queries.map((query) => answerOf(objects, query))
    },
  }
}

/** The calls that write. */
function writes({ name, state, objects }: MemoryStore): Required<Pick<ObjectStore, 'put' | 'append' | 'createFolder' | 'delete'>> {
  return {
    async put(key, bytes, options = {}) {
      state.assertCall(options.signal, key)
      assertPutCondition(name, key, objects.get(key)?.info.etag, options)
      return objects.set(key, copyBytes(bytes))
    },
    async append(key, bytes, { signal } = {}) {
      state.assertCall(signal, key)
      objects.append(key, bytes)
    },
    async createFolder(prefix, { files }, { signal } = {}) {
      const folder = prefix.replace(/\/$/, '')
      state.assertCall(signal, folder)
      for (const path of files.keys()) assertSafeKey(`${folder}/${path}`)
      if (objects.get(folder) !== undefined || objects.isFolder(folder)) throw existingObject(name, prefix)
      objects.assertFree(folder)
      for (const [path, bytes] of files) objects.set(`${folder}/${path}`, copyBytes(bytes))
    },
    async delete(key, { signal } = {}) {
      state.assertCall(signal, key)
      objects.delete(key)
    },
  }
}

/** The answer to one question of `getChanged`. */
function answerOf(objects: StoredObjects, { key, stamp }: ChangedQuery): ChangedAnswer | undefined {
  if (key.endsWith('/')) {
    const folder = key.slice(0, -1)
    assertSafeKey(folder)
    return objects.isFolder(folder) ? { stamp: '', names: objects.namesBelow(key) } : undefined
  }
  assertSafeKey(key)
  const object = objects.get(key)
  if (object === undefined || object.info.etag === stamp) return object && { stamp: object.info.etag }
  return { stamp: object.info.etag, bytes: object.buffer.slice(0, object.info.sizeBytes) }
}
