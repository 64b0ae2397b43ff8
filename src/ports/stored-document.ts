/** A small JSON document in an object store that several processes change, by compare-and-set; or the same in memory. */
import { utf8 } from '../core/bytes'
import { isMillwrightError } from '../core/errors'
import { parseStored, type StoredFormat } from '../core/stored'
import type { ObjectStore, PutOptions } from './object-store'

/** How often a lost race is repeated. */
const mostRaces = 100

/** Where the document lies and what it may hold. */
export interface StoredDocumentOptions<T> {
  /** Without one the document is kept in memory. */
  readonly storage: ObjectStore | undefined
  readonly key: string
  readonly format: StoredFormat<T>
  /** The document before it was first written. */
  readonly initial: T
  /** Checks what the format cannot: that the document is the one meant. @throws Corrupt */
  readonly check?: ((document: T) => void) | undefined
}

/** One document. */
export interface StoredDocument<T> {
  /** What was last read or written here. */
  readonly value: T
  readonly isStored: boolean
  /** Reads the document again. @throws Corrupt, Unsupported; what the storage throws */
  load(): Promise<T>
  /**
   * Writes what `change` makes of the newest document, and gives that; `undefined` writes nothing. `change` may be called several times and must
   * not act. Changes of one process are written one after another. Without conditional puts, changes of other processes may be lost.
   *
   * @throws as {@link load}; Conflict when a hundred races in a row were lost
   */
  update(change: (document: T) => T | undefined): Promise<T>
}

/** Opens a document. Nothing is read before the first call. */
export function storedDocument<T>({ storage, key, format, initial, check }: StoredDocumentOptions<T>): StoredDocument<T> {
  let value = initial
  let etag: string | undefined
  let last: Promise<unknown> = Promise.resolve()

  const load = async (): Promise<T> => {
    if (storage === undefined) return value
    // The ETag is read before the bytes: if the document changes in between, the next write is refused and repeated.
    const info = await storage.head(key)
    etag = undefined
    if (info === undefined) value = initial
    else {
      const read = parseStored(format, await storage.get(key), key)
      check?.(read)
      value = read
    }
    etag = info?.etag
    return value
  }
  const write = async (next: T): Promise<void> => {
    if (storage !== undefined) {
      const condition: PutOptions = !storage.capabilities.conditionalPut ? {} : etag === undefined ? { ifAbsent: true } : { ifMatch: etag }
      etag = (await storage.put(key, utf8(JSON.stringify(next)), condition)).etag
    }
    value = next
  }
  const change = async (make: (document: T) => T | undefined): Promise<T> => {
    for (let race = 1; ; race++) {
      if (etag === undefined) await load()
      const next = make(value)
      if (next === undefined) return value
      try {
        await write(next)
        return value
      } catch (error) {
        // Whether an interrupted write arrived is not known: read before the next one.
        etag = undefined
        if (!isMillwrightError(error, 'Conflict') || race === mostRaces) throw error
      }
    }
  }
  return {
    get value() {
      return value
    },
    isStored: storage !== undefined,
    load() {
      const mine = last.then(load)
      last = mine.catch(() => {})
      return mine
    },
    update(make) {
      const mine = last.then(() => change(make))
      last = mine.catch(() => {})
      return mine
    },
  }
}

/** A lease in a stored document: who acts, and until when unless it is renewed. */
export interface StoredLease {
  readonly owner: string
  /** Epoch milliseconds. */
  readonly expiresAt: number
}

/** Whether `owner` may act at `now`: nobody else holds a lease that has not ended. */
export function isLeaseFree(lease: StoredLease | undefined, owner: string, now: number): boolean {
  return lease === undefined || lease.owner === owner || lease.expiresAt <= now
}
