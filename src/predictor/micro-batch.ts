/**
 * Joins concurrent requests into batches, in the order they came.
 *
 * A batch is released when it is full, when its oldest request has waited long enough, or at once when the executor is idle
 * and traffic is not concurrent (one request waits, and the batch before held no more than one). No polling: one timer for
 * the next thing due. A batch that fails is halved until the guilty requests stand alone; the others are answered.
 */
import type { Clock } from '../core/clock'
import { MillwrightError } from '../core/errors'

/** Options of {@link createMicroBatcher}. */
export interface MicroBatcherOptions<W, R> {
  /** Executes the work of one batch; answers every row of it, in order. `signal` is set when the batch is one request's. */
  readonly run: (work: readonly W[], signal: AbortSignal | undefined) => Promise<readonly R[]>
  /** The rows `from` … `to` − 1 of some work. */
  readonly split: (work: W, from: number, to: number) => W
  /** Whether two pieces of work may be executed together. */
  readonly mayJoin: (first: W, second: W) => boolean
  /** Most rows in a batch. */
  readonly maxSize: number
  readonly maxDelayMs: number
  /** Most rows waiting. A request that finds the queue empty is taken whatever its size. */
  readonly maxQueue: number
  /** Most batches executed at the same time. */
  readonly concurrency: number
  /** Milliseconds on any scale that does not go backwards. */
  readonly now: () => number
  readonly clock: Clock
  /** Told when a request is refused or given up for overload. */
  readonly onShed: (work: W, reason: 'queue-full' | 'deadline') => void
  /** Told how long a request waited for its execution to start, in milliseconds. */
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
  /** Resolves when nothing waits or runs; nothing is held back any more. */
  drain(): Promise<void>
}

interface Request<W, R> {
  readonly work: W
  readonly results: R[]
  readonly queuedAt: number
  readonly deadlineAt: number
  readonly signal: AbortSignal | undefined
  missing: number
  started: boolean
  settled: boolean
  settle(error: unknown, failed: boolean): void
}

/** A piece of a request that fits in a batch. */
interface Entry<W, R> {
  readonly work: W
  readonly size: number
  /** Of its first row in the request. */
  readonly offset: number
  readonly request: Request<W, R>
}

/** An idle batcher. */
export function createMicroBatcher<W, R>(options: MicroBatcherOptions<W, R>): MicroBatcher<W, R> {
  const { maxSize, maxDelayMs, maxQueue, concurrency, now, clock } = options
  let queue: Entry<W, R>[] = []
  let queueRows = 0
  let running = 0
  /** Requests in the batch before, to tell concurrent traffic from single calls. */
  let lastRequests = 0
  let draining = false
  let pumping = false
  let cancelTimer: (() => void) | undefined
  let timerAt = Number.POSITIVE_INFINITY
  const open = new Set<Request<W, R>>()
  const waiters: (() => void)[] = []

  const add: MicroBatcher<W, R>['add'] = (work, size, { signal, deadlineMs }) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      if (queueRows > 0 && queueRows + size > maxQueue) {
        options.onShed(work, 'queue-full')
        return reject(overloaded(`${queueRows} rows are waiting, at most ${maxQueue} may`, 'queue-full', maxDelayMs))
      }
      const onAbort = (): void => giveUp(request, signal?.reason)
      const request: Request<W, R> = {
        work,
        results: new Array(size),
        queuedAt: now(),
        deadlineAt: deadlineMs === undefined ? Number.POSITIVE_INFINITY : now() + deadlineMs,
        signal,
        missing: size,
        started: false,
        settled: false,
        settle(error, failed) {
          if (request.settled) return
          request.settled = true
          open.delete(request)
          signal?.removeEventListener('abort', onAbort)
          if (failed) reject(error)
          else resolve(request.results)
        },
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      open.add(request)
      for (let offset = 0; offset < size; offset += maxSize) {
        const end = Math.min(size, offset + maxSize)
        queue.push({ work: size <= maxSize ? work : options.split(work, offset, end), size: end - offset, offset, request })
      }
      queueRows += size
      arm(request.deadlineAt)
      schedulePump()
    })

  /** Pumps at the end of the current turn of microtasks, so that requests made together are seen together. */
  function schedulePump(): void {
    if (pumping) return
    pumping = true
    queueMicrotask(() => {
      pumping = false
      pump()
    })
  }

  function pump(): void {
    while (running < concurrency && queue.length > 0 && isDue()) void execute(takeBatch())
    if (queue.length > 0 && running < concurrency) arm((queue[0] as Entry<W, R>).request.queuedAt + maxDelayMs)
    if (open.size > 0 || running > 0) return
    // A timer for a deadline far away is left for the next request, which saves making one for each.
    if (waiters.length > 0 || timerAt - now() <= maxDelayMs) disarm()
    for (const done of waiters.splice(0)) done()
  }

  function isDue(): boolean {
    if (draining || maxDelayMs === 0 || queueRows >= maxSize) return true
    const oldest = (queue[0] as Entry<W, R>).request
    const single = queue.length === 1 && running === 0 && lastRequests <= 1
    return single || now() - oldest.queuedAt >= maxDelayMs
  }

  function takeBatch(): Entry<W, R>[] {
    const first = queue[0] as Entry<W, R>
    let rows = first.size
    let end = 1
    while (end < queue.length) {
      const next = queue[end] as Entry<W, R>
      if (rows + next.size > maxSize || !options.mayJoin(first.work, next.work)) break
      rows += next.size
      end++
    }
    queueRows -= rows
    return queue.splice(0, end)
  }

  async function execute(batch: readonly Entry<W, R>[]): Promise<void> {
    running++
    lastRequests = batch.length
    const time = now()
    for (const { request } of batch) {
      if (!request.started) options.onStart(request.work, time - request.queuedAt)
      request.started = true
    }
    await attempt(batch)
    running--
    pump()
  }

  async function attempt(batch: readonly Entry<W, R>[]): Promise<void> {
    const live = batch.filter(({ request }) => !request.settled)
    const [first] = live
    if (first === undefined) return
    try {
      const single = live.every(({ request }) => request === first.request)
      deliver(
        live,
        await options.run(
          live.map(({ work }) => work),
          single ? first.request.signal : undefined,
        ),
      )
    } catch (error) {
      if (live.length === 1) return giveUp(first.request, error)
      const middle = live.length >> 1
      await attempt(live.slice(0, middle))
      await attempt(live.slice(middle))
    }
  }

  function deliver(batch: readonly Entry<W, R>[], results: readonly R[]): void {
    let at = 0
    for (const { request, size, offset } of batch) {
      for (let i = 0; i < size; i++) request.results[offset + i] = results[at++] as R
      request.missing -= size
      if (request.missing === 0) request.settle(undefined, false)
    }
  }

  /** Fails a request and takes what waits of it out of the queue. */
  function giveUp(request: Request<W, R>, error: unknown): void {
    request.settle(error, true)
    queue = queue.filter((entry) => {
      if (entry.request === request) queueRows -= entry.size
      return entry.request !== request
    })
    schedulePump()
  }

  /** Makes sure that the timer rings no later than `at`. */
  function arm(at: number): void {
    if (at >= timerAt) return
    cancelTimer?.()
    timerAt = at
    cancelTimer = clock.schedule(ring, Math.max(0, at - now()))
  }

  function disarm(): void {
    cancelTimer?.()
    cancelTimer = undefined
    timerAt = Number.POSITIVE_INFINITY
  }

  function ring(): void {
    timerAt = Number.POSITIVE_INFINITY
    const time = now()
    let next = Number.POSITIVE_INFINITY
    for (const request of [...open]) {
      if (request.deadlineAt > time) {
        next = Math.min(next, request.deadlineAt)
        continue
      }
      options.onShed(request.work, 'deadline')
      giveUp(request, overloaded('the deadline passed before there was an answer', 'deadline', 0))
    }
    pump()
    arm(next)
  }

  return {
    add,
    get queueRows() {
      return queueRows
    },
    drain() {
      draining = true
      return new Promise((resolve) => {
        waiters.push(resolve)
        pump()
      })
    },
  }
}

function overloaded(message: string, reason: string, retryAfterMs: number): MillwrightError {
  return new MillwrightError('Unavailable', message, { details: { reason, retryAfterMs } })
}
