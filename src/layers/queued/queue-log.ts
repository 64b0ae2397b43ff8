/** The durable queue: operations in the order they were accepted, one object on the store for each. */
import { isMillwrightError, MillwrightError } from '../../core/errors'
import type { ObjectStore } from '../../ports/object-store'
import { type EntryObjects, entryObjects } from './entry-objects'
import { encodeOperation, type QueuedOperation } from './operations'
import { type RejectedOperations, rejectedOperations } from './rejected-operations'

/** One waiting operation. */
export interface QueueEntry {
  readonly number: number
  readonly sizeBytes: number
  readonly hasBlob: boolean
  /** Whether the backend may have received it already: it was attempted, or an earlier process queued it. */
  isRetry: boolean
  /** Kept in memory while the queue is short; otherwise read shortly before it is delivered. */
  operation: QueuedOperation | undefined
  /** Why the operation cannot be read. */
  readError?: unknown
  /** The call that waits for the outcome. */
  waiter?: { resolve(result: unknown): void; reject(error: unknown): void } | undefined
  /** Whether to deliver it on its own, because a group it was part of failed. */
  isAlone?: boolean
  /** How often the backend failed on it while it carried out other operations. */
  failures: number
  /** The number of successful deliveries when it last failed. */
  failedAt?: number
  /** The earliest time of the next attempt, epoch milliseconds. */
  notBefore: number
}

/** The limits of a queue. */
export interface QueueLimits {
  readonly maxEntries: number
  readonly maxBytes: number
}

/** How many operations, and how many of their bytes, the worker reads at once. */
const upcomingEntries = 2000
const upcomingBytes = 2 ** 26
/** Objects read or deleted in parallel. */
const parallel = 32

/** A durable first-in, first-out queue below `prefix` of a store. */
export class QueueLog {
  readonly rejected: RejectedOperations
  readonly #objects: EntryObjects
  readonly #waiting = new Map<number, QueueEntry>()
  /** Entries being written. They count towards the limits, but are not visible yet. */
  readonly #writing = { entries: 0, bytes: 0 }
  #bytes = 0
  #nextNumber = 1
  /** Entries become visible in the order of their numbers, so that none is delivered before an earlier one is stored. */
  #lastWrite: Promise<unknown> = Promise.resolve()

  constructor(
    readonly storage: ObjectStore,
    readonly prefix: string,
    readonly limits: QueueLimits,
  ) {
    this.#objects = entryObjects(storage, prefix)
    this.rejected = rejectedOperations(storage, prefix)
  }

  /** How many operations wait. */
  get entries(): number {
    return this.#waiting.size
  }

  /** Bytes of the waiting operations on the store. */
  get bytes(): number {
    return this.#bytes
  }

  /** Finds the entries of an earlier process. */
  async load(): Promise<void> {
    for (const entry of await this.#objects.list()) {
      this.#nextNumber = Math.max(this.#nextNumber, entry.number + 1)
      this.#add({ ...entry, isRetry: true, operation: undefined, failures: 0, notBefore: 0 })
    }
    await this.rejected.load()
    this.#nextNumber = Math.max(this.#nextNumber, this.rejected.lastNumber + 1)
  }

  /** Resolves when the operation is stored. @throws Unavailable when the queue is full */
  async append(operation: QueuedOperation, blob?: Uint8Array): Promise<QueueEntry> {
    const encoded = encodeOperation(operation)
    const sizeBytes = encoded.length + (blob?.length ?? 0)
    this.#assertRoom(sizeBytes)
    const number = this.#nextNumber++
    this.#writing.entries++
    this.#writing.bytes += sizeBytes
    const before = this.#lastWrite
    const written = this.#objects.write(number, encoded, blob)
    this.#lastWrite = Promise.allSettled([before, written])
    try {
      await Promise.all([written, before])
    } finally {
      this.#writing.entries--
      this.#writing.bytes -= sizeBytes
    }
    const kept = this.#waiting.size < upcomingEntries ? operation : undefined
    return this.#add({ number, sizeBytes, hasBlob: blob !== undefined, isRetry: false, operation: kept, failures: 0, notBefore: 0 })
  }

  /** The first entries in order, each with its `operation` or its `readError`. */
  async upcoming(): Promise<readonly QueueEntry[]> {
    const first: QueueEntry[] = []
    let size = 0
    for (const entry of this.#waiting.values()) {
      if (first.length >= upcomingEntries || size > upcomingBytes) break
      first.push(entry)
      size += entry.sizeBytes
    }
    const unread = first.filter(({ operation, readError }) => operation === undefined && readError === undefined)
    for (let i = 0; i < unread.length; i += parallel) {
      await Promise.all(unread.slice(i, i + parallel).map((entry) => this.#readInto(entry)))
    }
    return first
  }

  /** Allows every entry to be attempted now. */
  clearRetryDelays(): void {
    for (const entry of this.#waiting.values()) entry.notBefore = 0
  }

  /** Every waiting operation that can be read, in order. */
  async *operations(): AsyncIterable<QueuedOperation> {
    for (const entry of [...this.#waiting.values()]) {
      if (!this.#waiting.has(entry.number)) continue
      await this.#readInto(entry)
      // The worker rejects the others.
      if (entry.operation !== undefined) yield entry.operation
    }
  }

  /** The bytes of an artifact. */
  async blobOf({ number, hasBlob }: QueueEntry): Promise<Uint8Array | undefined> {
    return hasBlob ? this.#objects.readBlob(number) : undefined
  }

  async remove(entries: readonly QueueEntry[]): Promise<void> {
    for (let i = 0; i < entries.length; i += parallel) {
      await Promise.all(
        entries.slice(i, i + parallel).map(async ({ number, hasBlob, sizeBytes }) => {
          await this.#objects.delete(number, hasBlob)
          if (this.#waiting.delete(number)) this.#bytes -= sizeBytes
        }),
      )
    }
  }

  /** Moves an entry to the rejected operations, with the reason. */
  async reject(entry: QueueEntry, error: unknown): Promise<void> {
    await this.rejected.add(entry.number, this.#objects.keyOf(entry.number), entry.hasBlob, error)
    await this.remove([entry])
  }

  /** Queues rejected operations again, at their old place in the order: those of `numbers`, or all. Returns how many. */
  async requeue(numbers?: readonly number[]): Promise<number> {
    const requeued = (await this.rejected.list()).filter(({ number }) => numbers === undefined || numbers.includes(number))
    for (const { number } of requeued) {
      const { sizeBytes, hasBlob } = await this.rejected.moveTo(number, this.#objects.keyOf(number))
      this.#add({ number, sizeBytes, hasBlob, isRetry: true, operation: undefined, failures: 0, notBefore: 0 })
    }
    const sorted = [...this.#waiting].sort(([a], [b]) => a - b)
    this.#waiting.clear()
    for (const [number, entry] of sorted) this.#waiting.set(number, entry)
    return requeued.length
  }

  #add(entry: QueueEntry): QueueEntry {
    this.#waiting.set(entry.number, entry)
    this.#bytes += entry.sizeBytes
    return entry
  }

  #assertRoom(sizeBytes: number): void {
    const entries = this.#waiting.size + this.#writing.entries
    const bytes = this.#bytes
    if (entries < this.limits.maxEntries && bytes + this.#writing.bytes + sizeBytes <= this.limits.maxBytes) return
    throw new MillwrightError(
      'Unavailable',
      `the queue ${this.prefix} on ${this.storage.name} is full (${entries} entries, ${bytes} bytes)`,
      {
        hint: 'bring the server back, or raise maxEntries or maxBytes',
        details: { entries, bytes, isFull: true },
      },
    )
  }

  async #readInto(entry: QueueEntry): Promise<void> {
    try {
      entry.operation ??= await this.#objects.read(entry.number)
    } catch (error) {
      if (!isMillwrightError(error, 'Corrupt') && !isMillwrightError(error, 'NotFound')) throw error
      entry.readError = error
    }
  }
}
