/** Estimates with their intervals, one below the other, beside a line of no difference: a forest plot. */
import { checkOptions, finiteNumber, ofType, oneOf, requireOptions } from '../core/options'
import { type Chart, chartOf, FULL_WIDTH } from './chart'
import type { Colour } from './colours'
import { tickText } from './format'
import { rangeOf, withRoom } from './frame'
import { type Html, html } from './html'
import { linearScale } from './linear-scale'
import { fitText, px, textWidth } from './text-size'

/** One estimate. */
export interface IntervalRow {
  readonly name: string
  readonly value: number
  /** May be infinite: the line then goes to the edge. */
  readonly interval: readonly [number, number]
  readonly colour: Colour
  /** Behind the line: `+2.1 % (0.4 to 3.8)`. */
  readonly label: string
}

/** Options of {@link intervalChart}. */
export interface IntervalChartOptions {
  /** A description of the chart for screen readers. */
  readonly description: string
  /** From top to bottom. */
  readonly rows: readonly IntervalRow[]
  /** Lines at values: no difference, a margin. */
  readonly lines?: readonly { readonly value: number; readonly label: string }[] | undefined
  /** @default 'number' */
  readonly x?: 'percent' | 'number' | undefined
  readonly xTitle?: string | undefined
}

const ROW = 34
const TOP = 26

/**
 * Estimates with their intervals. Rows without a finite estimate have a label only.
 *
 * @example
 * const rows = [{ name: 'north', value: 0.021, interval: [0.004, 0.038], colour: 'a', label: '+2.1 % (0.4 to 3.8)' }] as const
 * intervalChart({ description: 'Difference by region', rows, lines: [{ value: 0, label: 'no difference' }], x: 'percent' })
 * @throws InvalidArgument for options that are missing or wrong
 */
export function intervalChart(options: IntervalChartOptions): Chart {
  requireOptions('intervalChart', options, ['description', 'rows'])
  const items = (name: string) => ({
    allowed: `an array of objects with \`${name}\``,
    test: (value: unknown) => Array.isArray(value) && value.every((item) => typeof item === 'object' && item !== null && name in item),
  })
  checkOptions('intervalChart', options, {
    description: ofType('string'),
    rows: items('interval'),
    lines: {
      ...items('value'),
      test: (value) => items('value').test(value) && (value as { value: unknown }[]).every((line) => finiteNumber().test(line.value)),
    },
    x: oneOf('percent', 'number'),
    xTitle: ofType('string'),
  })
  const { description, rows, lines = [], x = 'number', xTitle } = options
  const left = 12 + Math.min(240, Math.max(60, ...rows.map(({ name }) => textWidth(name, 13))))
  const right = FULL_WIDTH - 24 - Math.min(360, Math.max(60, ...rows.map(({ label }) => 1.06 * textWidth(label, 13))))
  const values = [...rows.flatMap(({ value, interval }) => [value, ...interval]), ...lines.map(({ value }) => value)]
  const finite = values.filter(Number.isFinite)
  const [low, high] = withRoom(finite.length === 0 ? [-1, 1] : rangeOf(finite), 0.06)
  const scale = linearScale([low, high], [left, right])
  const ticks = scale.ticks(5)
  const text = tickText(x, ticks)
  const bottom = TOP + rows.length * ROW
  const place = (value: number): number => px(scale(Math.max(low, Math.min(high, value))))
  const body = html`<g>${ticks.map((value) => html`<line x1="${place(value)}" x2="${place(value)}" y1="${TOP}" y2="${bottom}" stroke="var(--grid)"/><text x="${place(value)}" y="${bottom + 18}" text-anchor="middle">${text(value)}</text>`)}
${xTitle === undefined ? null : html`<text x="${px((left + right) / 2)}" y="${bottom + 38}" text-anchor="middle">${xTitle}</text>`}</g>
${lines.map(({ value, label }) => html`<line x1="${place(value)}" x2="${place(value)}" y1="${TOP - 6}" y2="${bottom}" stroke="var(--soft)" stroke-dasharray="3 4"/><text x="${place(value)}" y="${TOP - 11}" text-anchor="middle">${label}</text>`)}
${rows.map((row, i) => rowOf(row, TOP + (i + 0.5) * ROW, { left, right, place }))}`
  return chartOf({ description, width: FULL_WIDTH, height: bottom + (xTitle === undefined ? 28 : 48), body })
}

function rowOf(
  { name, value, interval, colour, label }: IntervalRow,
  y: number,
  { left, right, place }: { readonly left: number; readonly right: number; readonly place: (value: number) => number },
): Html {
  const bar = Number.isFinite(value)
    ? html`<line x1="${place(interval[0])}" x2="${place(interval[1])}" y1="${px(y)}" y2="${px(y)}" stroke="var(--${colour})" stroke-width="3" stroke-linecap="round"/><circle cx="${place(value)}" cy="${px(y)}" r="5.5" fill="var(--${colour})"/>`
    : null
  return html`<g><title>${name}: ${label}</title><text x="0" y="${px(y + 4)}" class="strong" style="font-size:13px">${fitText(name, left - 12, 13)}</text>${bar}<text x="${right + 12}" y="${px(y + 4)}" style="font-size:13px">${label}</text></g>`
}
