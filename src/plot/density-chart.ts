/** Densities of one to five samples as smooth curves. */
import { area, line } from 'd3-shape'
import { checkOptions, finiteNumber, ofType, requireOptions } from '../core/options'
import { kernelDensity } from '../stats'
import { type Chart, chartOf } from './chart'
import type { Colour } from './colours'
import { type Frame, frameOf, rangeOf } from './frame'
import { type Html, html } from './html'
import { finiteValues, isNumbers, seriesColours, seriesRule } from './series'
import { px } from './text-size'

/** Options of {@link densityChart}. */
export interface DensityChartOptions {
  /** One to five samples; the first of several is the one others are compared with. */
  readonly series: readonly { readonly name: string; readonly values: ArrayLike<number> }[]
  /** @default the names of the series */
  readonly description?: string | undefined
  /** Standard deviation of the kernel in units of the values. @default Scott's rule for each series */
  readonly bandwidth?: number | undefined
  readonly xTitle?: string | undefined
  /** In pixels. @default 640 */
  readonly width?: number | undefined
  /** In pixels. @default 300 */
  readonly height?: number | undefined
}

interface Curve {
  readonly points: readonly (readonly [number, number])[]
  /** The only value of a sample without spread. */
  readonly constant?: number | undefined
}

/**
 * Kernel densities with normal kernels. `NaN` and infinite values are left out; a sample of one value only is a vertical line, and one without values is left out.
 *
 * @throws InvalidArgument for options that are missing or wrong
 */
export function densityChart(options: DensityChartOptions): Chart {
  requireOptions('densityChart', options, ['series'])
  checkOptions('densityChart', options, {
    series: seriesRule('{ name, values }', 5, (item) => 'values' in item && isNumbers(item.values)),
    description: ofType('string'),
    bandwidth: finiteNumber(Number.MIN_VALUE),
    xTitle: ofType('string'),
    width: finiteNumber(160),
    height: finiteNumber(80),
  })
  const { series, width = 640, height = 300, xTitle, bandwidth } = options
  const curves = series.map(({ values }) => curveOf(finiteValues(values), bandwidth))
  const all = curves.flatMap(({ points }) => points)
  const places = [...all.map(([x]) => x), ...curves.flatMap(({ constant }) => (constant === undefined ? [] : [constant]))]
  const [low, high] = rangeOf(places)
  const frame = frameOf({
    ...{ width, height, xTitle },
    yTitle: 'density',
    xDomain: low === high ? [low - 0.5, high + 0.5] : [low, high],
    yDomain: [0, Math.max(...all.map(([, y]) => y), 0) * 1.06 || 1],
  })
  const colours = seriesColours(series.length)
  const names = series.map(({ name }) => name)
  const body = html`${frame.axes}${curves.map((curve, i) => drawn(curve, names[i] as string, colours[i] as Colour, frame))}`
  const legend = series.length > 1 ? names.map((name, i) => ({ name, colour: colours[i] as Colour })) : []
  return chartOf({ description: options.description ?? `Density of ${names.join(' and ')}`, width, height, legend, body })
}

function curveOf(values: Float64Array, bandwidth: number | undefined): Curve {
  const [low, high] = rangeOf(values)
  if (values.length === 0) return { points: [] }
  if (low === high) return { points: [], constant: low }
  // Squares of very large and very small numbers are none, so these are measured in units of their range.
  const range = high - low
  const unit = range > 1e100 || range < 1e-100 ? range : 1
  const { x, density } = kernelDensity(
    values.map((value) => value / unit),
    { bandwidth: bandwidth && bandwidth / unit },
  )
  return { points: Array.from(x, (at, i) => [at * unit, (density[i] as number) / unit] as const) }
}

function drawn({ points, constant }: Curve, name: string, colour: Colour, { x, y, top, bottom }: Frame): Html {
  if (constant !== undefined) {
    const at = px(x.place(constant))
    return html`<line x1="${at}" x2="${at}" y1="${top}" y2="${bottom}" stroke="var(--${colour})" stroke-width="2.6"><title>${name}: all values equal</title></line>`
  }
  const place = ([at]: readonly [number, number]): number => x.place(at)
  const outline = line<readonly [number, number]>()
    .x(place)
    .y(([, value]) => y(value))
    .digits(1)
  const filled = area<readonly [number, number]>()
    .x(place)
    .y1(([, value]) => y(value))
    .y0(bottom)
    .digits(1)
  return html`<g><title>${name}</title><path d="${filled(points)}" fill="var(--${colour})" fill-opacity=".12"/><path d="${outline(points)}" fill="none" stroke="var(--${colour})" stroke-width="2.4" stroke-linejoin="round"/></g>`
}
