/** The queue on an object store: one object per waiting operation, numbered in order; the bytes of an artifact in an object beside it. */
import { isMillwrightError, MillwrightError } from '../../../core/errors'
import type { ObjectStore } from '../../../ports/object-store'
import { decodeOperation, encodeOperation, type QueuedOperation } from './operations'

/** One waiting operation. */
export interface QueueEntry {
  readonly number: number
  readonly sizeBytes: number
  readonly hasBlob: boolean
  /** It may have reached the server before: it was tried, or another process left it. */
  isAgain: boolean
  /** Kept while the queue is short; otherwise read when its turn comes. */
  readonly operation: QueuedOperation | undefined
  /** Who waits for the outcome. */
  watcher?: { resolve(result: unknown): void; reject(error: unknown): void } | undefined
}

/** The bounds of a queue. */
export interface QueueLimits {
  readonly maxEntries: number
  readonly maxBytes: number
}

/** A durable first-in, first-out list. */
export interface QueueLog {
  readonly entries: number
  readonly bytes: number
  /** Finds what another process left. */
  load(): Promise<void>
  /** Resolves when the operation is as durable as the store. @throws Unavailable when the queue is full */
  append(operation: QueuedOperation, blob?: Uint8Array): Promise<QueueEntry>
  head(): QueueEntry | undefined
  /** What waits, in order, with its operation. */
  all(): AsyncIterable<QueuedOperation>
  /** @throws Corrupt */
  read(entry: QueueEntry): Promise<{ readonly operation: QueuedOperation; readonly blob?: Uint8Array }>
  remove(entry: QueueEntry): Promise<void>
  /** Puts an entry aside, with the reason, and goes on. */
  setAside(entry: QueueEntry, error: unknown): Promise<void>
}

/** Operations kept in memory, so that the usual short queue is not read back. */
const keptInMemory = 1000
const digits = 12

/** A queue below `prefix` of a store. */
export function queueLog(storage: ObjectStore, prefix: string, limits: QueueLimits): QueueLog {
  const waiting: QueueEntry[] = []
  let bytes = 0
  let nextNumber = 1
  /** Appends come one after the other: nothing is delivered before what was handed in earlier is on disk. */
  let tail: Promise<unknown> = Promise.resolve()
  const keyOf = (number: number): string => `${prefix}/entries/${String(number).padStart(digits, '0')}`

  const write = async (operation: QueuedOperation, blob: Uint8Array | undefined): Promise<QueueEntry> => {
    const encoded = encodeOperation(operation)
    const sizeBytes = encoded.length + (blob?.length ?? 0)
    if (waiting.length >= limits.maxEntries || bytes + sizeBytes > limits.maxBytes) {
      throw new MillwrightError(
        'Unavailable',
        `the queue ${prefix} on ${storage.name} is full (${waiting.length} entries, ${bytes} bytes)`,
        {
          hint: 'bring the server back, or raise maxEntries or maxBytes',
          details: { entries: waiting.length, bytes, isFull: true },
        },
      )
    }
    const number = nextNumber++
    // The entry itself comes last: without it the blob counts for nothing.
    if (blob !== undefined) await storage.put(`${keyOf(number)}.bin`, blob)
    try {
      await storage.put(`${keyOf(number)}.json`, encoded, storage.capabilities.conditionalPut ? { ifAbsent: true } : {})
    } catch (error) {
      if (!isMillwrightError(error, 'Conflict')) throw error
      throw new MillwrightError('InvalidState', `another process writes to the queue ${prefix} on ${storage.name}`, {
        cause: error,
        hint: 'give each process a prefix of its own',
      })
    }
    const kept = waiting.length < keptInMemory ? operation : undefined
    const entry: QueueEntry = { number, sizeBytes, hasBlob: blob !== undefined, isAgain: false, operation: kept }
    waiting.push(entry)
    bytes += sizeBytes
    return entry
  }

  const drop = (entry: QueueEntry): void => {
    const at = waiting.indexOf(entry)
    if (at < 0) return
    waiting.splice(at, 1)
    bytes -= entry.sizeBytes
  }

  const operationOf = async (entry: QueueEntry): Promise<QueuedOperation> =>
    entry.operation ?? decodeOperation(await storage.get(`${keyOf(entry.number)}.json`), `${keyOf(entry.number)}.json`)

  const log: QueueLog = {
    get entries() {
      return waiting.length
    },
    get bytes() {
      return bytes
    },
    async load() {
      const sizes = new Map<number, { entry?: number; blob?: number }>()
      for (let cursor: string | undefined; ; ) {
        const page = await storage.list({ prefix: `${prefix}/entries/`, cursor })
        for (const { key, sizeBytes } of page.objects) {
          const [, number, kind] = /(\d+)\.(json|bin)$/.exec(key) ?? []
          if (number === undefined) continue
          sizes.set(Number(number), { ...sizes.get(Number(number)), [kind === 'json' ? 'entry' : 'blob']: sizeBytes })
        }
        cursor = page.cursor
        if (cursor === undefined) break
      }
      for (const [number, { entry, blob }] of [...sizes].sort(([a], [b]) => a - b)) {
        nextNumber = Math.max(nextNumber, number + 1)
        // A blob without its entry was never acknowledged.
        if (entry === undefined) await storage.delete(`${keyOf(number)}.bin`)
        else {
          const sizeBytes = entry + (blob ?? 0)
          waiting.push({ number, sizeBytes, hasBlob: blob !== undefined, isAgain: true, operation: undefined })
          bytes += sizeBytes
        }
      }
    },
    append(operation, blob) {
      const written = tail.then(() => write(operation, blob))
      tail = written.catch(() => {})
      return written
    },
    head: () => waiting[0],
    async *all() {
      for (const entry of [...waiting]) if (waiting.includes(entry)) yield await operationOf(entry)
    },
    async read(entry) {
      const operation = await operationOf(entry)
      return entry.hasBlob ? { operation, blob: await storage.get(`${keyOf(entry.number)}.bin`) } : { operation }
    },
    async remove(entry) {
      await storage.delete(`${keyOf(entry.number)}.json`)
      if (entry.hasBlob) await storage.delete(`${keyOf(entry.number)}.bin`)
      drop(entry)
    },
    async setAside(entry, error) {
      const key = keyOf(entry.number)
      const place = `${prefix}/rejected/${String(entry.number).padStart(digits, '0')}`
      if (entry.hasBlob) await storage.put(`${place}.bin`, await storage.get(`${key}.bin`))
      await storage.put(`${place}.json`, await storage.get(`${key}.json`))
      const reason = isMillwrightError(error) ? error.message : String(error)
      await storage.put(`${place}.reason`, new TextEncoder().encode(reason))
      await log.remove(entry)
    },
  }
  return log
}
