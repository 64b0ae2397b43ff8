import type { Clock } from '../../../src/core/clock'

/** A clock that moves only when told, and then calls what is due. */
export interface ManualClock extends Clock {
  advance(ms: number): void
  readonly waiting: number
}

export function manualClock(start = 0): ManualClock {
  let now = start
  let timers: { readonly at: number; readonly callback: () => void }[] = []
  return {
    now: () => now,
    schedule(callback, delayMs) {
      const timer = { at: now + delayMs, callback }
      timers.push(timer)
      return () => {
        timers = timers.filter((other) => other !== timer)
      }
    },
    advance(ms) {
      now += ms
      const due = timers.filter(({ at }) => at <= now)
      timers = timers.filter(({ at }) => at > now)
      for (const { callback } of due) callback()
    },
    get waiting() {
      return timers.length
    },
  }
}
