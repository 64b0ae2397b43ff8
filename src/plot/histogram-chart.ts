/** Histograms of one to four samples over common bins. */
import { invalidArgument } from '../core/errors'
import { checkOptions, finiteNumber, ofType, oneOf, requireOptions, wholeNumber } from '../core/options'
import { histogram, histogramEdges } from '../stats'
import { type Chart, chartOf } from './chart'
import type { Colour } from './colours'
import { formatNumber, formatPercent } from './format'
import { type Frame, frameOf } from './frame'
import { type Html, html } from './html'
import { finiteValues, seriesColours, seriesRule } from './series'
import { px } from './text-size'

/** A sample, or one that was counted before. */
export type HistogramSeries =
  | { readonly name: string; readonly values: ArrayLike<number> }
  | {
      readonly name: string
      /** Bins + 1 ascending numbers, the same for all series. */
      readonly edges: ArrayLike<number>
      /** Counts or shares, one a bin. */
      readonly counts: ArrayLike<number>
    }

/** Options of {@link histogramChart}. */
export interface HistogramChartOptions {
  /** One to four; the first of several is the one others are compared with. */
  readonly series: readonly HistogramSeries[]
  /** @default the names of the series */
  readonly description?: string | undefined
  /** Number of bins of `values`. @default Sturges' rule, at most 60 */
  readonly bins?: number | undefined
  /** Bars show shares of each series, or counts. @default 'share' with several series, else 'count' */
  readonly y?: 'share' | 'count' | undefined
  readonly xTitle?: string | undefined
  /** In pixels. @default 640 */
  readonly width?: number | undefined
  /** In pixels. @default 300 */
  readonly height?: number | undefined
}

/** Most bins of the rule, so that bars can be told apart. */
const MAX_BINS = 60

/**
 * Bars of the first series, outlines of the others, over common bins of equal width. `NaN` and infinite values are left out; a series without values is empty.
 *
 * @example
 * await writeFile('delay.svg', histogramChart({ series: [{ name: 'train', values: train }, { name: 'today', values: today }] }).svg)
 * @throws InvalidArgument for options that are missing or wrong, or edges that differ
 */
export function histogramChart(options: HistogramChartOptions): Chart {
  checkHistogram(options)
  const { series, width = 640, height = 300, xTitle } = options
  const isShare = (options.y ?? (series.length > 1 ? 'share' : 'count')) === 'share'
  const edges = commonEdges(series, options.bins)
  const counted = series.map((each) => countsOf(each, edges))
  const drawn = isShare ? counted.map(sharesOf) : counted
  const highest = Math.max(...drawn.flat(), 0)
  const frame = frameOf({
    ...{ width, height, xTitle },
    y: isShare ? 'percent' : 'number',
    yTitle: isShare ? 'share' : 'count',
    xDomain: [edges[0] as number, edges.at(-1) as number],
    yDomain: [0, highest * 1.06 || 1],
  })
  const colours = seriesColours(series.length)
  const body = html`${frame.axes}
${drawn.map((heights, i) => barsOf({ name: (series[i] as HistogramSeries).name, heights, edges, isShare }, colours[i] as Colour, i === 0, frame))}`
  const names = series.map(({ name }) => name)
  const description = options.description ?? `Histogram of ${names.join(' and ')}`
  const legend = series.length > 1 ? names.map((name, i) => ({ name, colour: colours[i] as Colour, shape: 'box' as const })) : []
  return chartOf({ description, width, height, legend, body })
}

function commonEdges(series: readonly HistogramSeries[], bins: number | undefined): readonly number[] {
  const given = series.flatMap((each) => ('edges' in each ? [Array.from(each.edges)] : []))
  const [first, ...others] = given
  if (first !== undefined) {
    if (first.length < 2 || first.some((edge, i) => !Number.isFinite(edge) || (i > 0 && edge <= (first[i - 1] as number))))
      throw invalidArgument('histogramChart: `edges` must be at least two finite numbers, each above the one before')
    if (others.some((edges) => edges.length !== first.length || edges.some((edge, i) => edge !== first[i]))) {
      throw invalidArgument('histogramChart: all series must have the same edges')
    }
    return first
  }
  const pooled = series.flatMap((each) => ('values' in each ? [finiteValues(each.values)] : []))
  const all = new Float64Array(pooled.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const values of pooled) {
    all.set(values, at)
    at += values.length
  }
  if (all.length === 0) return [0, 1]
  const edges = histogramEdges(all, bins)
  return Array.from(bins === undefined && edges.length > MAX_BINS + 1 ? histogramEdges(all, MAX_BINS) : edges)
}

function countsOf(series: HistogramSeries, edges: readonly number[]): number[] {
  if ('values' in series) return Array.from(histogram(finiteValues(series.values), edges))
  if (series.counts.length !== edges.length - 1) {
    throw invalidArgument(`histogramChart: ${edges.length - 1} bins have ${series.counts.length} counts in ${JSON.stringify(series.name)}`)
  }
  if (!Array.from(series.counts).every((count) => Number.isFinite(count) && count >= 0))
    throw invalidArgument(`histogramChart: the counts of ${JSON.stringify(series.name)} must be finite numbers ≥ 0`)
  return Array.from(series.counts)
}

function sharesOf(counts: readonly number[]): number[] {
  const total = counts.reduce((sum, count) => sum + count, 0)
  return counts.map((count) => (total === 0 ? 0 : count / total))
}

interface Bars {
  readonly name: string
  readonly heights: readonly number[]
  readonly edges: readonly number[]
  readonly isShare: boolean
}

/** Filled bars, or the outline of what would be bars. */
function barsOf({ name, heights, edges, isShare }: Bars, colour: Colour, isFilled: boolean, { x, y, bottom }: Frame): Html {
  const gap = isFilled && heights.length > 1 && x.place(edges[1] as number) - x.place(edges[0] as number) > 4 ? 0.5 : 0
  const steps = heights.map((height, i) => {
    const [from, to, top] = [x.place(edges[i] as number) + gap, x.place(edges[i + 1] as number) - gap, px(y(height))]
    return isFilled ? `M${px(from)} ${bottom}V${top}H${px(to)}V${bottom}Z` : `V${top}H${px(to)}`
  })
  const path = isFilled ? steps.join('') : `M${px(x.place(edges[0] as number))} ${bottom}${steps.join('')}V${bottom}`
  const style = isFilled
    ? html`fill="var(--${colour})" opacity=".75"`
    : html`fill="var(--${colour})" fill-opacity=".12" stroke="var(--${colour})" stroke-width="2" stroke-linejoin="round"`
  const largest = heights.indexOf(Math.max(...heights))
  const most = `${formatNumber(edges[largest] as number)} to ${formatNumber(edges[largest + 1] as number)}`
  const title = `${name}: most in ${most} (${isShare ? formatPercent(heights[largest]) : formatNumber(heights[largest])})`
  return html`<path d="${path}" ${style}><title>${title}</title></path>`
}

function checkHistogram(options: HistogramChartOptions): void {
  requireOptions('histogramChart', options, ['series'])
  checkOptions('histogramChart', options, {
    series: seriesRule(
      '{ name, values } or { name, edges, counts }',
      4,
      (item) => 'values' in item || ('edges' in item && 'counts' in item),
    ),
    description: ofType('string'),
    bins: wholeNumber(1, 1000),
    y: oneOf('share', 'count'),
    xTitle: ofType('string'),
    width: finiteNumber(160),
    height: finiteNumber(80),
  })
}
