/** Alert rules for Prometheus, and for Grafana's own alerting, from the rules of a monitor and the limits of a service. */
import { invalidArgument, show } from '../core/errors'
import { arrayOf, checkOptions, finiteNumber, nonEmptyString, ofType, requireOptions } from '../core/options'
import { toYaml } from '../core/yaml-write'
import type { AlertRule } from '../monitor'
import { assertRule, limitsOfRule } from '../monitor/rule-check'

/** Limits of a service, for alerts that a monitor does not have. */
export interface ServiceLimits {
  /** Share of HTTP answers with a 5xx status over 5 minutes. @default 0.01 */
  readonly maxErrorRatio?: number | undefined
  /** The 99th percentile of the time to answer, in seconds, over 5 minutes. @default no alert */
  readonly maxP99Seconds?: number | undefined
  /** Calls refused or given up for overload, a second. @default 0 */
  readonly maxShedPerSecond?: number | undefined
}

/** Options of {@link prometheusRules} and {@link grafanaAlerting}. */
export interface AlertRulesOptions {
  /** The name of the monitor. */
  readonly monitor: string
  /** The rules of the monitor. */
  readonly rules: readonly AlertRule[]
  /** How often the monitor checks. A monitor that is silent for three times as long is an alert. @default no such alert */
  readonly checkEveryMs?: number | undefined
  /** Alerts of the service that answers. @default none */
  readonly service?: ServiceLimits | undefined
  /** Added to every alert, for routes: `{ team: 'ml' }`. */
  readonly labels?: Readonly<Record<string, string>> | undefined
  /** A page that tells what to do, as the annotation `runbook_url`. */
  readonly runbookUrl?: string | undefined
}

/** One alert of Prometheus. */
export interface PrometheusAlert {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly keep_firing_for?: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

/**
 * A rule file of Prometheus. Prometheus compares the values that the monitor measured with the same limits, waits as long, and so alerts by itself,
 * also when the monitor can no longer send; alerts of their own tell that the monitor is silent or its messages are not delivered.
 *
 * `clear` and `coolDownMs` have no counterpart in Prometheus and are left out.
 *
 * @throws InvalidArgument for invalid options and rules
 * @example await writeFile('alerts.yml', prometheusRules({ monitor: 'bikes', rules, checkEveryMs: 60_000 }))
 */
export function prometheusRules(options: AlertRulesOptions): string {
  const rules = prometheusAlerts('prometheusRules', options).map((alert) => ({ ...alert }))
  return toYaml({ groups: [{ name: `millwright-${options.monitor}`, rules }] })
}

/** The alerts as data. @throws InvalidArgument */
export function prometheusAlerts(subject: string, options: AlertRulesOptions): PrometheusAlert[] {
  requireOptions(subject, options, ['monitor', 'rules'])
  checkOptions(subject, options, {
    monitor: nonEmptyString(),
    rules: arrayOf(ofType('object')),
    checkEveryMs: finiteNumber(1),
    service: ofType('object'),
    labels: ofType('object'),
    runbookUrl: nonEmptyString(),
  })
  const { monitor, rules, checkEveryMs, service } = options
  for (const rule of rules) assertRule(rule)
  const names = rules.map(({ name }) => alertName(name))
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw invalidArgument(`two rules of ${subject} would both be the alert ${show(twice)}`)
  const all = [
    ...rules.map((rule) => alertOf(monitor, rule)),
    ...monitorAlerts(monitor, checkEveryMs),
    ...(service === undefined ? [] : serviceAlerts(subject, service)),
  ]
  return all.map((alert) => ({
    ...alert,
    labels: { ...options.labels, ...alert.labels },
    annotations: { ...alert.annotations, ...(options.runbookUrl === undefined ? {} : { runbook_url: options.runbookUrl }) },
  }))
}

/** A selector of series: `{monitor="bikes",rule="accuracy"}`. */
export function selector(labels: Readonly<Record<string, string>>): string {
  const text = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
  return `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${text(value)}"`)
    .join(',')}}`
}

/** A length of time as Prometheus writes it; whole milliseconds. */
export function duration(ms: number): string {
  const units = [
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
    ['ms', 1],
  ] as const
  const [unit, size] = units.find(([, length]) => ms >= length && ms % length === 0) ?? (['ms', 1] as const)
  return `${Math.ceil(ms / size)}${unit}`
}

/** `drift by column` → `DriftByColumn`, as alerts of Prometheus are named. */
function alertName(name: string): string {
  const words = name.split(/[^a-zA-Z0-9]+/).filter((word) => word !== '')
  const text = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')
  return /^[A-Za-z]/.test(text) ? text : `Alert${text}`
}

function alertOf(monitor: string, rule: AlertRule): PrometheusAlert {
  const series = `millwright_rule_value${selector({ monitor, rule: rule.name })}`
  const { forMs = 0, keepFiringMs = 0 } = rule
  return {
    alert: alertName(rule.name),
    expr: expressionOf(monitor, rule, series),
    ...(forMs > 0 ? { for: duration(forMs) } : {}),
    ...(keepFiringMs > 0 ? { keep_firing_for: duration(keepFiringMs) } : {}),
    labels: { ...rule.labels, severity: rule.severity ?? (rule.kind === 'performance' ? 'critical' : 'warning') },
    annotations: {
      summary: `${rule.name} of ${monitor} is {{ $value | humanize }}`,
      description: `${describe(rule)} The labels say which group it is about.`,
    },
  }
}

function expressionOf(monitor: string, rule: AlertRule, series: string): string {
  if (rule.kind === 'drift') {
    if (rule.share !== undefined) return `${series} > 0 and ${series} >= ${rule.share}`
    if (rule.psi !== undefined) return `${series} >= ${rule.psi}`
    return `max without (column) (millwright_drift_detected${selector({ monitor, rule: rule.name })}) > 0`
  }
  const { lower, upper } = limitsOfRule(rule)
  const parts = [lower === undefined ? '' : `${series} < ${lower}`, upper === undefined ? '' : `${series} > ${upper}`]
  return parts.filter((part) => part !== '').join(' or ')
}

function describe(rule: AlertRule): string {
  if (rule.kind === 'drift') {
    const columns = rule.columns === undefined ? 'the columns' : rule.columns.join(', ')
    return `Drift of ${columns}${rule.share === undefined ? '' : `, ${rule.share} of them or more`}${rule.psi === undefined ? '' : `, PSI ${rule.psi} or more`}.`
  }
  const { lower, upper } = limitsOfRule(rule)
  const metric = 'metric' in rule ? (typeof rule.metric === 'string' ? rule.metric : rule.metric.name) : rule.kind
  return `${metric} alerts${lower === undefined ? '' : ` below ${lower}`}${lower !== undefined && upper !== undefined ? ' and' : ''}${upper === undefined ? '' : ` above ${upper}`}.`
}

function monitorAlerts(monitor: string, checkEveryMs: number | undefined): PrometheusAlert[] {
  const of = selector({ monitor })
  const undelivered: PrometheusAlert = {
    alert: 'MonitorAlertsUndelivered',
    expr: `millwright_alert_undelivered${of} > 0`,
    for: '15m',
    labels: { severity: 'warning' },
    annotations: { summary: `Messages of ${monitor} are not accepted by their receiver` },
  }
  const lost: PrometheusAlert = {
    alert: 'MonitorLogLost',
    expr: `increase(millwright_monitor_lost_lines_total${of}[15m]) > 0`,
    labels: { severity: 'warning' },
    annotations: { summary: `The prediction log of ${monitor} loses lines: its storage does not accept them` },
  }
  if (checkEveryMs === undefined) return [undelivered, lost]
  const silent: PrometheusAlert = {
    alert: 'MonitorSilent',
    expr: `time() - millwright_monitor_last_check_timestamp_seconds${of} > ${(3 * checkEveryMs) / 1000} or absent(millwright_monitor_last_check_timestamp_seconds${of})`,
    for: duration(Math.max(60_000, Math.ceil(checkEveryMs))),
    labels: { severity: 'critical' },
    annotations: { summary: `${monitor} has not checked its rules for three intervals` },
  }
  return [silent, undelivered, lost]
}

function serviceAlerts(subject: string, service: ServiceLimits): PrometheusAlert[] {
  checkOptions(`\`service\` of ${subject}`, service, {
    maxErrorRatio: finiteNumber(0, 1),
    maxP99Seconds: finiteNumber(0),
    maxShedPerSecond: finiteNumber(0),
  })
  const { maxErrorRatio = 0.01, maxP99Seconds, maxShedPerSecond = 0 } = service
  const errors: PrometheusAlert = {
    alert: 'ServiceErrors',
    expr: `sum by (job) (rate(millwright_http_requests_total{code=~"5.."}[5m])) / sum by (job) (rate(millwright_http_requests_total[5m])) > ${maxErrorRatio}`,
    for: '5m',
    labels: { severity: 'critical' },
    annotations: { summary: 'The service answers {{ $value | humanizePercentage }} of its requests with an error' },
  }
  const shed: PrometheusAlert = {
    alert: 'ServiceOverloaded',
    expr: `sum by (job, model) (rate(millwright_shed_total[5m])) > ${maxShedPerSecond}`,
    for: '5m',
    labels: { severity: 'warning' },
    annotations: { summary: '{{ $labels.model }} refuses {{ $value | humanize }} calls a second for overload' },
  }
  const down: PrometheusAlert = {
    alert: 'ModelNotLoaded',
    expr: 'millwright_model_loaded == 0',
    for: '1m',
    labels: { severity: 'critical' },
    annotations: { summary: '{{ $labels.model }} version {{ $labels.version }} does not answer' },
  }
  const slow: PrometheusAlert = {
    alert: 'ServiceSlow',
    expr: `histogram_quantile(0.99, sum by (job, model, le) (rate(millwright_request_duration_seconds_bucket[5m]))) > ${maxP99Seconds}`,
    for: '5m',
    labels: { severity: 'warning' },
    annotations: { summary: '1 % of the calls of {{ $labels.model }} take longer than {{ $value | humanizeDuration }}' },
  }
  return [errors, shed, down, ...(maxP99Seconds === undefined ? [] : [slow])]
}
