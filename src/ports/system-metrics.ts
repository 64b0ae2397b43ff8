/** Where the load of the machine is read: by an adapter, for a tracker that records it. */
import type { Awaitable } from '../core/awaitable'

/** A meter of the machine a run runs on. */
export interface SystemMeter {
  /**
   * What is known now, since the last sample where that matters: MLflow's names without their prefix (`cpu_utilization_percentage`,
   * `system_memory_usage_megabytes`, …). What is unknown is left out.
   */
  sample(): Awaitable<Readonly<Record<string, number>>>
  /** Stops measuring. Idempotent. */
  close(): void
}

/** Makes a meter, one per run. */
export type SystemMeterSource = () => Awaitable<SystemMeter>
