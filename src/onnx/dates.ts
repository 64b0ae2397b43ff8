/** Parts of timestamps in ONNX graphs: civil dates by whole-number arithmetic in float64 (Howard Hinnant's algorithms), which is exact there. */
import type { DateFeature } from '../learn/transformers/date-part-names'
import { int } from '../onnxfile/attribute'
import { dataTypeOf } from '../onnxfile/types'
import { type Arithmetic, arithmetic } from './arithmetic'
import type { Features } from './features'

const DAY = 86_400_000

/** Parts of a timestamp, each written once. `days` are days since 1970, `time` the milliseconds since midnight. */
interface Civil {
  readonly days: string
  readonly time: string
  readonly year: string
  readonly month: string
  readonly day: string
  /** Monday 0 to Sunday 6. */
  readonly weekday: string
  /** The year of the Thursday of its week, which is its ISO year, and that Thursday. */
  readonly weekYear: string
  readonly thursday: string
}

/** Columns of parts of a column of timestamps (milliseconds since 1970, UTC), sine and cosine where a part comes round again. */
export function writeDateParts(features: Features, time: string, parts: readonly DateFeature[], cyclic: boolean): string[] {
  const math = arithmetic(features)
  const civil = civilOf(math, time)
  return parts.flatMap((part) => {
    const value = partOf(math, civil, part)
    if (!cyclic || part === 'year') return [value]
    const turn = { value, ...periodOf(math, civil, part) }
    return [turnOf(features, turn, Math.sin), turnOf(features, turn, Math.cos)]
  })
}

/** A part that comes round again. */
interface Turn {
  readonly value: string
  /** Its first value. */
  readonly first: number
  /** The numbers of values until it comes round again, without a gap. */
  readonly periods: readonly number[]
  /** Which of them goes for a row; absent where there is one. */
  readonly period?: string
}

/** Sine or cosine of how far a part is through its period, from a table: a runtime's own sine differs from JavaScript's in the last digit. */
function turnOf(features: Features, { value, first, periods, period }: Turn, wave: (angle: number) => number): string {
  const { sub, mul, add, where, of } = arithmetic(features)
  const width = Math.max(...periods)
  const table = periods.flatMap((length) => Array.from({ length: width }, (_, i) => wave((2 * Math.PI * i) / length)))
  const within = sub(value, first)
  const place = period === undefined ? within : add(within, mul(sub(period, periods[0] as number), width))
  const index = features.graph.node('Cast', [where(of('IsNaN', value), table.length, place)], { attributes: { to: int(dataTypeOf.int64) } })
  return features.graph.node('Gather', [features.numbers([table.length + 1], [...table, Number.NaN]), index], {
    attributes: { axis: int(0) },
  })
}

function civilOf(math: Arithmetic, column: string): Civil {
  const { add, sub, mul, over, where, of, less } = math
  // A date takes whole milliseconds, to 100 million days from 1970.
  const whole = mul(of('Sign', column), of('Floor', of('Abs', column)))
  const stamp = where(less(8.64e15, of('Abs', column)), Number.NaN, whole)
  const days = over(stamp, DAY)
  const time = sub(stamp, mul(days, DAY))
  const weekday = weekdayOf(math, days)
  const thursday = sub(add(days, 3), weekday)
  return { days, time, ...dateOf(math, days), weekday, thursday, weekYear: dateOf(math, thursday).year }
}

/** Year, month and day of days since 1970; years begin in March inside, so that leap days are last. */
function dateOf({ add, sub, mul, over, where, less }: Arithmetic, days: string): { year: string; month: string; day: string } {
  const shifted = add(days, 719468)
  const era = over(shifted, 146097)
  const ofEra = sub(shifted, mul(era, 146097))
  const leapDays = sub(add(sub(ofEra, over(ofEra, 1460)), over(ofEra, 36524)), over(ofEra, 146096))
  const yearOfEra = over(leapDays, 365)
  const ofYear = sub(ofEra, sub(add(mul(yearOfEra, 365), over(yearOfEra, 4)), over(yearOfEra, 100)))
  const fromMarch = over(add(mul(ofYear, 5), 2), 153)
  const day = add(sub(ofYear, over(add(mul(fromMarch, 153), 2), 5)), 1)
  const isSpring = less(fromMarch, 10)
  const month = where(isSpring, add(fromMarch, 3), sub(fromMarch, 9))
  const year = add(add(yearOfEra, mul(era, 400)), where(isSpring, 0, 1))
  return { year, month, day }
}

function weekdayOf({ add, sub, mul, over }: Arithmetic, days: string): string {
  const fromMonday = add(days, 3)
  return sub(fromMonday, mul(over(fromMonday, 7), 7))
}

/** 1 January of a year in days since 1970. */
function yearStart({ add, sub, mul, over }: Arithmetic, year: string): string {
  const before = sub(year, 1)
  return sub(add(sub(add(mul(before, 365), over(before, 4)), over(before, 100)), over(before, 400)), 719162)
}

function partOf(math: Arithmetic, civil: Civil, part: DateFeature): string {
  const { add, sub, mul, over } = math
  const unit = (milliseconds: number, count: number): string => {
    const units = over(civil.time, milliseconds)
    return sub(units, mul(over(units, count), count))
  }
  switch (part) {
    case 'quarter':
      return add(over(sub(civil.month, 1), 3), 1)
    case 'week':
      return weekOf(math, civil.thursday, civil.weekYear)
    case 'dayOfYear':
      return add(sub(civil.days, yearStart(math, civil.year)), 1)
    case 'dayOfWeek':
      return civil.weekday
    case 'hour':
      return unit(3_600_000, 24)
    case 'minute':
      return unit(60_000, 60)
    case 'second':
      return unit(1000, 60)
    case 'millisecond':
      return unit(1, 1000)
    default:
      return civil[part]
  }
}

/** The number of the week of a Thursday within its year. */
function weekOf(math: Arithmetic, thursday: string, year: string): string {
  return math.add(math.over(math.sub(thursday, yearStart(math, year)), 7), 1)
}

/** The first value of a part, and how many values there are until it comes round again. */
function periodOf(math: Arithmetic, { month, year, weekYear }: Civil, part: DateFeature): Omit<Turn, 'value'> {
  const { add, sub, mul, over, where, equal } = math
  const lengthOf = (of: string): string => sub(yearStart(math, add(of, 1)), yearStart(math, of))
  switch (part) {
    case 'quarter':
      return { first: 1, periods: [4] }
    case 'month':
      return { first: 1, periods: [12] }
    case 'week': {
      // 28 December is always in the last week of its ISO year.
      const late = sub(yearStart(math, add(weekYear, 1)), 4)
      return { first: 1, periods: [52, 53], period: weekOf(math, sub(add(late, 3), weekdayOf(math, late)), weekYear) }
    }
    case 'day': {
      const odd = add(month, over(month, 8))
      const usual = add(30, sub(odd, mul(over(odd, 2), 2)))
      return { first: 1, periods: [28, 29, 30, 31], period: where(equal(month, 2), sub(lengthOf(year), 337), usual) }
    }
    case 'dayOfYear':
      return { first: 1, periods: [365, 366], period: lengthOf(year) }
    case 'dayOfWeek':
      return { first: 0, periods: [7] }
    case 'hour':
      return { first: 0, periods: [24] }
    case 'millisecond':
      return { first: 0, periods: [1000] }
    default:
      return { first: 0, periods: [60] }
  }
}
