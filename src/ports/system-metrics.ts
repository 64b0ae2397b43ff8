/** System metrics, such as CPU and memory use: read by an adapter, recorded by a tracker. */
import type { Awaitable } from '../core/awaitable'

/**
 * Measures the machine on which a run runs.
 *
 * Guarantees every implementation gives: `sample` does not block the event loop, and `close` stops all measuring. The tracker calls `sample`
 * every few seconds, one call at a time, and not after `close`. A failed call is reported once, and the run continues.
 */
export interface SystemMeter {
  /**
   * The current values; rates are averages since the last sample. Keys are MLflow's names without their prefix
   * (`cpu_utilization_percentage`, `system_memory_usage_megabytes`, …). Unknown values are left out.
   */
  sample(): Awaitable<Readonly<Record<string, number>>>
  /** Stops measuring. Idempotent. */
  close(): void
}

/** Makes the meter of one run. */
export type SystemMeterSource = () => Awaitable<SystemMeter>
