/** A line chart over time or numbers, with thresholds, shaded spans and numbered events. */
import { extent } from 'd3-array'
import { scaleLinear } from 'd3-scale'
import { line } from 'd3-shape'
import { arrayOf, checkOptions, finiteNumber, ofType, oneOf, requireOptions } from '../core/options'
import { type Axis, axisOf } from './axis'
import { tickText } from './format'
import { type Html, html } from './html'
import { verticalAxisTitle } from './labels'
import { type Colour, type Dash, dashArray, legend } from './legend'
import { fitText, keepInside, px, textWidth } from './text-size'

/** One line. */
export interface LineSeries {
  readonly name: string
  /** In ascending order of `x`; a point whose `y` is `NaN` breaks the line. */
  readonly points: readonly { readonly x: number; readonly y: number }[]
  readonly colour: Colour
  /** @default false */
  readonly dashed?: Dash | undefined
  /** Thin and grey, for a line that others are compared with. @default false */
  readonly quiet?: boolean | undefined
}

/** An event at `x`: a thin line and a numbered badge above the plot; lists beside the chart use the same number. */
export interface ChartMark {
  readonly x: number
  readonly number: number
  readonly label: string
  readonly colour: Colour
}

/** Options of {@link lineChart}. */
export interface LineChartOptions {
  /** A description of the chart for screen readers. */
  readonly description: string
  readonly series: readonly LineSeries[]
  /** @default 'time' */
  readonly x?: 'time' | 'number' | undefined
  /** @default 'number' */
  readonly y?: 'percent' | 'number' | undefined
  readonly xTitle?: string | undefined
  readonly yTitle?: string | undefined
  /** @default the values' own range, with room */
  readonly yDomain?: readonly [number, number] | undefined
  readonly thresholds?: readonly { readonly value: number; readonly label: string }[] | undefined
  readonly marks?: readonly ChartMark[] | undefined
  readonly spans?: readonly { readonly from: number; readonly to: number; readonly label: string }[] | undefined
  /** Height of the whole drawing in pixels, of 1,030 across. @default 380 */
  readonly height?: number | undefined
}

const width = 1030
const badge = 9
/** Widest name of a threshold in pixels. */
const MAX_THRESHOLD_NAME = 130

/** A line chart as inline SVG with a legend. Points beyond 600 a line are thinned out evenly. No finite point at all gives an empty plot. @throws InvalidArgument */
export function lineChart(options: LineChartOptions): Html {
  checkLineChart(options)
  const { series, marks = [], height = 380, description } = options
  const rows = badgeRows(marks, (mark) => frame(options, 0, height).x.place(mark.x))
  const plot = frame(options, rows.count, height)
  const colours = series.map(({ name, colour, dashed, quiet }) => ({ name, colour, dashed, quiet }))
  return html`<figure>${legend(colours)}
<div class="scroll"><svg viewBox="0 0 ${width} ${height}" class="chart" role="img" aria-label="${description}">
${spansOf(options, plot)}
${axes(options, plot)}
${thresholdsOf(options, plot)}
${marks.map((mark, i) => markOf(mark, rows.of[i] ?? 0, plot))}
${series.map((each) => lineOf(each, plot))}
</svg></div></figure>`
}

interface Plot {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
  readonly x: Axis
  readonly y: (value: number) => number
  readonly yTicks: readonly number[]
  readonly yText: (value: number) => string
}

function frame(
  { series, yDomain, thresholds = [], marks = [], xTitle, x = 'time', y = 'number', yTitle }: LineChartOptions,
  badgeRowCount: number,
  height: number,
): Plot {
  const points = series.flatMap((each) => each.points).filter((point) => Number.isFinite(point.y))
  const xs = [...points, ...marks].map((point) => point.x)
  const ys = [...points.map((point) => point.y), ...thresholds.map(({ value }) => value)]
  const [low, high] = rangeOf(ys)
  const room = (high - low) * 0.08 || Math.abs(high) * 0.1 || 1
  const top = 14 + badgeRowCount * (badge * 2 + 4)
  const bottom = height - (xTitle === undefined ? 28 : 46)
  const scale = scaleLinear(yDomain ?? [low - room, high + room], [bottom, top])
  const yTicks = scale.ticks(6)
  const yText = tickText(y, yTicks)
  const left = Math.ceil((yTitle === undefined ? 12 : 30) + Math.max(28, ...yTicks.map((value) => textWidth(yText(value)))))
  // The names of thresholds are in the right margin, where no line crosses them.
  const names = thresholds.map(({ label }) => Math.min(MAX_THRESHOLD_NAME, textWidth(label, 11.5)))
  const right = width - Math.max(16, ...names.map((name) => Math.ceil(name) + 10))
  return { left, right, top, bottom, yTicks, yText, x: axisOf(x, rangeOf(xs), [left + 6, right - 6]), y: scale }
}

function axes({ xTitle, yTitle }: LineChartOptions, plot: Plot): Html {
  const { left, right, top, bottom, x, y } = plot
  const yTick = (value: number): Html =>
    html`<line x1="${left}" x2="${right}" y1="${px(y(value))}" y2="${px(y(value))}" stroke="var(--grid)"/><text x="${left - 8}" y="${px(y(value) + 4)}" text-anchor="end">${plot.yText(value)}</text>`
  const xTick = (value: number): Html => {
    const at = px(x.place(value))
    const middle = keepInside(x.place(value), x.text(value), [2, width - 2])
    return html`<line x1="${at}" x2="${at}" y1="${bottom}" y2="${bottom + 5}" stroke="var(--b)"/><text x="${px(middle)}" y="${bottom + 19}" text-anchor="middle">${x.text(value)}</text>`
  }
  return html`<g>${plot.yTicks.map(yTick)}
<line x1="${left}" x2="${right}" y1="${bottom}" y2="${bottom}" stroke="var(--b)"/>
${x.ticks.map(xTick)}
${xTitle === undefined ? null : html`<text x="${(left + right) / 2}" y="${bottom + 39}" text-anchor="middle">${xTitle}</text>`}
${verticalAxisTitle(yTitle, top, bottom)}</g>`
}

function lineOf({ name, points, colour, dashed, quiet }: LineSeries, plot: Plot): Html {
  const shown = thin(points, 600)
  const path = line<LineSeries['points'][number]>()
    .defined(({ y }) => Number.isFinite(y))
    .x(({ x }) => plot.x.place(x))
    .y(({ y }) => plot.y(y))
    .digits(1)
  const dots = shown.length <= 24 ? shown.filter(({ y }) => Number.isFinite(y)) : []
  return html`<g><title>${name}</title><path d="${path(shown)}" fill="none" stroke="var(--${colour})" stroke-width="${quiet ? 1.8 : 2.6}" stroke-linejoin="round" stroke-linecap="round" stroke-dasharray="${dashArray(dashed)}"/>
${dots.map(({ x, y }) => html`<circle cx="${px(plot.x.place(x))}" cy="${px(plot.y(y))}" r="${quiet ? 2.6 : 3.6}" fill="var(--${colour})"/>`)}</g>`
}

function thresholdsOf({ thresholds = [] }: LineChartOptions, plot: Plot): Html[] {
  // Names of thresholds that lie close together are moved apart; the lines stay where they are.
  const names = thresholds.map(({ value }, i) => ({ i, y: plot.y(value) })).sort((a, b) => a.y - b.y)
  names.forEach((name, i) => {
    name.y = Math.max(name.y, (names[i - 1]?.y ?? Number.NEGATIVE_INFINITY) + 14)
  })
  return thresholds.map(({ value, label }, i) => {
    const y = plot.y(value)
    const at = names.find((name) => name.i === i)?.y ?? y
    return html`<line x1="${plot.left}" x2="${plot.right}" y1="${px(y)}" y2="${px(y)}" stroke="var(--c)" stroke-width="1.4" stroke-dasharray="3 4"/><text x="${plot.right + 7}" y="${px(at + 4)}" style="fill:var(--c);font-size:11.5px">${fitText(label, MAX_THRESHOLD_NAME, 11.5)}<title>${label}</title></text>`
  })
}

function spansOf({ spans = [] }: LineChartOptions, plot: Plot): Html[] {
  return spans.map(({ from, to, label }) => {
    const left = Math.max(plot.left, plot.x.place(from))
    const right = Math.min(plot.right, plot.x.place(to))
    return html`<g><title>${label}</title><rect x="${px(left)}" y="${plot.top}" width="${px(Math.max(0, right - left))}" height="${plot.bottom - plot.top}" fill="var(--shade)"/>${textWidth(label) + 9 > right - left ? null : html`<text x="${px(left + 7)}" y="${plot.top + 16}">${label}</text>`}</g>`
  })
}

function markOf({ x: at, number, label, colour }: ChartMark, row: number, plot: Plot): Html {
  const x = plot.x.place(at)
  const y = plot.top - 8 - badge - row * (badge * 2 + 4)
  return html`<g><title>${number}. ${label}</title><line x1="${px(x)}" x2="${px(x)}" y1="${px(y + badge)}" y2="${plot.bottom}" stroke="var(--${colour})" stroke-width="1" opacity=".55"/>
<circle cx="${px(x)}" cy="${px(y)}" r="${badge}" fill="var(--${colour})"/><text x="${px(x)}" y="${px(y + 4)}" text-anchor="middle" style="fill:var(--card);font-weight:700;font-size:11px">${number}</text></g>`
}

/** Badges that would touch go to the next row up. */
function badgeRows(
  marks: readonly ChartMark[],
  x: (mark: ChartMark) => number,
): { readonly of: readonly number[]; readonly count: number } {
  const ends: number[] = []
  const of: number[] = []
  const order = marks.map((_, i) => i).sort((i, j) => x(marks[i] as ChartMark) - x(marks[j] as ChartMark))
  for (const i of order) {
    const centre = x(marks[i] as ChartMark)
    let row = ends.findIndex((end) => centre - badge - 2 >= end)
    if (row < 0) row = ends.length
    ends[row] = centre + badge
    of[i] = row
  }
  return { of, count: ends.length }
}

/** The smallest and the largest value; [0, 1] without any. */
function rangeOf(values: readonly number[]): [number, number] {
  const [low, high] = extent(values)
  return low === undefined ? [0, 1] : [low, high]
}

/**
 * At most about `most` points that look the same: the first and the last, and the lowest and the highest of each interval between them, so that no
 * spike is lost; an interval with a gap (`NaN`) keeps one.
 */
function thin<T extends { readonly y: number }>(points: readonly T[], most: number): readonly T[] {
  if (points.length <= most) return points
  const stretches = Math.floor((most - 2) / 3)
  const kept: T[] = [points[0] as T]
  for (let i = 0; i < stretches; i++) {
    const from = 1 + Math.floor((i * (points.length - 2)) / stretches)
    const to = 1 + Math.floor(((i + 1) * (points.length - 2)) / stretches)
    const chosen = { low: -1, high: -1, gap: -1 }
    for (let at = from; at < to; at++) {
      const { y } = points[at] as T
      if (!Number.isFinite(y)) chosen.gap = at
      else {
        if (chosen.low < 0 || y < (points[chosen.low] as T).y) chosen.low = at
        if (chosen.high < 0 || y > (points[chosen.high] as T).y) chosen.high = at
      }
    }
    const order = [...new Set(Object.values(chosen))].filter((at) => at >= 0).sort((one, other) => one - other)
    for (const at of order) kept.push(points[at] as T)
  }
  kept.push(points.at(-1) as T)
  return kept
}

function checkLineChart(options: LineChartOptions): void {
  requireOptions('lineChart', options, ['description', 'series'])
  const isList = (name: string, words: string) => ({
    allowed: `an array of ${words}`,
    test: (value: unknown) => Array.isArray(value) && value.every((item) => typeof item === 'object' && item !== null && name in item),
  })
  checkOptions('lineChart', options, {
    description: ofType('string'),
    series: isList('points', '{ name, points, colour }'),
    x: oneOf('time', 'number'),
    y: oneOf('percent', 'number'),
    xTitle: ofType('string'),
    yTitle: ofType('string'),
    yDomain: arrayOf(finiteNumber()),
    thresholds: isList('value', '{ value, label }'),
    marks: isList('x', '{ x, number, label, colour }'),
    spans: isList('from', '{ from, to, label }'),
    height: finiteNumber(80),
  })
}
