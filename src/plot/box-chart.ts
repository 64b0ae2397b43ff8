/** Boxes with whiskers: medians, quartiles and outliers of groups side by side. */
import { checkOptions, finiteNumber, ofType, requireOptions } from '../core/options'
import { median, quantile } from '../stats'
import { type Chart, chartOf } from './chart'
import { formatValue } from './format'
import { type Frame, frameOf, rangeOf, withRoom } from './frame'
import { type Html, html } from './html'
import { centredLabel } from './labels'
import { finiteValues, isNumbers, seriesRule } from './series'
import { labelStep, px, textWidth } from './text-size'

/** Options of {@link boxChart}. */
export interface BoxChartOptions {
  /** One to 60 groups, from left to right. */
  readonly series: readonly { readonly name: string; readonly values: ArrayLike<number> }[]
  /** @default the names of the groups */
  readonly description?: string | undefined
  readonly yTitle?: string | undefined
  /** In pixels. @default 640 */
  readonly width?: number | undefined
  /** In pixels. @default 300 */
  readonly height?: number | undefined
}

interface Box {
  readonly name: string
  readonly low: number
  readonly q1: number
  readonly middle: number
  readonly q3: number
  readonly high: number
  readonly outliers: readonly number[]
  readonly outlierCount: number
  readonly n: number
}

/** Room in pixels that a shortened name needs. */
const LEAST_NAME = 40
/** Most outliers of a group that are drawn: the most extreme ones. */
const MAX_OUTLIERS = 40

/**
 * Tukey's boxes: quartiles by linear interpolation, whiskers to the farthest values within 1.5 interquartile ranges of the box, values beyond as dots.
 * `NaN` and infinite values are left out; a group without values has no box.
 *
 * @throws InvalidArgument for options that are missing or wrong
 */
export function boxChart(options: BoxChartOptions): Chart {
  requireOptions('boxChart', options, ['series'])
  checkOptions('boxChart', options, {
    series: seriesRule('{ name, values }', 60, (item) => 'values' in item && isNumbers(item.values)),
    description: ofType('string'),
    yTitle: ofType('string'),
    width: finiteNumber(160),
    height: finiteNumber(80),
  })
  const { series, width = 640, height = 300, yTitle } = options
  const boxes = series.map(({ name, values }) => boxOf(name, finiteValues(values)))
  const values = boxes.flatMap((box) => (box === undefined ? [] : [box.low, box.high, ...box.outliers]))
  const frame = frameOf({ width, height, yTitle, x: 'none', xDomain: [0, series.length], yDomain: withRoom(rangeOf(values)) })
  const slot = (frame.right - frame.left) / series.length
  // Names are shortened to their slot, and left out in part where a slot is too narrow for any.
  const step = labelStep(Math.min(LEAST_NAME, Math.max(...series.map(({ name }) => textWidth(name)))), slot)
  const drawn = boxes.map((box, i) => {
    const middle = frame.left + slot * (i + 0.5)
    const name =
      i % step === 0
        ? centredLabel(series[i]?.name ?? '', { x: middle, y: frame.bottom + 19, within: [2, width - 2], room: slot * step - 6 })
        : null
    return html`${name}${box === undefined ? null : drawnBox(box, middle, Math.min(30, slot * 0.3), frame)}`
  })
  const description = options.description ?? `Boxes of ${series.map(({ name }) => name).join(', ')}`
  return chartOf({ description, width, height, body: html`${frame.axes}${drawn}` })
}

function boxOf(name: string, values: Float64Array): Box | undefined {
  if (values.length === 0) return undefined
  const [q1, middle, q3] = [quantile(values, 0.25), median(values), quantile(values, 0.75)]
  const reach = 1.5 * (q3 - q1)
  const inside = values.filter((value) => value >= q1 - reach && value <= q3 + reach)
  const [low, high] = rangeOf(inside)
  const outside = values
    .filter((value) => value < q1 - reach || value > q3 + reach)
    .sort((a, b) => Math.abs(b - middle) - Math.abs(a - middle))
  const outliers = [...new Set(outside)].slice(0, MAX_OUTLIERS)
  return { name, low, q1, middle, q3, high, outliers, outlierCount: outside.length, n: values.length }
}

function drawnBox(box: Box, x: number, half: number, { y }: Frame): Html {
  const at = (value: number): number => px(y(value))
  const [left, right] = [px(x - half), px(x + half)]
  const title = `${box.name}: median ${formatValue(box.middle)}, quartiles ${formatValue(box.q1)} and ${formatValue(box.q3)}, ${box.n} values, ${box.outlierCount} beyond the whiskers`
  const whisker = (from: number, to: number): Html =>
    html`<line x1="${px(x)}" x2="${px(x)}" y1="${at(from)}" y2="${at(to)}" stroke="var(--a)" stroke-width="1.6"/><line x1="${px(x - half / 2)}" x2="${px(x + half / 2)}" y1="${at(to)}" y2="${at(to)}" stroke="var(--a)" stroke-width="1.6"/>`
  return html`<g><title>${title}</title>${whisker(box.q1, box.low)}${whisker(box.q3, box.high)}<rect x="${left}" y="${at(box.q3)}" width="${px(2 * half)}" height="${px(Math.max(1, y(box.q1) - y(box.q3)))}" rx="2.5" fill="var(--card)" stroke="var(--a)" stroke-width="1.6"/><rect x="${left}" y="${at(box.q3)}" width="${px(2 * half)}" height="${px(Math.max(1, y(box.q1) - y(box.q3)))}" rx="2.5" fill="var(--a)" fill-opacity=".18"/><line x1="${left}" x2="${right}" y1="${at(box.middle)}" y2="${at(box.middle)}" stroke="var(--a)" stroke-width="2.6"/>${box.outliers.map((value) => html`<circle cx="${px(x)}" cy="${at(value)}" r="2.2" fill="var(--a)" fill-opacity=".55"/>`)}</g>`
}
