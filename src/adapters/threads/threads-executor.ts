/** An executor that runs steps in worker threads, so that long computations neither block the process nor each other. */
import { type Clock, systemClock } from '../../core/clock'
import { displayPort } from '../../core/display'
import { MillwrightError, show } from '../../core/errors'
import { checkOptions, finiteNumber, ofType, requireOptions, wholeNumber } from '../../core/options'
import { throwIfAborted } from '../../core/signal'
import type { Executor, StepJob } from '../../ports/executor'
import type { WorkerHandle } from './step-thread'
import { type Task, ThreadPool } from './thread-pool'

/** Options of {@link threadsExecutor}. */
export interface ThreadsExecutorOptions {
  /**
   * Makes a worker whose module calls `serveSteps`: `() => new Worker(new URL('./worker.js', import.meta.url))`, with `Worker` of
   * `node:worker_threads`, or a page's (`{ type: 'module' }`).
   */
  readonly worker: () => WorkerHandle
  /** Most threads; each runs one step at a time. Give the pipeline a `concurrency` as high. @default the number of cores, at most 8 */
  readonly size?: number | undefined
  /** How long a step that was aborted may go on before its thread is ended, in milliseconds. @default 1000 */
  readonly abortGraceMs?: number | undefined
  /** How often a step is started again because its thread died. @default 2 */
  readonly retriesOfLost?: number | undefined
  /** @default the system clock */
  readonly clock?: Clock | undefined
}

/**
 * Runs each attempt in a worker thread. Threads start when they are first needed and keep no process alive while they are idle. The run needs a
 * storage that the threads share, since inputs and outputs travel through it: `fsStorage`, `s3Storage`, `indexedDbStorage`; not `memoryStorage`.
 *
 * @throws InvalidArgument
 * @example
 * const executor = threadsExecutor({ worker: () => new Worker(new URL('./worker.js', import.meta.url)) })
 */
export function threadsExecutor(options: ThreadsExecutorOptions): Executor {
  requireOptions('threadsExecutor', options, ['worker'])
  checkOptions('threadsExecutor', options, {
    worker: ofType('function'),
    size: wholeNumber(1, 1024),
    abortGraceMs: finiteNumber(0),
    retriesOfLost: wholeNumber(0),
    clock: ofType('object'),
  })
  const { worker, size = defaultSize(), abortGraceMs = 1000, retriesOfLost = 2, clock = systemClock() } = options
  const pool = new ThreadPool({ worker, size, abortGraceMs, retriesOfLost, clock })
  let numTasks = 0
  let isClosed = false
  return displayPort('Executor', {
    portVersion: 1 as const,
    name: `threadsExecutor(${size} threads)`,
    async execute(job) {
      if (isClosed) throw closedExecutor(job)
      throwIfAborted(job.signal)
      const ref = job.ref()
      return new Promise((resolve, reject) => {
        const task: Task = {
          ...{ id: ++numTasks, job, ref, lost: 0 },
          settle(result) {
            job.signal.removeEventListener('abort', onAbort)
            if ('digest' in result) resolve(job.stored(result.digest))
            else reject(result.error)
          },
        }
        const onAbort = (): void => pool.abort(task)
        job.signal.addEventListener('abort', onAbort, { once: true })
        pool.add(task)
      })
    },
    async close() {
      isClosed = true
      for (const task of await pool.close()) task.settle({ error: closedExecutor(task.job) })
    },
  })
}

function closedExecutor({ pipeline, step }: StepJob): MillwrightError {
  return new MillwrightError('InvalidState', `threadsExecutor is closed and cannot run step ${show(step)} of pipeline ${show(pipeline)}`)
}

function defaultSize(): number {
  const { navigator } = globalThis as { readonly navigator?: { readonly hardwareConcurrency?: number } }
  return Math.max(1, Math.min(8, navigator?.hardwareConcurrency ?? 4))
}
