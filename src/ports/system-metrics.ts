/** Where the load of the machine is read: by an adapter, for a tracker that records it. */
import type { Awaitable } from '../core/awaitable'

/**
 * A meter of the machine that a run runs on.
 *
 * `sample` is called every few seconds, one call at a time, and must not block; one that fails is reported once and the run goes on. After `close` it is
 * not called again.
 */
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
