/** The database of an IndexedDB store: one object store for facts, one for content in chunks, and transactions over both. */
import { MillwrightError, show } from '../../core/errors'
import { throwIfAborted } from '../../core/signal'

/** The facts about an object that are stored. */
export interface StoredInfo {
  readonly sizeBytes: number
  readonly etag: string
  readonly modifiedAt: number
}

/** The two object stores inside a transaction. */
export interface Stores {
  /** key → {@link StoredInfo} */
  readonly infos: IDBObjectStore
  /** `[key, offset]` → the chunk that begins at this offset, at most {@link CHUNK_BYTES} long */
  readonly chunks: IDBObjectStore
}

/** A database, opened by the first transaction. */
export interface Database {
  /** Runs `work` in one transaction; resolves when it is committed. `work` may await only requests of this transaction. */
  transact<T>(mode: IDBTransactionMode, work: (stores: Stores) => Promise<T>, signal?: AbortSignal): Promise<T>
  close(): Promise<void>
}

/** Longest chunk of content. */
export const CHUNK_BYTES = 256 * 1024

/** A request as a promise. */
export function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

/** Opens the database `name` on first use. When another tab wants to delete or upgrade it, it is closed, and opened again on the next use. */
export function openDatabase(factory: IDBFactory, name: string, label: string): Database {
  let opening: Promise<IDBDatabase> | undefined

  const open = (): Promise<IDBDatabase> => {
    opening ??= new Promise<IDBDatabase>((resolve, reject) => {
      const request = factory.open(name, 1)
      request.onupgradeneeded = () => {
        request.result.createObjectStore('infos')
        request.result.createObjectStore('chunks')
      }
      request.onerror = () => reject(translate(request.error, label))
      request.onsuccess = () => {
        const database = request.result
        database.onversionchange = () => database.close()
        // After the browser or another tab closed the database, the next call opens it again.
        database.onclose = () => {
          opening = undefined
        }
        if (database.objectStoreNames.contains('infos') && database.objectStoreNames.contains('chunks')) return resolve(database)
        database.close()
        reject(new MillwrightError('Corrupt', `the IndexedDB database ${show(name)} was not made by ${label}: it has other object stores`))
      }
    }).catch((error: unknown) => {
      opening = undefined
      throw error
    })
    return opening
  }

  const begin = async (mode: IDBTransactionMode): Promise<IDBTransaction> => {
    const options = mode === 'readwrite' ? { durability: 'strict' as const } : {}
    try {
      return (await open()).transaction(['infos', 'chunks'], mode, options)
    } catch (error) {
      if ((error as Error).name !== 'InvalidStateError') throw error
      // Another tab's upgrade or deletion has closed the database.
      opening = undefined
      return (await open()).transaction(['infos', 'chunks'], mode, options)
    }
  }

  return {
    async transact(mode, work, signal) {
      throwIfAborted(signal)
      const transaction = await begin(mode)
      throwIfAborted(signal)
      const committed = new Promise<void>((resolve, reject) => {
        transaction.oncomplete = () => resolve()
        transaction.onabort = () => reject(transaction.error ?? new MillwrightError('Internal', `${label}: a transaction was aborted`))
      })
      // `work` may fail first. Its error is then the one that is thrown, and this rejection must not count as unhandled.
      committed.catch(() => {})
      const abort = (): void => quietly(() => transaction.abort())
      signal?.addEventListener('abort', abort, { once: true })
      try {
        const result = await work({ infos: transaction.objectStore('infos'), chunks: transaction.objectStore('chunks') })
        await committed
        return result
      } catch (error) {
        abort()
        throwIfAborted(signal)
        throw translate(error, label)
      } finally {
        signal?.removeEventListener('abort', abort)
      }
    },
    async close() {
      const held = opening
      opening = undefined
      ;(await held?.catch(() => undefined))?.close()
    },
  }
}

function quietly(work: () => void): void {
  try {
    work()
  } catch {
    // The transaction has already ended.
  }
}

/** The browser's errors as ours. */
function translate(error: unknown, label: string): unknown {
  if (error instanceof MillwrightError) return error
  const { name = 'Error', message = String(error) } = (error ?? {}) as { name?: string; message?: string }
  const describe = (what: string): string => `${label} ${what}: ${name}${message === '' ? '' : `, ${message}`}`
  if (name === 'QuotaExceededError') {
    return new MillwrightError('Unavailable', describe('could not be written: the browser gives this site no more storage'), {
      cause: error,
      hint: 'delete what is no longer needed, or ask for more with navigator.storage.persist()',
    })
  }
  if (name === 'SecurityError' || name === 'InvalidAccessError' || name === 'NotAllowedError')
    return new MillwrightError('PermissionDenied', describe('may not be used on this page'), { cause: error })
  if (name === 'VersionError') return new MillwrightError('Corrupt', describe('is of a newer version'), { cause: error })
  if (name === 'DataError' || name === 'NotReadableError' || name === 'DataCloneError')
    return new MillwrightError('Corrupt', describe('cannot be read'), { cause: error })
  return new MillwrightError('Unavailable', describe('failed'), { cause: error })
}
