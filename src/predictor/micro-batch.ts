/**
 * Joins concurrent requests into batches, in the order they came.
 *
 * A batch is released when it is full, when its oldest request has waited long enough, or at once when the executor is idle
 * and traffic is not concurrent (one request waits, and the batch before held no more than one). No polling: one timer for
 * the end of the wait, one for the earliest deadline. A batch that fails is halved until the requests that fail are alone; the
 * others are answered.
 */
import type { Awaitable } from '../core/awaitable'
import type { Clock } from '../core/clock'
import { isPromise, MillwrightError } from '../core/errors'
import { OpenItems } from '../core/open-items'
import { abortable, type CancelSignal } from '../core/signal'
import { type BatchPiece, type BatchQueue, type BatchQueueOptions, BatchRequest, createBatchQueue } from './batch-queue'
import { type BatchWindow, createBatchWindow } from './batch-window'
import { createEarliestTimer, type EarliestTimer } from './earliest-timer'

/** Why a request was refused or given up for overload. `no-time`: its deadline would have passed in the queue. */
export type ShedReason = 'queue-full' | 'deadline' | 'no-time'

/** Options of {@link createMicroBatcher}. */
export interface MicroBatcherOptions<W, R> extends BatchQueueOptions<W> {
  /** Executes the work of one batch and returns one result for every row, in order. `signal` is set when the batch holds only one request. */
  readonly run: (work: readonly W[], signal: CancelSignal | undefined) => Awaitable<readonly R[]>
  /** Whether requests are joined; else each is executed by itself, at once if it may. @default true */
  readonly joins?: boolean | undefined
  /** Longest time a request waits for others to join its batch. */
  readonly maxDelayMs: number
  /** Whether it waits shorter where waiting does not pay. @default false */
  readonly adaptive?: boolean | undefined
  /** Most rows waiting. A request is accepted into an empty queue whatever its size. */
  readonly maxQueue: number
  /** Most batches executed at the same time. */
  readonly concurrency: number
  /** A monotonic clock, in milliseconds. */
  readonly now: () => number
  readonly clock: Clock
  /** Calls a function after a delay during which requests wait for others. @default that of `clock` */
  readonly schedule?: Clock['schedule'] | undefined
  /** Calls a function when the requests of this moment are all here. @default at the end of the current turn of microtasks */
  readonly defer?: ((callback: () => void) => void) | undefined
  /** Called when a request is refused or given up for overload. */
  readonly onShed: (work: W, reason: ShedReason) => void
  /** Called with the time a request waited for its execution to start, in milliseconds. */
  readonly onStart: (work: W, waitedMs: number) => void
}

/** Options of one request. */
export interface AddOptions {
  readonly signal?: CancelSignal | undefined
  readonly deadlineMs?: number | undefined
}

/** A queue of requests in front of an executor. */
export interface MicroBatcher<W, R> {
  /**
   * Answers the `size` rows of `work`, in order.
   * @throws Unavailable (retryable) when the queue is full or the deadline passes; the signal's reason on abort; what `run` throws
   */
  add(work: W, size: number, options: AddOptions): Promise<readonly R[]>
  /** `promise`, which answers `work` elsewhere, or a rejection as soon as the signal is aborted or the deadline passes. */
  bound<T>(promise: Promise<T>, work: W, options: AddOptions): Promise<T>
  /** Rows waiting now. */
  readonly queueRows: number
  /** How long requests wait for others at present, in milliseconds. */
  readonly delayMs: number
  /** Resolves when no request waits or runs. From now on no request waits for others. */
  drain(): Promise<void>
}

/** An idle batcher. */
export function createMicroBatcher<W, R>(options: MicroBatcherOptions<W, R>): MicroBatcher<W, R> {
  return new Batcher(options)
}

class Batcher<W, R> implements MicroBatcher<W, R> {
  readonly #options: MicroBatcherOptions<W, R>
  readonly #joins: boolean
  readonly #queue: BatchQueue<W, R>
  readonly #window: BatchWindow
  /** Rings when the oldest request has waited long enough. */
  readonly #waits: EarliestTimer
  readonly #deadlines: EarliestTimer
  /** Requests without an answer. */
  readonly #open = new OpenItems<BatchRequest<W, R>>()
  /** Calls of `drain` that wait. */
  readonly #drains: (() => void)[] = []
  /** Batches executed now. */
  #running = 0
  /** Pieces in the batch before, to tell concurrent traffic from single calls. */
  #lastPieces = 0
  #draining = false
  #isPumping = false
  #pumpScheduled = false

  constructor(options: MicroBatcherOptions<W, R>) {
    const { clock, now, schedule = clock.schedule, joins = true, maxDelayMs, adaptive = false } = options
    this.#options = options
    this.#joins = joins
    this.#queue = createBatchQueue(options)
    this.#window = createBatchWindow({ maxDelayMs, adaptive })
    this.#waits = createEarliestTimer(schedule, now, () => this.#pump())
    this.#deadlines = createEarliestTimer(clock.schedule, now, () => this.#onDeadline())
  }

  get queueRows(): number {
    return this.#queue.rows
  }

  get delayMs(): number {
    return this.#joins ? this.#window.delayMs : 0
  }

  add(work: W, size: number, { signal, deadlineMs }: AddOptions): Promise<readonly R[]> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const refusal = this.#refusal(work, size, deadlineMs)
      if (refusal !== undefined) return reject(refusal)
      const queuedAt = this.#options.now()
      const request = new BatchRequest<W, R>({
        work,
        size,
        queuedAt,
        deadlineAt: deadlineMs === undefined ? Number.POSITIVE_INFINITY : queuedAt + deadlineMs,
        signal,
        onEnd: (ended, results, error) => {
          this.#open.delete(ended)
          if (results === undefined) reject(error)
          else resolve(results)
        },
      })
      if (signal !== undefined) {
        request.onAbort = () => this.#giveUp(request, signal.reason)
        signal.addEventListener('abort', request.onAbort, { once: true })
      }
      this.#open.add(request)
      this.#deadlines.ringBy(request.deadlineAt)
      this.#queue.push(request)
      if (this.#joins) {
        this.#window.arrived(queuedAt)
        this.#schedulePump()
      } else this.#pump()
    })
  }

  async bound<T>(promise: Promise<T>, work: W, { signal, deadlineMs }: AddOptions): Promise<T> {
    if (deadlineMs === undefined) return abortable(promise, signal)
    let cancel = (): void => {}
    const late = new Promise<never>((_, reject) => {
      cancel = this.#options.clock.schedule(() => {
        this.#options.onShed(work, 'deadline')
        reject(overloaded(tooLate, 'deadline', 0))
      }, deadlineMs)
    })
    try {
      return await abortable(Promise.race([promise, late]), signal)
    } finally {
      cancel()
    }
  }

  drain(): Promise<void> {
    this.#draining = true
    return new Promise((resolve) => {
      this.#drains.push(resolve)
      this.#pump()
    })
  }

  /** The error for a request that has no place in the queue, or would only wait there for its deadline. */
  #refusal(work: W, size: number, deadlineMs: number | undefined): MillwrightError | undefined {
    const { maxQueue, maxDelayMs, maxSize, concurrency, onShed } = this.#options
    const { rows, length } = this.#queue
    if (rows === 0) return undefined
    if (rows + size > maxQueue) {
      onShed(work, 'queue-full')
      return overloaded(`${rows} rows are waiting, at most ${maxQueue} may`, 'queue-full', maxDelayMs)
    }
    if (deadlineMs === undefined || this.#running < concurrency) return undefined
    const batches = this.#joins ? Math.ceil(rows / maxSize) : length
    const waitMs = this.#window.predict(rows, batches) / concurrency
    if (waitMs <= deadlineMs) return undefined
    onShed(work, 'no-time')
    return overloaded(`${rows} rows are waiting, which takes longer than the ${deadlineMs} ms of this call`, 'no-time', waitMs - deadlineMs)
  }

  /** Pumps when the requests of this moment are all here, so that they are seen together. */
  #schedulePump(): void {
    if (this.#pumpScheduled) return
    this.#pumpScheduled = true
    const { defer = queueMicrotask } = this.#options
    defer(() => {
      this.#pumpScheduled = false
      this.#pump()
    })
  }

  /** Executes the batches that are due, as many as may run. */
  #pump(): void {
    // An execution that ends at once comes back here; the loop below goes on with it.
    if (this.#isPumping) return
    const { concurrency } = this.#options
    this.#isPumping = true
    while (this.#running < concurrency && this.#isDue()) this.#execute(this.#queue.takeBatch())
    this.#isPumping = false
    const { oldest } = this.#queue
    if (oldest === undefined) this.#waits.clear()
    else if (this.#running < concurrency) this.#waits.ringBy(oldest.queuedAt + this.#window.delayMs)
    if (this.#open.size > 0 || this.#running > 0) return
    // A timer for a deadline far away is left for the next request, which saves making one for each.
    if (this.#drains.length > 0 || this.#deadlines.at - this.#options.now() <= this.#options.maxDelayMs) this.#deadlines.clear()
    for (const done of this.#drains.splice(0)) done()
  }

  #isDue(): boolean {
    const { oldest } = this.#queue
    if (oldest === undefined) return false
    if (!this.#joins || this.#draining || this.#queue.rows >= this.#options.maxSize) return true
    if (this.#queue.length === 1 && this.#running === 0 && this.#lastPieces <= 1) return true
    const { delayMs } = this.#window
    return delayMs === 0 || this.#options.now() - oldest.queuedAt >= delayMs
  }

  #execute(batch: readonly BatchPiece<W, R>[]): void {
    const { now, onStart, run } = this.#options
    this.#running++
    this.#lastPieces = batch.length
    const time = now()
    let rows = 0
    for (const { request, size } of batch) {
      rows += size
      if (!request.started) onStart(request.work, time - request.queuedAt)
      request.started = true
    }
    const onResults = (results: readonly R[]): void => {
      this.#window.executed(rows, now() - time)
      deliver(batch, results)
      this.#finish()
    }
    const onError = (error: unknown): void => void this.#recover(batch, error).then(() => this.#finish())
    let results: Awaitable<readonly R[]>
    try {
      results = run(worksOf(batch), signalOf(batch))
    } catch (error) {
      onError(error)
      return
    }
    if (isPromise(results)) results.then(onResults, onError)
    else onResults(results as readonly R[])
  }

  #finish(): void {
    this.#running--
    // What arrived during the execution is read from its connections first, so that it joins.
    if (this.#joins && this.#queue.length > 0) this.#schedulePump()
    else this.#pump()
  }

  /** Executes the halves of a batch that failed, until a request that fails stands alone. */
  async #recover(batch: readonly BatchPiece<W, R>[], error: unknown): Promise<void> {
    const live = batch.filter(({ request }) => !request.settled)
    const [first] = live
    if (first === undefined) return
    if (live.length === 1) return this.#giveUp(first.request, error)
    const middle = live.length >> 1
    await this.#attempt(live.slice(0, middle))
    await this.#attempt(live.slice(middle))
  }

  async #attempt(batch: readonly BatchPiece<W, R>[]): Promise<void> {
    const live = batch.filter(({ request }) => !request.settled)
    if (live.length === 0) return
    try {
      deliver(live, await this.#options.run(worksOf(live), signalOf(live)))
    } catch (error) {
      await this.#recover(live, error)
    }
  }

  /** Fails a request and takes what waits of it out of the queue. */
  #giveUp(request: BatchRequest<W, R>, error: unknown): void {
    request.fail(error)
    this.#queue.remove(request)
    this.#schedulePump()
  }

  /** Gives up the requests whose deadline has passed, and executes what is due. */
  #onDeadline(): void {
    const time = this.#options.now()
    let next = Number.POSITIVE_INFINITY
    for (const request of this.#open.list()) {
      if (request.deadlineAt > time) {
        next = Math.min(next, request.deadlineAt)
        continue
      }
      this.#options.onShed(request.work, 'deadline')
      this.#giveUp(request, overloaded(tooLate, 'deadline', 0))
    }
    this.#pump()
    this.#deadlines.ringBy(next)
  }
}

const tooLate = 'the deadline passed before there was an answer'

function worksOf<W, R>(batch: readonly BatchPiece<W, R>[]): readonly W[] {
  return batch.map((piece) => piece.work)
}

/** The signal of the request that a batch consists of; of several requests, none may stop the others. */
function signalOf<W, R>(batch: readonly BatchPiece<W, R>[]): CancelSignal | undefined {
  const first = batch[0]?.request
  return batch.length === 1 || batch.every(({ request }) => request === first) ? first?.signal : undefined
}

/** Gives the results of a batch to its requests; `results` holds one for every row, in order. */
function deliver<W, R>(batch: readonly BatchPiece<W, R>[], results: readonly R[]): void {
  let from = 0
  for (const piece of batch) {
    piece.request.take(results, from, piece)
    from += piece.size
  }
}

function overloaded(message: string, reason: ShedReason, retryAfterMs: number): MillwrightError {
  return new MillwrightError('Unavailable', message, { details: { reason, retryAfterMs } })
}
