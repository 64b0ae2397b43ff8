/** A page that compares runs: table, params that differ, parallel coordinates, metric curves. */
import { invalidArgument, show } from '../core/errors'
import { arrayOf, checkOptions, ofType, requireOptions, wholeNumber } from '../core/options'
import type { Colour } from '../plot/colours'
import { formatDuration, formatTime, formatValue } from '../plot/format'
import { type Html, html } from '../plot/html'
import { type Dash, legend } from '../plot/legend'
import { lineChart } from '../plot/line-chart'
import { type ParallelAxis, parallelCoordinates } from '../plot/parallel-coordinates'
import type { MetricPoint } from '../ports/tracker-backend'
import type { ComparedRun, ComparedValue, RunComparison } from '../run'
import { page, type Section } from './page'
import { dataTable } from './table'

/** Options of {@link compareRunsHtml}. */
export interface CompareRunsHtmlOptions {
  /** @default 'Runs compared' */
  readonly title?: string | undefined
  /** Metrics to show, in this order. @default all but `system/…`, by name */
  readonly metrics?: readonly string[] | undefined
  /** Metric curves drawn, at most. @default 12 */
  readonly maxCurves?: number | undefined
}

/** The content of the page. */
export interface RunsToCompare {
  readonly comparison: RunComparison
  /** Metric → one history per run, in the order of the comparison. Metrics without one have no curve. */
  readonly histories: Readonly<Record<string, readonly (readonly MetricPoint[])[]>>
}

/** The methods of a tracker that {@link compareRunsHtml} uses. */
export interface ComparingTracker {
  compareRuns(runIds: readonly string[]): Promise<RunComparison>
  metricHistory(runId: string, key: string): Promise<readonly MetricPoint[]>
}

const colours: readonly Colour[] = ['a', 'c', 'd', 'e', 'b']
/** Longest name of a run in headings and legends. */
const NAME_LENGTH = 28
/** Longest value in a table. */
const VALUE_LENGTH = 48
/** Axes that fit beside each other. */
const MAX_AXES = 11

/**
 * Compares runs of a tracker in one HTML file that needs no network: see {@link compareRunsPage}.
 *
 * @throws NotFound for a run that is not there; InvalidArgument
 */
export async function compareRunsHtml(
  tracker: ComparingTracker,
  runIds: readonly string[],
  options: CompareRunsHtmlOptions = {},
): Promise<string> {
  if (typeof tracker?.compareRuns !== 'function' || typeof tracker.metricHistory !== 'function') {
    throw invalidArgument(`compareRunsHtml needs a tracker, got ${show(tracker)}`)
  }
  checkHtmlOptions('compareRunsHtml', options)
  const comparison = await tracker.compareRuns(runIds)
  const names = shownMetrics(comparison, options).slice(0, options.maxCurves ?? 12)
  const histories = await Promise.all(
    names.map(async ({ name }) => [name, await Promise.all(runIds.map((runId) => tracker.metricHistory(runId, name)))] as const),
  )
  return compareRunsPage({ comparison, histories: Object.fromEntries(histories) }, options)
}

/**
 * One offline page: the runs, parallel coordinates of the settings that differ and the metrics, the last value of every metric (best and
 * worst are not judged: a metric's name does not tell its direction), every param with those that differ first, and a curve of each metric
 * over steps. Everything is escaped; light and dark.
 *
 * @throws InvalidArgument without runs
 */
export function compareRunsPage(given: RunsToCompare, options: CompareRunsHtmlOptions = {}): string {
  requireOptions('compareRunsPage', given, ['comparison', 'histories'])
  const { comparison, histories } = given
  requireOptions('the comparison of compareRunsPage', comparison, ['runs', 'params', 'metrics'])
  checkHtmlOptions('compareRunsPage', options)
  const { runs, params } = comparison
  if (runs.length === 0) throw invalidArgument(`comparing takes at least one run, got ${show(runs)}`)
  const metrics = shownMetrics(comparison, options)
  const labels = labelsOf(runs)
  const differing = params.filter(varies)
  const lacking = params.filter((param) => param.differs && !varies(param))
  const sections: Section[] = [
    { title: 'Runs', body: runsTable(runs, labels) },
    ...parallelSection(labels, differing, metrics),
    {
      title: 'Metrics',
      text: 'The last value of each.',
      body: valuesTable(labels, metrics, (value) => (Number.isNaN(value) ? 'NaN' : formatValue(value))),
    },
    {
      title: 'Params',
      text: `${differing.length === 0 ? 'None differs' : `${differing.length} of ${params.length} differ and come first`}${lacking.length === 0 ? '' : `; ${lacking.length} more are the same where they are known`}.`,
      body: valuesTable(labels, [...differing, ...lacking, ...params.filter(({ differs }) => !differs)], (value) => value),
    },
    ...curvesSection(labels, metrics, histories, options.maxCurves ?? 12),
  ]
  return page({
    title: options.title ?? 'Runs compared',
    lead: `${runs.length} ${runs.length === 1 ? 'run' : 'runs'}, ${metrics.length} metrics, ${differing.length} of ${params.length} params differ.`,
    sections,
    footer: 'Made with millwright. Times are UTC.',
    data: comparison,
  })
}

function checkHtmlOptions(subject: string, options: CompareRunsHtmlOptions): void {
  checkOptions(subject, options, { title: ofType('string'), metrics: arrayOf(ofType('string')), maxCurves: wholeNumber(0) })
}

/** Whether two values differ. A missing value does not count, because failed runs miss many. */
function varies({ values }: ComparedValue<string | number>): boolean {
  return new Set(values.filter((value) => value !== null)).size > 1
}

function shownMetrics({ metrics }: RunComparison, { metrics: wanted }: CompareRunsHtmlOptions): readonly ComparedValue<number>[] {
  if (wanted === undefined) return metrics.filter(({ name }) => !name.startsWith('system/'))
  return wanted.flatMap((name) => metrics.filter((metric) => metric.name === name))
}

interface RunLabel {
  /** Shortened for headings and legends; the table of runs has the full name. */
  readonly name: string
  readonly whole: string
  readonly colour: Colour
  readonly dashed: Dash
}

/** Names; if two are equal after shortening, the start of the id is added. Five colours, then the same dashed, then dotted. */
function labelsOf(runs: readonly ComparedRun[]): readonly RunLabel[] {
  const names = runs.map(({ name }) => shortName(name))
  return runs.map(({ name, runId }, i) => {
    const suffix = names.filter((other) => other === names[i]).length > 1 ? ` (${runId.slice(0, 8)})` : ''
    const round = Math.floor(i / colours.length) % 3
    return {
      name: `${names[i]}${suffix}`,
      whole: `${name}${suffix}`,
      colour: colours[i % colours.length] as Colour,
      dashed: round === 2 ? 'dots' : round === 1,
    }
  })
}

function shortName(name: string): string {
  return name.length > NAME_LENGTH ? `${name.slice(0, NAME_LENGTH - 10)}…${name.slice(-9)}` : name
}

function runsTable(runs: readonly ComparedRun[], labels: readonly RunLabel[]): Html {
  return dataTable({
    rows: runs.map((run, i) => ({ ...run, label: labels[i] as RunLabel })),
    columns: [
      { title: 'Run', cell: ({ label }) => html`${legend([{ ...label, name: label.whole }])}` },
      {
        title: 'Status',
        cell: ({ status }) =>
          html`<span class="tag ${status === 'finished' ? 'good' : status === 'failed' || status === 'killed' ? 'bad' : ''}">${status}</span>`,
      },
      { title: 'Started', cell: ({ startTime }) => html`<span class="nowrap">${formatTime(startTime)}</span>` },
      { title: 'Took', numeric: true, cell: ({ durationMs }) => (durationMs === null ? 'running' : formatDuration(durationMs)) },
      { title: 'Id', cell: ({ runId }) => html`<span class="mono">${runId}</span>` },
    ],
  })
}

function valuesTable<T extends string | number>(
  labels: readonly RunLabel[],
  values: readonly ComparedValue<T>[],
  text: (value: T) => string,
): Html {
  return dataTable({
    rows: values,
    columns: [
      {
        title: '',
        cell: (row) => (varies(row) ? html`<b>${row.name}</b>` : html`<span class="note" style="font-weight:400">${row.name}</span>`),
      },
      ...labels.map(({ name }, i) => ({
        title: name,
        numeric: true,
        cell: ({ values }: ComparedValue<T>) => {
          const value = values[i]
          return value === null || value === undefined ? html`<span class="note">–</span>` : shortened(text(value))
        },
      })),
    ],
  })
}

/** Long values would push the other runs out of sight; the tooltip and the page's JSON have the whole. */
function shortened(text: string): Html | string {
  return text.length > VALUE_LENGTH ? html`<span title="${text}">${text.slice(0, VALUE_LENGTH - 12)}…${text.slice(-11)}</span>` : text
}

function parallelSection(
  labels: readonly RunLabel[],
  params: readonly ComparedValue<string>[],
  metrics: readonly ComparedValue<number>[],
): readonly Section[] {
  // Metrics with the same value in all runs are left out; params get at least half of the axes.
  const results = metrics.filter(varies)
  const settings = params.slice(0, Math.max(MAX_AXES - results.length, Math.ceil(MAX_AXES / 2)))
  const axes: ParallelAxis[] = [
    ...settings.map(({ name, values }) => ({ name, values: axisValues(values) })),
    ...results.slice(0, MAX_AXES - settings.length).map(({ name, values }) => ({ name, values, result: true })),
  ]
  if (labels.length < 2 || axes.length < 2) return []
  const left = params.length + results.length - axes.length
  return [
    {
      title: 'Params and metrics',
      text: `Settings that differ, then metrics (bold); one line per run.${left > 0 ? ` ${left} more are in the tables only.` : ''}`,
      body: parallelCoordinates({ description: 'Parallel coordinates of params and metrics', lines: labels, axes }),
    },
  ]
}

/** Converts texts to numbers if all of them are numbers. */
function axisValues(values: readonly (string | null)[]): readonly (string | number | null)[] {
  const numeric = values.every((value) => value === null || (value.trim() !== '' && Number.isFinite(Number(value))))
  return numeric ? values.map((value) => (value === null ? null : Number(value))) : values
}

function curvesSection(
  labels: readonly RunLabel[],
  metrics: readonly ComparedValue<number>[],
  histories: RunsToCompare['histories'],
  most: number,
): readonly Section[] {
  const drawn = metrics.filter(({ name }) => Object.hasOwn(histories, name) && histories[name]?.some((points) => points.length > 1))
  return drawn.slice(0, most).map(({ name }) => ({
    title: name,
    body: lineChart({
      description: `${name} of each run over steps`,
      x: 'number',
      xTitle: 'step',
      height: 300,
      series: labels.map((label, i) => ({ ...label, quiet: true, points: pointsOf(histories[name]?.[i] ?? []) })),
    }),
  }))
}

/** One point a step: the last logged. */
function pointsOf(history: readonly MetricPoint[]): { readonly x: number; readonly y: number }[] {
  const bySteps = new Map(history.map(({ step, value }) => [step, value]))
  return [...bySteps].sort(([a], [b]) => a - b).map(([x, y]) => ({ x, y }))
}
