/** The one who empties the queue: several runs side by side, each in its order; waits longer and longer while the server does not answer. */
import { backoffDelay } from '../../core/backoff'
import type { Clock } from '../../core/clock'
import { isMillwrightError, MillwrightError } from '../../core/errors'
import { batchGroup } from './coalesce'
import type { Deliverer } from './deliver'
import { laneOf, madeBy, needsOf } from './lanes'
import type { LocalIds } from './local-ids'
import type { QueuedOperation } from './operations'
import type { QueueEntry, QueueLog } from './queue-log'

/** What the worker tells. */
export interface WorkerEvents {
  onOffline(error: unknown): void
  onOnline(): void
  /** The queue is behind: nobody should wait for an answer any more. */
  onBehind(): void
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
  /** Deliveries at a time, each of another run. */
  readonly concurrency: number
  /** How often the server may fail on one operation, while it does other work, before that operation is put aside. */
  readonly maxFailures: number
  /** Throws when another process has taken the queue over. */
  readonly assertOwner: () => Promise<void>
  readonly events: WorkerEvents
}

/** Delivers in the background. */
export interface Worker {
  /** Whether the last attempt succeeded; true before the first. */
  readonly isOnline: boolean
  /** Online, and nothing of an earlier time waits: an answer is worth waiting for. */
  readonly isCurrent: boolean
  /** When something was delivered last, on the clock. */
  readonly deliveredAt: number
  /** There is something to do; with `now`, do not wait for the next retry. */
  kick(now?: boolean): void
  /** Resolves when nothing waits. @throws Unavailable as soon as no more can be delivered for now */
  drained(): Promise<void>
  /** The server was found silent by somebody else. */
  setOffline(error: unknown): void
  /** What waits is more than anybody should wait for. */
  setBehind(): void
  stop(): void
}

/** This many failures of the server in a row, with no success between, and it is taken to be away. */
const failuresInARow = 3

/** A worker at rest. */
export function createWorker(options: WorkerOptions): Worker {
  const { log, ids, deliverer, clock, backoffMs, maxBackoffMs, concurrency, maxFailures, assertOwner, events } = options
  /** Lanes with a delivery under way. */
  const running = new Set<string>()
  let isOnline = true
  let isBehind = false
  let isPumping = false
  /** Something came up while the pump was running. */
  let isWanted = false
  let isStopped = false
  /** Attempts to reach the server that have failed since the last success. */
  let attempts = 0
  let successes = 0
  let inARow = 0
  let deliveredAt = Number.NEGATIVE_INFINITY
  let lastError: unknown
  let cancelRetry: (() => void) | undefined
  let cancelWake: (() => void) | undefined
  const delayAfter = (failures: number): number => backoffDelay(failures, { baseMs: backoffMs, maxMs: maxBackoffMs })
  let waiters: { resolve(): void; reject(error: unknown): void }[] = []

  const settle = (error?: unknown): void => {
    const all = waiters
    waiters = []
    for (const { resolve, reject } of all) {
      if (error === undefined) resolve()
      else reject(waiting(log.entries, error))
    }
  }
  const setBehind = (): void => {
    isBehind = true
    events.onBehind()
  }
  const setOffline = (error: unknown): void => {
    lastError = error
    if (isOnline) {
      isOnline = false
      isBehind = true
      events.onOffline(error)
    }
    if (cancelRetry === undefined && !isStopped) {
      attempts++
      cancelRetry = clock.schedule(() => {
        cancelRetry = undefined
        kick()
      }, delayAfter(attempts))
    }
    settle(error)
  }

  const succeed = async (group: readonly QueueEntry[], record: unknown): Promise<void> => {
    for (const { operation, watcher } of group) {
      const made = operation === undefined ? undefined : idOf(operation, record)
      // Whoever still waits is told the server's own id; the local one is then never seen, unless it is known beforehand.
      const isKnown = operation?.kind === 'experiment' || (operation?.kind === 'run' && operation.init.runId !== undefined)
      if (made !== undefined && (watcher === undefined || isKnown)) await ids.set(made.localId, made.serverId)
    }
    await log.remove(group)
    for (const { watcher } of group) watcher?.resolve(record)
    attempts = 0
    successes++
    inARow = 0
    deliveredAt = clock.now()
    if (log.entries === 0) isBehind = false
    if (isOnline) return
    isOnline = true
    cancelRetry?.()
    cancelRetry = undefined
    events.onOnline()
  }

  const refuse = async (entry: QueueEntry, error: unknown): Promise<void> => {
    if (entry.watcher === undefined) {
      await log.setAside(entry, error)
      events.onRejected(entry.operation, error)
    } else {
      await log.remove([entry])
      entry.watcher.reject(error)
    }
    if (log.entries === 0) isBehind = false
  }

  /** The server failed on this one: later again, and in the end no more, but only while it shows that it can do other work. */
  const postpone = async (entry: QueueEntry, error: unknown): Promise<void> => {
    lastError = error
    inARow++
    if (entry.failedAt === undefined || successes > entry.failedAt || (await isProven(entry))) entry.failures++
    entry.failedAt = successes
    if (entry.failures >= maxFailures) {
      entry.watcher = undefined
      return refuse(entry, error)
    }
    setBehind()
    entry.notBefore = clock.now() + delayAfter(entry.failures + 1)
    if (inARow >= failuresInARow) setOffline(error)
  }

  /** Asked only when nothing else was delivered meanwhile. */
  const isProven = async (entry: QueueEntry): Promise<boolean> =>
    entry.operation !== undefined && (await deliverer.probe(entry.operation).catch(() => false))

  const deliver = async (group: readonly QueueEntry[]): Promise<void> => {
    const [entry] = group as readonly [QueueEntry]
    try {
      await assertOwner()
      if (entry.broken !== undefined || entry.operation === undefined) return await refuse(entry, entry.broken)
      const isAgain = group.some((one) => one.isAgain)
      const record = await deliverer.deliver({ operation: mergedOf(group), blob: await log.blobOf(entry), isAgain })
      await succeed(group, record)
    } catch (error) {
      for (const one of group) one.isAgain = true
      if (isStopped) return
      const isAnswer = isFinal(error) || isServerFault(error)
      // One of them is to blame: each by itself will tell.
      if (group.length > 1 && isAnswer) for (const one of group) one.isAlone = true
      else if (isFinal(error)) await refuse(entry, error)
      else if (isServerFault(error)) await postpone(entry, error)
      else setOffline(error)
    }
  }

  /** The next operations that may go: the first of a lane at rest, with the batches behind it that go along. */
  const pick = async (): Promise<QueueEntry[] | undefined> => {
    const ahead = await log.ahead()
    const now = clock.now()
    const lanes = new Set(running)
    const coming = new Set<string>()
    for (const [at, entry] of ahead.entries()) {
      const { operation } = entry
      if (operation === undefined) return [entry]
      const lane = laneOf(operation)
      const isFree = !lanes.has(lane) && !needsOf(operation).some((id) => coming.has(id))
      if (isFree && entry.notBefore <= now) return [entry, ...alongWith(ahead, at, lane, coming)]
      lanes.add(lane)
      const made = madeBy(operation)
      if (made !== undefined) coming.add(made)
    }
    return undefined
  }

  /** Wakes up when the first of those that failed may be tried again. */
  const wakeLater = async (): Promise<void> => {
    cancelWake?.()
    cancelWake = undefined
    const times = (await log.ahead()).map(({ notBefore }) => notBefore).filter((time) => time > clock.now())
    if (times.length === 0 || isStopped) return
    cancelWake = clock.schedule(() => kick(), Math.min(...times) - clock.now())
  }

  const mayStart = (): boolean => !isStopped && cancelRetry === undefined && running.size < (isOnline ? concurrency : 1) && log.entries > 0

  const pump = async (): Promise<void> => {
    isPumping = true
    isWanted = false
    try {
      while (mayStart()) {
        const group = await pick()
        if (group === undefined || !mayStart()) break
        const [first] = group
        const lane = first?.operation === undefined ? '' : laneOf(first.operation)
        if (running.has(lane)) break
        running.add(lane)
        void deliver(group)
          .catch(setOffline)
          .finally(() => {
            running.delete(lane)
            kick()
          })
      }
      if (running.size === 0 && log.entries > 0) await wakeLater()
    } catch (error) {
      setOffline(error)
    } finally {
      isPumping = false
    }
    if (isWanted && mayStart()) return kick()
    if (log.entries === 0) settle()
    else if (running.size === 0 && !(await canStart()))
      settle(lastError ?? new MillwrightError('Unavailable', 'the backend does not answer'))
  }
  const canStart = async (): Promise<boolean> => {
    if (!mayStart() || (await pick()) === undefined) return false
    kick()
    return true
  }

  const kick = (now = false): void => {
    if (now) {
      cancelRetry?.()
      cancelRetry = undefined
      log.hurry()
    }
    if (isPumping) isWanted = true
    else if (!isStopped) void pump()
  }

  return {
    get isOnline() {
      return isOnline
    },
    get isCurrent() {
      return isOnline && !isBehind
    },
    get deliveredAt() {
      return deliveredAt
    },
    kick,
    drained() {
      if (log.entries === 0 && running.size === 0) return Promise.resolve()
      if (isStopped) return Promise.reject(waiting(log.entries, undefined))
      const done = new Promise<void>((resolve, reject) => waiters.push({ resolve, reject }))
      kick(true)
      return done
    },
    setOffline,
    setBehind,
    stop() {
      isStopped = true
      for (const cancel of [cancelRetry, cancelWake]) cancel?.()
      cancelRetry = undefined
      settle(new MillwrightError('InvalidState', 'the queue is closed'))
    },
  }
}

/** Batches right behind the first of their lane that one request can carry too. */
function alongWith(ahead: readonly QueueEntry[], at: number, lane: string, coming: ReadonlySet<string>): QueueEntry[] {
  const first = ahead[at] as QueueEntry
  if (first.operation?.kind !== 'batch' || first.isAlone) return []
  const group = batchGroup(first.operation.batch, first.sizeBytes)
  const along: QueueEntry[] = []
  const later = new Set(coming)
  for (const entry of ahead.slice(at + 1)) {
    const { operation } = entry
    if (operation === undefined) break
    if (laneOf(operation) === lane) {
      if (operation.kind !== 'batch' || entry.isAlone || needsOf(operation).some((id) => later.has(id))) break
      if (!group.add(operation.batch, entry.sizeBytes)) break
      along.push(entry)
    }
    const made = madeBy(operation)
    if (made !== undefined) later.add(made)
  }
  return along
}

function mergedOf(group: readonly QueueEntry[]): QueuedOperation {
  const [first, ...rest] = group as readonly [QueueEntry, ...QueueEntry[]]
  const operation = first.operation as QueuedOperation
  if (rest.length === 0 || operation.kind !== 'batch') return operation
  const merged = batchGroup(operation.batch, first.sizeBytes)
  for (const entry of rest) if (entry.operation?.kind === 'batch') merged.add(entry.operation.batch, entry.sizeBytes)
  return { ...operation, batch: merged.batch }
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

/** Whether the server was there, and failed on just this: status 500, or what a backend calls its own fault. */
function isServerFault(error: unknown): boolean {
  return isMillwrightError(error) && (error.details.status === 500 || error.code === 'Internal' || error.code === 'Corrupt')
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
