/** Parallel coordinates: one vertical axis per param or metric, one line per run. */
import { scaleLog, scalePoint } from 'd3-scale'
import { line } from 'd3-shape'
import { arrayOf, checkOptions, finiteNumber, ofType, requireOptions } from '../core/options'
import { type Chart, chartOf, FULL_WIDTH } from './chart'
import type { Colour } from './colours'
import { formatValue } from './format'
import { rangeOf } from './frame'
import { type Html, html } from './html'
import { centredLabel } from './labels'
import { type Dash, dashArray } from './legend'
import { drawable, linearScale } from './linear-scale'
import { fitText, px, textWidth } from './text-size'

/** One axis; `values[i]` is that of line `i`, `null` where it has none. */
export interface ParallelAxis {
  readonly name: string
  readonly values: readonly (number | string | null)[]
  /** Whether the axis is a result: its name is bold. @default false */
  readonly result?: boolean | undefined
}

/** Options of {@link parallelCoordinates}. */
export interface ParallelCoordinatesOptions {
  readonly description: string
  readonly lines: readonly { readonly name: string; readonly colour: Colour; readonly dashed?: Dash | undefined }[]
  readonly axes: readonly ParallelAxis[]
  /** @default 340 */
  readonly height?: number | undefined
}

const width = FULL_WIDTH
const top = 44

/**
 * Parallel coordinates as inline SVG (Inselberg 1985). Axes of numbers are linear, or logarithmic where all values are positive and span more than
 * two decades; axes of texts have one position for each text, in order. A line breaks where a run has no value. At most ten texts are labelled on
 * an axis. Names are shortened where they would run into each other, and stay inside the drawing.
 *
 * @throws InvalidArgument for options that are missing or wrong
 */
export function parallelCoordinates(options: ParallelCoordinatesOptions): Chart {
  checkParallel(options)
  const { description, lines, axes, height = 340 } = options
  const bottom = height - 26
  const first = axes[0] === undefined ? [] : placesOf(axes[0], top, bottom).ticks
  // The labels of the first axis are in the left margin.
  const left = Math.min(220, Math.max(64, ...first.map(({ text, end }) => (end === undefined ? textWidth(text) + 14 : 0))))
  const gap = axes.length > 1 ? (width - left - 70) / (axes.length - 1) : width - left - 70
  const placed = axes.map((axis, i) => ({ axis, x: left + i * gap, ...placesOf(axis, top, bottom) }))
  const roomOf = (x: number): AxisRoom => ({
    beyond: Math.min(gap - 8, x + gap / 2 - 4, width - x + gap / 2 - 4),
    beside: Math.min(gap, x) - 14,
  })
  const path = (index: number): string | null =>
    line<(typeof placed)[number]>()
      .defined(({ y }) => typeof y[index] === 'number')
      .x(({ x }) => x)
      .y(({ y }) => y[index] ?? 0)
      .digits(1)(placed)
  const body = html`${lines.map(
    ({ name, colour, dashed }, i) =>
      html`<g><title>${name}</title><path d="${path(i)}" fill="none" stroke="var(--${colour})" stroke-width="2.4" stroke-linejoin="round" opacity=".85" stroke-dasharray="${dashArray(dashed)}"/>${placed.map(({ x, y }) => (y[i] === null || y[i] === undefined ? null : html`<circle cx="${px(x)}" cy="${px(y[i])}" r="3.6" fill="var(--${colour})"/>`))}</g>`,
  )}
${placed.map(
  ({ axis, x, ticks }) =>
    html`<g><title>${axis.name}</title><line x1="${px(x)}" x2="${px(x)}" y1="${top}" y2="${bottom}" stroke="var(--b)"/>
${nameOf(axis, x, roomOf(x).beyond)}
${ticks.map((tick) => tickOf(tick, x, roomOf(x)))}</g>`,
)}
`
  return chartOf({ description, width, height, legend: lines, minWidth: Math.max(760, axes.length * 90), body })
}

interface Tick {
  readonly y: number
  readonly text: string
  /** The labels of the ends of an axis are above and below it, where no line crosses them. */
  readonly end?: 'top' | 'bottom' | undefined
}

interface Places {
  readonly y: readonly (number | null)[]
  readonly ticks: readonly Tick[]
}

/** Pixels for a text above or below an axis, and for one at its left. */
interface AxisRoom {
  readonly beyond: number
  readonly beside: number
}

function nameOf({ name, result = false }: ParallelAxis, x: number, room: number): Html {
  return centredLabel(name, { x, y: 16, within: [2, width - 2], room, isBold: result })
}

function tickOf({ y, text, end }: Tick, x: number, { beyond, beside }: AxisRoom): Html {
  if (end !== undefined) return centredLabel(text, { x, y: end === 'top' ? y - 9 : y + 18, within: [2, width - 2], room: beyond })
  return html`<text x="${px(x - 7)}" y="${px(y + 4)}" text-anchor="end" style="paint-order:stroke;stroke:var(--card);stroke-width:5px">${fitText(text, beside)}</text>`
}

function placesOf({ values }: ParallelAxis, from: number, to: number): Places {
  const known = values.filter((value) => value !== null)
  const numbers = known.filter((value): value is number => typeof value === 'number' && Number.isFinite(value))
  return known.every((value) => typeof value === 'number') ? numberPlaces(values, numbers, from, to) : textPlaces(values, from, to)
}

function numberPlaces(values: ParallelAxis['values'], numbers: readonly number[], from: number, to: number): Places {
  if (numbers.length === 0) return { y: values.map(() => null), ticks: [] }
  const [low, high] = rangeOf(numbers)
  const scale = low > 0 && high / low > 100 ? scaleLog([low, high], [to, from]) : linearScale([low, high], [to, from])
  const place = (value: number): number => scale(drawable(value))
  const ticks: Tick[] =
    high === low
      ? [{ y: place(low), text: formatValue(low) }]
      : [
          { y: place(low), text: formatValue(low), end: 'bottom' },
          { y: place(high), text: formatValue(high), end: 'top' },
        ]
  return { y: values.map((value) => (typeof value === 'number' && Number.isFinite(value) ? place(value) : null)), ticks }
}

function textPlaces(values: ParallelAxis['values'], from: number, to: number): Places {
  const texts = [...new Set(values.filter((value) => value !== null).map(String))].sort()
  const scale = scalePoint(texts, [from, to])
  const place = (text: string): number => scale(text) ?? from
  return {
    y: values.map((value) => (value === null ? null : place(String(value)))),
    ticks: texts.slice(0, 10).map((text, i) => ({
      y: place(text),
      text,
      end: texts.length === 1 ? undefined : i === 0 ? 'top' : i === texts.length - 1 ? 'bottom' : undefined,
    })),
  }
}

function checkParallel(options: ParallelCoordinatesOptions): void {
  requireOptions('parallelCoordinates', options, ['description', 'lines', 'axes'])
  checkOptions('parallelCoordinates', options, {
    description: ofType('string'),
    lines: arrayOf(ofType('object')),
    axes: {
      allowed: 'an array of { name, values }',
      test: (value) => Array.isArray(value) && value.every((axis) => Array.isArray(axis?.values)),
    },
    height: finiteNumber(80),
  })
}
