/** An executor that puts steps into a queue of BullMQ, for workers on any machine. */
import { displayPort } from '../../core/display'
import { MillwrightError, show } from '../../core/errors'
import { type Logger, silentLogger } from '../../core/logger'
import { checkOptions, ofType } from '../../core/options'
import { throwIfAborted } from '../../core/signal'
import type { Executor } from '../../ports/executor'
import { assertOnePlace, connectionRules, type OpenedLibrary, openLibrary, placeOf, type QueueConnection } from './library'
import { StepQueue } from './step-queue'

/** Options of {@link bullmqExecutor}. */
export interface BullmqExecutorOptions extends Omit<QueueConnection, 'leaseMs'> {
  /** Told about lost connections, which are made again. @default silent */
  readonly logger?: Logger | undefined
}

/**
 * Runs each attempt as one job in BullMQ's queue `<queue>-<pipeline>`, in Redis or PostgreSQL; {@link bullmqWorker} takes them, in as many
 * processes as there are. The pipeline decides what is ready and what is tried again; BullMQ hands out jobs, renews leases and gives the job of
 * a worker that died to another. Values travel through the storage of the run, which all share: `s3Storage`, or `fsStorage` on a shared disk.
 *
 * An attempt that is in the queue already, because the process that asked for it died, is not added again: its result is waited for.
 *
 * @throws InvalidArgument
 * @example
 * await pipeline.run({ executor: bullmqExecutor({ redis: 'redis://127.0.0.1:6379' }) })
 */
export function bullmqExecutor(options: BullmqExecutorOptions): Executor {
  const { leaseMs: _, ...rules } = connectionRules()
  checkOptions('bullmqExecutor', options, { ...rules, logger: ofType('object') })
  assertOnePlace('bullmqExecutor', options ?? {})
  const { logger = silentLogger() } = options
  const name = `bullmqExecutor(${placeOf(options)})`
  const onError = (error: unknown): void => logger.warn(`${name}: ${error instanceof Error ? error.message : show(error)}`)
  const queues = new Map<string, Promise<StepQueue>>()
  let library: Promise<OpenedLibrary> | undefined
  let isClosed = false

  const queueOf = (pipeline: string): Promise<StepQueue> => {
    const known = queues.get(pipeline)
    if (known !== undefined) return known
    library ??= openLibrary('bullmqExecutor', options)
    const opened = library.then((found) => StepQueue.open(found, pipeline, onError))
    // What failed is tried again by the next step.
    opened.catch(() => queues.delete(pipeline))
    queues.set(pipeline, opened)
    return opened
  }
  const closed = (): MillwrightError => new MillwrightError('InvalidState', `${name} is closed`)
  return displayPort('Executor', {
    portVersion: 1 as const,
    name,
    async execute(job) {
      if (isClosed) throw closed()
      throwIfAborted(job.signal)
      const queue = await queueOf(job.pipeline)
      if (isClosed) throw closed()
      throwIfAborted(job.signal)
      return job.stored(await queue.run(job))
    },
    async close() {
      isClosed = true
      const open = await Promise.allSettled(queues.values())
      queues.clear()
      await Promise.all(open.map((queue) => (queue.status === 'fulfilled' ? queue.value.close(closed()) : undefined)))
    },
  })
}
