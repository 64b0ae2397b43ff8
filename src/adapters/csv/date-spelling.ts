/** Dates that are not written as ISO 8601: day first, month first, year first with another mark, or with the month's English name. */
import { daysFromCivil, timestampOfText } from '../../schema/coerce'

/** Which of two numbers is the day, in `03/04/2024`. */
export type DateOrder = 'day-first' | 'month-first'

const time = String.raw`(?:,?[ T](\d{1,2}):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?: ?([AaPp])\.?[Mm]\.?)?)?$`
const weekday = String.raw`^(?:[A-Za-z]{3,9}\.?,? )?`
const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const monthNames = [
  ...['january', 'february', 'march', 'april', 'may', 'june', 'july'],
  ...['august', 'september', 'october', 'november', 'december'],
]

/** What two orders make of a text: epoch milliseconds, `undefined` where it is no such date. */
export interface SpeltDate {
  readonly dayFirst: number | undefined
  readonly monthFirst: number | undefined
  /** The text is ISO 8601, which says nothing about the others. */
  readonly isIso: boolean
}

/** A reader of dates: `3/4/2024`, `3.4.2024 17:05`, `2024/4/3`, `3 Apr 2024`, `Apr 3, 2024 5:05 PM`, and ISO 8601. */
export function dateReader(): (text: string) => SpeltDate | undefined {
  const numbers = new RegExp(String.raw`^(\d{1,2})([./-])(\d{1,2})\2(\d{4})${time}`)
  const yearFirst = new RegExp(String.raw`^(\d{4})([./-])(\d{1,2})\2(\d{1,2})${time}`)
  const dayName = new RegExp(String.raw`${weekday}(\d{1,2})(?:st|nd|rd|th)?[ -]([A-Za-z]{3,9})\.?,?[ -](\d{4})${time}`)
  const nameDay = new RegExp(String.raw`${weekday}([A-Za-z]{3,9})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})${time}`)
  const both = (milliseconds: number | undefined): SpeltDate | undefined =>
    milliseconds === undefined ? undefined : { dayFirst: milliseconds, monthFirst: milliseconds, isIso: false }
  return (text) => {
    const iso = timestampOfText(text)
    if (iso !== undefined) return { dayFirst: iso, monthFirst: iso, isIso: true }
    let match = numbers.exec(text)
    if (match !== null) {
      const [, first, , second, year] = match
      const dayFirst = instant([year, second, first], match.slice(5))
      const monthFirst = instant([year, first, second], match.slice(5))
      return dayFirst === undefined && monthFirst === undefined ? undefined : { dayFirst, monthFirst, isIso: false }
    }
    match = yearFirst.exec(text)
    if (match !== null) return both(instant([match[1], match[3], match[4]], match.slice(5)))
    match = dayName.exec(text)
    if (match !== null) return both(instant([match[3], monthOf(match[2]), match[1]], match.slice(4)))
    match = nameDay.exec(text)
    return match === null ? undefined : both(instant([match[3], monthOf(match[1]), match[2]], match.slice(4)))
  }
}

function monthOf(name: string | undefined): string | undefined {
  const lower = (name ?? '').toLowerCase()
  const at = monthNames.indexOf(lower)
  const month = at >= 0 ? at : lower === 'sept' ? 8 : months.indexOf(lower)
  return month < 0 ? undefined : String(month + 1)
}

/** Epoch milliseconds of year, month and day, and of hour, minute, second, fraction and the letter of AM or PM. */
function instant(date: readonly (string | undefined)[], clock: readonly (string | undefined)[]): number | undefined {
  const [year, month, day] = date
  const days = month === undefined ? undefined : daysFromCivil(Number(year), Number(month), Number(day))
  if (days === undefined) return undefined
  const [hourText, minute = '0', second = '0', fraction = '', half] = clock
  let hour = Number(hourText ?? '0')
  if (half !== undefined) {
    if (hour < 1 || hour > 12) return undefined
    hour = (hour % 12) + (half.toLowerCase() === 'p' ? 12 : 0)
  }
  if (hour > 23 || Number(minute) > 59 || Number(second) > 59) return undefined
  return ((days * 24 + hour) * 60 + Number(minute)) * 60_000 + Number(second) * 1000 + Number(fraction.slice(0, 3).padEnd(3, '0'))
}

/** What the texts of a column say about their dates. */
export type DateVerdict =
  | { readonly kind: 'found'; readonly order: DateOrder }
  | { readonly kind: 'ambiguous' }
  /** Every text is a date, but no one order fits them all, or another than was asked for. */
  | { readonly kind: 'contradictory'; readonly text: string }
  | undefined

/** The order of a column's dates, from its distinct texts; `undefined` when they are no dates. `asked` decides where both orders fit. */
export function findDates(texts: readonly string[], asked: DateOrder | undefined): DateVerdict {
  const read = dateReader()
  let againstDay: string | undefined
  let againstMonth: string | undefined
  let differ = false
  for (const text of texts) {
    const date = read(text)
    if (date === undefined) return undefined
    if (date.dayFirst === undefined) againstDay ??= text
    if (date.monthFirst === undefined) againstMonth ??= text
    if (date.dayFirst !== date.monthFirst) differ = true
  }
  if (texts.length === 0) return undefined
  if (asked !== undefined) {
    const against = asked === 'day-first' ? againstDay : againstMonth
    return against === undefined ? { kind: 'found', order: asked } : { kind: 'contradictory', text: against }
  }
  if (againstDay !== undefined && againstMonth !== undefined) return { kind: 'contradictory', text: againstDay }
  if (againstDay === undefined && againstMonth === undefined && differ) return { kind: 'ambiguous' }
  return { kind: 'found', order: againstDay === undefined ? 'day-first' : 'month-first' }
}

/** Epoch milliseconds of texts by an order. */
export function datesIn(order: DateOrder, texts: readonly string[]): { readonly values: number[] } | { readonly wrong: string } {
  const read = dateReader()
  const values: number[] = []
  for (const text of texts) {
    const date = read(text)
    const value = order === 'day-first' ? date?.dayFirst : date?.monthFirst
    if (value === undefined) return { wrong: text }
    values.push(value)
  }
  return { values }
}
