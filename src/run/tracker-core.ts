/** What a tracker holds, shared by the parts that are loaded when they are first used. */
import type { Clock } from '../core/clock'
import type { Emitter } from '../core/emitter'
import type { Rng } from '../core/random'
import type { RunEnvironment } from '../ports/environment'
import type { TrackerBackend } from '../ports/tracker-backend'
import type { Companions } from './companions'
import type { TrackerEvents } from './events'
import type { Run } from './run'
import type { BareTrackerOptions } from './tracker-options'

/** A tracker's inside. */
export interface TrackerCore {
  readonly options: BareTrackerOptions
  readonly backend: TrackerBackend
  readonly clock: Clock
  readonly rng: Rng
  readonly emitter: Emitter<TrackerEvents>
  /** Runs that have not ended, in the order they were opened. */
  readonly open: Set<Run>
  /** Runs that a function given to `tracker.run` is at work in. */
  readonly working: WeakSet<Run>
  /** What goes on beside runs, once there is something. */
  companions: Promise<Companions> | undefined
  /** The environment, asked for once. */
  environment: Promise<RunEnvironment> | undefined
  /** @throws InvalidState once the tracker is closed */
  assertOpen(): void
  /** Tells a failure to whoever listens. Never throws. */
  report(error: unknown): void
  /** Writes what open runs hold, so that reading sees it; failures are already reported. @throws InvalidState */
  settle(): Promise<void>
}
