/** One of the processes that share a schedule starts its runs: the one that holds the lease in the schedule's state. */
import { type Clock, sleep } from '../../core/clock'
import { newId } from '../../core/ids'
import { isLeaseFree } from '../../ports/stored-document'
import type { ScheduleRecord } from './schedule-record'

/** What leading needs. */
export interface LeaderOptions {
  readonly record: ScheduleRecord
  readonly clock: Clock
  readonly leaseMs: number
  /** Aborts when the schedule is stopped. */
  readonly signal: AbortSignal
  /** This process starts runs from now on, until the signal aborts. */
  readonly onLead: (signal: AbortSignal) => void
  /** The lease was renewed and the state read: what others stored is now known. */
  readonly onBeat: () => void
  readonly onError: (error: unknown) => void
}

/**
 * Takes the lease when it is free, renews it, and gives it up when the signal aborts. Resolves then. A schedule in memory, or in a storage
 * without conditional writes, always leads.
 */
export async function leadSchedule(options: LeaderOptions): Promise<void> {
  const { record, clock, leaseMs, signal, onError } = options
  const owner = newId()
  let leading: AbortController | undefined
  while (!signal.aborted) {
    try {
      const isMine = await takeLease(record, { owner, leaseMs, clock })
      if (isMine && leading === undefined) {
        leading = new AbortController()
        options.onLead(leading.signal)
      } else if (!isMine) {
        leading?.abort()
        leading = undefined
      }
      options.onBeat()
    } catch (error) {
      onError(error)
    }
    if (!record.isStored) await untilAborted(signal)
    else await sleep(clock, leaseMs / 3, signal).catch(() => {})
  }
  leading?.abort()
  if (record.isStored) await record.update((state) => (state.lease?.owner === owner ? withoutLease(state) : undefined)).catch(onError)
}

async function takeLease(
  record: ScheduleRecord,
  { owner, leaseMs, clock }: { readonly owner: string; readonly leaseMs: number; readonly clock: Clock },
): Promise<boolean> {
  if (!record.isStored) return true
  await record.load()
  const state = await record.update((state) => {
    const now = clock.now()
    return isLeaseFree(state.lease, owner, now) ? { ...state, lease: { owner, expiresAt: now + leaseMs } } : undefined
  })
  return state.lease?.owner === owner
}

function withoutLease<S extends { readonly lease?: unknown }>({ lease: _, ...rest }: S): Omit<S, 'lease'> {
  return rest
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
