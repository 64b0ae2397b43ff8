/** A line chart over time or numbers, with thresholds, shaded spans and numbered events. */
import { line } from 'd3-shape'
import { arrayOf, checkOptions, finiteNumber, ofType, oneOf, requireOptions } from '../core/options'
import { type Chart, chartOf, FULL_WIDTH } from './chart'
import type { Colour } from './colours'
import { type Frame, frameOf, rangeOf, withRoom } from './frame'
import { type Html, html } from './html'
import { type Dash, dashArray } from './legend'
import { fitText, px, textWidth } from './text-size'

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

const width = FULL_WIDTH
const badge = 9
/** Widest name of a threshold in pixels. */
const MAX_THRESHOLD_NAME = 130

/** A line chart with a legend. Points beyond 600 a line are thinned out evenly. No finite point at all gives an empty plot. @throws InvalidArgument */
export function lineChart(options: LineChartOptions): Chart {
  checkLineChart(options)
  const { series, marks = [], height = 380, description } = options
  const rows = badgeRows(marks, (mark) => plotOf(options, 0, height).x.place(mark.x))
  const plot = plotOf(options, rows.count, height)
  const body = html`${spansOf(options, plot)}
${plot.axes}
${thresholdsOf(options, plot)}
${marks.map((mark, i) => markOf(mark, rows.of[i] ?? 0, plot))}
${series.map((each) => lineOf(each, plot))}`
  const entries = series.map(({ name, colour, dashed, quiet }) => ({ name, colour, dashed, quiet }))
  return chartOf({ description, width, height, legend: entries, body })
}

function plotOf(options: LineChartOptions, badgeRowCount: number, height: number): Frame {
  const { series, yDomain, thresholds = [], marks = [], xTitle, x = 'time', y = 'number', yTitle } = options
  const points = series.flatMap((each) => each.points).filter(isDrawn)
  const ys = [...points.map((point) => point.y), ...thresholds.map(({ value }) => value)]
  // The names of thresholds are in the right margin, where no line crosses them.
  const names = thresholds.map(({ label }) => Math.min(MAX_THRESHOLD_NAME, textWidth(label, 11.5)))
  return frameOf({
    ...{ width, height, x, y, xTitle, yTitle },
    xDomain: rangeOf([...points, ...marks].map((point) => point.x)),
    yDomain: yDomain ?? withRoom(rangeOf(ys)),
    above: 14 + badgeRowCount * (badge * 2 + 4),
    beside: Math.max(16, ...names.map((name) => Math.ceil(name) + 10)),
  })
}

/** Whether a point has a place. The line has a gap where it has none. */
function isDrawn({ x, y }: LineSeries['points'][number]): boolean {
  return Number.isFinite(x) && Number.isFinite(y)
}

function lineOf({ name, points, colour, dashed, quiet }: LineSeries, plot: Frame): Html {
  const shown = thin(points, 600)
  const path = line<LineSeries['points'][number]>()
    .defined(isDrawn)
    .x(({ x }) => plot.x.place(x))
    .y(({ y }) => plot.y(y))
    .digits(1)
  const dots = shown.length <= 24 ? shown.filter(isDrawn) : []
  return html`<g><title>${name}</title><path d="${path(shown)}" fill="none" stroke="var(--${colour})" stroke-width="${quiet ? 1.8 : 2.6}" stroke-linejoin="round" stroke-linecap="round" stroke-dasharray="${dashArray(dashed)}"/>
${dots.map(({ x, y }) => html`<circle cx="${px(plot.x.place(x))}" cy="${px(plot.y(y))}" r="${quiet ? 2.6 : 3.6}" fill="var(--${colour})"/>`)}</g>`
}

function thresholdsOf({ thresholds = [] }: LineChartOptions, plot: Frame): Html[] {
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

function spansOf({ spans = [] }: LineChartOptions, plot: Frame): Html[] {
  return spans.map(({ from, to, label }) => {
    const left = Math.max(plot.left, plot.x.place(from))
    const right = Math.min(plot.right, plot.x.place(to))
    return html`<g><title>${label}</title><rect x="${px(left)}" y="${plot.top}" width="${px(Math.max(0, right - left))}" height="${plot.bottom - plot.top}" fill="var(--shade)"/>${textWidth(label) + 9 > right - left ? null : html`<text x="${px(left + 7)}" y="${plot.top + 16}">${label}</text>`}</g>`
  })
}

function markOf({ x: at, number, label, colour }: ChartMark, row: number, plot: Frame): Html {
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
