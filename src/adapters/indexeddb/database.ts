/** The database behind an IndexedDB store: facts in one place, contents in pieces in another, one transaction for both. */
import { MillwrightError, show } from '../../core/errors'
import { throwIfAborted } from '../../core/signal'

/** Facts about an object as they are kept. */
export interface StoredInfo {
  readonly sizeBytes: number
  readonly etag: string
  readonly modifiedAt: number
}

/** The two object stores inside a transaction. */
export interface Stores {
  /** key → {@link StoredInfo} */
  readonly infos: IDBObjectStore
  /** `[key, offset]` → the bytes from that offset on, at most {@link CHUNK_BYTES} of them */
  readonly chunks: IDBObjectStore
}

/** A database, opened with the first transaction. */
export interface Database {
  /** Runs `work` in one transaction; resolves when it is committed. `work` may only await requests of this very transaction. */
  transact<T>(mode: IDBTransactionMode, work: (stores: Stores) => Promise<T>, signal?: AbortSignal): Promise<T>
  close(): Promise<void>
}

/** Longest piece of content kept as one value. */
export const CHUNK_BYTES = 256 * 1024

/** A request as a promise. */
export function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

/** Opens `name` on first use. A database that another tab wants to delete or upgrade is let go, and opened again when it is needed. */
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
        // After the browser or another tab closed it, the next call opens it anew.
        database.onclose = () => {
          opening = undefined
        }
        if (database.objectStoreNames.contains('infos') && database.objectStoreNames.contains('chunks')) return resolve(database)
        database.close()
        reject(new MillwrightError('Corrupt', `the IndexedDB database ${show(name)} is not one of ${label}: its object stores are others`))
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
      // Closed under us, by another tab's upgrade or deletion.
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
      // Whoever fails first tells; the other must not count as unhandled.
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
    // The transaction is over already.
  }
}

/** The browser's errors as ours. */
function translate(error: unknown, label: string): unknown {
  if (error instanceof MillwrightError) return error
  const { name = 'Error', message = String(error) } = (error ?? {}) as { name?: string; message?: string }
  const say = (what: string): string => `${label} ${what}: ${name}${message === '' ? '' : `, ${message}`}`
  if (name === 'QuotaExceededError') {
    return new MillwrightError('Unavailable', say('could not be written, the browser gives this site no more room'), {
      cause: error,
      hint: 'delete what is no longer needed, or ask for more with navigator.storage.persist()',
    })
  }
  if (name === 'SecurityError' || name === 'InvalidAccessError' || name === 'NotAllowedError')
    return new MillwrightError('PermissionDenied', say('may not be used on this page'), { cause: error })
  if (name === 'VersionError') return new MillwrightError('Corrupt', say('is of a newer version'), { cause: error })
  if (name === 'DataError' || name === 'NotReadableError' || name === 'DataCloneError')
    return new MillwrightError('Corrupt', say('cannot be read'), { cause: error })
  return new MillwrightError('Unavailable', say('failed'), { cause: error })
}
