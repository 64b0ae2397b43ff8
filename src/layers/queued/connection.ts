/** Whether the backend answers, and when it is tried again if it does not. */
import { backoffDelay } from '../../core/backoff'
import type { Clock } from '../../core/clock'

/** What a {@link Connection} reports. */
export interface ConnectionEvents {
  /** The backend stopped answering. */
  onOffline(error: unknown): void
  onOnline(): void
  /** Operations wait that an earlier call queued, so that no call should wait for an answer. */
  onBehind(): void
  /** An attempt failed because the backend did not answer. */
  onFailure(error: unknown): void
  /** The time of the next attempt has come. */
  onRetry(): void
}

/** Times between attempts, in milliseconds: the first, doubled after each failure up to the last. */
export interface Backoff {
  readonly backoffMs: number
  readonly maxBackoffMs: number
}

/** The state of the connection to the backend; online at first. */
export class Connection {
  lastError: unknown
  #isOnline = true
  #isBehind = false
  #isStopped = false
  /** Attempts that have failed since the last answer. */
  #failures = 0
  #cancelRetry: (() => void) | undefined

  constructor(
    readonly clock: Clock,
    readonly backoff: Backoff,
    readonly events: ConnectionEvents,
  ) {}

  /** Whether the last attempt succeeded. */
  get isOnline(): boolean {
    return this.#isOnline
  }

  /** Whether the backend answers and no earlier operation waits, so that a call may wait for its answer. */
  get isCurrent(): boolean {
    return this.#isOnline && !this.#isBehind
  }

  /** Whether nothing is attempted until the next retry. */
  get isWaiting(): boolean {
    return this.#cancelRetry !== undefined
  }

  setBehind(): void {
    this.#isBehind = true
    this.events.onBehind()
  }

  /** The queue is empty. */
  setCaughtUp(): void {
    this.#isBehind = false
  }

  setOffline(error: unknown): void {
    this.lastError = error
    if (this.#isOnline) {
      this.#isOnline = false
      this.#isBehind = true
      this.events.onOffline(error)
    }
    if (this.#cancelRetry === undefined && !this.#isStopped) {
      this.#failures++
      this.#cancelRetry = this.clock.schedule(
        () => {
          this.#cancelRetry = undefined
          this.events.onRetry()
        },
        backoffDelay(this.#failures, { baseMs: this.backoff.backoffMs, maxMs: this.backoff.maxBackoffMs }),
      )
    }
    this.events.onFailure(error)
  }

  /** A delivery succeeded. */
  setOnline(): void {
    this.#failures = 0
    if (this.#isOnline) return
    this.#isOnline = true
    this.retryNow()
    this.events.onOnline()
  }

  /** Does not wait for the next retry. */
  retryNow(): void {
    this.#cancelRetry?.()
    this.#cancelRetry = undefined
  }

  stop(): void {
    this.#isStopped = true
    this.retryNow()
  }
}
