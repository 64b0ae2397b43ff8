/** Numbers and times as short text, the same on every machine. */

const months: readonly string[] = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** A number with at most `digits` decimals, thousands grouped by thin spaces; `–` where it is none. */
export function formatNumber(value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '–'
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞'
  const [whole = '0', fraction = ''] = Math.abs(value).toFixed(digits).split('.')
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, '\u2009')
  const trimmed = fraction.replace(/0+$/, '')
  const text = trimmed === '' ? grouped : `${grouped}.${trimmed}`
  return value < 0 && /[1-9]/.test(text) ? `−${text}` : text
}

/** A share of one as percent: `86.4 %`. */
export function formatPercent(value: number | null | undefined, digits = 1): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–'
  return `${(value * 100).toFixed(digits).replace('-', '−')}\u00a0%`
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
