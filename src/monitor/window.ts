/** Windows over a log in order of time: the last n milliseconds, the last n rows, a calendar period, or a fixed range. */
import { invalidArgument, show } from '../core/errors'
import { type CalendarPeriod, calendarBefore, calendarNext, calendarPeriods, calendarStart, isTimeZone } from './calendar'

/** Selects a part of the log. */
export type Window =
  /** The last `lastMs` milliseconds before `endAt`: from `endAt − lastMs` (not included) to `endAt` (included). `endAt` defaults to now. */
  | { readonly lastMs: number; readonly endAt?: number | undefined }
  /** The last `lastRows` rows at or before `endAt`, only labelled ones where labels are needed. */
  | { readonly lastRows: number; readonly endAt?: number | undefined }
  | CalendarWindow
  /** From `from` (included) to `to` (not included), epoch milliseconds. */
  | { readonly from: number; readonly to: number }

/** A calendar period: the present one up to `endAt` (included), or a whole earlier one. */
export interface CalendarWindow {
  /** Weeks begin on Monday. */
  readonly period: CalendarPeriod
  /** How many periods back: 1 is yesterday, the last week, the last month. @default 0, the present one */
  readonly back?: number | undefined
  /** IANA name, such as `Europe/Berlin`. @default 'UTC' */
  readonly timeZone?: string | undefined
  /** Which period is the present one. @default now */
  readonly endAt?: number | undefined
}

/** Calendar periods in UTC or in a time zone, or a length in milliseconds counted from the epoch. */
export type Period = CalendarPeriod | Pick<CalendarWindow, 'period' | 'timeZone'> | number

/** Checks a window. @throws InvalidArgument naming `subject` */
export function assertWindow(window: Window, subject: string): void {
  const value = window as Partial<Record<'lastMs' | 'lastRows' | 'from' | 'to' | 'endAt' | 'period' | 'back' | 'timeZone', unknown>>
  if (typeof value === 'object' && value !== null) {
    const keys = Object.keys(value).filter((key) => value[key as 'from'] !== undefined)
    const has = (...allowed: string[]): boolean => keys.every((key) => allowed.includes(key))
    const endFits = value.endAt === undefined || Number.isFinite(value.endAt)
    if (has('lastMs', 'endAt') && endFits && isPositive(value.lastMs)) return
    if (has('lastRows', 'endAt') && endFits && isPositive(value.lastRows) && Number.isInteger(value.lastRows)) return
    if (has('period', 'back', 'timeZone', 'endAt') && endFits && isCalendar(value) && isBack(value.back)) return
    if (has('from', 'to') && Number.isFinite(value.from) && Number.isFinite(value.to) && (value.from as number) <= (value.to as number))
      return
  }
  throw invalidArgument(
    `a window of ${subject} must be { lastMs }, { lastRows }, { period: 'day', back: 1, timeZone: 'UTC' } (each with or without \`endAt\`) or { from, to } with values that fit, got ${
      typeof window === 'object' ? JSON.stringify(window) : show(window)
    }`,
  )
}

/** A window whose calendar period is the range of time that it is. `now` is the end of a window that has none. */
export function spanOfWindow(window: Window, now: number): Exclude<Window, CalendarWindow> {
  if (!('period' in window)) return window
  const { period, back = 0, timeZone, endAt = now } = window
  let from = calendarStart(endAt, period, timeZone)
  if (back === 0) return { from, to: Math.min(calendarNext(from, period, timeZone), endAt + 1) }
  for (let i = 0; i < back; i++) from = calendarBefore(from, period, timeZone)
  return { from, to: calendarNext(from, period, timeZone) }
}

/** The start of the period that contains `at`, epoch milliseconds. */
export function periodStart(at: number, period: Period): number {
  if (typeof period === 'number') return Math.floor(at / period) * period
  return typeof period === 'string' ? calendarStart(at, period) : calendarStart(at, period.period, period.timeZone)
}

/** The start of the period after the one that starts at `start`. */
export function nextPeriod(start: number, period: Period): number {
  if (typeof period === 'number') return start + period
  return typeof period === 'string' ? calendarNext(start, period) : calendarNext(start, period.period, period.timeZone)
}

/** Checks a period. @throws InvalidArgument naming `subject` */
export function assertPeriod(period: Period, subject: string): void {
  if (isPositive(period) || calendarPeriods.includes(period as CalendarPeriod)) return
  if (typeof period === 'object' && period !== null) {
    if (isCalendar(period) && Object.keys(period).every((key) => key === 'period' || key === 'timeZone')) return
  }
  throw invalidArgument(
    `a period of ${subject} must be 'hour', 'day', 'week', 'month', { period: 'day', timeZone: 'Europe/Berlin' } or a positive number of milliseconds, got ${show(period)}`,
  )
}

function isCalendar({ period, timeZone }: { readonly period?: unknown; readonly timeZone?: unknown }): boolean {
  return calendarPeriods.includes(period as CalendarPeriod) && (timeZone === undefined || isTimeZone(timeZone))
}

function isBack(value: unknown): boolean {
  return value === undefined || (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 1000)
}

function isPositive(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0
}
