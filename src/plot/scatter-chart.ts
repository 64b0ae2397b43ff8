/** Scatter plots, and the residuals of a regression. */
import { invalidArgument } from '../core/errors'
import { checkOptions, finiteNumber, ofType, oneOf, requireOptions } from '../core/options'
import { createRng } from '../core/random'
import { type Chart, chartOf } from './chart'
import type { Colour } from './colours'
import { formatNumber } from './format'
import { type Frame, frameOf, rangeOf, withRoom } from './frame'
import { type Html, html } from './html'
import { equalColours, isNumbers, seriesRule } from './series'
import { px } from './text-size'

/** Points of one colour. */
export interface ScatterSeries {
  readonly name: string
  readonly x: ArrayLike<number>
  /** As many as `x`. */
  readonly y: ArrayLike<number>
}

/** Options of {@link scatterChart}. */
export interface ScatterChartOptions {
  /** One to five. */
  readonly series: readonly ScatterSeries[]
  /** @default the names of the series */
  readonly description?: string | undefined
  readonly xTitle?: string | undefined
  readonly yTitle?: string | undefined
  /** A dashed line for comparison: `diagonal` where x equals y, `zero` where y is 0. @default none */
  readonly guide?: 'diagonal' | 'zero' | undefined
  /** Points drawn; more are sampled evenly from all series. @default 1500 */
  readonly maxPoints?: number | undefined
  /** Of the sample. @default 0 */
  readonly seed?: number | undefined
  /** In pixels. @default 640 */
  readonly width?: number | undefined
  /** In pixels. @default 400 */
  readonly height?: number | undefined
}

/**
 * Points, thinned by a seeded sample where there are too many; the axes have the range of all points. Points with `NaN` or infinite coordinates are left out.
 *
 * @throws InvalidArgument for options that are missing or wrong
 */
export function scatterChart(options: ScatterChartOptions): Chart {
  return scatter('scatterChart', options)
}

/** Options of {@link residualChart}. */
export interface ResidualChartOptions extends Omit<ScatterChartOptions, 'series' | 'guide'> {
  readonly actual: ArrayLike<number>
  /** As many as `actual`. */
  readonly predicted: ArrayLike<number>
}

/** Residuals (actual − predicted) of a regression against its predictions. They should scatter evenly around zero. @throws InvalidArgument */
export function residualChart(options: ResidualChartOptions): Chart {
  requireOptions('residualChart', options, ['actual', 'predicted'])
  const { actual, predicted, ...rest } = options
  if (!isNumbers(actual) || !isNumbers(predicted) || actual.length !== predicted.length) {
    throw invalidArgument('residualChart needs `actual` and `predicted`, two lists of numbers of one length')
  }
  const residuals = Float64Array.from(actual, (value, i) => value - (predicted[i] as number))
  const titles = { xTitle: 'predicted', yTitle: 'actual − predicted', description: 'Residuals against predictions', ...rest }
  return scatter('residualChart', { ...titles, series: [{ name: 'residuals', x: predicted, y: residuals }], guide: 'zero' })
}

function scatter(operation: string, options: ScatterChartOptions): Chart {
  checkScatter(operation, options)
  const { series, width = 640, height = 400, xTitle, yTitle, guide, maxPoints = 1500, seed = 0 } = options
  const points = series.map(pointsOf)
  const all = points.flat()
  const xs = rangeOf(all.map(([x]) => x))
  const ys = rangeOf(guide === 'zero' ? [0, ...all.map(([, y]) => y)] : all.map(([, y]) => y))
  const both = rangeOf([...xs, ...ys])
  const frame = frameOf({
    ...{ width, height, xTitle, yTitle },
    xDomain: withRoom(guide === 'diagonal' ? both : xs, 0.03),
    yDomain: withRoom(guide === 'diagonal' ? both : ys, 0.05),
  })
  const colours = equalColours(series.length)
  const rng = createRng(seed)
  const share = Math.min(1, maxPoints / Math.max(1, all.length))
  const shown = points.map((list) => (share < 1 ? list.filter(() => rng.next() < share) : list))
  const names = series.map(({ name }) => name)
  const body = html`${frame.axes}${guide === undefined ? null : guideOf(guide, frame, both)}${shown.map((list, i) => dotsOf(list, names[i] as string, colours[i] as Colour, frame))}`
  const sampled = share < 1 ? ` (${formatNumber(shown.flat().length)} of ${formatNumber(all.length)} points)` : ''
  const legend = series.length > 1 ? names.map((name, i) => ({ name, colour: colours[i] as Colour, shape: 'dot' as const })) : []
  return chartOf({
    description: `${options.description ?? `Scatter plot of ${names.join(' and ')}`}${sampled}`,
    width,
    height,
    legend,
    body,
  })
}

function pointsOf({ x, y }: ScatterSeries): (readonly [number, number])[] {
  return Array.from(x, (at, i) => [at, y[i] as number] as const).filter(([at, value]) => Number.isFinite(at) && Number.isFinite(value))
}

/** All dots as one path of points with round caps: a third of the text that circles take. */
function dotsOf(points: readonly (readonly [number, number])[], name: string, colour: Colour, { x, y }: Frame): Html {
  const path = points.map(([at, value]) => `M${px(x.place(at))} ${px(y(value))}h0`).join('')
  const opacity = points.length > 600 ? 0.3 : points.length > 100 ? 0.5 : 0.75
  return html`<path d="${path}" stroke="var(--${colour})" stroke-width="5" stroke-linecap="round" fill="none" opacity="${opacity}"><title>${name}</title></path>`
}

function guideOf(guide: 'diagonal' | 'zero', { left, right, x, y }: Frame, [low, high]: readonly [number, number]): Html {
  const [x1, y1, x2, y2] = guide === 'zero' ? [left, y(0), right, y(0)] : [x.place(low), y(low), x.place(high), y(high)]
  return html`<line x1="${px(x1)}" y1="${px(y1)}" x2="${px(x2)}" y2="${px(y2)}" stroke="var(--soft)" stroke-width="1.3" stroke-dasharray="5 5"/>`
}

function checkScatter(operation: string, options: ScatterChartOptions): void {
  requireOptions(operation, options, ['series'])
  const isSeries = (item: object): boolean =>
    'x' in item && 'y' in item && isNumbers(item.x) && isNumbers(item.y) && item.x.length === item.y.length
  checkOptions(operation, options, {
    series: seriesRule('{ name, x, y } with as many x as y', 5, isSeries),
    description: ofType('string'),
    xTitle: ofType('string'),
    yTitle: ofType('string'),
    guide: oneOf('diagonal', 'zero'),
    maxPoints: finiteNumber(1, 20_000),
    seed: finiteNumber(),
    width: finiteNumber(160),
    height: finiteNumber(80),
  })
}
