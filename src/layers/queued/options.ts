/** What a queued tracker is given and what it tells. */
import type { Clock } from '../../core/clock'
import type { ObjectStore } from '../../ports/object-store'
import type { TrackerBackend } from '../../ports/tracker-backend'
import type { RejectedOperation } from './rejected'

/** Something the owner of the queue should know. */
export interface QueueWarning {
  /**
   * `offline`: the backend stopped answering, writes go to the queue only. `online`: it answers again. `nearly-full`: the queue has reached
   * four fifths of a bound. `full`: writes fail from now on. `rejected`: the backend refused an operation that had been taken, or failed on it
   * again and again; it lies under `<prefix>/rejected/`. `taken-over`: another process opened the queue, this one delivers no more. `left`: closed with entries waiting.
   */
  readonly kind: 'offline' | 'online' | 'nearly-full' | 'full' | 'rejected' | 'taken-over' | 'left' | 'damaged'
  readonly message: string
  readonly entries: number
  readonly bytes: number
  readonly error?: unknown
}

/** How a queue stands. */
export interface QueueStatus {
  /** Operations that wait. */
  readonly entries: number
  /** Bytes they take on the storage. */
  readonly bytes: number
  readonly isOnline: boolean
  /** Operations put aside under `<prefix>/rejected/`; known once the queue was read. */
  readonly rejected: number
}

/** Options of {@link queuedTracker}. */
export interface QueuedTrackerOptions {
  /** Where things are delivered to. Closed with the queue. */
  readonly backend: TrackerBackend
  /** Where the queue is kept. Stays open. */
  readonly storage: ObjectStore
  /** Key prefix of the queue; one process each. @default 'tracker-queue' */
  readonly prefix?: string | undefined
  /** Most operations that may wait. @default 1000000 */
  readonly maxEntries?: number | undefined
  /** Most bytes that may wait, spooled artifacts included. @default 1 GiB */
  readonly maxBytes?: number | undefined
  /** Milliseconds a call waits for the backend before the queue is good enough for it. @default 2000 */
  readonly waitMs?: number | undefined
  /** Milliseconds before the first new attempt; doubles each time. @default 1000 */
  readonly backoffMs?: number | undefined
  /** @default 60000 */
  readonly maxBackoffMs?: number | undefined
  /** Runs and models that are delivered side by side. @default 4 */
  readonly concurrency?: number | undefined
  /**
   * How often the server may fail on one operation (status 500) before that is put aside. A failure counts only if the server did other
   * work since the last one, so a server that fails on everything is waited for. @default 8
   */
  readonly maxFailures?: number | undefined
  /** Milliseconds `close()` waits for deliveries. @default 5000 */
  readonly closeMs?: number | undefined
  readonly onWarning?: ((warning: QueueWarning) => void) | undefined
  readonly clock?: Clock | undefined
}

/** A tracker backend with a queue. */
export interface QueuedTracker extends TrackerBackend {
  /** Delivers everything that waits. @throws Unavailable as soon as the backend does not answer; what waits stays queued */
  flush(): Promise<void>
  status(): QueueStatus
  /** What was put aside, in the order of handing in. */
  rejected(): Promise<readonly RejectedOperation[]>
  /** Hands in again what was put aside (those of `numbers`, or all), where it stood in the order. How many there were. */
  retryRejected(numbers?: readonly number[]): Promise<number>
}
