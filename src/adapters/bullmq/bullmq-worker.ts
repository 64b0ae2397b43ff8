/** A worker that takes steps out of the queues of a `bullmqExecutor` and runs them. */
import { attachDisplay, attachDispose } from '../../core/display'
import { MillwrightError, show } from '../../core/errors'
import { type Logger, silentLogger } from '../../core/logger'
import { checkOptions, finiteNumber, ofType, requireOptions, wholeNumber } from '../../core/options'
import { type JobRunner, jobErrorJson, runnersByName } from '../../ports/job-runner'
import {
  assertOnePlace,
  connectionRules,
  type JobQueue,
  openLibrary,
  placeOf,
  type QueueConnection,
  type QueueConsumer,
  type QueueJob,
} from './library'
import type { StepJobData, StepJobProgress, StepJobResult } from './step-result'

/** Options of {@link bullmqWorker}. */
export interface BullmqWorkerOptions extends QueueConnection {
  /** The pipelines whose steps this worker runs, with the storage that they share with the process that runs them. */
  readonly pipelines: readonly JobRunner[]
  /** Steps of one pipeline that run at the same time in this process. @default 1 */
  readonly concurrency?: number | undefined
  /** How often a step may lose its worker before it fails. @default 5 */
  readonly retriesOfLost?: number | undefined
  /** How often a running step looks whether it was cancelled, in milliseconds. @default 2000 */
  readonly cancelLookMs?: number | undefined
  /** Told about steps that begin and end, and about lost connections. @default silent */
  readonly logger?: Logger | undefined
}

/** A worker. */
export interface QueueWorker {
  /** Resolves when it takes jobs. @throws MissingDependency; Unavailable when the store cannot be reached */
  ready(): Promise<void>
  /** Takes no further job and waits for those in progress; with `force` it does not wait, and their jobs go to others. Idempotent. */
  close(options?: { readonly force?: boolean | undefined }): Promise<void>
}

/**
 * Starts taking jobs of `pipelines` at once. Start as many of these processes as there is work; they may come and go at any time.
 *
 * @throws InvalidArgument
 * @example
 * // worker.ts
 * const worker = bullmqWorker({ redis: 'redis://127.0.0.1:6379', pipelines: [pipeline] })
 * process.once('SIGTERM', () => worker.close())
 */
export function bullmqWorker(options: BullmqWorkerOptions): QueueWorker {
  requireOptions('bullmqWorker', options, ['pipelines'])
  checkOptions('bullmqWorker', options, {
    ...connectionRules(),
    pipelines: ofType('object'),
    concurrency: wholeNumber(1, 10_000),
    retriesOfLost: wholeNumber(0),
    cancelLookMs: finiteNumber(10),
    logger: ofType('object'),
  })
  assertOnePlace('bullmqWorker', options)
  const runners = runnersByName('bullmqWorker', options.pipelines)
  const opened = Promise.all([...runners.values()].map((runner) => openWorker(options, runner)))
  opened.catch(() => {})
  let closing: Promise<void> | undefined
  const close = async (isForced: boolean): Promise<void> => {
    const open = await opened.catch(() => [])
    await Promise.allSettled(open.map(({ worker }) => worker.close(isForced)))
    await Promise.allSettled(open.map(({ queue }) => queue.close()))
  }
  const made: QueueWorker = {
    ready: async () => void (await opened),
    close({ force = false } = {}) {
      closing ??= close(force)
      return closing
    },
  }
  attachDispose(made, () => made.close())
  return attachDisplay(made, { text: () => `Worker of ${[...runners.keys()].join(', ')} at ${placeOf(options)}` })
}

async function openWorker(
  options: BullmqWorkerOptions,
  runner: JobRunner,
): Promise<{ readonly worker: QueueConsumer; readonly queue: JobQueue }> {
  const { concurrency = 1, leaseMs = 30_000, retriesOfLost = 5, logger = silentLogger() } = options
  const library = await openLibrary('bullmqWorker', options)
  const queue = library.queue(runner.name)
  const worker = library.worker(runner.name, (job, _token, signal) => runJob(options, { runner, queue, job, outer: signal }), {
    concurrency,
    lockDuration: leaseMs,
    stalledInterval: leaseMs,
    maxStalledCount: retriesOfLost,
  })
  const onError = (error: unknown): void => logger.warn(`bullmqWorker: ${error instanceof Error ? error.message : show(error)}`)
  queue.on('error', onError)
  worker.on('error', onError as (...event: never[]) => void)
  await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()])
  return { worker, queue }
}

interface JobRun {
  readonly runner: JobRunner
  readonly queue: JobQueue
  readonly job: QueueJob
  /** Aborts when the lease was lost. */
  readonly outer: AbortSignal | undefined
}

/** Runs the step of a job. Its error is a result; nothing is thrown, so that BullMQ tries nothing again by itself. */
async function runJob(options: BullmqWorkerOptions, { runner, queue, job, outer }: JobRun): Promise<StepJobResult> {
  const { logger = silentLogger(), cancelLookMs = 2000 } = options
  const { ref, isCancelled } = job.data as StepJobData
  // A worker that died had it; nobody waits for it any more.
  if (isCancelled) return { error: new MillwrightError('InvalidState', 'the attempt was cancelled').toJSON() }
  const controller = new AbortController()
  const stop = (): void => controller.abort(new DOMException('the attempt was aborted', 'AbortError'))
  outer?.addEventListener('abort', stop, { once: true })
  const timer = setInterval(() => {
    void queue.getJob(job.id ?? '').then(
      (found) => (found === undefined || (found.data as StepJobData).isCancelled ? stop() : undefined),
      () => {},
    )
  }, cancelLookMs)
  let told: Promise<unknown> = Promise.resolve()
  const tell = (progress: StepJobProgress): void => {
    told = told.then(() => job.updateProgress(progress)).catch(() => {})
  }
  const place = `${ref.pipeline}/${ref.step}${ref.index === undefined ? '' : `[${ref.index}]`} of run ${ref.runId}`
  logger.debug(`${place} begins`, { attempt: ref.attempt })
  try {
    const { digest } = await runner.runJob(ref, {
      signal: controller.signal,
      onLog: (message) => tell({ log: message }),
      onProgress: (event) => tell({ report: event }),
    })
    // What the step said must be in the queue before its result is.
    await told
    logger.debug(`${place} ended`, { digest })
    return { digest }
  } catch (error) {
    await told
    logger.debug(`${place} failed`, { error })
    return { error: jobErrorJson(error) }
  } finally {
    clearInterval(timer)
    outer?.removeEventListener('abort', stop)
  }
}
