/** The one who empties the queue: one operation at a time, in order, waiting longer and longer while the server does not answer. */
import type { Clock } from '../../../core/clock'
import { isMillwrightError, MillwrightError } from '../../../core/errors'
import type { Deliverer } from './deliver'
import type { LocalIds } from './local-ids'
import type { QueuedOperation } from './operations'
import type { QueueEntry, QueueLog } from './queue-log'

/** What the worker tells. */
export interface WorkerEvents {
  onOffline(error: unknown): void
  onOnline(): void
  onRejected(operation: QueuedOperation | undefined, error: unknown): void
}

/** What the worker works with. */
export interface WorkerOptions {
  readonly log: QueueLog
  readonly ids: LocalIds
  readonly deliverer: Deliverer
  readonly clock: Clock
  readonly backoffMs: number
  readonly maxBackoffMs: number
  /** Throws when another process has taken the queue over. */
  readonly assertOwner: () => Promise<void>
  readonly events: WorkerEvents
}

/** Delivers in the background. */
export interface Worker {
  /** Whether the last attempt succeeded; true before the first. */
  readonly isOnline: boolean
  /** There is something to do; with `now`, do not wait for the next retry. */
  kick(now?: boolean): void
  /** Resolves when nothing waits. @throws Unavailable as soon as an attempt fails */
  drained(): Promise<void>
  /** The server was found silent by somebody else. */
  setOffline(error: unknown): void
  stop(): void
}

/** A worker at rest. */
export function createWorker({ log, ids, deliverer, clock, backoffMs, maxBackoffMs, assertOwner, events }: WorkerOptions): Worker {
  let isOnline = true
  let isWorking = false
  let isStopped = false
  let delayMs = backoffMs
  let cancelRetry: (() => void) | undefined
  let waiters: { resolve(): void; reject(error: unknown): void }[] = []

  const settle = (error?: unknown): void => {
    const all = waiters
    waiters = []
    for (const { resolve, reject } of all) {
      if (error === undefined) resolve()
      else reject(waiting(log.entries, error))
    }
  }
  const setOffline = (error: unknown): void => {
    if (!isOnline) return
    isOnline = false
    events.onOffline(error)
  }

  const succeed = async (entry: QueueEntry, operation: QueuedOperation, record: unknown): Promise<void> => {
    const made = idOf(operation, record)
    // Whoever still waits is told the server's own id; the local one is then never seen. That of an experiment is known beforehand.
    if (made !== undefined && (entry.watcher === undefined || operation.kind === 'experiment')) await ids.set(made.localId, made.serverId)
    await log.remove(entry)
    entry.watcher?.resolve(record)
    delayMs = backoffMs
    if (!isOnline) {
      isOnline = true
      events.onOnline()
    }
  }

  const refuse = async (entry: QueueEntry, operation: QueuedOperation | undefined, error: unknown): Promise<void> => {
    if (entry.watcher === undefined) {
      await log.setAside(entry, error)
      events.onRejected(operation, error)
    } else {
      await log.remove(entry)
      entry.watcher.reject(error)
    }
  }

  const deliverOne = async (entry: QueueEntry): Promise<void> => {
    let operation: QueuedOperation | undefined
    try {
      const read = await log.read(entry)
      operation = read.operation
      const record = await deliverer.deliver({ ...read, isAgain: entry.isAgain })
      await succeed(entry, operation, record)
    } catch (error) {
      entry.isAgain = true
      if (!isFinal(error)) throw error
      await refuse(entry, operation, error)
    }
  }

  const work = async (): Promise<void> => {
    isWorking = true
    try {
      for (let entry = log.head(); entry !== undefined && !isStopped; entry = log.head()) {
        await assertOwner()
        await deliverOne(entry)
      }
      isWorking = false
      settle()
    } catch (error) {
      isWorking = false
      if (isStopped) return settle(error)
      setOffline(error)
      settle(error)
      cancelRetry = clock.schedule(() => {
        cancelRetry = undefined
        kick()
      }, delayMs)
      delayMs = Math.min(delayMs * 2, maxBackoffMs)
    }
  }

  const kick = (now = false): void => {
    if (now) {
      cancelRetry?.()
      cancelRetry = undefined
    }
    if (!isWorking && !isStopped && cancelRetry === undefined) void work()
  }

  return {
    get isOnline() {
      return isOnline
    },
    kick,
    drained() {
      if (log.head() === undefined && !isWorking) return Promise.resolve()
      if (isStopped) return Promise.reject(waiting(log.entries, undefined))
      const done = new Promise<void>((resolve, reject) => waiters.push({ resolve, reject }))
      kick(true)
      return done
    },
    setOffline,
    stop() {
      isStopped = true
      cancelRetry?.()
      cancelRetry = undefined
      settle(new MillwrightError('InvalidState', 'the queue is closed'))
    },
  }
}

const finalCodes: readonly string[] = [
  'InvalidArgument',
  'Conflict',
  'InvalidState',
  'NotFound',
  'AlreadyExists',
  'Unsupported',
  'SchemaMismatch',
]

/**
 * Whether trying again cannot help: the server understood and said no. A lost permission comes back with a new token, and what is not
 * even an error of ours (garbage from a proxy, a bug) may pass.
 */
export function isFinal(error: unknown): boolean {
  return isMillwrightError(error) && finalCodes.includes(error.code) && !error.retryable && error.details.isTakenOver !== true
}

function idOf(operation: QueuedOperation, record: unknown): { readonly localId: string; readonly serverId: string } | undefined {
  const made = record as { readonly experimentId?: string; readonly runId?: string; readonly modelId?: string } | undefined
  const serverId =
    operation.kind === 'experiment'
      ? made?.experimentId
      : operation.kind === 'run'
        ? made?.runId
        : operation.kind === 'model'
          ? made?.modelId
          : undefined
  return serverId === undefined || !('localId' in operation) ? undefined : { localId: operation.localId, serverId }
}

function waiting(entries: number, cause: unknown): MillwrightError {
  return new MillwrightError('Unavailable', `${entries} queued operations are not delivered yet`, { cause, details: { entries } })
}
