/** Formats numbers and times with d3-format and d3-time-format, the same on every machine. */
import { type FormatLocaleObject, formatLocale, precisionFixed } from 'd3-format'
import { utcFormat } from 'd3-time-format'

let locale: FormatLocaleObject | undefined

/** A number by a specifier of d3-format, with thousands grouped by thin spaces, a true minus sign and a space before `%`. */
function formatted(specifier: string, value: number): string {
  locale ??= formatLocale({ decimal: '.', thousands: '\u2009', grouping: [3], currency: ['', ''], percent: '\u00a0%', minus: '−' })
  return locale.format(specifier)(value)
}

/**
 * A number with at most `digits` decimals, thousands grouped by thin spaces; `–` where it is none.
 *
 * Only zero is shown as `0`: numbers that would round to it keep two digits (`0.00021`, `1.2e-41`), and those below 1e-300 are `<1e-300`.
 * From 1e15 on numbers have an exponent.
 */
export function formatNumber(value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '–'
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞'
  const size = Math.abs(value)
  const isTiny = size > 0 && size < 0.5 * 10 ** -digits
  if (isTiny && size < 1e-300) return value > 0 ? '<1e-300' : '>−1e-300'
  if (isTiny && size >= 1e-5) return formatted('.2~r', value)
  return isTiny || size >= 1e15 ? exponential(value) : formatted(`,.${digits}~f`, value)
}

/** A number of any size with about four significant digits. */
export function formatValue(value: number): string {
  const size = Math.abs(value)
  return size >= 1e9 && size < 1e15 ? exponential(value) : formatNumber(value, size >= 100 ? 1 : size < 0.1 ? 6 : 4)
}

/** `1.2e-41`, `3e18`: two decimals at most. */
function exponential(value: number): string {
  return formatted('.2~e', value).replace('+', '')
}

/** A share of one as percent: `86.4 %`. */
export function formatPercent(value: number | null | undefined, digits = 1): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–'
  return formatted(`.${digits}%`, value)
}

/** The format of ticks of a vertical axis: with the decimals in which they differ. */
export function tickText(kind: 'percent' | 'number', ticks: readonly number[]): (value: number) => string {
  const [first = 0, second = first + 1] = ticks
  const step = second - first
  if (kind === 'percent') return (value) => formatPercent(value, Math.min(4, precisionFixed(step * 100)))
  const isLarge = Math.max(...ticks.map(Math.abs)) >= 1e9
  return isLarge ? formatValue : (value) => formatNumber(value, Math.min(6, Math.max(3, precisionFixed(step))))
}

/** `8 Apr 2011` (UTC). */
export function formatDay(at: number): string {
  return formattedTime('%-d %b %Y', at)
}

/** `8 Apr 2011, 14:00` (UTC). */
export function formatTime(at: number): string {
  return formattedTime('%-d %b %Y, %H:%M', at)
}

/** `Apr` (UTC). */
export function monthName(at: number): string {
  return formattedTime('%b', at)
}

/** A time by a specifier of d3-time-format (UTC); `–` where it is none. */
export function formattedTime(specifier: string, at: number): string {
  const date = new Date(at)
  return Number.isNaN(date.getTime()) ? '–' : utcFormat(specifier)(date)
}

/** A time span with two units at most: `320 ms`, `4.2 s`, `3 min 5 s`, `2 h 10 min`, `12.5 days`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  const seconds = ms / 1000
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${formatNumber(hours / 24, 1)} days`
}
