/** The metrics of a monitor: performance, drift, alerts and the log, as families for `/metrics`, prom-client and OpenTelemetry. */
import { checkOptions, requireMethods, wholeNumber } from '../core/options'
import type { MetricFamily, MetricSample } from '../ports/metric-family'
import type { RuleStatus } from './alert-engine'
import type { Monitor } from './monitor'
import type { CheckReport } from './monitor-queries'

/** Options of {@link monitorMetrics}. */
export interface MonitorMetricsOptions {
  /** Most columns and groups in one family; the others are counted in `millwright_monitor_dropped_series`. @default 200 */
  readonly maxSeries?: number | undefined
}

/** The metrics of one monitor. */
export interface MonitorMetrics {
  /** The families of now; what the rules found is that of the last check. */
  readonly collect: () => MetricFamily[]
  /** Stops following the monitor. */
  readonly close: () => void
}

/**
 * Follows a monitor's checks for metrics. Every sample has the label `monitor`; those of rules also have `rule` and the group (`version`, or a column).
 *
 * @example createHandler(predictor, { collect: monitorMetrics(monitor).collect })
 * @throws InvalidArgument for what is no monitor, and for invalid options
 */
export function monitorMetrics(monitor: Monitor, options: MonitorMetricsOptions = {}): MonitorMetrics {
  requireMethods('monitorMetrics', 'a Monitor', monitor, ['on', 'check'])
  checkOptions('monitorMetrics', options, { maxSeries: wholeNumber(1) })
  const { maxSeries = 200 } = options
  let last: CheckReport | undefined
  let checks = 0
  const stop = monitor.on('check-end', (report) => {
    last = report
    checks++
  })
  return {
    close: stop,
    collect() {
      const families = [...logFamilies(monitor), ...alertFamilies(monitor, last, checks), ...ruleFamilies(last), ...driftFamilies(last)]
      let dropped = 0
      const capped = families.map((one) => {
        dropped += Math.max(0, one.samples.length - maxSeries)
        return { ...one, samples: one.samples.slice(0, maxSeries) }
      })
      const all = [
        ...capped,
        family('monitor_dropped_series', 'gauge', 'Series left out because a family has too many.', [sample(dropped)]),
      ]
      return all.map((one) => ({
        ...one,
        samples: one.samples.map(({ labels, value }) => ({ labels: { ...labels, monitor: monitor.name }, value })),
      }))
    },
  }
}

function logFamilies(monitor: Monitor): MetricFamily[] {
  const { rows, recorded, labelled, unsaved, lost, refusedCalls, refusedRows, refusedProblems } = monitor.stats
  const refused = Object.entries(refusedProblems).map(([column, count]) => sample(count, { column }))
  return [
    family('monitor_predictions', 'counter', 'Predictions logged.', [sample(recorded)]),
    family('monitor_labels', 'counter', 'Labels joined to a prediction.', [sample(labelled)]),
    family('monitor_rows', 'gauge', 'Rows in the log now.', [sample(rows)]),
    family('monitor_refused_calls', 'counter', 'Calls whose input was refused.', [sample(refusedCalls)]),
    family('monitor_refused_rows', 'counter', 'Rows of refused calls that had a problem.', [sample(refusedRows)]),
    family('monitor_refused_problems', 'counter', 'Problems of refused input by column.', refused),
    family('monitor_unsaved_lines', 'gauge', 'Lines of the log that are not on the storage yet.', [sample(unsaved)]),
    family('monitor_lost_lines', 'counter', 'Lines of the log that the storage did not accept in time.', [sample(lost)]),
  ]
}

function alertFamilies(monitor: Monitor, last: CheckReport | undefined, checks: number): MetricFamily[] {
  const { lastCheckAt, undelivered, silences } = monitor.alerts
  const rules = last?.rules ?? []
  return [
    family('monitor_checks', 'counter', 'Checks of the rules by this process.', [sample(checks)]),
    family(
      'monitor_last_check_timestamp_seconds',
      'gauge',
      'Time of the last check.',
      lastCheckAt === undefined ? [] : [sample(lastCheckAt / 1000)],
    ),
    family(
      'alert_firing',
      'gauge',
      'Whether the alert fires (1) or not (0).',
      rules.map((one) => sample(Number(one.state === 'firing'), labelsOf(one))),
    ),
    family(
      'alert_pending',
      'gauge',
      'Whether the alert waits to fire.',
      rules.map((one) => sample(Number(one.state === 'pending'), labelsOf(one))),
    ),
    family('alert_undelivered', 'gauge', 'Messages that no sink has accepted yet.', [sample(undelivered)]),
    family('alert_silences', 'gauge', 'Silences in force.', [sample(silences.length)]),
  ]
}

function ruleFamilies(last: CheckReport | undefined): MetricFamily[] {
  const known = (last?.rules ?? []).filter(({ active, value }) => active !== undefined && !Number.isNaN(value))
  const of = (kind: string): readonly RuleStatus[] => known.filter((one) => one.kind === kind)
  const measured = (one: RuleStatus): Record<string, string> => ({ ...labelsOf(one), metric: String(one.details.metric) })
  const bound = (key: 'low' | 'high'): MetricSample[] =>
    of('estimated-performance').map((one) => sample(Number(one.details[key]), measured(one)))
  return [
    family(
      'rule_value',
      'gauge',
      'What the rule measured at the last check, if there was enough data.',
      known.map((one) => sample(one.value, labelsOf(one))),
    ),
    family(
      'rule_threshold',
      'gauge',
      'The limit of the rule.',
      (last?.rules ?? []).map((one) => sample(one.threshold, labelsOf(one))),
    ),
    family(
      'rule_rows',
      'gauge',
      'Rows that the value was computed from.',
      (last?.rules ?? []).map((one) => sample(one.rows, labelsOf(one))),
    ),
    family(
      'performance',
      'gauge',
      'A metric over labelled rows.',
      of('performance').map((one) => sample(one.value, measured(one))),
    ),
    family(
      'estimated_performance',
      'gauge',
      'A metric estimated without labels.',
      of('estimated-performance').map((one) => sample(one.value, measured(one))),
    ),
    family('estimated_performance_low', 'gauge', 'Three standard errors below the estimate.', bound('low')),
    family('estimated_performance_high', 'gauge', 'Three standard errors above the estimate.', bound('high')),
  ]
}

/** The result for a column, as a drift rule's details hold it. */
interface ColumnDetail {
  readonly column: string
  readonly score: number | null
  readonly psi: number | null
  readonly driftDetected: boolean
}

function driftFamilies(last: CheckReport | undefined): MetricFamily[] {
  const columns = (last?.rules ?? [])
    .filter(({ kind }) => kind === 'drift')
    .flatMap((one) =>
      ((one.details.columns ?? []) as readonly ColumnDetail[]).map((column) => ({
        column,
        labels: { ...labelsOf(one), column: column.column },
      })),
    )
  const numbers = (key: 'score' | 'psi'): MetricSample[] =>
    columns.flatMap(({ column, labels }) => (column[key] === null ? [] : [sample(column[key] as number, labels)]))
  return [
    family('drift_score', 'gauge', "How far the column is from the reference, by the detector's own method.", numbers('score')),
    family('drift_psi', 'gauge', 'Population stability index of the column.', numbers('psi')),
    family(
      'drift_detected',
      'gauge',
      'Whether the column has drifted.',
      columns.map(({ column, labels }) => sample(Number(column.driftDetected), labels)),
    ),
  ]
}

function labelsOf({ rule, kind, group }: RuleStatus): Record<string, string> {
  const named = Object.entries(group).map(([name, value]) => [name.replace(/[^a-zA-Z0-9_]/g, '_').replace(/^(?=[0-9])/, '_'), value])
  return { ...(Object.fromEntries(named) as Record<string, string>), rule, kind }
}

function family(name: string, type: MetricFamily['type'], help: string, samples: readonly MetricSample[]): MetricFamily {
  return { name: `millwright_${name}`, type, help, samples }
}

function sample(value: number, labels: Readonly<Record<string, string>> = {}): MetricSample {
  return { labels, value }
}
