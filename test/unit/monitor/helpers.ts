import type { Clock } from '../../../src/core/clock'
import type { PredictionRecord } from '../../../src/ports/model'

/** A clock that stands still until it is moved; moving it runs what is due. */
export function manualClock(start = 0): Clock & { advance(ms: number): void } {
  let now = start
  const timers = new Set<{ at: number; run: () => void }>()
  return {
    now: () => now,
    schedule(run, delayMs) {
      const timer = { at: now + delayMs, run }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    advance(ms) {
      const end = now + ms
      for (;;) {
        const due = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
        if (due === undefined) break
        timers.delete(due)
        now = due.at
        due.run()
      }
      now = end
    },
  }
}

/** An answered row. */
export function answer(id: string, at: number, init: Partial<PredictionRecord> = {}): PredictionRecord {
  return { id, model: 'bikes', version: '1', at, input: { temp: 0.5, hour: 8 }, prediction: 'yes', latencyMs: 1, cached: false, ...init }
}
