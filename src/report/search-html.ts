/** A page about a search for hyper-parameters: what was found, how it went, every trial. */
import { invalidArgument, show } from '../core/errors'
import { checkOptions, ofType, wholeNumber } from '../core/options'
import type { SearchTrial, SearchTrials } from '../learn'
import type { Colour } from '../plot/colours'
import { formatValue } from '../plot/format'
import { type Html, html } from '../plot/html'
import { lineChart } from '../plot/line-chart'
import { type ParallelAxis, parallelCoordinates } from '../plot/parallel-coordinates'
import { page, type Section } from './page'
import { dataTable } from './table'

/** Options of {@link searchHtml}. */
export interface SearchHtmlOptions {
  /** @default the method and the metric */
  readonly title?: string | undefined
  /** The best so many trials are drawn as lines across params and scores. @default 12 */
  readonly maxLines?: number | undefined
}

const MAX_AXES = 11
/** Green for the best; after five, the colours repeat with dashes. */
const colours: readonly Colour[] = ['d', 'a', 'e', 'c', 'b']

/**
 * A self-contained page: the best params, the best score by number of trials, the best trials across params and metrics as parallel coordinates, and
 * every trial in a table, the best first. Opens without a network; the trials are in it as JSON in `report-data`.
 *
 * @throws InvalidArgument for what is no result of a search
 *
 * @example
 * await writeFile('search.html', searchHtml(await tpeSearch(model, train, options)))
 */
export function searchHtml(result: SearchTrials, options: SearchHtmlOptions = {}): string {
  if (!Array.isArray(result?.trials) || result.best === undefined)
    throw invalidArgument(`searchHtml takes the result of a search, got ${show(result)}`)
  checkOptions('searchHtml', options, { title: ofType('string'), maxLines: wholeNumber(1) })
  const { method, metric, trials, best, higherIsBetter, seconds } = result
  const order = inOrder(trials, higherIsBetter)
  const count = (status: SearchTrial['status']): number => trials.filter((trial) => trial.status === status).length
  const sections: Section[] = [
    { title: 'Best params', text: `Trial ${best.number}; ${metric} ${formatValue(best.score)}.`, body: paramsTable(best) },
    ...progressSection(result),
    ...parallelSection(result, order.filter(({ status }) => status !== 'failed').slice(0, options.maxLines ?? 12)),
    { title: 'Trials', text: `Every trial, the best first.`, body: trialsTable(order, metric) },
  ]
  return page({
    title: options.title ?? `${method}: ${metric}`,
    lead: `${trials.length} trials; ${metric} is better when it is ${higherIsBetter ? 'higher' : 'lower'}.`,
    tiles: [
      { label: `Best ${metric}`, value: formatValue(best.score), note: `trial ${best.number}` },
      { label: 'Trials', value: String(trials.length), note: `${count('finished')} finished` },
      { label: 'Pruned', value: String(count('pruned')) },
      { label: 'Failed', value: String(count('failed')) },
      { label: 'Time', value: `${formatValue(Number(seconds.toPrecision(3)))} s` },
    ],
    sections,
    footer: 'Made with millwright.',
    data: { method, metric, higherIsBetter, trials },
  })
}

function inOrder(trials: readonly SearchTrial[], higherIsBetter: boolean): SearchTrial[] {
  const classOf = ({ status }: SearchTrial): number => ['finished', 'pruned', 'failed'].indexOf(status)
  const sign = higherIsBetter ? -1 : 1
  const value = ({ score }: SearchTrial): number => (Number.isNaN(score) ? Number.POSITIVE_INFINITY : sign * score)
  return [...trials].sort((a, b) => classOf(a) - classOf(b) || (value(a) === value(b) ? a.number - b.number : value(a) < value(b) ? -1 : 1))
}

function namesOf(trials: readonly SearchTrial[]): string[] {
  return [...new Set(trials.flatMap(({ params }) => Object.keys(params)))]
}

function paramText(value: unknown): string {
  if (value === undefined) return '–'
  if (value === null) return 'default'
  if (typeof value === 'number') return formatValue(value)
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function paramsTable({ params }: SearchTrial): Html {
  return dataTable({
    rows: Object.entries(params),
    columns: [
      { title: 'Param', cell: ([name]) => html`<span class="mono">${name}</span>` },
      { title: 'Value', numeric: true, cell: ([, value]) => paramText(value) },
    ],
  })
}

/** The score of each trial, and the best so far. */
function progressSection({ trials, metric, higherIsBetter }: SearchTrials): readonly Section[] {
  const finished = trials.filter(({ status, score }) => status === 'finished' && Number.isFinite(score))
  if (finished.length < 2) return []
  let best = higherIsBetter ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  const soFar = finished.map(({ number, score }) => {
    best = higherIsBetter ? Math.max(best, score) : Math.min(best, score)
    return { x: number, y: best }
  })
  const body = lineChart({
    description: `${metric} of each trial, and the best so far`,
    x: 'number',
    xTitle: 'trial',
    yTitle: metric,
    height: 300,
    series: [
      {
        name: 'each trial',
        colour: 'b',
        quiet: true,
        dashed: 'dots',
        points: finished.map(({ number, score }) => ({ x: number, y: score })),
      },
      { name: 'best so far', colour: 'd', points: soFar },
    ],
  })
  return [{ title: 'How it went', body }]
}

function parallelSection({ metric, trials }: SearchTrials, drawn: readonly SearchTrial[]): readonly Section[] {
  const names = namesOf(trials).slice(0, MAX_AXES - 1)
  if (drawn.length < 2 || names.length === 0) return []
  const axes: ParallelAxis[] = [
    ...names.map((name) => ({ name, values: axisValues(drawn.map(({ params }) => params[name])) })),
    { name: metric, values: drawn.map(({ score }) => score), result: true },
  ]
  const lines = drawn.map(({ number, score }, i) => ({
    name: `${number}: ${formatValue(score)}`,
    colour: colours[i % colours.length] as Colour,
    dashed: (i >= 2 * colours.length ? 'dots' : i >= colours.length) as boolean | 'dots',
  }))
  return [
    {
      title: 'Best trials',
      text: `The best ${drawn.length} trials across params and ${metric}; one line each.`,
      body: parallelCoordinates({ description: `Parallel coordinates of params and ${metric}`, lines, axes }),
    },
  ]
}

/** Numbers where all are numbers; else text, so that `default` has its place. */
function axisValues(values: readonly unknown[]): (number | string | null)[] {
  const numeric = values.every((value) => typeof value === 'number')
  return values.map((value) => (value === undefined ? null : numeric ? (value as number) : paramText(value)))
}

function trialsTable(order: readonly SearchTrial[], metric: string): Html {
  const metrics = [...new Set(order.flatMap(({ scores }) => Object.keys(scores)))]
  const number = (value: number | undefined): string => (value === undefined || Number.isNaN(value) ? '–' : formatValue(value))
  return dataTable({
    rows: order,
    columns: [
      { title: 'Trial', numeric: true, cell: (trial) => String(trial.number) },
      {
        title: 'Status',
        cell: ({ status, error }) =>
          html`<span class="tag ${status === 'finished' ? 'good' : status === 'failed' ? 'bad' : ''}" title="${error ?? ''}">${status}</span>`,
      },
      ...(metrics.length === 0
        ? [{ title: metric, numeric: true, cell: ({ score }: SearchTrial) => number(score) }]
        : metrics.map((name) => ({
            title: name,
            numeric: true,
            cell: ({ scores }: SearchTrial) =>
              html`<span class="nowrap">${number(scores[name]?.mean)} <span class="note">± ${number(scores[name]?.std)}</span></span>`,
          }))),
      ...namesOf(order).map((name) => ({ title: name, numeric: true, cell: ({ params }: SearchTrial) => paramText(params[name]) })),
      { title: 'Seconds', numeric: true, cell: ({ seconds }) => seconds.toFixed(2) },
    ],
  })
}
