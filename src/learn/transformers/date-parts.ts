/** Takes timestamps apart: year, month, weekday, hour, … */
import { arrayOf, checkOptions, nonEmptyString, ofType, oneOf } from '../../core/options'
import { type Column, toFloat64 } from '../../schema/column'
import { assertTable } from '../../schema/table'
import { corruptModel } from '../model-format'
import { paramsOf } from '../params'
import type { StateOf } from '../stored-parts'
import { columnsFor, type FittedTransformer, type Transformer } from '../transformer'
import { columnwise, floatColumn } from './columnwise'
import { type DateFeature, datePartNames } from './date-part-names'

/** Options of {@link dateParts}. */
export interface DatePartsOptions {
  /**
   * Which parts: `year`, `quarter` (1–4), `month` (1–12), `week` (ISO 8601, 1–53), `day` (1–31), `dayOfYear` (1–366), `dayOfWeek`
   * (Monday 0 to Sunday 6), `hour`, `minute`, `second`, `millisecond`.
   * @default ['year', 'month', 'day', 'dayOfWeek', 'hour']
   */
  readonly parts?: readonly DateFeature[] | undefined
  /**
   * Give the sine and the cosine (`<name>_<part>_sin`, `<name>_<part>_cos`) of each part that comes round again, so that December is near
   * January. `year` stays a number.
   * @default false
   */
  readonly cyclic?: boolean | undefined
  /** The columns to take apart. @default all timestamps but the target */
  readonly columns?: readonly string[] | undefined
}

type State = StateOf<'dateParts'>
type Dated = State['columns'][number]

/**
 * A transformer that puts the parts of each timestamp, in UTC, in its place: `float64` columns `<name>_<part>`. A missing timestamp gives
 * missing parts. A cyclic part runs through a whole turn within its own period: `day` within its month, `dayOfYear` within its year,
 * `week` within the weeks of its ISO year.
 *
 * @throws InvalidArgument on unknown options
 */
export function dateParts(options: DatePartsOptions = {}): Transformer {
  checkOptions('dateParts', options, {
    parts: {
      ...arrayOf(oneOf(...datePartNames)),
      test: (value) => arrayOf(oneOf(...datePartNames)).test(value) && (value as []).length > 0,
    },
    cyclic: ofType('boolean'),
    columns: arrayOf(nonEmptyString()),
  })
  const { parts = ['year', 'month', 'day', 'dayOfWeek', 'hour'] as const, cyclic = false, columns } = options
  const distinct = [...new Set(parts)]
  return {
    kind: 'dateParts',
    options: paramsOf({ parts: distinct, cyclic, columns }),
    withOptions: (changes) => dateParts({ ...options, ...changes }),
    fit(table, fitOptions = {}) {
      assertTable(table, 'fit of dateParts')
      const dated = columnsFor(table, columns, fitOptions, ({ type }) => type === 'timestamp').map(
        (column): Dated => ({ name: column.name, outputs: distinct.flatMap((part) => namesOf(column.name, part, cyclic)) }),
      )
      return fittedDates({ kind: 'dateParts', parts: distinct, cyclic, columns: dated })
    },
  }
}

/** The fitted transformer of a state. @throws Corrupt when its names do not fit its parts */
export function restoreDateParts(state: State): FittedTransformer {
  const count = state.parts.flatMap((part) => namesOf('', part, state.cyclic)).length
  for (const { outputs } of state.columns) {
    if (outputs.length !== count) throw corruptModel(`${outputs.length} output names for ${count} parts of a date`)
  }
  return fittedDates(state)
}

function fittedDates(state: State): FittedTransformer {
  const { parts, cyclic, columns } = state
  return columnwise<Dated>({
    kind: 'dateParts',
    parts: columns,
    needs: 'numbers',
    outputs: ({ outputs }) => outputs,
    apply(column, { outputs }) {
      const values = parts.flatMap((part) => (isCyclic(part, cyclic) ? turnsOf(column, part) : [partOf(column, part)]))
      return values.map((numbers, i) => floatColumn(outputs[i] as string, numbers))
    },
    state: () => state,
  })
}

function namesOf(name: string, part: DateFeature, cyclic: boolean): string[] {
  return isCyclic(part, cyclic) ? [`${name}_${part}_sin`, `${name}_${part}_cos`] : [`${name}_${part}`]
}

function isCyclic(part: DateFeature, cyclic: boolean): boolean {
  return cyclic && part !== 'year'
}

function partOf(column: Column, part: DateFeature): Float64Array {
  return toFloat64(column).map((time) => (time === time ? numberOf(new Date(time), part) : time))
}

/** Sine and cosine of how far each timestamp is through the period of the part. */
function turnsOf(column: Column, part: DateFeature): [Float64Array, Float64Array] {
  const angles = toFloat64(column).map((time) => {
    if (time !== time) return time
    const date = new Date(time)
    const [first, period] = periodOf(date, part)
    return (2 * Math.PI * (numberOf(date, part) - first)) / period
  })
  return [angles.map(Math.sin), angles.map(Math.cos)]
}

const DAY = 86_400_000

function numberOf(date: Date, part: DateFeature): number {
  switch (part) {
    case 'year':
      return date.getUTCFullYear()
    case 'quarter':
      return Math.floor(date.getUTCMonth() / 3) + 1
    case 'month':
      return date.getUTCMonth() + 1
    case 'week':
      return Math.floor((thursdayOf(date) - yearStart(new Date(thursdayOf(date)))) / (7 * DAY)) + 1
    case 'day':
      return date.getUTCDate()
    case 'dayOfYear':
      return Math.floor((date.getTime() - yearStart(date)) / DAY) + 1
    case 'dayOfWeek':
      return (date.getUTCDay() + 6) % 7
    case 'hour':
      return date.getUTCHours()
    case 'minute':
      return date.getUTCMinutes()
    case 'second':
      return date.getUTCSeconds()
    case 'millisecond':
      return date.getUTCMilliseconds()
  }
}

/** The first value of a part, and how many values there are until it comes round again. */
function periodOf(date: Date, part: DateFeature): [first: number, period: number] {
  switch (part) {
    case 'quarter':
      return [1, 4]
    case 'month':
      return [1, 12]
    case 'week': {
      const year = new Date(thursdayOf(date)).getUTCFullYear()
      // 28 December is always in the last week of its ISO year.
      return [1, numberOf(new Date(utcDay(year, 11, 28)), 'week')]
    }
    case 'day':
      return [1, new Date(utcDay(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()]
    case 'dayOfYear':
      return [1, numberOf(new Date(utcDay(date.getUTCFullYear(), 11, 31)), 'dayOfYear')]
    case 'dayOfWeek':
      return [0, 7]
    case 'hour':
      return [0, 24]
    case 'millisecond':
      return [0, 1000]
    default:
      return [0, 60]
  }
}

/** The Thursday of a date's week, at midnight: the ISO year of a week is the year of its Thursday. */
function thursdayOf(date: Date): number {
  return Math.floor(date.getTime() / DAY) * DAY + (3 - numberOf(date, 'dayOfWeek')) * DAY
}

function yearStart(date: Date): number {
  return utcDay(date.getUTCFullYear(), 0, 1)
}

/** Midnight of a day; unlike `Date.UTC`, years 0 to 99 are taken as they are. */
function utcDay(year: number, month: number, day: number): number {
  return new Date(0).setUTCFullYear(year, month, day)
}
