/** The frame of a chart with two axes: where the plot lies, its scales, grid, ticks and titles. */
import { extent } from 'd3-array'
import { type Axis, axisOf } from './axis'
import { tickText } from './format'
import { type Html, html } from './html'
import { verticalAxisTitle } from './labels'
import { drawable, linearScale } from './linear-scale'
import { fitText, keepInside, px, textWidth } from './text-size'

/** What a frame is made for. */
export interface FrameOptions {
  /** In pixels, of the whole drawing. */
  readonly width: number
  readonly height: number
  /** `none`: the chart labels the axis itself. @default 'number' */
  readonly x?: 'time' | 'number' | 'none' | undefined
  /** @default 'number' */
  readonly y?: 'percent' | 'number' | undefined
  readonly xDomain: readonly [number, number]
  readonly yDomain: readonly [number, number]
  readonly xTitle?: string | undefined
  readonly yTitle?: string | undefined
  /** Pixels above the plot. @default 14 */
  readonly above?: number | undefined
  /** Pixels to the right of the plot. @default 16 */
  readonly beside?: number | undefined
}

/** A frame: edges in pixels, scales, and the SVG of its axes. */
export interface Frame {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
  readonly x: Axis
  readonly y: (value: number) => number
  readonly axes: Html
}

/** Lays out the frame. */
export function frameOf(options: FrameOptions): Frame {
  const { width, height, x = 'number', y = 'number', xDomain, yDomain, xTitle, yTitle, above = 14, beside = 16 } = options
  const top = above
  const bottom = height - (xTitle === undefined ? 28 : 46)
  const scale = linearScale(yDomain, [bottom, top])
  const place = (value: number): number => scale(drawable(value))
  const ticks = scale.ticks(Math.max(2, Math.min(6, Math.round((bottom - top) / 45))))
  const text = tickText(y, ticks)
  const left = Math.ceil((yTitle === undefined ? 12 : 30) + Math.max(28, ...ticks.map((value) => textWidth(text(value)))))
  const right = width - beside
  const axis = axisOf(x === 'time' ? 'time' : 'number', xDomain, [left + 6, right - 6])
  const plot = { left, right, top, bottom, x: axis, y: place }
  const yTick = (value: number): Html =>
    html`<line x1="${left}" x2="${right}" y1="${px(scale(value))}" y2="${px(scale(value))}" stroke="var(--grid)"/><text x="${left - 8}" y="${px(scale(value) + 4)}" text-anchor="end">${text(value)}</text>`
  const axes = html`<g>${ticks.map(yTick)}
<line x1="${left}" x2="${right}" y1="${bottom}" y2="${bottom}" stroke="var(--b)"/>
${x === 'none' ? null : axis.ticks.map((value) => xTick(value, axis, { bottom, width }))}
${xTitle === undefined ? null : html`<text x="${px((left + right) / 2)}" y="${bottom + 39}" text-anchor="middle">${fitText(xTitle, right - left)}</text>`}
${verticalAxisTitle(yTitle, top, bottom)}</g>`
  return { ...plot, axes }
}

function xTick(value: number, axis: Axis, { bottom, width }: { readonly bottom: number; readonly width: number }): Html {
  const at = px(axis.place(value))
  const middle = keepInside(axis.place(value), axis.text(value), [2, width - 2])
  return html`<line x1="${at}" x2="${at}" y1="${bottom}" y2="${bottom + 5}" stroke="var(--b)"/><text x="${px(middle)}" y="${bottom + 19}" text-anchor="middle">${axis.text(value)}</text>`
}

/** The smallest and the largest finite value, as far as they can be drawn; [0, 1] without any. */
export function rangeOf(values: Iterable<number>): [number, number] {
  const [low, high] = extent(values, (value) => (Number.isFinite(value) ? drawable(value) : undefined))
  return low === undefined ? [0, 1] : [low, high]
}

/** A range with room on both sides. */
export function withRoom([low, high]: readonly [number, number], share = 0.08): [number, number] {
  const room = (high - low) * share || Math.abs(high) * 0.1 || 1
  return [low - room, high + room]
}
