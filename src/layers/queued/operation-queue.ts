/** A durable queue in front of a tracker backend: accepts operations, waits for answers, and delivers in the background. */
import { fromUtf8, utf8 } from '../../core/bytes'
import type { Clock } from '../../core/clock'
import { isMillwrightError, MillwrightError } from '../../core/errors'
import { assertSafeKey, newId } from '../../core/ids'
import type { TrackerBackend } from '../../ports/tracker-backend'
import { type AnswerWaits, answerWaits, waitAtMost } from './answer-waits'
import { createDeliverer } from './delivery'
import { isFinal } from './delivery-errors'
import { type KnownExperiments, knownExperiments } from './known-experiments'
import { type LocalIds, localIds } from './local-ids'
import type { QueuedOperation } from './operations'
import type { QueuedTrackerOptions, QueueStatus } from './options'
import { createOverlay, type Overlay } from './overlay'
import { QueueLog } from './queue-log'
import { type QueueWarnings, queueWarnings } from './queue-warnings'
import { Worker } from './worker'

/** The options with their defaults. */
type QueueOptions = ReturnType<typeof withDefaults>

function withDefaults(options: QueuedTrackerOptions, clock: Clock) {
  const { prefix = 'tracker-queue', waitMs = 2000, closeMs = 5000, backend, storage, onWarning } = options
  const { maxEntries = 1_000_000, maxBytes = 2 ** 30, backoffMs = 1000, maxBackoffMs = 60_000, concurrency = 4, maxFailures = 8 } = options
  const delivery = { backoffMs, maxBackoffMs, concurrency, maxFailures }
  return { backend, storage, prefix, waitMs, closeMs, onWarning, clock, limits: { maxEntries, maxBytes }, delivery }
}

/** The queue of one queued tracker. */
export class OperationQueue {
  readonly name: string
  readonly backend: TrackerBackend
  readonly clock: Clock
  readonly log: QueueLog
  readonly ids: LocalIds
  readonly overlay: Overlay
  readonly experiments: KnownExperiments
  readonly #options: QueueOptions
  readonly #warnings: QueueWarnings
  readonly #waits: AnswerWaits
  readonly #worker: Worker
  /** Names this process as the owner of the queue. */
  readonly #instance = newId()
  #isClosed = false
  #isRecalled = false
  #loading: Promise<void> | undefined

  constructor(given: QueuedTrackerOptions, clock: Clock) {
    const options = withDefaults(given, clock)
    const { backend, storage, prefix } = options
    assertSafeKey(prefix, '`prefix` of queuedTracker')
    this.#options = options
    this.name = `queuedTracker(${backend.name})`
    this.backend = backend
    this.clock = clock
    this.log = new QueueLog(storage, prefix, options.limits)
    this.ids = localIds(storage, prefix)
    this.overlay = createOverlay()
    this.#warnings = queueWarnings(this.name, this.log, options.limits, options.onWarning)
    this.experiments = knownExperiments(storage, prefix, (error) => this.#warnings.warn('damaged', error.message, error))
    this.#waits = answerWaits(clock, options.waitMs)
    this.#worker = this.#createWorker()
    // Operations of an earlier process are delivered even if nothing is logged in this one.
    void Promise.resolve()
      .then(() => this.begin())
      .catch(() => {})
  }

  get status(): QueueStatus {
    const { entries, bytes, rejected } = this.log
    return { entries, bytes, isOnline: this.#worker.connection.isOnline, rejected: rejected.count }
  }

  /** Whether the backend answers and no earlier operation waits. */
  get isCurrent(): boolean {
    return this.#worker.connection.isCurrent
  }

  /** Reads the queue of an earlier process, once. @throws InvalidState after close */
  async begin(): Promise<void> {
    if (this.#isClosed) throw new MillwrightError('InvalidState', `${this.name} is closed`)
    this.#loading ??= this.#load()
    try {
      await this.#loading
    } catch (error) {
      this.#loading = undefined
      throw error
    }
  }

  /** Queues an operation. Resolves with the backend's answer if it comes in time, otherwise with `undefined`. @throws what the backend refuses with */
  async enqueue(operation: QueuedOperation, blob?: Uint8Array): Promise<unknown> {
    const worker = this.#worker
    const { connection } = worker
    const entry = await this.log.append(operation, blob).catch((error) => {
      if (isMillwrightError(error, 'Unavailable') && error.details.isFull === true) this.#warnings.warnFull(error)
      throw error
    })
    this.#warnings.checkSize()
    if (!connection.isCurrent) {
      worker.wake()
      return undefined
    }
    const since = this.clock.now()
    const answer = await this.#waits.wait(entry, () => worker.wake())
    if (answer !== undefined) return answer.result
    // If another operation was delivered meanwhile, the backend is slow, not offline.
    if (worker.deliveredAt >= since) connection.setBehind()
    else connection.setOffline(this.#noAnswer())
    return undefined
  }

  /** Waits a limited time for deliveries. Returns whether everything is delivered. */
  async settle(): Promise<boolean> {
    if (this.log.entries === 0) return true
    if (!this.#worker.connection.isOnline) return false
    const drained = this.#worker.drained().then(
      () => true,
      () => false,
    )
    return (await waitAtMost(this.clock, drained, this.#options.waitMs)) ?? false
  }

  /** Calls the backend and waits a limited time for its answer. @throws Unavailable */
  async ask<T>(work: () => Promise<T>): Promise<T> {
    const answer = work().then((result) => ({ result }))
    const answered = await waitAtMost(this.clock, answer, Math.max(this.#options.waitMs, 1))
    if (answered === undefined) throw this.#noAnswer()
    return answered.result
  }

  /** Reads from the backend once everything is delivered. Otherwise, or if it does not answer, returns what is `known` here. */
  async read<T>(ask: () => Promise<T>, known: () => T | undefined): Promise<T> {
    await this.begin()
    const isDelivered = await this.settle()
    if (!isDelivered && known() === undefined) await this.recall()
    const held = known()
    if (!isDelivered && held !== undefined) return held
    try {
      return await this.ask(ask)
    } catch (error) {
      if (held !== undefined && !isFinal(error)) return held
      throw error
    }
  }

  /** Makes a call that cannot be queued. @throws Unavailable if operations wait that must be delivered before */
  async callNow<T>(work: () => Promise<T>): Promise<T> {
    await this.begin()
    if (await this.settle()) return this.ask(work)
    throw new MillwrightError('Unavailable', `${this.name}: ${this.log.entries} queued operations must be delivered first`)
  }

  /** Applies the operations of an earlier process to the overlay, once. */
  async recall(): Promise<void> {
    if (this.#isRecalled) return
    this.#isRecalled = true
    for await (const operation of this.log.operations()) this.overlay.apply(operation, this.clock.now())
  }

  /** Queues rejected operations again: those of `numbers`, or all. Returns how many. */
  async retryRejected(numbers: readonly number[] | undefined): Promise<number> {
    await this.begin()
    const count = await this.log.requeue(numbers)
    if (count > 0) this.#worker.connection.setBehind()
    this.#worker.wake(true)
    return count
  }

  async flush(): Promise<void> {
    await this.begin()
    await this.#worker.drained()
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#loading?.catch(() => {})
    const { log, clock } = this
    if (log.entries > 0) {
      const drained = this.#worker.drained().catch(() => {})
      await waitAtMost(clock, drained, this.#options.closeMs)
    }
    this.#worker.stop()
    if (log.entries > 0) {
      this.#warnings.warn('left', `closed with ${log.entries} operations waiting; they are delivered when the queue is opened again`)
    }
    await this.backend.close()
  }

  async #load(): Promise<void> {
    await this.#options.storage.put(`${this.#options.prefix}/owner`, utf8(this.#instance))
    await this.log.load()
    await this.experiments.load()
    if (this.log.entries === 0) return
    this.#worker.connection.setBehind()
    this.#worker.wake()
  }

  #createWorker(): Worker {
    const { backend, ids, log, clock } = this
    const { warn } = this.#warnings
    return new Worker({
      ...{ log, ids, clock, deliverer: createDeliverer(backend, ids), ...this.#options.delivery },
      assertOwner: () => this.#assertOwner(),
      events: {
        onBehind: () => this.#waits.releaseAll(),
        onOffline: (error) => {
          this.#waits.releaseAll()
          warn('offline', 'the backend does not answer; what is logged waits in the queue', error)
        },
        onOnline: () => warn('online', 'the backend answers again'),
      },
      onRejected: (operation, error) => {
        const reason = isMillwrightError(error) ? error.message : error
        warn('rejected', `the backend rejected a queued ${operation?.kind ?? 'entry'}: ${reason}`, error)
      },
    })
  }

  /** Stops the worker when another process has opened the queue. @throws InvalidState */
  async #assertOwner(): Promise<void> {
    const { storage, prefix } = this.#options
    if (fromUtf8(await storage.get(`${prefix}/owner`)) === this.#instance) return
    this.#worker.stop()
    const error = new MillwrightError('InvalidState', `${this.name}: another process has taken over the queue ${prefix}`, {
      details: { isTakenOver: true },
    })
    this.#warnings.warn('taken-over', 'another process has opened this queue; this one stops delivering', error)
    throw error
  }

  #noAnswer(): MillwrightError {
    return new MillwrightError('Unavailable', `${this.backend.name} gave no answer in ${this.#options.waitMs} ms`)
  }
}
