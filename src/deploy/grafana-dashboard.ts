/** A Grafana dashboard of a monitored model, from the same rules that its monitor has. */
import { invalidArgument, show } from '../core/errors'
import type { Json } from '../core/json'
import { arrayOf, checkOptions, nonEmptyString, ofType, requireOptions } from '../core/options'
import type { AlertRule } from '../monitor'
import { assertRule, limitsOfRule } from '../monitor/rule-check'
import { selector } from './alert-rules'
import { datasource, laidOut, type PanelSpec, row, stat, stateTimeline, table, timeSeries } from './grafana-panels'

/** Options of {@link grafanaDashboard}. */
export interface GrafanaDashboardOptions {
  /** The name of the monitor. */
  readonly monitor: string
  /** The rules of the monitor: they decide which panels there are, and their limits. */
  readonly rules: readonly AlertRule[]
  /** @default the name of the monitor */
  readonly title?: string | undefined
  /** At most 40 of a–z, A–Z, 0–9, `_`, `-`: the address of the dashboard, by which it is replaced. @default made from the name of the monitor */
  readonly uid?: string | undefined
  readonly tags?: readonly string[] | undefined
  /** Panels of the service that answers: requests, errors, latency, batches. @default true */
  readonly serving?: boolean | undefined
  /** How often the page asks anew. @default '1m' */
  readonly refresh?: string | undefined
}

/** A dashboard in Grafana's classic JSON model. */
export interface GrafanaDashboard {
  readonly uid: string
  readonly title: string
  readonly schemaVersion: number
  readonly panels: readonly Json[]
  readonly [key: string]: Json | undefined
}

/**
 * A dashboard: alerts, performance (measured and estimated), drift by column, data quality, latency, errors, versions. Its data source is a
 * variable, so it shows data wherever it is imported. Write it as JSON beside its provisioning file, or send it with `publishDashboard`.
 *
 * @throws InvalidArgument for invalid options and rules
 */
export function grafanaDashboard(options: GrafanaDashboardOptions): GrafanaDashboard {
  requireOptions('grafanaDashboard', options, ['monitor', 'rules'])
  checkOptions('grafanaDashboard', options, {
    monitor: nonEmptyString(),
    rules: arrayOf(ofType('object')),
    title: nonEmptyString(),
    uid: nonEmptyString(),
    tags: arrayOf(nonEmptyString()),
    serving: ofType('boolean'),
    refresh: nonEmptyString(),
  })
  const { monitor, rules, title = monitor, tags = ['mlops', 'millwright'], serving = true, refresh = '1m' } = options
  for (const rule of rules) assertRule(rule)
  const uid = options.uid ?? `millwright-${monitor.replace(/[^a-zA-Z0-9_-]/g, '-')}`.slice(0, 40)
  if (!/^[a-zA-Z0-9_-]{1,40}$/.test(uid))
    throw invalidArgument(`\`uid\` of grafanaDashboard must be 1 to 40 of a–z, A–Z, 0–9, _ and -, got ${show(uid)}`)
  const of = selector({ monitor })
  return {
    uid,
    title,
    tags: [...tags],
    timezone: 'browser',
    editable: true,
    graphTooltip: 1,
    schemaVersion: 42,
    version: 0,
    refresh,
    time: { from: 'now-24h', to: 'now' },
    timepicker: {},
    annotations: { list: [versionMarks()] },
    links: [],
    templating: { list: [datasourceVariable()] },
    panels: laidOut([
      ...summaryPanels(of, rules),
      ...performancePanels(monitor, rules),
      ...driftPanels(monitor, rules),
      ...qualityPanels(monitor, rules),
      ...(serving ? servingPanels() : []),
    ]),
  }
}

function datasourceVariable(): Json {
  const shown = { hide: 0, refresh: 1, regex: '', multi: false, includeAll: false, options: [], current: {} }
  return { type: 'datasource', name: 'datasource', label: 'Data source', query: 'prometheus', ...shown }
}

/** A line where a model version begins to answer. */
function versionMarks(): Json {
  return {
    name: 'New model version',
    datasource,
    enable: true,
    iconColor: 'purple',
    expr: 'millwright_model_info unless millwright_model_info offset 2m',
    step: '60s',
    titleFormat: '{{model}} version {{version}}',
  }
}

function summaryPanels(of: string, rules: readonly AlertRule[]): PanelSpec[] {
  const drift = rules.some(({ kind }) => kind === 'drift')
  return [
    row('Now'),
    stat({ title: 'Alerts firing', queries: [{ expr: `sum(millwright_alert_firing${of})` }], red: 1 }),
    stat({
      title: 'Since the last check',
      unit: 's',
      queries: [{ expr: `time() - max(millwright_monitor_last_check_timestamp_seconds${of})` }],
    }),
    stat({ title: 'Predictions a minute', queries: [{ expr: `sum(rate(millwright_monitor_predictions_total${of}[5m])) * 60` }] }),
    stat({ title: 'Labels a minute', queries: [{ expr: `sum(rate(millwright_monitor_labels_total${of}[5m])) * 60` }] }),
    ...(drift
      ? [stat({ title: 'Drifted columns', queries: [{ expr: `sum(max by (column) (millwright_drift_detected${of}))` }], red: 1 })]
      : []),
    stat({ title: 'Undelivered messages', queries: [{ expr: `sum(millwright_alert_undelivered${of})` }], red: 1 }),
    stateTimeline({
      title: 'Alerts',
      queries: [{ expr: `millwright_alert_firing${of}`, legend: '{{rule}} {{version}}' }],
      on: 'firing',
      off: 'quiet',
      width: 16,
      height: 7,
    }),
    table({ title: 'Versions that answer', queries: [{ expr: 'millwright_model_info' }], hide: [], width: 8, height: 7 }),
  ]
}

function performancePanels(monitor: string, rules: readonly AlertRule[]): PanelSpec[] {
  const panels = rules.flatMap((rule) => {
    if (rule.kind !== 'performance' && rule.kind !== 'estimated-performance') return []
    const metric = typeof rule.metric === 'string' ? rule.metric : rule.metric.name
    const of = selector({ monitor, rule: rule.name })
    const legend = groupLegend(rule, metric)
    const limits = limitsOfRule(rule)
    if (rule.kind === 'performance')
      return [
        timeSeries({
          title: rule.name,
          description: `${metric} over labelled rows`,
          queries: [{ expr: `millwright_performance${of}`, legend }],
          limits,
        }),
      ]
    const description = `${metric} estimated without labels, with three standard errors`
    const queries = ['', '_low', '_high'].map((end) => ({
      expr: `millwright_estimated_performance${end}${of}`,
      legend: `${legend} ${end.slice(1) || 'estimate'}`,
    }))
    return [timeSeries({ title: rule.name, description, queries, limits })]
  })
  return panels.length === 0 ? [] : [row('Performance'), ...panels]
}

function driftPanels(monitor: string, rules: readonly AlertRule[]): PanelSpec[] {
  const panels = rules.flatMap((rule) => {
    if (rule.kind !== 'drift') return []
    const of = selector({ monitor, rule: rule.name })
    const [metric, limits] = rule.psi === undefined ? ['millwright_drift_score', {}] : ['millwright_drift_psi', { upper: rule.psi }]
    const title = rule.psi === undefined ? 'score' : 'population stability index'
    return [
      timeSeries({
        title: `${rule.name}: ${title} by column`,
        queries: [{ expr: `topk(20, ${metric}${of})`, legend: groupLegend(rule, '{{column}}') }],
        limits,
      }),
      stateTimeline({
        title: `${rule.name}: drifted columns`,
        queries: [{ expr: `millwright_drift_detected${of}`, legend: groupLegend(rule, '{{column}}') }],
        on: 'drift',
        off: 'as before',
      }),
    ]
  })
  return panels.length === 0 ? [] : [row('Drift'), ...panels]
}

function qualityPanels(monitor: string, rules: readonly AlertRule[]): PanelSpec[] {
  const units: Readonly<Partial<Record<AlertRule['kind'], string>>> = {
    latency: 'ms',
    missing: 'percentunit',
    refused: 'percentunit',
    labels: 'percentunit',
  }
  const own = rules.flatMap((rule) => {
    if (rule.kind === 'drift' || rule.kind === 'performance' || rule.kind === 'estimated-performance') return []
    const expr = `millwright_rule_value${selector({ monitor, rule: rule.name })}`
    return [
      timeSeries({
        title: rule.name,
        unit: units[rule.kind],
        queries: [{ expr, legend: groupLegend(rule, rule.kind) }],
        limits: limitsOfRule(rule),
        width: 8,
      }),
    ]
  })
  const refused = `sum by (column) (rate(millwright_monitor_refused_problems_total${selector({ monitor })}[5m]))`
  return [
    row('Data'),
    ...own,
    timeSeries({
      title: 'Problems of refused input by column',
      queries: [{ expr: refused, legend: '{{column}}' }],
      unit: 'cps',
      min: 0,
      width: 8,
    }),
  ]
}

function servingPanels(): PanelSpec[] {
  const latency = (q: number): { expr: string; legend: string } => ({
    expr: `histogram_quantile(${q}, sum by (le) (rate(millwright_request_duration_seconds_bucket[5m])))`,
    legend: `p${q * 100}`,
  })
  return [
    row('Service'),
    timeSeries({
      title: 'Requests',
      unit: 'reqps',
      min: 0,
      width: 8,
      queries: [{ expr: 'sum by (code) (rate(millwright_http_requests_total[5m]))', legend: '{{code}}' }],
    }),
    timeSeries({ title: 'Time to answer', unit: 's', min: 0, width: 8, queries: [latency(0.5), latency(0.95), latency(0.99)] }),
    timeSeries({
      title: 'Calls by outcome',
      unit: 'reqps',
      min: 0,
      width: 8,
      queries: [{ expr: 'sum by (outcome) (rate(millwright_requests_total[5m]))', legend: '{{outcome}}' }],
    }),
    timeSeries({
      title: 'Rows answered by version',
      unit: 'cps',
      min: 0,
      width: 8,
      queries: [{ expr: 'sum by (model, version) (rate(millwright_rows_total[5m]))', legend: '{{model}} {{version}}' }],
    }),
    timeSeries({
      title: 'Rows in a batch',
      min: 0,
      width: 8,
      queries: [{ expr: 'sum(rate(millwright_batch_rows_sum[5m])) / sum(rate(millwright_batch_rows_count[5m]))', legend: 'mean' }],
    }),
    timeSeries({
      title: 'Rows waiting',
      min: 0,
      width: 8,
      queries: [{ expr: 'sum by (model) (millwright_queue_rows)', legend: '{{model}}' }],
    }),
  ]
}

/** A legend that names the group of a rule with `by`. */
function groupLegend({ by }: AlertRule, name: string): string {
  if (by === undefined) return name
  return `${name} {{${by === 'version' ? 'version' : by.column.replace(/[^a-zA-Z0-9_]/g, '_').replace(/^(?=[0-9])/, '_')}}}`
}
