/** Numbers and times as short text, the same on every machine. */

const months: readonly string[] = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/**
 * A number with at most `digits` decimals, thousands grouped by thin spaces; `–` where it is none.
 *
 * Only zero is shown as `0`: what would round to it keeps two digits (`0.00021`, `1.2e-41`), and what is smaller than 1e-300 is `<1e-300`.
 * From 1e15 on numbers have an exponent.
 */
export function formatNumber(value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '–'
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞'
  const size = Math.abs(value)
  const isTiny = size > 0 && size < 0.5 * 10 ** -digits
  if (isTiny && size < 1e-300) return value > 0 ? '<1e-300' : '>−1e-300'
  if (isTiny || size >= 1e15) {
    const text = isTiny && size >= 1e-5 ? Number(size.toPrecision(2)).toFixed(7).replace(/0+$/, '') : exponential(size)
    return value < 0 ? `−${text}` : text
  }
  const [whole = '0', fraction = ''] = Math.abs(value).toFixed(digits).split('.')
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, '\u2009')
  const trimmed = fraction.replace(/0+$/, '')
  const text = trimmed === '' ? grouped : `${grouped}.${trimmed}`
  return value < 0 && /[1-9]/.test(text) ? `−${text}` : text
}

/** A number of any size, with enough digits to be told from others: four significant ones or so. */
export function formatValue(value: number): string {
  const size = Math.abs(value)
  return size >= 1e9 && size < 1e15
    ? `${value < 0 ? '−' : ''}${exponential(size)}`
    : formatNumber(value, size >= 100 ? 1 : size < 0.1 ? 6 : 4)
}

/** `1.2e-41`, `3e18`: two decimals at most. */
function exponential(size: number): string {
  return Number(size.toPrecision(3)).toExponential().replace('+', '')
}

/** A share of one as percent: `86.4 %`. */
export function formatPercent(value: number | null | undefined, digits = 1): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–'
  return `${(value * 100).toFixed(digits).replace('-', '−')}\u00a0%`
}

/** Decimals that tell ticks apart which lie `step` (a share of one) from each other: 1 for 2.5 %. */
export function percentDigits(step: number): number {
  const digits = [0, 1, 2, 3].find((count) => Math.abs(Math.round(step * 100 * 10 ** count) - step * 100 * 10 ** count) < 1e-6)
  return digits ?? 4
}

/** `8 Apr 2011` (UTC). */
export function formatDay(at: number): string {
  if (!Number.isFinite(at)) return '–'
  const date = new Date(at)
  return `${date.getUTCDate()} ${monthName(at)} ${date.getUTCFullYear()}`
}

/** `8 Apr 2011, 14:00` (UTC). */
export function formatTime(at: number): string {
  if (!Number.isFinite(at)) return '–'
  return `${formatDay(at)}, ${new Date(at).toISOString().slice(11, 16)}`
}

/** `Apr` (UTC). */
export function monthName(at: number): string {
  return months[new Date(at).getUTCMonth()] ?? '–'
}
