/** The events of a tracker. */
import type { RunStatus } from '../ports/tracker-backend'

/** A run has begun, or was opened again. */
export interface RunStartEvent {
  readonly runId: string
  readonly experimentId: string
  readonly name: string
  readonly startTime: number
}

/** A point was logged (it need not be stored yet). */
export interface MetricEvent {
  readonly runId: string
  readonly key: string
  readonly value: number
  readonly step: number
  readonly timestamp: number
}

/** A run has ended, and everything it logged is stored. */
export interface RunEndEvent {
  readonly runId: string
  readonly experimentId: string
  readonly name: string
  readonly status: RunStatus
  readonly endTime: number
}

/** Event name → what its listeners receive. `error` gets every failure of the backend, and what listeners throw. */
export interface TrackerEvents {
  'run-start': RunStartEvent
  'metric-logged': MetricEvent
  'run-end': RunEndEvent
  error: unknown
}
