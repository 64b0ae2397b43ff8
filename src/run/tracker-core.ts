/** The state of a tracker, shared with the modules that are loaded on first use. */
import type { Clock } from '../core/clock'
import type { Emitter } from '../core/emitter'
import type { Rng } from '../core/random'
import type { RunEnvironment } from '../ports/environment'
import type { TrackerBackend } from '../ports/tracker-backend'
import type { BackgroundTasks } from './background-tasks'
import type { TrackerEvents } from './events'
import type { Run } from './run'
import type { BareTrackerOptions } from './tracker-options'

/** The state of a tracker. */
export interface TrackerCore {
  readonly options: BareTrackerOptions
  readonly backend: TrackerBackend
  readonly clock: Clock
  readonly rng: Rng
  readonly emitter: Emitter<TrackerEvents>
  /** Runs that have not ended, in the order they were opened. */
  readonly open: Set<Run>
  /** Runs whose function, passed to `tracker.run`, is running. */
  readonly working: WeakSet<Run>
  /** The background tasks of runs, once a run has any. */
  backgroundTasks: Promise<BackgroundTasks> | undefined
  /** The environment, captured once. */
  environment: Promise<RunEnvironment> | undefined
  /** @throws InvalidState once the tracker is closed */
  assertOpen(): void
  /** Emits `error`, or logs the failure if nothing listens. Never throws. */
  report(error: unknown): void
  /** Writes what open runs have buffered, so that reads include it. Does not throw what a write throws. @throws InvalidState */
  settle(): Promise<void>
}
