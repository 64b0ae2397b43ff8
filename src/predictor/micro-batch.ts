/**
 * Joins concurrent requests into batches, in the order they came.
 *
 * A batch is released when it is full, when its oldest request has waited long enough, or at once when the executor is idle
 * and traffic is not concurrent (one request waits, and the batch before held no more than one). No polling: one timer for
 * the earliest deadline. A batch that fails is halved until the requests that fail are alone; the others are answered.
 */
import type { Clock } from '../core/clock'
import { MillwrightError } from '../core/errors'
import { type BatchPiece, type BatchQueue, type BatchQueueOptions, type BatchRequest, createBatchQueue } from './batch-queue'
import { createEarliestTimer, type EarliestTimer } from './earliest-timer'

/** Options of {@link createMicroBatcher}. */
export interface MicroBatcherOptions<W, R> extends BatchQueueOptions<W> {
  /** Executes the work of one batch and returns one result for every row, in order. `signal` is set when the batch holds only one request. */
  readonly run: (work: readonly W[], signal: AbortSignal | undefined) => Promise<readonly R[]>
  /** Longest time a request waits for others to join its batch. */
  readonly maxDelayMs: number
  /** Most rows waiting. A request is accepted into an empty queue whatever its size. */
  readonly maxQueue: number
  /** Most batches executed at the same time. */
  readonly concurrency: number
  /** A monotonic clock, in milliseconds. */
  readonly now: () => number
  readonly clock: Clock
  /** Called when a request is refused or given up for overload. */
  readonly onShed: (work: W, reason: 'queue-full' | 'deadline') => void
  /** Called with the time a request waited for its execution to start, in milliseconds. */
  readonly onStart: (work: W, waitedMs: number) => void
}

/** A queue of requests in front of an executor. */
export interface MicroBatcher<W, R> {
  /**
   * Answers the `size` rows of `work`, in order.
   * @throws Unavailable (retryable) when the queue is full or the deadline passes; the signal's reason on abort; what `run` throws
   */
  add(work: W, size: number, options: { readonly signal?: AbortSignal | undefined; readonly deadlineMs?: number | undefined }): Promise<R[]>
  /** Rows waiting now. */
  readonly queueRows: number
  /** Resolves when no request waits or runs. From now on no request waits for others. */
  drain(): Promise<void>
}

/** An idle batcher. */
export function createMicroBatcher<W, R>(options: MicroBatcherOptions<W, R>): MicroBatcher<W, R> {
  return new Batcher(options)
}

class Batcher<W, R> implements MicroBatcher<W, R> {
  readonly #options: MicroBatcherOptions<W, R>
  readonly #queue: BatchQueue<W, R>
  readonly #timer: EarliestTimer
  /** Requests without an answer. */
  readonly #open = new Set<BatchRequest<W, R>>()
  /** Calls of `drain` that wait. */
  readonly #drains: (() => void)[] = []
  /** Batches executed now. */
  #running = 0
  /** Pieces in the batch before, to tell concurrent traffic from single calls. */
  #lastPieces = 0
  #draining = false
  #pumpScheduled = false

  constructor(options: MicroBatcherOptions<W, R>) {
    this.#options = options
    this.#queue = createBatchQueue(options)
    this.#timer = createEarliestTimer(options.clock, options.now, () => this.#onTimer())
  }

  get queueRows(): number {
    return this.#queue.rows
  }

  add(work: W, size: number, { signal, deadlineMs }: Parameters<MicroBatcher<W, R>['add']>[2]): Promise<R[]> {
    const { maxQueue, maxDelayMs, now, onShed } = this.#options
    const { rows } = this.#queue
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      if (rows > 0 && rows + size > maxQueue) {
        onShed(work, 'queue-full')
        return reject(overloaded(`${rows} rows are waiting, at most ${maxQueue} may`, 'queue-full', maxDelayMs))
      }
      const onAbort = (): void => this.#giveUp(request, signal?.reason)
      const request: BatchRequest<W, R> = {
        work,
        results: new Array(size),
        queuedAt: now(),
        deadlineAt: deadlineMs === undefined ? Number.POSITIVE_INFINITY : now() + deadlineMs,
        signal,
        missing: size,
        started: false,
        settled: false,
        settle: (failed, error) => {
          if (request.settled) return
          request.settled = true
          this.#open.delete(request)
          signal?.removeEventListener('abort', onAbort)
          if (failed) reject(error)
          else resolve(request.results)
        },
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#open.add(request)
      this.#queue.push(request, size)
      this.#timer.ringBy(request.deadlineAt)
      this.#schedulePump()
    })
  }

  drain(): Promise<void> {
    this.#draining = true
    return new Promise((resolve) => {
      this.#drains.push(resolve)
      this.#pump()
    })
  }

  /** Pumps at the end of the current turn of microtasks, so that requests made together are seen together. */
  #schedulePump(): void {
    if (this.#pumpScheduled) return
    this.#pumpScheduled = true
    queueMicrotask(() => {
      this.#pumpScheduled = false
      this.#pump()
    })
  }

  /** Executes the batches that are due, as many as may run. */
  #pump(): void {
    const { concurrency, maxDelayMs, now } = this.#options
    while (this.#running < concurrency && this.#isDue()) void this.#execute(this.#queue.takeBatch())
    const { oldest } = this.#queue
    if (oldest !== undefined && this.#running < concurrency) this.#timer.ringBy(oldest.queuedAt + maxDelayMs)
    if (this.#open.size > 0 || this.#running > 0) return
    // A timer for a deadline far away is left for the next request, which saves making one for each.
    if (this.#drains.length > 0 || this.#timer.at - now() <= maxDelayMs) this.#timer.clear()
    for (const done of this.#drains.splice(0)) done()
  }

  #isDue(): boolean {
    const { maxDelayMs, maxSize, now } = this.#options
    const { oldest } = this.#queue
    if (oldest === undefined) return false
    if (this.#draining || maxDelayMs === 0 || this.#queue.rows >= maxSize) return true
    const single = this.#queue.length === 1 && this.#running === 0 && this.#lastPieces <= 1
    return single || now() - oldest.queuedAt >= maxDelayMs
  }

  async #execute(batch: readonly BatchPiece<W, R>[]): Promise<void> {
    const { now, onStart } = this.#options
    this.#running++
    this.#lastPieces = batch.length
    const time = now()
    for (const { request } of batch) {
      if (!request.started) onStart(request.work, time - request.queuedAt)
      request.started = true
    }
    await this.#attempt(batch)
    this.#running--
    this.#pump()
  }

  /** Executes a batch; when it fails, its halves, until a request that fails stands alone. */
  async #attempt(batch: readonly BatchPiece<W, R>[]): Promise<void> {
    const live = batch.filter(({ request }) => !request.settled)
    const [first] = live
    if (first === undefined) return
    try {
      const single = live.every(({ request }) => request === first.request)
      const work = live.map((piece) => piece.work)
      deliver(live, await this.#options.run(work, single ? first.request.signal : undefined))
    } catch (error) {
      if (live.length === 1) return this.#giveUp(first.request, error)
      const middle = live.length >> 1
      await this.#attempt(live.slice(0, middle))
      await this.#attempt(live.slice(middle))
    }
  }

  /** Fails a request and takes what waits of it out of the queue. */
  #giveUp(request: BatchRequest<W, R>, error: unknown): void {
    request.settle(true, error)
    this.#queue.remove(request)
    this.#schedulePump()
  }

  /** Gives up the requests whose deadline has passed, and executes what is due. */
  #onTimer(): void {
    const time = this.#options.now()
    let next = Number.POSITIVE_INFINITY
    for (const request of [...this.#open]) {
      if (request.deadlineAt > time) {
        next = Math.min(next, request.deadlineAt)
        continue
      }
      this.#options.onShed(request.work, 'deadline')
      this.#giveUp(request, overloaded('the deadline passed before there was an answer', 'deadline', 0))
    }
    this.#pump()
    this.#timer.ringBy(next)
  }
}

/** Gives the results of a batch to its requests; `results` holds one for every row, in order. */
function deliver<W, R>(batch: readonly BatchPiece<W, R>[], results: readonly R[]): void {
  let at = 0
  for (const { request, size, offset } of batch) {
    for (let i = 0; i < size; i++) request.results[offset + i] = results[at++] as R
    request.missing -= size
    if (request.missing === 0) request.settle(false)
  }
}

function overloaded(message: string, reason: string, retryAfterMs: number): MillwrightError {
  return new MillwrightError('Unavailable', message, { details: { reason, retryAfterMs } })
}
