/** The queue on an object store: one object per waiting operation, numbered in order; the bytes of an artifact in an object beside it. */
import { isMillwrightError, MillwrightError } from '../../core/errors'
import type { ObjectStore } from '../../ports/object-store'
import { decodeOperation, encodeOperation, type QueuedOperation } from './operations'
import { type RejectedLog, rejectedLog } from './rejected'

/** One waiting operation. */
export interface QueueEntry {
  readonly number: number
  readonly sizeBytes: number
  readonly hasBlob: boolean
  /** It may have reached the server before: it was tried, or another process left it. */
  isAgain: boolean
  /** Kept while the queue is short; otherwise read when its turn comes near. */
  operation: QueuedOperation | undefined
  /** Why it cannot be read. */
  broken?: unknown
  /** Who waits for the outcome. */
  watcher?: { resolve(result: unknown): void; reject(error: unknown): void } | undefined
  /** Not to be sent together with others: that failed. */
  isAlone?: boolean
  /** How often the server failed on it while it did other work. */
  failures: number
  /** Deliveries that had succeeded when it failed last. */
  failedAt?: number
  /** Not to be tried before. */
  notBefore: number
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
  readonly rejected: RejectedLog
  /** Finds what another process left. */
  load(): Promise<void>
  /** Resolves when the operation is as durable as the store. @throws Unavailable when the queue is full */
  append(operation: QueuedOperation, blob?: Uint8Array): Promise<QueueEntry>
  /** The first entries in order, each with its operation (or `broken`). */
  ahead(): Promise<readonly QueueEntry[]>
  /** Forgets who is to be tried later: all may be tried now. */
  hurry(): void
  /** What waits and can be read, in order. */
  all(): AsyncIterable<QueuedOperation>
  /** The bytes of an artifact. */
  blobOf(entry: QueueEntry): Promise<Uint8Array | undefined>
  remove(entries: readonly QueueEntry[]): Promise<void>
  /** Puts an entry aside, with the reason, and goes on. */
  setAside(entry: QueueEntry, error: unknown): Promise<void>
  /** Takes back what was put aside: those of `numbers`, or all. How many there were. */
  takeBack(numbers?: readonly number[]): Promise<number>
}

/** How far the worker looks ahead, in operations and in their bytes. */
const aheadEntries = 2000
const aheadBytes = 2 ** 26
/** Objects that are read or deleted at a time. */
const atOnce = 32
const digits = 12

/** A queue below `prefix` of a store. */
export function queueLog(storage: ObjectStore, prefix: string, limits: QueueLimits): QueueLog {
  const waiting = new Map<number, QueueEntry>()
  const rejected = rejectedLog(storage, prefix)
  let bytes = 0
  /** Being written: counted, but not yet seen. */
  const pending = { entries: 0, bytes: 0 }
  let nextNumber = 1
  /** Entries are seen in the order of their numbers: nothing is delivered before what was handed in earlier is on disk. */
  let tail: Promise<unknown> = Promise.resolve()
  const keyOf = (number: number): string => `${prefix}/entries/${String(number).padStart(digits, '0')}`

  const assertRoom = (sizeBytes: number): void => {
    const entries = waiting.size + pending.entries
    if (entries < limits.maxEntries && bytes + pending.bytes + sizeBytes <= limits.maxBytes) return
    throw new MillwrightError('Unavailable', `the queue ${prefix} on ${storage.name} is full (${entries} entries, ${bytes} bytes)`, {
      hint: 'bring the server back, or raise maxEntries or maxBytes',
      details: { entries, bytes, isFull: true },
    })
  }

  const write = async (number: number, encoded: Uint8Array, blob: Uint8Array | undefined): Promise<void> => {
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
  }

  const operationOf = async (entry: QueueEntry): Promise<QueuedOperation> =>
    entry.operation ?? decodeOperation(await storage.get(`${keyOf(entry.number)}.json`), `${keyOf(entry.number)}.json`)

  const readInto = async (entry: QueueEntry): Promise<void> => {
    try {
      entry.operation = await operationOf(entry)
    } catch (error) {
      if (!isMillwrightError(error, 'Corrupt') && !isMillwrightError(error, 'NotFound')) throw error
      entry.broken = error
    }
  }

  const log: QueueLog = {
    get entries() {
      return waiting.size
    },
    get bytes() {
      return bytes
    },
    rejected,
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
          waiting.set(number, {
            number,
            sizeBytes,
            hasBlob: blob !== undefined,
            isAgain: true,
            operation: undefined,
            failures: 0,
            notBefore: 0,
          })
          bytes += sizeBytes
        }
      }
      await rejected.load()
      nextNumber = Math.max(nextNumber, rejected.lastNumber + 1)
    },
    async append(operation, blob) {
      const encoded = encodeOperation(operation)
      const sizeBytes = encoded.length + (blob?.length ?? 0)
      assertRoom(sizeBytes)
      const number = nextNumber++
      pending.entries++
      pending.bytes += sizeBytes
      const before = tail
      const written = write(number, encoded, blob)
      tail = Promise.allSettled([before, written])
      try {
        await Promise.all([written, before])
      } finally {
        pending.entries--
        pending.bytes -= sizeBytes
      }
      const kept = waiting.size < aheadEntries ? operation : undefined
      const entry: QueueEntry = {
        number,
        sizeBytes,
        hasBlob: blob !== undefined,
        isAgain: false,
        operation: kept,
        failures: 0,
        notBefore: 0,
      }
      waiting.set(number, entry)
      bytes += sizeBytes
      return entry
    },
    async ahead() {
      const first: QueueEntry[] = []
      let size = 0
      for (const entry of waiting.values()) {
        if (first.length >= aheadEntries || size > aheadBytes) break
        first.push(entry)
        size += entry.sizeBytes
      }
      const unread = first.filter(({ operation, broken }) => operation === undefined && broken === undefined)
      for (let i = 0; i < unread.length; i += atOnce) await Promise.all(unread.slice(i, i + atOnce).map(readInto))
      return first
    },
    hurry() {
      for (const entry of waiting.values()) entry.notBefore = 0
    },
    async *all() {
      for (const entry of [...waiting.values()]) {
        if (!waiting.has(entry.number)) continue
        await readInto(entry)
        // One that cannot be read is put aside when its turn comes.
        if (entry.operation !== undefined) yield entry.operation
      }
    },
    blobOf: async (entry) => (entry.hasBlob ? storage.get(`${keyOf(entry.number)}.bin`) : undefined),
    async remove(entries) {
      for (let i = 0; i < entries.length; i += atOnce) {
        await Promise.all(
          entries.slice(i, i + atOnce).map(async (entry) => {
            await storage.delete(`${keyOf(entry.number)}.json`)
            if (entry.hasBlob) await storage.delete(`${keyOf(entry.number)}.bin`)
            if (waiting.delete(entry.number)) bytes -= entry.sizeBytes
          }),
        )
      }
    },
    async setAside(entry, error) {
      await rejected.add(entry.number, keyOf(entry.number), entry.hasBlob, error)
      await log.remove([entry])
    },
    async takeBack(numbers) {
      const back = (await rejected.list()).filter(({ number }) => numbers === undefined || numbers.includes(number))
      for (const { number } of back) {
        const { sizeBytes, hasBlob } = await rejected.giveBack(number, keyOf(number))
        waiting.set(number, { number, sizeBytes, hasBlob, isAgain: true, operation: undefined, failures: 0, notBefore: 0 })
        bytes += sizeBytes
      }
      // Their numbers say where they belong.
      const sorted = [...waiting].sort(([a], [b]) => a - b)
      waiting.clear()
      for (const [number, entry] of sorted) waiting.set(number, entry)
      return back.length
    },
  }
  return log
}
