/** Calendar periods: their first and last moments, in UTC or in a time zone, whose days have 23 or 25 hours where clocks change. */

/** The name of a calendar period. Weeks begin on Monday. */
export type CalendarPeriod = 'hour' | 'day' | 'week' | 'month'

export const calendarPeriods: readonly CalendarPeriod[] = ['hour', 'day', 'week', 'month']

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** The start of the period that contains `at`, epoch milliseconds. */
export function calendarStart(at: number, period: CalendarPeriod, timeZone?: string): number {
  if (timeZone === undefined) return startUtc(at, period)
  const local = at + offsetOf(at, timeZone)
  // Clocks change by whole or half hours, so hours are counted from where they are.
  if (period === 'hour') return at - (local - startUtc(local, period))
  return instantOf(startUtc(local, period), at, timeZone)
}

/** The start of the period after the one that starts at `start`. */
export function calendarNext(start: number, period: CalendarPeriod, timeZone?: string): number {
  if (timeZone === undefined || period === 'hour') return nextUtc(start, period)
  // Where a period began at a change of clocks, its own start is a little before that.
  const local = startUtc(start + offsetOf(start, timeZone), period)
  return instantOf(nextUtc(local, period), start, timeZone)
}

/** The start of the period before the one that starts at `start`. */
export function calendarBefore(start: number, period: CalendarPeriod, timeZone?: string): number {
  return calendarStart(start - 1, period, timeZone)
}

/** Whether the runtime knows a time zone of this IANA name. */
export function isTimeZone(name: unknown): name is string {
  if (typeof name !== 'string') return false
  try {
    formatOf(name)
    return true
  } catch {
    return false
  }
}

function startUtc(at: number, period: CalendarPeriod): number {
  if (period === 'hour') return Math.floor(at / hourMs) * hourMs
  if (period === 'day') return Math.floor(at / dayMs) * dayMs
  // The epoch was a Thursday: three days after a Monday.
  if (period === 'week') return Math.floor((at / dayMs + 3) / 7) * 7 * dayMs - 3 * dayMs
  const date = new Date(at)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1)
}

function nextUtc(start: number, period: CalendarPeriod): number {
  if (period !== 'month') return start + { hour: hourMs, day: dayMs, week: 7 * dayMs }[period]
  const date = new Date(start)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1)
}

/**
 * The first moment at which clocks show `local` (written as if it were UTC), near `near`. Where clocks skip that time, the moment at which they do.
 */
function instantOf(local: number, near: number, timeZone: string): number {
  const first = offsetOf(near, timeZone)
  const guess = local - first
  const second = offsetOf(guess, timeZone)
  const better = local - second
  if (offsetOf(better, timeZone) !== second) return Math.max(guess, better)
  // Where clocks go back over that time, they have shown it before.
  const before = offsetOf(better - 3 * hourMs, timeZone)
  const earlier = local - before
  return earlier < better && offsetOf(earlier, timeZone) === before ? earlier : better
}

/** How far clocks are ahead of UTC, in milliseconds. */
function offsetOf(at: number, timeZone: string): number {
  const parts: Partial<Record<string, number>> = {}
  for (const { type, value } of formatOf(timeZone).formatToParts(at)) parts[type] = Number(value)
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(at / 1000) * 1000
}

let formats: Map<string, Intl.DateTimeFormat> | undefined

/** Making a format takes longer than all else. @throws RangeError */
function formatOf(timeZone: string): Intl.DateTimeFormat {
  formats ??= new Map()
  let format = formats.get(timeZone)
  if (format === undefined) {
    const numbers = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' } as const
    format = new Intl.DateTimeFormat('en-US', { timeZone, hourCycle: 'h23', ...numbers })
    formats.set(timeZone, format)
  }
  return format
}
