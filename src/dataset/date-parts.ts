/** Parts of timestamps, in UTC. */
import { invalidArgument, show } from '../core/errors'
import { type Column, MISSING_INT32, makeColumn } from '../schema/column'
import type { NameOf, RowOf } from '../schema/row-types'
import { assertTable, type Table } from '../schema/table'
import type { ArithmeticCell } from './arithmetic'
import { Dataset } from './dataset'

/**
 * Parts of a timestamp: `month` 1 to 12, `week` of ISO 8601 (1 to 53), `dayOfYear` from 1, `weekday` 0 (Monday) to 6 (Sunday) as in pandas,
 * where JavaScript's `getUTCDay` has Sunday as 0.
 */
export type DatePart =
  | 'year'
  | 'quarter'
  | 'month'
  | 'week'
  | 'day'
  | 'dayOfYear'
  | 'weekday'
  | 'hour'
  | 'minute'
  | 'second'
  | 'millisecond'

const MS_A_DAY = 86_400_000

/** The parts of a day, from the days since 1970-01-01. */
const partsOfDay: Readonly<Record<string, (days: number) => number>> = {
  year: (days) => civilOf(days).year,
  quarter: (days) => Math.ceil(civilOf(days).month / 3),
  month: (days) => civilOf(days).month,
  // A week belongs to the year of its Thursday.
  week: (days) => Math.floor(dayOfYear(days - weekdayOf(days) + 3) / 7) + 1,
  day: (days) => civilOf(days).day,
  dayOfYear: (days) => dayOfYear(days) + 1,
  weekday: weekdayOf,
}

/** The parts of a time, from the milliseconds of the day. */
const partsOfTime: Readonly<Record<string, (ms: number) => number>> = {
  hour: (ms) => Math.floor(ms / 3_600_000),
  minute: (ms) => Math.floor(ms / 60_000) % 60,
  second: (ms) => Math.floor(ms / 1000) % 60,
  millisecond: (ms) => Math.floor(ms) % 1000,
}

/**
 * One part of each timestamp as an `int32` column of that name, in UTC; missing where the timestamp is.
 *
 * @example withColumn(flights, 'hour', datePart(flights.column('time_hour'), 'hour'))
 * @throws InvalidArgument for a column that is no timestamp, or an unknown part
 */
export function datePart<C extends Column>(column: C, part: DatePart): Column<ArithmeticCell<C, number>> {
  if (column?.type !== 'timestamp') {
    const given = column?.type === undefined ? `got ${show(column)}` : `column ${show(column.name)} is ${column.type}`
    throw invalidArgument(`datePart needs a timestamp column, ${given}`, { hint: "cast(data, { at: 'timestamp' }) reads ISO 8601 text" })
  }
  const ofDay = Object.hasOwn(partsOfDay, part) ? partsOfDay[part] : undefined
  const ofTime = Object.hasOwn(partsOfTime, part) ? partsOfTime[part] : undefined
  if (ofDay === undefined && ofTime === undefined) {
    const known = [...Object.keys(partsOfDay), ...Object.keys(partsOfTime)].join(', ')
    throw invalidArgument(`a date part must be one of ${known}, got ${show(part)}`)
  }
  const values = new Int32Array(column.length)
  let lastDays = Number.NaN
  let last = 0
  for (let row = 0; row < values.length; row++) {
    const time = column.storage[row] as number
    const days = Math.floor(time / MS_A_DAY)
    if (!Number.isFinite(days)) values[row] = MISSING_INT32
    else if (ofTime !== undefined) values[row] = ofTime(time - days * MS_A_DAY)
    else {
      // Neighbours are most often of one day.
      if (days !== lastDays) last = (ofDay as (days: number) => number)(days)
      lastDays = days
      values[row] = last
    }
  }
  return makeColumn(part, { type: 'int32', values }) as Column<ArithmeticCell<C, number>>
}

/** Rows of type `R` with parts of the timestamps in `Name`. */
export type WithDateParts<R, Name extends string, Part extends DatePart> = string extends keyof R
  ? R
  : {
      [Key in keyof R | `${Name}_${Part}`]: Key extends `${Name}_${Part}`
        ? number | (Name extends keyof R ? Extract<R[Name], null> : never)
        : Key extends keyof R
          ? R[Key]
          : never
    }

/**
 * The dataset with parts of a timestamp column, in UTC, as columns `<name>_<part>` at the end.
 *
 * @example withDateParts(flights, 'time_hour', ['month', 'weekday', 'hour']) // time_hour_month, time_hour_weekday, time_hour_hour
 * @throws NotFound; InvalidArgument for a column that is no timestamp, an unknown part, or a name that is taken
 */
export function withDateParts<T extends Table, const Name extends NameOf<T>, const Part extends DatePart>(
  table: T,
  name: Name,
  wanted: readonly Part[],
): Dataset<WithDateParts<RowOf<T>, Name, Part>> {
  assertTable(table, 'withDateParts')
  if (!Array.isArray(wanted)) throw invalidArgument(`withDateParts needs an array of date parts, got ${show(wanted)}`)
  const column = table.column(name)
  const added = wanted.map((part) => {
    const { type, storage } = datePart(column, part)
    return makeColumn(`${name}_${part}`, { type, values: storage } as Parameters<typeof makeColumn>[1])
  })
  return new Dataset([...table.columnNames.map((other) => table.column(other)), ...added])
}

/** 0 (Monday) to 6 (Sunday); 1970-01-01 was a Thursday. */
function weekdayOf(days: number): number {
  return (((days + 3) % 7) + 7) % 7
}

/** Days since the first of January of the year. */
function dayOfYear(days: number): number {
  const { year } = civilOf(days)
  const y = year - 1
  const before = 365 * y + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) - 719_162
  return days - before
}

/** The date of the proleptic Gregorian calendar. H. Hinnant, "chrono-compatible low-level date algorithms", civil_from_days. */
function civilOf(days: number): { readonly year: number; readonly month: number; readonly day: number } {
  const z = days + 719_468
  const era = Math.floor(z / 146_097)
  const dayOfEra = z - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfMarchYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const marchMonth = Math.floor((5 * dayOfMarchYear + 2) / 153)
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfMarchYear - Math.floor((153 * marchMonth + 2) / 5) + 1,
  }
}
