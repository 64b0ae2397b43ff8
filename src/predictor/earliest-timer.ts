/** One timer for the earliest of several times. */
import type { Clock } from '../core/clock'

/** A timer that rings once, at the earliest time that was asked for. */
export interface EarliestTimer {
  /** When it rings; `Infinity` when it is not set. */
  readonly at: number
  /** Makes sure that it rings no later than `at`. */
  ringBy(at: number): void
  /** Cancels the timer. */
  clear(): void
}

/** A timer that is not set; `now` is the scale of its times. */
export function createEarliestTimer(schedule: Clock['schedule'], now: () => number, onRing: () => void): EarliestTimer {
  let cancel: (() => void) | undefined
  let ringsAt = Number.POSITIVE_INFINITY
  const ring = (): void => {
    ringsAt = Number.POSITIVE_INFINITY
    onRing()
  }
  return {
    get at() {
      return ringsAt
    },
    ringBy(at) {
      if (at >= ringsAt) return
      cancel?.()
      ringsAt = at
      cancel = schedule(ring, Math.max(0, at - now()))
    },
    clear() {
      cancel?.()
      cancel = undefined
      ringsAt = Number.POSITIVE_INFINITY
    },
  }
}
