/** Fires at times: what cron and interval triggers share. Knows what to do with times that passed unseen. */
import { type Clock, sleep } from '../../core/clock'
import type { CatchUpPolicy, TriggerContext, TriggerFiring } from './trigger'

/** Options that triggers which fire at times share. */
export interface TimedOptions {
  /** What to do with times that passed while no process ran the schedule. @default 'none' */
  readonly catchUp?: CatchUpPolicy | undefined
  /** A time counts as missed when it is this late, in milliseconds. @default 60000 */
  readonly lateMs?: number | undefined
}

/** A series of times. */
export interface Times {
  /** The first time after `after`, epoch milliseconds; `undefined` when there is none. */
  next(after: number): number | undefined
  readonly reason: (dueAt: number) => string
}

/** Most missed times that are run one by one; those before are left out. */
const mostCaughtUp = 1000
/** Longest sleep: a computer that was suspended, or a clock that was set, is noticed after it. */
const longestSleepMs = 3_600_000
/** Wait after a firing that could not be stored. */
const retryMs = 5000

/** Fires at each time until the context's signal aborts. */
export async function fireAtTimes(context: TriggerContext, times: Times, options: TimedOptions): Promise<void> {
  const { clock, signal } = context
  const stored = context.cursor()
  // The first start: times before now are not missed, they were never asked for.
  let handled = typeof stored === 'number' ? stored : clock.now()
  if (typeof stored !== 'number') await untilItWorks(context, () => context.saveCursor(handled))
  while (!signal.aborted) {
    const now = clock.now()
    // The clock was set back. What fires again by that has a key that is known.
    if (handled > now) handled = now
    const next = times.next(handled)
    if (next === undefined) return
    if (next > now) {
      await quietSleep(clock, Math.min(next - now, longestSleepMs), signal)
      continue
    }
    const { fired, last } = dueTimes(times, handled, now, options)
    if (fired.length === 0) await untilItWorks(context, () => context.saveCursor(last))
    for (const firing of fired) {
      await untilItWorks(context, () => context.fire({ ...firing, cursor: firing === fired.at(-1) ? last : firing.dueAt }))
      if (signal.aborted) return
    }
    handled = last
  }
}

/** Which of the times in `(after, now]` fire, by the catch-up policy, and the last of them all. */
export function dueTimes(
  times: Times,
  after: number,
  now: number,
  { catchUp = 'none', lateMs = 60_000 }: TimedOptions,
): { readonly fired: readonly (TriggerFiring & { readonly dueAt: number })[]; readonly last: number } {
  const missed: number[] = []
  const onTime: number[] = []
  let missedCount = 0
  let last = after
  for (let due = times.next(after); due !== undefined && due <= now; due = times.next(due)) {
    last = due
    if (now - due <= lateMs) onTime.push(due)
    else {
      missedCount += 1
      missed.push(due)
      if (missed.length > (catchUp === 'all' ? mostCaughtUp : 1)) missed.shift()
    }
  }
  const firing = (dueAt: number, reason: string): TriggerFiring & { readonly dueAt: number } => ({ dueAt, reason, key: String(dueAt) })
  const caughtUp = catchUp === 'none' || (catchUp === 'last' && onTime.length > 0) ? [] : missed
  return {
    // Runs that catch up wait for each other: skipping them would undo the policy.
    fired: [
      ...caughtUp.map((dueAt) => ({
        ...firing(
          dueAt,
          `${times.reason(dueAt)}, late by ${now - dueAt} ms${catchUp === 'last' && missedCount > 1 ? `, the last of ${missedCount} missed` : ''}`,
        ),
        overlap: 'queue' as const,
      })),
      ...onTime.map((dueAt) => firing(dueAt, times.reason(dueAt))),
    ],
    last,
  }
}

/** Repeats `work` until it succeeds or the signal aborts; each failure is reported. */
export async function untilItWorks(context: TriggerContext, work: () => Promise<unknown>): Promise<void> {
  while (!context.signal.aborted) {
    try {
      await work()
      return
    } catch (error) {
      context.report(error)
      await quietSleep(context.clock, retryMs, context.signal)
    }
  }
}

/** Resolves after `ms`, or when the signal aborts. */
export async function quietSleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  await sleep(clock, ms, signal).catch(() => {})
}
