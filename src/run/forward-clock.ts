/** A run's own time, which a wall clock that is set back does not turn round. */
import type { Clock } from '../core/clock'
import type { RunRecord } from '../ports/tracker-backend'

/**
 * `clock`, but never earlier than it was before, nor than what the run already holds: backends order points by time before step, so points
 * logged after the clock was set back would move in front of earlier ones, and a run could end before it began. Until the wall clock has
 * caught up the time stands still; timers are those of `clock`.
 */
export function forwardClock(clock: Clock, { startTime, endTime = 0, metrics }: RunRecord): Clock {
  let latest = Math.max(startTime, endTime)
  for (const { timestamp } of Object.values(metrics)) latest = Math.max(latest, timestamp)
  return {
    now() {
      latest = Math.max(latest, clock.now())
      return latest
    },
    schedule: (callback, delayMs) => clock.schedule(callback, delayMs),
  }
}
