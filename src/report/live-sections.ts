/** What the page of a monitor shows: numbers, performance over time, drift, alerts, refused input. */
import type { MetricName } from '../metrics'
import type { CheckReport, Monitor, PerformancePoint, Period, RuleStatus } from '../monitor'
import { formatDay, formatNumber, formatPercent, formatTime } from '../plot/format'
import { type Html, html } from '../plot/html'
import { type ChartMark, lineChart } from '../plot/line-chart'
import type { Section, Tile } from './page'
import { dataTable } from './table'

/** What is shown beside the monitor itself. */
export interface LiveView {
  readonly monitor: Monitor
  /** The last check, if there was one. */
  readonly last: CheckReport | undefined
  readonly metrics: readonly MetricName[]
  readonly period: Period
}

/** Numbers at the top. */
export function liveTiles({ monitor, last }: LiveView): Tile[] {
  const { rows, recorded, labelled, refusedRows } = monitor.stats
  const firing = monitor.alerts.active.filter(({ state }) => state.state === 'firing').length
  const { silences, lastCheckAt, undelivered, waiting } = monitor.alerts
  return [
    {
      label: 'Alerts firing',
      value: firing === 0 ? '✓ none' : `✗ ${firing}`,
      note: silences.length === 0 ? undefined : `${silences.length} silenced`,
    },
    { label: 'Predictions', value: formatNumber(recorded), note: `${formatNumber(rows)} in the log` },
    {
      label: 'Labels',
      value: formatNumber(labelled),
      note: recorded === 0 ? undefined : `${formatPercent(labelled / recorded)} of the predictions`,
    },
    { label: 'Refused rows', value: formatNumber(refusedRows) },
    {
      label: 'Last check',
      value: lastCheckAt === undefined ? '–' : (formatTime(lastCheckAt).split(', ')[1] ?? '–'),
      note:
        last === undefined
          ? 'no rule was evaluated yet'
          : undelivered > 0
            ? `${undelivered} messages undelivered`
            : waiting > 0
              ? `${waiting} messages wait for their group`
              : `${formatDay(last.at)}, UTC`,
    },
  ]
}

/** The sections, those without data left out. */
export function liveSections(view: LiveView): Section[] {
  const { monitor, last } = view
  const sections = [
    alertSection(last),
    ...view.metrics.map((metric) => performanceSection(view, metric)),
    versionSection(view),
    driftSection(last),
    refusedSection(monitor),
    historySection(monitor),
  ]
  const shown = sections.filter((section) => section !== undefined)
  return shown.length > 0 ? shown : [{ title: 'Nothing yet', body: html`<p>No prediction was logged, and no rule was evaluated.</p>` }]
}

function stateTag(state: RuleStatus['state']): Html {
  const words = { firing: '✗ firing', pending: '! pending', resolved: '✓ resolved', inactive: '✓ quiet' } as const
  return html`<span class="tag ${state === 'firing' ? 'bad' : state === 'pending' ? '' : 'good'}">${words[state]}</span>`
}

function alertSection(last: CheckReport | undefined): Section | undefined {
  if (last === undefined || last.rules.length === 0) return undefined
  const order = ['firing', 'pending', 'resolved', 'inactive']
  const rows = [...last.rules].sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state)).slice(0, 100)
  return {
    title: 'Rules',
    text: `As of ${formatTime(last.at)} UTC.`,
    body: html`<div class="scroll">${dataTable({
      rows,
      columns: [
        { title: 'rule', cell: ({ rule, group }) => [rule, ...Object.values(group)].join(' · ') },
        { title: 'state', cell: ({ state }) => stateTag(state) },
        { title: 'value', numeric: true, cell: ({ value }) => (Number.isNaN(value) ? '–' : formatNumber(value, 3)) },
        { title: 'limit', numeric: true, cell: limitText },
      ],
      words: ({ summary }) => summary,
    })}</div>`,
  }
}

/** The limit of a rule; a drift rule without one fires for any column. */
function limitText({ kind, threshold }: RuleStatus): string {
  return kind === 'drift' && threshold === 0 ? 'any' : formatNumber(threshold, 3)
}

function performanceSection({ monitor, last, period }: LiveView, metric: MetricName): Section | undefined {
  const series = safely(() => monitor.performanceBy(period, { metric }))
    .filter(({ value }) => !Number.isNaN(value))
    .slice(-500)
  if (series.length < 2) return undefined
  const points = series.map(({ from, value }) => ({ x: from, y: value }))
  const rule = last?.rules.find(({ kind, details }) => kind === 'performance' && details.metric === metric)
  const first = points[0]?.x ?? 0
  const alerts = monitor.alerts.history.filter(({ labels, startsAt }) => labels.kind === 'performance' && startsAt >= first).slice(-20)
  const marks = alerts.map(({ startsAt, summary }, i): ChartMark => ({ x: startsAt, number: i + 1, label: summary, colour: 'c' }))
  return {
    title: metric,
    text: 'Over the rows whose label has arrived, by the time of the prediction. Numbers mark where an alert on performance began.',
    body: lineChart({
      description: `${metric} over time, last ${formatNumber(points.at(-1)?.y ?? 0, 3)}`,
      series: [{ name: metric, points, colour: 'a' }],
      thresholds: rule === undefined ? [] : [{ value: rule.threshold, label: `alert ${formatNumber(rule.threshold, 3)}` }],
      marks,
      yTitle: metric,
    }),
  }
}

function versionSection({ monitor, metrics, period }: LiveView): Section | undefined {
  const [metric] = metrics
  if (metric === undefined) return undefined
  const slices = safely(() => monitor.performanceBySlice('version', { metric }))
  if (slices.length < 2) return undefined
  const latest = safely(() => monitor.performanceBy(period, { metric })).at(-1) as PerformancePoint | undefined
  return {
    title: 'Versions',
    body: dataTable({
      rows: slices,
      columns: [
        { title: 'version', cell: ({ slice }) => slice },
        { title: 'rows', numeric: true, cell: ({ rows }) => formatNumber(rows) },
        { title: 'share now', numeric: true, cell: ({ slice }) => formatPercent(latest?.versions[slice] ?? 0) },
        { title: metric, numeric: true, cell: ({ value }) => (Number.isNaN(value) ? '–' : formatNumber(value, 3)) },
      ],
    }),
  }
}

interface ColumnDetail {
  readonly column: string
  readonly score: number | null
  readonly psi: number | null
  readonly driftDetected: boolean
}

function driftSection(last: CheckReport | undefined): Section | undefined {
  const rule = last?.rules.find(({ kind, details }) => kind === 'drift' && Array.isArray(details.columns))
  if (rule === undefined) return undefined
  const columns = [...(rule.details.columns as readonly ColumnDetail[])].sort(
    (a, b) => Number(b.driftDetected) - Number(a.driftDetected) || (b.psi ?? b.score ?? 0) - (a.psi ?? a.score ?? 0),
  )
  const number = (value: number | null): string => (value === null ? '–' : formatNumber(value, 3))
  return {
    title: 'Drift by column',
    text: rule.summary,
    body: dataTable({
      rows: columns.slice(0, 50),
      columns: [
        { title: 'column', cell: ({ column }) => column },
        {
          title: 'verdict',
          cell: ({ driftDetected }) =>
            html`<span class="tag ${driftDetected ? 'bad' : 'good'}">${driftDetected ? '✗ drift' : '✓ ok'}</span>`,
        },
        { title: 'score', numeric: true, cell: ({ score }) => number(score) },
        { title: 'PSI', numeric: true, cell: ({ psi }) => number(psi) },
      ],
    }),
  }
}

function refusedSection(monitor: Monitor): Section | undefined {
  const rows = Object.entries(monitor.stats.refusedProblems)
    .sort(([, a], [, b]) => b - a)
    .slice(0, 20)
  if (rows.length === 0) return undefined
  return {
    title: 'Refused input',
    text: 'Problems found by the check of the input, by column.',
    body: dataTable({
      rows,
      columns: [
        { title: 'column', cell: ([column]) => column },
        { title: 'problems', numeric: true, cell: ([, count]) => formatNumber(count) },
      ],
    }),
  }
}

function historySection(monitor: Monitor): Section | undefined {
  const rows = [...monitor.alerts.history].reverse().slice(0, 50)
  if (rows.length === 0) return undefined
  return {
    title: 'Alerts',
    body: html`<div class="scroll">${dataTable({
      rows,
      columns: [
        { title: 'since', cell: ({ startsAt }) => html`<span class="nowrap">${formatTime(startsAt)}</span>` },
        {
          title: 'until',
          cell: ({ endsAt }) =>
            endsAt === undefined ? html`<span class="tag bad">✗ firing</span>` : html`<span class="nowrap">${formatTime(endsAt)}</span>`,
        },
        { title: 'severity', cell: ({ severity }) => severity },
      ],
      words: ({ summary }) => summary,
    })}</div>`,
  }
}

/** A metric may not be defined for the rows there are (probabilities that are not there): the page shows the rest. */
function safely<T>(query: () => readonly T[]): readonly T[] {
  try {
    return query()
  } catch {
    return []
  }
}
