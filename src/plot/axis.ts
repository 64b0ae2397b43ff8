/** The horizontal axis of a chart, with d3-scale: positions of values, ticks and their labels. */
import { scaleUtc } from 'd3-scale'
import { formatDay, formatTime, formattedTime, formatValue, monthName } from './format'
import { drawable, linearScale } from './linear-scale'
import { labelStep, textWidth } from './text-size'

/** Values placed on a line of pixels, with marked values (ticks) whose labels do not touch. */
export interface Axis {
  readonly ticks: readonly number[]
  place(value: number): number
  text(value: number): string
}

const MINUTE = 60_000
const DAY = 86_400_000
/** Most ticks of each kind of axis. */
const MAX_TICKS = { time: 12, number: 8 } as const

/** A linear axis of numbers, or of times (UTC, epoch milliseconds). A domain of one value maps to the middle of the range. */
export function axisOf(kind: 'time' | 'number', domain: readonly [number, number], range: readonly [number, number]): Axis {
  const scale = kind === 'time' ? scaleUtc(domain, range) : linearScale(domain, range)
  const place = (value: number): number => scale(drawable(value))
  for (let count: number = MAX_TICKS[kind]; ; count--) {
    const ticks = scale.ticks(count).map(Number)
    const text = kind === 'time' ? timeText(ticks, domain) : formatValue
    const step = stepOf(ticks, place, text)
    // With fewer ticks d3 chooses rounder values. Labels are left out only if there is no room even then.
    if (step === 1 || count === 2) return { place, text, ticks: ticks.filter((_, i) => i % step === 0) }
  }
}

/** Every how many of these ticks can have a label. */
function stepOf(ticks: readonly number[], place: Axis['place'], text: Axis['text']): number {
  const spacings = ticks.slice(1).map((tick, i) => place(tick) - place(ticks[i] as number))
  return spacings.length === 0 ? 1 : labelStep(Math.max(...ticks.map((tick) => textWidth(text(tick)))), Math.min(...spacings))
}

/** The format of times: with the parts in which the ticks differ. */
function timeText([first = 0, second = first + DAY]: readonly number[], [from, to]: readonly [number, number]): (at: number) => string {
  const step = second - first
  const format = (pattern: string) => (at: number) => formattedTime(pattern, at)
  if (step >= 364 * DAY) return format('%Y')
  if (step >= 28 * DAY) return to - from > 366 * DAY ? format('%b %Y') : monthName
  if (step >= DAY) return formatDay
  return step >= MINUTE ? formatTime : format('%-d %b %Y, %H:%M:%S')
}
