import type { Clock } from '../../../src/core/clock'
import type { AlertMessage } from '../../../src/ports/alert-sink'
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

/** A message of an alert that fires. */
export function alertMessage(id: string, init: Partial<AlertMessage> = {}): AlertMessage {
  const numbers = { value: 0.5, threshold: 0.7, startsAt: 1_000 }
  return {
    id,
    rule: 'r',
    state: 'firing',
    severity: 'warning',
    labels: { monitor: 'bikes' },
    summary: 'r: x is 0.5',
    ...numbers,
    details: {},
    ...init,
  }
}

/** A clock on which every wait is over at once; `waits` holds their lengths. */
export function quickClock(now = 0): { readonly waits: number[]; readonly clock: Clock } {
  const waits: number[] = []
  const schedule = (run: () => void, delayMs: number): (() => void) => {
    waits.push(delayMs)
    queueMicrotask(run)
    return () => {}
  }
  return { waits, clock: { now: () => now, schedule } }
}
