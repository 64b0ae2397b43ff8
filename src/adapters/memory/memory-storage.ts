/** The object store in memory: the reference implementation of the port, for tests and short-lived work. */

import { type Clock, systemClock } from '../../core/clock'
import { displayPort } from '../../core/display'
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import { assertSafeKey } from '../../core/ids'
import { anything, checkOptions } from '../../core/options'
import { throwIfAborted } from '../../core/signal'
import type { ChangedAnswer, ChangedQuery, ObjectInfo, ObjectStore } from '../../ports/object-store'
import { firstAtLeast, pageOfKeys } from '../../ports/page-of-keys'

/** Options of {@link memoryStorage}. */
export interface MemoryStorageOptions {
  /** Where `modifiedAt` comes from. @default the system clock */
  readonly clock?: Clock | undefined
}

interface Entry {
  readonly info: ObjectInfo
  /** At least `info.sizeBytes` long; appending uses the rest. */
  readonly buffer: Uint8Array
}

/**
 * An object store in this process's memory. It ends with the process; several registries and trackers may share one.
 *
 * A key beneath an existing key (`a`, then `a/b`) is refused with `Conflict`, as on a file system.
 *
 * @example
 * const storage = memoryStorage()
 * await storage.put('models/a.txt', new TextEncoder().encode('hello'))
 */
export function memoryStorage(options: MemoryStorageOptions = {}): ObjectStore {
  checkOptions('memoryStorage', options, { clock: anything() })
  const clock = options.clock ?? systemClock()
  const name = 'memoryStorage'
  const entries = new Map<string, Entry>()
  /** Folder → how many keys lie beneath it. */
  const folders = new Map<string, number>()
  let order: string[] | undefined
  let writes = 0
  let closed = false

  const begin = (signal: AbortSignal | undefined, key?: string): void => {
    if (closed) throw new MillwrightError('InvalidState', `${name} is closed`)
    throwIfAborted(signal)
    if (key !== undefined) assertSafeKey(key)
  }

  const count = (key: string, step: 1 | -1): void => {
    for (let at = key.lastIndexOf('/'); at > 0; at = key.lastIndexOf('/', at - 1)) {
      const folder = key.slice(0, at)
      const left = (folders.get(folder) ?? 0) + step
      if (left === 0) folders.delete(folder)
      else folders.set(folder, left)
    }
    order = undefined
  }

  const assertRoom = (key: string): void => {
    if (folders.has(key)) throw conflict(`${name} cannot hold ${show(key)}: there are longer keys beneath it`)
    for (let at = key.lastIndexOf('/'); at > 0; at = key.lastIndexOf('/', at - 1)) {
      const parent = key.slice(0, at)
      if (entries.has(parent)) throw conflict(`${name} cannot hold ${show(key)}: ${show(parent)} is an object, not a folder`)
    }
  }

  const store = (key: string, buffer: Uint8Array, sizeBytes: number): ObjectInfo => {
    if (!entries.has(key)) {
      assertRoom(key)
      count(key, 1)
    }
    const info = { key, sizeBytes, etag: `m${++writes}`, modifiedAt: clock.now() }
    entries.set(key, { info, buffer })
    return info
  }

  const readChanged = ({ key, stamp }: ChangedQuery): ChangedAnswer | undefined => {
    if (key.endsWith('/')) {
      const folder = key.slice(0, -1)
      assertSafeKey(folder)
      if (!folders.has(folder)) return undefined
      order ??= [...entries.keys()].sort()
      return { stamp: '', names: namesBelow(order, key) }
    }
    assertSafeKey(key)
    const entry = entries.get(key)
    if (entry === undefined || entry.info.etag === stamp) return entry && { stamp: entry.info.etag }
    return { stamp: entry.info.etag, bytes: entry.buffer.slice(0, entry.info.sizeBytes) }
  }

  return displayPort('ObjectStore', {
    portVersion: 1,
    name,
    capabilities: { conditionalPut: true, rangeRead: true, appendAtomic: true, persistent: false, maxObjectBytes: 2 ** 31 - 1 },
    uri(key) {
      if (key !== '') assertSafeKey(key.endsWith('/') ? key.slice(0, -1) : key)
      return `memory:///${key.split('/').map(encodeURIComponent).join('/')}`
    },
    async head(key, { signal } = {}) {
      begin(signal, key)
      return entries.get(key)?.info
    },
    async get(key, { signal, range } = {}) {
      begin(signal, key)
      const entry = entries.get(key)
      if (entry === undefined) throw new MillwrightError('NotFound', `${name} has no object ${show(key)}`, { details: { key } })
      return entry.buffer.subarray(0, entry.info.sizeBytes).slice(range?.start ?? 0, range?.end)
    },
    async put(key, bytes, { signal, ifAbsent, ifMatch } = {}) {
      begin(signal, key)
      const held = entries.get(key)?.info.etag
      if (ifAbsent && held !== undefined) throw conflict(`${name} already holds ${show(key)}`, { key, actual: held })
      if (ifMatch !== undefined && held !== ifMatch) {
        throw conflict(`${name}: ${show(key)} has changed since it was read`, { key, expected: ifMatch, actual: held ?? null })
      }
      return store(key, bytes.slice(), bytes.length)
    },
    async append(key, bytes, { signal } = {}) {
      begin(signal, key)
      const entry = entries.get(key)
      const length = entry?.info.sizeBytes ?? 0
      let buffer = entry?.buffer ?? new Uint8Array(0)
      if (buffer.length < length + bytes.length) {
        buffer = new Uint8Array(Math.max(2 * length, length + bytes.length))
        if (entry !== undefined) buffer.set(entry.buffer.subarray(0, length))
      }
      buffer.set(bytes, length)
      store(key, buffer, length + bytes.length)
    },
    async list({ signal, prefix = '', shallow = false, limit = 1000, cursor } = {}) {
      begin(signal)
      if (!Number.isInteger(limit) || limit < 1) throw invalidArgument(`\`limit\` of list must be a whole number ≥ 1, got ${show(limit)}`)
      if (prefix.includes('/')) assertSafeKey(prefix.slice(0, prefix.lastIndexOf('/')))
      order ??= [...entries.keys()].sort()
      const { keys, ...rest } = pageOfKeys(order, { prefix, shallow, limit, cursor })
      return { objects: keys.map((key) => (entries.get(key) as Entry).info), ...rest }
    },
    async getChanged(queries, { signal } = {}) {
      begin(signal)
      return queries.map(readChanged)
    },
    async createFolder(prefix, { files }, { signal } = {}) {
      const folder = prefix.replace(/\/$/, '')
      begin(signal, folder)
      for (const path of files.keys()) assertSafeKey(`${folder}/${path}`)
      if (entries.has(folder) || folders.has(folder)) throw conflict(`${name} already holds ${show(prefix)}`, { key: prefix })
      assertRoom(folder)
      for (const [path, bytes] of files) store(`${folder}/${path}`, bytes.slice(), bytes.length)
    },
    async delete(key, { signal } = {}) {
      begin(signal, key)
      if (entries.delete(key)) count(key, -1)
    },
    async close() {
      closed = true
      entries.clear()
      folders.clear()
    },
  })
}

function conflict(message: string, details?: Readonly<Record<string, unknown>>): MillwrightError {
  return new MillwrightError('Conflict', message, { details })
}

/** The names directly below a folder, without walking through what lies deeper. */
function namesBelow(keys: readonly string[], prefix: string): string[] {
  const names: string[] = []
  for (let i = firstAtLeast(keys, prefix); i < keys.length && keys[i]?.startsWith(prefix); ) {
    const key = keys[i] as string
    const slash = key.indexOf('/', prefix.length)
    names.push(slash < 0 ? key.slice(prefix.length) : key.slice(prefix.length, slash + 1))
    // A zero is what comes after a slash.
    i = slash < 0 ? i + 1 : firstAtLeast(keys, `${key.slice(0, slash)}0`)
  }
  return names
}
