/** A monitor from the section `monitoring` of the configuration file. */
import type { MonitoringConfig } from '../config'
import { checkOptions, nonEmptyString, requireOptions, wholeNumber } from '../core/options'
import type { Metric, MetricName } from '../metrics'
import type { MonitorOptions } from './monitor-options'

/** What the configuration file does not say. */
export interface ConfiguredMonitorOptions {
  /** The metric that `performance_threshold` is about. */
  readonly metric: MetricName | Metric
  /** Fewer rows in a window are no data. @default 30 */
  readonly minRows?: number | undefined
  /** @default 'monitor' */
  readonly name?: string | undefined
}

/**
 * Options of a `Monitor` that checks every `check_interval_hours`: the metric over the rows of that time against `performance_threshold` (a firing alert
 * needs two hundredths more to be over), and the population stability index of each column against `drift_threshold`. Spread them, and add a detector.
 *
 * @example new Monitor({ ...configuredMonitor(config.monitoring, { metric: 'accuracy' }), detector, storage })
 */
export function configuredMonitor(
  config: MonitoringConfig,
  options: ConfiguredMonitorOptions,
): Pick<MonitorOptions, 'name' | 'checkEveryMs' | 'rules'> {
  requireOptions('configuredMonitor', config, ['drift_threshold', 'performance_threshold', 'check_interval_hours'])
  requireOptions('configuredMonitor', options, ['metric'])
  const { metric, minRows, name, ...rest } = options
  checkOptions('configuredMonitor', { minRows, name, ...rest }, { minRows: wholeNumber(1), name: nonEmptyString() })
  const checkEveryMs = config.check_interval_hours * 3_600_000
  const common = { window: { lastMs: checkEveryMs }, minRows } as const
  const below = config.performance_threshold
  return {
    name,
    checkEveryMs,
    rules: [
      { ...common, name: 'performance', kind: 'performance', metric, below, clear: Math.min(1, below + 0.02) },
      { ...common, name: 'drift', kind: 'drift', psi: config.drift_threshold },
    ],
  }
}
