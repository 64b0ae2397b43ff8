/** A clock that moves only when told to. */
import type { Clock } from '../core/clock'

/** A {@link Clock} under the test's control. */
export interface ManualClock extends Clock {
  /**
   * Moves time forward by `ms`, running what falls due in order of time. Between two timers waiting promises get their turn, so that
   * work that sleeps again and again goes on.
   */
  advance(ms: number): Promise<void>
  /** How many timers wait. */
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

/** Lets promise chains run on: a macrotask comes after all of them. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0))
}
