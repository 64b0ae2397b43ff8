/** The worker that delivers queued operations: several subjects in parallel, the operations of each in order. */
import { MillwrightError } from '../../core/errors'
import { Connection, type ConnectionEvents } from './connection'
import { type AttemptOptions, DeliveryAttempts } from './delivery-attempts'
import { undelivered } from './delivery-errors'
import { nextDelivery } from './delivery-plan'
import { subjectOf } from './operation-ids'
import type { QueueEntry } from './queue-log'

/** Options of a {@link Worker}. */
export interface WorkerOptions extends Omit<AttemptOptions, 'connection'> {
  /** The most deliveries in parallel, each of another subject. */
  readonly concurrency: number
  readonly events: Omit<ConnectionEvents, 'onFailure' | 'onRetry'>
}

/** Delivers in the background. */
export class Worker {
  readonly connection: Connection
  readonly #options: WorkerOptions
  readonly #attempts: DeliveryAttempts
  /** Subjects with a delivery under way. */
  readonly #running = new Set<string>()
  #isStarting = false
  /** Whether `wake` was called while deliveries were being started. */
  #isWoken = false
  #isStopped = false
  #cancelWake: (() => void) | undefined
  /** Calls that wait until everything is delivered. */
  #waiters: { resolve(): void; reject(error: unknown): void }[] = []

  constructor(options: WorkerOptions) {
    this.#options = options
    this.connection = new Connection(options.clock, options, {
      ...options.events,
      onFailure: (error) => this.#settle(error),
      onRetry: () => this.wake(),
    })
    this.#attempts = new DeliveryAttempts({ ...options, connection: this.connection })
  }

  /** When the last delivery succeeded, epoch milliseconds. */
  get deliveredAt(): number {
    return this.#attempts.deliveredAt
  }

  /** Starts the deliveries that are possible. With `now`, those that wait for a retry too. */
  wake(now = false): void {
    if (now) {
      this.connection.retryNow()
      this.#options.log.clearRetryDelays()
    }
    if (this.#isStarting) this.#isWoken = true
    else if (!this.#isStopped) void this.#start()
  }

  /** Resolves when the queue is empty. @throws Unavailable as soon as nothing more can be delivered for now */
  drained(): Promise<void> {
    const { entries } = this.#options.log
    if (entries === 0 && this.#running.size === 0) return Promise.resolve()
    if (this.#isStopped) return Promise.reject(undelivered(entries, undefined))
    const done = new Promise<void>((resolve, reject) => this.#waiters.push({ resolve, reject }))
    this.wake(true)
    return done
  }

  stop(): void {
    this.#isStopped = true
    this.#attempts.stop()
    this.connection.stop()
    this.#cancelWake?.()
    this.#settle(new MillwrightError('InvalidState', 'the queue is closed'))
  }

  async #start(): Promise<void> {
    const { log } = this.#options
    this.#isStarting = true
    this.#isWoken = false
    try {
      await this.#startDeliveries()
      if (this.#running.size === 0 && log.entries > 0) await this.#scheduleWake()
    } catch (error) {
      this.connection.setOffline(error)
    } finally {
      this.#isStarting = false
    }
    if (this.#isWoken && this.#mayStart()) return this.wake()
    if (log.entries === 0) this.#settle()
    else if (this.#running.size === 0 && !(await this.#wakeIfPossible())) {
      this.#settle(this.connection.lastError ?? new MillwrightError('Unavailable', 'the backend does not answer'))
    }
  }

  async #startDeliveries(): Promise<void> {
    while (this.#mayStart()) {
      const entries = await this.#next()
      if (entries === undefined || !this.#mayStart()) return
      const operation = entries[0]?.operation
      const subject = operation === undefined ? '' : subjectOf(operation)
      if (this.#running.has(subject)) return
      this.#running.add(subject)
      void this.#attempts
        .attempt(entries)
        .catch((error: unknown) => this.connection.setOffline(error))
        .finally(() => {
          this.#running.delete(subject)
          this.wake()
        })
    }
  }

  async #next(): Promise<QueueEntry[] | undefined> {
    return nextDelivery(await this.#options.log.upcoming(), this.#running, this.#options.clock.now())
  }

  #mayStart(): boolean {
    const { concurrency, log } = this.#options
    const limit = this.connection.isOnline ? concurrency : 1
    return !this.#isStopped && !this.connection.isWaiting && this.#running.size < limit && log.entries > 0
  }

  async #wakeIfPossible(): Promise<boolean> {
    if (!this.#mayStart() || (await this.#next()) === undefined) return false
    this.wake()
    return true
  }

  /** Wakes the worker when the first postponed operation may be retried. */
  async #scheduleWake(): Promise<void> {
    const { log, clock } = this.#options
    this.#cancelWake?.()
    this.#cancelWake = undefined
    const times = (await log.upcoming()).map(({ notBefore }) => notBefore).filter((time) => time > clock.now())
    if (times.length === 0 || this.#isStopped) return
    this.#cancelWake = clock.schedule(() => this.wake(), Math.min(...times) - clock.now())
  }

  #settle(error?: unknown): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const { resolve, reject } of waiters) {
      if (error === undefined) resolve()
      else reject(undelivered(this.#options.log.entries, error))
    }
  }
}
