/** Windows over a log in order of time: the last n milliseconds, the last n rows, or a fixed range. */
import { invalidArgument, show } from '../core/errors'

/** Selects a part of the log. */
export type Window =
  /** The last `lastMs` milliseconds before `endAt`: from `endAt − lastMs` (not included) to `endAt` (included). `endAt` defaults to now. */
  | { readonly lastMs: number; readonly endAt?: number | undefined }
  /** The last `lastRows` rows at or before `endAt`, only labelled ones where labels are needed. */
  | { readonly lastRows: number; readonly endAt?: number | undefined }
  /** From `from` (included) to `to` (not included), epoch milliseconds. */
  | { readonly from: number; readonly to: number }

/** Calendar periods (UTC), or a length in milliseconds counted from the epoch. */
export type Period = 'hour' | 'day' | 'week' | 'month' | number

/** Checks a window. @throws InvalidArgument naming `subject` */
export function assertWindow(window: Window, subject: string): void {
  const value = window as Partial<Record<'lastMs' | 'lastRows' | 'from' | 'to' | 'endAt', unknown>>
  if (typeof value === 'object' && value !== null) {
    const keys = Object.keys(value).filter((key) => value[key as 'from'] !== undefined)
    const has = (...allowed: string[]): boolean => keys.every((key) => allowed.includes(key))
    const endFits = value.endAt === undefined || Number.isFinite(value.endAt)
    if (has('lastMs', 'endAt') && endFits && isPositive(value.lastMs)) return
    if (has('lastRows', 'endAt') && endFits && isPositive(value.lastRows) && Number.isInteger(value.lastRows)) return
    if (has('from', 'to') && Number.isFinite(value.from) && Number.isFinite(value.to) && (value.from as number) <= (value.to as number))
      return
  }
  throw invalidArgument(
    `a window of ${subject} must be { lastMs }, { lastRows } (each with or without \`endAt\`) or { from, to } with numbers that fit, got ${
      typeof window === 'object' ? JSON.stringify(window) : show(window)
    }`,
  )
}

/** The start of the period that contains `at`, epoch milliseconds. Weeks begin on Monday. */
export function periodStart(at: number, period: Period): number {
  const dayMs = 86_400_000
  if (typeof period === 'number') return Math.floor(at / period) * period
  if (period === 'hour') return Math.floor(at / 3_600_000) * 3_600_000
  if (period === 'day') return Math.floor(at / dayMs) * dayMs
  // The epoch was a Thursday: three days after a Monday.
  if (period === 'week') return Math.floor((at / dayMs + 3) / 7) * 7 * dayMs - 3 * dayMs
  const date = new Date(at)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1)
}

/** The start of the period after the one that starts at `start`. */
export function nextPeriod(start: number, period: Period): number {
  if (typeof period === 'number') return start + period
  if (period === 'month') {
    const date = new Date(start)
    return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1)
  }
  return start + { hour: 3_600_000, day: 86_400_000, week: 604_800_000 }[period]
}

/** Checks a period. @throws InvalidArgument naming `subject` */
export function assertPeriod(period: Period, subject: string): void {
  if (isPositive(period) || (typeof period === 'string' && ['hour', 'day', 'week', 'month'].includes(period))) return
  throw invalidArgument(
    `a period of ${subject} must be 'hour', 'day', 'week', 'month' or a positive number of milliseconds, got ${show(period)}`,
  )
}

function isPositive(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0
}
