/** The lifecycle report of a model: performance, events, drift and versions. */
import { barPair } from '../plot/bar-pair'
import type { Colour } from '../plot/colours'
import { formatDay, formatNumber, formatPercent, formatTime } from '../plot/format'
import { type Html, html } from '../plot/html'
import { legend } from '../plot/legend'
import { lineChart } from '../plot/line-chart'
import { checkLifecycleReport } from './check-report'
import { page, type Section, type Tile } from './page'
import { dataTable, heatTable } from './table'

/** An event in the life of a model. */
export interface LifecycleEvent {
  /** Epoch milliseconds, on the time axis of the chart. */
  readonly at: number
  readonly kind: 'trained' | 'drift' | 'performance' | 'resolved' | 'retrained' | 'promoted' | 'kept' | 'rollback' | 'failed'
  /** One sentence with the numbers. */
  readonly text: string
  /** Whether the chart marks it. @default true */
  readonly marked?: boolean | undefined
}

/** A model version in the report. */
export interface ReportVersion {
  readonly version: string
  readonly aliases: readonly string[]
  /** Epoch milliseconds. */
  readonly createdAt: number
  readonly metrics: Readonly<Record<string, number>>
  /** A description of its training data. */
  readonly data?: string | undefined
  readonly runId?: string | undefined
}

/** One line of a registry's history. */
export interface ReportHistoryEntry {
  readonly at: number
  readonly text: string
}

/** The outcome of one expectation. */
export interface ReportExpectation {
  readonly name: string
  readonly success: boolean
  /** A description of the result. */
  readonly observed?: string | undefined
}

/** Everything a lifecycle report shows. Parts that are not given are left out. */
export interface LifecycleReport {
  readonly title: string
  readonly lead?: string | undefined
  /** When the report is made, epoch milliseconds. */
  readonly createdAt: number
  readonly tiles?: readonly Tile[] | undefined
  /** The live metric over time, a share of one: with retraining and without. */
  readonly performance?:
    | {
        readonly metric: string
        readonly text?: string | undefined
        readonly retrained: readonly { readonly x: number; readonly y: number }[]
        readonly championOnly: readonly { readonly x: number; readonly y: number }[]
        readonly threshold?: number | undefined
        readonly training?: { readonly from: number; readonly to: number } | undefined
      }
    | undefined
  /** The metric by period: with retraining and without. */
  readonly periods?: readonly { readonly title: string; readonly championOnly: number; readonly retrained: number }[] | undefined
  readonly events?: readonly LifecycleEvent[] | undefined
  /** Drift scores, one list per column, one number per period. */
  readonly drift?:
    | {
        readonly columns: readonly string[]
        readonly periods: readonly string[]
        readonly scores: readonly (readonly number[])[]
        readonly threshold: number
        readonly text?: string | undefined
      }
    | undefined
  readonly versions?: readonly ReportVersion[] | undefined
  readonly history?: readonly ReportHistoryEntry[] | undefined
  readonly expectations?: readonly ReportExpectation[] | undefined
  /** Further sections, after the others. */
  readonly sections?: readonly Section[] | undefined
  readonly footer?: string | undefined
}

/**
 * One self-contained HTML document: no network, no script, light and dark, prints; everything escaped. The numbers are also in the page
 * as JSON, in the element `report-data`.
 *
 * @throws InvalidArgument naming the part that is missing or wrong
 */
export function lifecycleReport(report: LifecycleReport): string {
  checkLifecycleReport(report)
  const events = [...(report.events ?? [])].sort((a, b) => a.at - b.at)
  const marked = events.filter((event) => event.marked !== false)
  const numbers = new Map(marked.map((event, i) => [event, i + 1]))
  const sections = [
    performanceSection(report, marked),
    periodSection(report),
    eventSection(events, report.performance === undefined ? new Map() : numbers),
    driftSection(report),
    versionSection(report),
    historySection(report),
    expectationSection(report),
    ...(report.sections ?? []),
  ].filter((section) => section !== undefined)
  const { sections: _, ...data } = report
  return page({
    title: report.title,
    lead: report.lead,
    tiles: report.tiles,
    sections,
    footer:
      report.footer ??
      `Made ${formatTime(report.createdAt)} UTC. Opens without a network; the numbers are in the page as JSON (#report-data).`,
    data: { ...data, events },
  })
}

const kinds: Readonly<
  Record<LifecycleEvent['kind'], { readonly word: string; readonly colour: Colour; readonly tone: '' | 'good' | 'bad' }>
> = {
  trained: { word: 'trained', colour: 'a', tone: '' },
  drift: { word: 'drift', colour: 'e', tone: '' },
  performance: { word: 'below threshold', colour: 'c', tone: 'bad' },
  resolved: { word: 'resolved', colour: 'd', tone: 'good' },
  retrained: { word: 'retrained', colour: 'a', tone: '' },
  promoted: { word: 'promoted', colour: 'd', tone: 'good' },
  kept: { word: 'champion kept', colour: 'b', tone: '' },
  rollback: { word: 'rollback', colour: 'c', tone: 'bad' },
  failed: { word: 'failed', colour: 'c', tone: 'bad' },
}

/** The legend of the marked events. */
function markLegend(marked: readonly LifecycleEvent[]): Html | null {
  const present = [...new Set(marked.map(({ kind }) => kind))]
  return present.length === 0 ? null : legend(present.map((kind) => ({ name: kinds[kind].word, colour: kinds[kind].colour, shape: 'dot' })))
}

function performanceSection({ performance }: LifecycleReport, marked: readonly LifecycleEvent[]): Section | undefined {
  if (performance === undefined) return undefined
  const { metric, retrained, championOnly, threshold, training, text } = performance
  const last = (points: readonly { readonly y: number }[]): string => formatPercent(points[points.length - 1]?.y)
  return {
    title: `${capital(metric)} over time`,
    text,
    body: [
      markLegend(marked) ?? html``,
      lineChart({
        description: `${metric} over time: with retraining it ends at ${last(retrained)}, the first champion alone at ${last(championOnly)}.`,
        series: [
          { name: 'first champion, never retrained', points: championOnly, colour: 'b', quiet: true },
          { name: 'with retraining', points: retrained, colour: 'a' },
        ],
        y: 'percent',
        yTitle: metric,
        thresholds: threshold === undefined ? [] : [{ value: threshold, label: `alert ${formatPercent(threshold, 0)}` }],
        spans: training === undefined ? [] : [{ ...training, label: 'training data' }],
        marks: marked.map((event, i) => ({ x: event.at, number: i + 1, label: event.text, colour: kinds[event.kind].colour })),
        height: 430,
      }),
    ],
  }
}

function periodSection({ periods, performance }: LifecycleReport): Section | undefined {
  if (periods === undefined || periods.length === 0) return undefined
  const values = periods.flatMap(({ championOnly, retrained }) => [championOnly, retrained]).filter(Number.isFinite)
  const floor = Math.max(0, Math.floor((Math.min(...values, 1) - 0.05) * 20) / 20)
  return {
    title: 'Month by month',
    text: `${capital(performance?.metric ?? 'the metric')} in percent. The bars begin at ${formatPercent(floor, 0)}: compare their tops, not their lengths.`,
    body: barPair({
      description: periods
        .map(
          ({ title, championOnly, retrained }) => `${title}: ${formatPercent(championOnly)} alone, ${formatPercent(retrained)} retrained`,
        )
        .join('; '),
      names: ['first champion, never retrained', 'with retraining'],
      groups: periods.map(({ title, championOnly, retrained }) => ({ title, values: [championOnly, retrained] })),
      y: 'percent',
      yTitle: performance?.metric,
      yDomain: [floor, Math.min(1, Math.ceil((Math.max(...values, floor) + 0.02) * 20) / 20)],
    }),
  }
}

function eventSection(events: readonly LifecycleEvent[], numbers: ReadonlyMap<LifecycleEvent, number>): Section | undefined {
  if (events.length === 0) return undefined
  const numberOf = (event: LifecycleEvent): Html | string => {
    const number = numbers.get(event)
    return number === undefined ? '' : html`<span class="badge" style="background:var(--${kinds[event.kind].colour})">${number}</span>`
  }
  const badgeOf = (event: LifecycleEvent): Html => {
    const { word, tone } = kinds[event.kind]
    return html`<span class="tag ${tone}">${word}</span>`
  }
  return {
    title: 'What happened',
    text: numbers.size === 0 ? undefined : 'The numbers are those in the chart above.',
    body: dataTable({
      rows: events,
      columns: [
        ...(numbers.size === 0 ? [] : [{ title: 'No.', numeric: true, cell: numberOf }]),
        { title: 'When', cell: (event: LifecycleEvent) => html`<span class="nowrap">${formatDay(event.at)}</span>` },
        { title: 'What', cell: badgeOf },
        { title: 'In numbers', cell: (event) => event.text },
      ],
    }),
  }
}

function driftSection({ drift }: LifecycleReport): Section | undefined {
  if (drift === undefined) return undefined
  return {
    title: 'Drift by column',
    text: drift.text,
    body: heatTable({
      rowTitles: drift.columns,
      columnTitles: drift.periods,
      values: drift.scores,
      threshold: drift.threshold,
      corner: 'column',
      caption: `The deeper, the further from the data the first champion was trained on. Bold: at or above ${formatNumber(drift.threshold)}.`,
    }),
  }
}

function versionSection({ versions }: LifecycleReport): Section | undefined {
  if (versions === undefined) return undefined
  const metrics = [...new Set(versions.flatMap((version) => Object.keys(version.metrics)))]
  const aliasesOf = (version: ReportVersion): Html[] =>
    version.aliases.map((alias) => html`<span class="tag ${alias === 'champion' ? 'good' : ''}">${alias}</span> `)
  return {
    title: 'Versions',
    text: 'The metrics are those each version was registered with, on rows it had not seen.',
    body: dataTable({
      rows: versions,
      empty: 'no version was registered',
      columns: [
        { title: 'Version', cell: ({ version }) => version },
        { title: 'Aliases', cell: aliasesOf },
        { title: 'Trained on', cell: ({ data }) => data ?? '–' },
        ...metrics.map((metric) => ({
          title: metric,
          numeric: true,
          cell: (version: ReportVersion) => formatNumber(version.metrics[metric], 4),
        })),
        { title: 'Run', cell: ({ runId }) => (runId === undefined ? '–' : html`<span class="mono">${runId.slice(0, 8)}</span>`) },
      ],
    }),
  }
}

function historySection({ history }: LifecycleReport): Section | undefined {
  if (history === undefined) return undefined
  return {
    title: 'Registry history',
    text: 'Every move of an alias, as the registry keeps it.',
    body: dataTable({
      rows: history,
      empty: 'nothing has happened yet',
      columns: [
        { title: 'When (UTC)', cell: ({ at }) => html`<span class="mono nowrap">${formatTime(at)}</span>` },
        { title: 'What', cell: ({ text }) => text },
      ],
    }),
  }
}

function expectationSection({ expectations }: LifecycleReport): Section | undefined {
  if (expectations === undefined) return undefined
  const kept = expectations.filter(({ success }) => success).length
  return {
    title: 'Data quality',
    text: `${kept} of ${expectations.length} expectations met.`,
    body: dataTable({
      rows: expectations,
      empty: 'no expectation was checked',
      columns: [
        { title: 'Expectation', cell: ({ name }) => name },
        {
          title: 'Result',
          cell: ({ success }) => html`<span class="tag ${success ? 'good' : 'bad'}">${success ? 'met' : 'not met'}</span>`,
        },
        { title: 'Observed', cell: ({ observed }) => observed ?? '–' },
      ],
    }),
  }
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}
