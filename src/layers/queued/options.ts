/** Options, warnings and status of a queued tracker. */
import type { Clock } from '../../core/clock'
import type { ObjectStore } from '../../ports/object-store'
import type { TrackerBackend } from '../../ports/tracker-backend'
import type { RejectedOperation } from './rejected-operations'

/** A problem that the application should know of. */
export interface QueueWarning {
  /**
   * - `offline`: the backend stopped answering; calls are only queued. `online`: it answers again.
   * - `nearly-full`: the queue has reached 80 % of a limit. `full`: calls fail until the backend answers again.
   * - `rejected`: the backend refused a queued operation, or failed on it repeatedly; it is kept under `<prefix>/rejected/`.
   * - `taken-over`: another process opened the queue; this one stops delivering.
   * - `left`: the queue was closed with operations waiting.
   * - `damaged`: the stored record of an experiment cannot be read; it is requested from the backend again.
   */
  readonly kind: 'offline' | 'online' | 'nearly-full' | 'full' | 'rejected' | 'taken-over' | 'left' | 'damaged'
  readonly message: string
  readonly entries: number
  readonly bytes: number
  readonly error?: unknown
}

/** The state of a queue. */
export interface QueueStatus {
  /** Operations that wait. */
  readonly entries: number
  /** Bytes of the waiting operations on the storage. */
  readonly bytes: number
  /** Whether the last attempt reached the backend. */
  readonly isOnline: boolean
  /** Operations under `<prefix>/rejected/`; 0 until the queue was read. */
  readonly rejected: number
}

/** Options of {@link queuedTracker}. */
export interface QueuedTrackerOptions {
  /** Receives the operations. Closed with the queue. */
  readonly backend: TrackerBackend
  /** Stores the queue. Not closed with it. */
  readonly storage: ObjectStore
  /** Key prefix of the queue. Each process needs its own. @default 'tracker-queue' */
  readonly prefix?: string | undefined
  /** The most operations that may wait. @default 1000000 */
  readonly maxEntries?: number | undefined
  /** The most bytes that may wait, artifacts included. @default 1 GiB */
  readonly maxBytes?: number | undefined
  /** Milliseconds that a call waits for the backend's answer before it returns with the operation queued. @default 2000 */
  readonly waitMs?: number | undefined
  /** Milliseconds before the first retry; doubles with each further one. @default 1000 */
  readonly backoffMs?: number | undefined
  /** The longest time between retries, in milliseconds. @default 60000 */
  readonly maxBackoffMs?: number | undefined
  /** Deliveries in parallel, each of another run, model or experiment. @default 4 */
  readonly concurrency?: number | undefined
  /**
   * How often the backend may fail on one operation (status 500) before it is rejected. A failure counts only if the backend carried out
   * another operation since the previous one, so that nothing is rejected while a backend fails on everything. @default 8
   */
  readonly maxFailures?: number | undefined
  /** Milliseconds that `close()` waits for deliveries. @default 5000 */
  readonly closeMs?: number | undefined
  readonly onWarning?: ((warning: QueueWarning) => void) | undefined
  readonly clock?: Clock | undefined
}

/** A tracker backend with a queue. */
export interface QueuedTracker extends TrackerBackend {
  /** Delivers every waiting operation. @throws Unavailable as soon as the backend does not answer; the operations stay queued */
  flush(): Promise<void>
  status(): QueueStatus
  /** The rejected operations, in the order in which they were accepted. */
  rejected(): Promise<readonly RejectedOperation[]>
  /** Queues rejected operations again, at their old place in the order: those of `numbers`, or all. Returns how many. */
  retryRejected(numbers?: readonly number[]): Promise<number>
}
