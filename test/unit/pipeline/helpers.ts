/** A clock that jumps, and patience. */
import type { Clock } from '../../../src/core/clock'
import { Pipeline } from '../../../src/pipeline'

/** A clock whose timers fire in order as soon as the event loop is idle: waiting costs no time. */
export function jumpingClock(start = 1_700_000_000_000): Clock & { advance(ms: number): void } {
  let now = start
  return {
    now: () => now,
    advance: (ms) => {
      now += ms
    },
    schedule(callback, delayMs) {
      const due = now + delayMs
      const timer = setTimeout(() => {
        now = Math.max(now, due)
        callback()
      }, 0)
      return () => clearTimeout(timer)
    },
  }
}

/** Lets everything that is ready run. */
export async function idle(turns = 20): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve))
}

/** Loads the code that runs pipelines, which comes on first use: a manual clock does not wait for it. */
export async function warmUp(): Promise<void> {
  await new Pipeline('warm-up').step('a', () => 1).run()
}
