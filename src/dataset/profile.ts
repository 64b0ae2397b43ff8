/** Profiles a table: counts, moments, quantiles and frequent values of each column. */
import { attachDisplay } from '../core/display'
import { checkOptions, wholeNumber } from '../core/options'
import { type CellValue, type Column, type ColumnType, MISSING_INT32, toFloat64 } from '../schema/column'
import { assertTable, type Table } from '../schema/table'
import { quantileSorted } from '../stats/elementary'
import { sortFloat64 } from '../stats/sort'
import { fromRows } from './create'
import type { Dataset } from './dataset'
import { countValues, type ValueCount } from './group-counts'
import { markdownTable, textTable } from './table-text'

/** Facts about one column. Those that do not apply to its type are absent. */
export interface ColumnProfile {
  readonly name: string
  readonly type: ColumnType
  /** Cells with a value. */
  readonly count: number
  readonly missing: number
  /** Different values, missing not counted. */
  readonly distinct: number
  /** Numbers, and timestamps (epoch milliseconds); of the cells with a value. */
  readonly mean?: number
  /** Of numbers, the sample standard deviation (n − 1); absent below two values. */
  readonly sd?: number
  /** The smallest value; of text, the first in code unit order. */
  readonly min?: CellValue
  readonly max?: CellValue
  /** Numbers and timestamps: 5, 25, 50, 75 and 95 % (linear interpolation, NumPy's default). */
  readonly quantiles?: { readonly p5: number; readonly p25: number; readonly p50: number; readonly p75: number; readonly p95: number }
  /** Text and booleans: the most frequent values. */
  readonly top?: readonly ValueCount[]
}

/** Facts about a table. */
export interface DatasetProfile {
  readonly numRows: number
  readonly columns: readonly ColumnProfile[]
}

/** Options of {@link profile}. */
export interface ProfileOptions {
  /** How many frequent values to keep. @default 10 */
  readonly top?: number | undefined
}

/** Describes every column of a table, as plain JSON data. Sorts a copy of each numeric column: O(n log n). */
export function profile(table: Table, options: ProfileOptions = {}): DatasetProfile {
  assertTable(table, 'profile')
  checkOptions('profile', options, { top: wholeNumber(0) })
  const top = options.top ?? 10
  return { numRows: table.numRows, columns: table.columnNames.map((name) => profileColumn(table.column(name), top)) }
}

/**
 * {@link profile} as a dataset, one row a column of `table`: what pandas' `describe(include='all')` tells, turned on its side. Quantiles are
 * `p25`, `p50`, `p75`; `distinct` counts the values, `top` is the most frequent one of text and booleans and `freq` its rows. Where the table
 * has timestamps, theirs stand in columns of their own: `earliest`, `mean_time`, `p25_time`, `p50_time`, `p75_time`, `latest`. Displayed, it shows
 * every row.
 */
export function describe(table: Table): Dataset {
  assertTable(table, 'describe')
  const { columns } = profile(table, { top: 1 })
  const hasTimes = columns.some(({ type }) => type === 'timestamp')
  const rows = columns.map((column) => {
    const top = column.top?.[0]
    const isTime = column.type === 'timestamp'
    return {
      column: column.name,
      type: column.type,
      count: column.count,
      missing: column.missing,
      distinct: column.distinct,
      ...(isTime ? noFigures : figuresOf(column)),
      top: top === undefined ? null : String(top.value),
      freq: top?.count,
      ...(hasTimes ? timesOf(isTime ? column : undefined) : {}),
    }
  })
  const times = Object.keys(timesOf(undefined)).map((name) => [name, 'timestamp'] as const)
  const numbers = Object.keys(noFigures).map((name) => [name, 'float64'] as const)
  const text = { column: 'string', type: 'string', top: 'string', freq: 'int32' } as const
  const types = { ...text, ...Object.fromEntries(numbers), ...Object.fromEntries(times) }
  const described = fromRows(rows, { types })
  attachDisplay(described, {
    text: () => `${described.toString()}\n${textTable(described, { rows: described.numRows })}`,
    markdown: () => `${described.toString()}\n\n${markdownTable(described, described.numRows)}`,
  })
  return described
}

const noFigures = { mean: null, sd: null, min: null, p25: null, p50: null, p75: null, max: null } as const

function figuresOf(column: ColumnProfile): Record<keyof typeof noFigures, number | null> {
  const { mean = null, sd = null, min, max, quantiles } = column
  const { p25 = null, p50 = null, p75 = null } = quantiles ?? {}
  return { mean, sd, min: asNumber(min), p25, p50, p75, max: asNumber(max) }
}

function timesOf(column: ColumnProfile | undefined): Record<string, number | null> {
  const { min, mean, p25, p50, p75, max } = column === undefined ? noFigures : figuresOf(column)
  return { earliest: min, mean_time: mean, p25_time: p25, p50_time: p50, p75_time: p75, latest: max }
}

function asNumber(value: CellValue | undefined): number | null {
  return typeof value === 'number' ? value : null
}

function profileColumn(column: Column, top: number): ColumnProfile {
  const missing = column.nullCount
  const base = { name: column.name, type: column.type, count: column.length - missing, missing }
  if (column.type === 'string' || column.type === 'boolean') {
    const counts = countValues(column).filter(({ value }) => value !== null)
    const values = counts.map(({ value }) => value as string | boolean).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    const range = values.length === 0 ? {} : { min: values[0] as CellValue, max: values.at(-1) as CellValue }
    return { ...base, distinct: counts.length, ...range, top: counts.slice(0, top) }
  }
  const facts = column.storage instanceof Int32Array ? countedFacts(column.storage) : undefined
  return { ...base, ...(facts ?? numberFacts(toFloat64(column), column.type)) }
}

type NumberFacts = Pick<ColumnProfile, 'distinct' | 'mean' | 'sd' | 'min' | 'max' | 'quantiles'>

/** The same as {@link numberFacts} of whole numbers that lie close together: counted, not sorted. `undefined` where they do not. */
function countedFacts(cells: Int32Array): NumberFacts | undefined {
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  let n = 0
  let sum = 0
  for (let i = 0; i < cells.length; i++) {
    const value = cells[i] as number
    if (value === MISSING_INT32) continue
    n++
    sum += value
    if (value < min) min = value
    if (value > max) max = value
  }
  if (n === 0) return { distinct: 0 }
  const range = max - min + 1
  if (range > n) return undefined
  const counts = new Int32Array(range)
  for (let i = 0; i < cells.length; i++) {
    const value = cells[i] as number
    if (value !== MISSING_INT32) counts[value - min] = (counts[value - min] as number) + 1
  }
  const mean = sum / n
  let distinct = 0
  let squares = 0
  for (let at = 0; at < range; at++) {
    const count = counts[at] as number
    if (count === 0) continue
    distinct++
    squares += count * (at + min - mean) ** 2
  }
  return {
    distinct,
    mean,
    ...(n > 1 ? { sd: Math.sqrt(squares / (n - 1)) } : {}),
    min,
    max,
    quantiles: quantilesBy((rank) => min + placeOfRank(counts, rank), n),
  }
}

/** The place at which the running sum of counts exceeds `rank`. */
function placeOfRank(counts: Int32Array, rank: number): number {
  let seen = 0
  let at = 0
  for (; at < counts.length - 1; at++) {
    seen += counts[at] as number
    if (seen > rank) break
  }
  return at
}

/** Quantiles by linear interpolation between the values at two ranks from 0. */
function quantilesBy(valueAt: (rank: number) => number, n: number): NonNullable<NumberFacts['quantiles']> {
  const q = (p: number): number => {
    const rank = p * (n - 1)
    const below = Math.floor(rank)
    const low = valueAt(below)
    return rank === below ? low : low + (valueAt(below + 1) - low) * (rank - below)
  }
  return { p5: q(0.05), p25: q(0.25), p50: q(0.5), p75: q(0.75), p95: q(0.95) }
}

function numberFacts(cells: Float64Array, type: ColumnType): NumberFacts {
  const present = new Float64Array(cells.length)
  let n = 0
  for (let i = 0; i < cells.length; i++) if (cells[i] === cells[i]) present[n++] = cells[i] as number
  const values = sortFloat64(present.subarray(0, n))
  if (n === 0) return { distinct: 0 }
  let distinct = 1
  let sum = 0
  for (let i = 0; i < n; i++) {
    sum += values[i] as number
    if (i > 0 && values[i] !== values[i - 1]) distinct++
  }
  const mean = sum / n
  let squares = 0
  for (let i = 0; i < n; i++) squares += ((values[i] as number) - mean) ** 2
  const q = (p: number): number => quantileSorted(values, p)
  return {
    distinct,
    mean,
    ...(type !== 'timestamp' && n > 1 ? { sd: Math.sqrt(squares / (n - 1)) } : {}),
    min: values[0] as number,
    max: values[n - 1] as number,
    quantiles: { p5: q(0.05), p25: q(0.25), p50: q(0.5), p75: q(0.75), p95: q(0.95) },
  }
}
