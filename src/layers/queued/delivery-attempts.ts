/** Attempts deliveries, and decides what becomes of an operation afterwards: removed, rejected or retried. */
import { backoffDelay } from '../../core/backoff'
import type { Clock } from '../../core/clock'
import type { Connection } from './connection'
import type { Deliverer } from './delivery'
import { isFinal, isServerFault } from './delivery-errors'
import { mergedOperation } from './delivery-plan'
import type { LocalIds } from './local-ids'
import { assignedIds } from './operation-ids'
import type { QueuedOperation } from './operations'
import type { QueueEntry, QueueLog } from './queue-log'

/** What {@link DeliveryAttempts} work with. */
export interface AttemptOptions {
  readonly log: QueueLog
  readonly ids: LocalIds
  readonly deliverer: Deliverer
  readonly clock: Clock
  readonly connection: Connection
  readonly backoffMs: number
  readonly maxBackoffMs: number
  /** How often the backend may fail on one operation, while it carries out others, before the operation is rejected. */
  readonly maxFailures: number
  /** @throws InvalidState when another process has taken the queue over */
  readonly assertOwner: () => Promise<void>
  readonly onRejected: (operation: QueuedOperation | undefined, error: unknown) => void
}

/** After this many server faults in a row the backend counts as offline. */
const maxFaultsInARow = 3

/** The deliveries of one queue. */
export class DeliveryAttempts {
  /** When the last delivery succeeded, epoch milliseconds. */
  deliveredAt = Number.NEGATIVE_INFINITY
  #successes = 0
  #faultsInARow = 0
  #isStopped = false

  constructor(readonly options: AttemptOptions) {}

  /** Attempts one delivery: an entry, or batches that are sent together. @throws what the store throws */
  async attempt(entries: readonly QueueEntry[]): Promise<void> {
    const { log, deliverer, connection, assertOwner } = this.options
    const [entry] = entries as readonly [QueueEntry]
    try {
      await assertOwner()
      if (entry.readError !== undefined || entry.operation === undefined) return await this.#reject(entry, entry.readError)
      const isRetry = entries.some((each) => each.isRetry)
      const record = await deliverer.deliver({ operation: mergedOperation(entries), blob: await log.blobOf(entry), isRetry })
      await this.#succeed(entries, record)
    } catch (error) {
      for (const each of entries) each.isRetry = true
      if (this.#isStopped) return
      const isAnswer = isFinal(error) || isServerFault(error)
      // One of the group caused the error: deliver each on its own to find out which.
      if (entries.length > 1 && isAnswer) for (const each of entries) each.isAlone = true
      else if (isFinal(error)) await this.#reject(entry, error)
      else if (isServerFault(error)) await this.#postpone(entry, error)
      else connection.setOffline(error)
    }
  }

  stop(): void {
    this.#isStopped = true
  }

  async #succeed(entries: readonly QueueEntry[], record: unknown): Promise<void> {
    const { log, ids, clock, connection } = this.options
    for (const { operation, waiter } of entries) {
      const assigned = operation === undefined ? undefined : assignedIds(operation, record)
      // A call that still waits returns the backend's id. Then the local id was never used, unless the caller chose it.
      const isUsed = operation?.kind === 'experiment' || (operation?.kind === 'run' && operation.init.runId !== undefined)
      if (assigned !== undefined && (waiter === undefined || isUsed)) await ids.set(assigned.localId, assigned.serverId)
    }
    await log.remove(entries)
    for (const { waiter } of entries) waiter?.resolve(record)
    this.#successes++
    this.#faultsInARow = 0
    this.deliveredAt = clock.now()
    if (log.entries === 0) connection.setCaughtUp()
    connection.setOnline()
  }

  /** Tells the call that waits, or else keeps the operation with the rejected ones. */
  async #reject(entry: QueueEntry, error: unknown): Promise<void> {
    const { log, connection, onRejected } = this.options
    if (entry.waiter === undefined) {
      await log.reject(entry, error)
      onRejected(entry.operation, error)
    } else {
      await log.remove([entry])
      entry.waiter.reject(error)
    }
    if (log.entries === 0) connection.setCaughtUp()
  }

  /** Retries later an operation on which the backend failed; rejects it after too many failures. */
  async #postpone(entry: QueueEntry, error: unknown): Promise<void> {
    const { clock, connection, backoffMs, maxBackoffMs, maxFailures } = this.options
    connection.lastError = error
    this.#faultsInARow++
    if (entry.failedAt === undefined || this.#successes > entry.failedAt || (await this.#acceptsOthers(entry))) entry.failures++
    entry.failedAt = this.#successes
    if (entry.failures >= maxFailures) {
      entry.waiter = undefined
      return this.#reject(entry, error)
    }
    connection.setBehind()
    entry.notBefore = clock.now() + backoffDelay(entry.failures + 1, { baseMs: backoffMs, maxMs: maxBackoffMs })
    if (this.#faultsInARow >= maxFaultsInARow) connection.setOffline(error)
  }

  /** Whether the backend accepts another write to the run. Needed only when nothing else was delivered since the last failure. */
  async #acceptsOthers({ operation }: QueueEntry): Promise<boolean> {
    return operation !== undefined && (await this.options.deliverer.probe(operation).catch(() => false))
  }
}
