/** A clock for tests, whose time changes only by calls of `advance`. */
import type { Clock } from '../core/clock'

/** A {@link Clock} that a test controls. */
export interface ManualClock extends Clock {
  /**
   * Advances the time by `ms` and runs the timers that are due, in order of time. Pending promises run between two timers, so that a function
   * which sleeps repeatedly continues.
   */
  advance(ms: number): Promise<void>
  /** Number of pending timers. */
  readonly pending: number
}

/**
 * A manual clock that starts at `start` epoch milliseconds.
 *
 * @example
 * const clock = manualClock()
 * clock.schedule(() => console.log('ten seconds later'), 10_000)
 * await clock.advance(10_000)
 */
export function manualClock(start = 1_700_000_000_000): ManualClock {
  let now = start
  let order = 0
  let timers: { readonly at: number; readonly order: number; readonly callback: () => void }[] = []
  return {
    now: () => now,
    schedule(callback, delayMs) {
      const timer = { at: now + Math.max(0, delayMs), order: order++, callback }
      timers.push(timer)
      return () => {
        timers = timers.filter((other) => other !== timer)
      }
    },
    async advance(ms) {
      const until = now + ms
      await turn()
      for (;;) {
        const next = timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at || a.order - b.order)[0]
        if (next === undefined) break
        timers = timers.filter((other) => other !== next)
        now = next.at
        next.callback()
        await turn()
      }
      now = until
    },
    get pending() {
      return timers.length
    },
  }
}

/** Lets pending promises run: a macrotask comes after all of them. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0))
}
