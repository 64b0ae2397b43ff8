/** Columns of other systems as ours: 64-bit integers, decimals, times in any unit. Used by every format that has such types. */
import { isInt32 } from './coerce'
import { type Column, columnFrom, MISSING_INT32, makeColumn } from './column'

/** Some cells of a column, in order: those from `from` up to, not including, `to`. `null`, `undefined` and `NaN` are missing. */
export interface CellRun {
  readonly cells: ArrayLike<number | bigint | boolean | null | undefined>
  readonly from: number
  readonly to: number
}

/** All cells of an array. */
export function wholeRun(cells: CellRun['cells']): CellRun {
  return { cells, from: 0, to: cells.length }
}

/**
 * Whole numbers in the narrowest type that holds them all: `int32`, `float64` within ±2⁵³, else text, so that no digit is lost.
 */
export function wholeNumberColumn(name: string, runs: readonly CellRun[]): Column {
  const length = lengthOf(runs)
  const ints = asInt32(runs, length)
  if (ints !== undefined) return makeColumn(name, { type: 'int32', values: ints })
  const floats = asFloat64(runs, length)
  if (floats !== undefined) return makeColumn(name, { type: 'float64', values: floats })
  return columnFrom(name, 'string', textsOf(runs, length, String))
}

/** Numbers as `float64`. */
export function numberColumn(name: string, runs: readonly CellRun[]): Column {
  const values = new Float64Array(lengthOf(runs))
  let at = 0
  for (const { cells, from, to } of runs) {
    if (from === 0 && to === cells.length && (cells instanceof Float64Array || cells instanceof Float32Array)) values.set(cells, at)
    else {
      for (let i = from; i < to; i++) {
        const cell = cells[i]
        values[at + i - from] = cell === null || cell === undefined ? Number.NaN : Number(cell)
      }
    }
    at += to - from
  }
  return makeColumn(name, { type: 'float64', values })
}

/** Booleans; also given as 1 and 0. */
export function booleanColumn(name: string, runs: readonly CellRun[]): Column {
  const values = new Uint8Array(lengthOf(runs))
  let at = 0
  for (const { cells, from, to } of runs) {
    for (let i = from; i < to; i++) {
      const cell = cells[i]
      values[at++] = cell === null || cell === undefined ? 2 : cell ? 1 : 0
    }
  }
  return makeColumn(name, { type: 'boolean', values })
}

/** Decimals, as whole numbers that stand for 10^scale times their value: `float64` where every one has at most 15 digits or so (±2⁵³), else text. */
export function decimalColumn(name: string, runs: readonly CellRun[], scale: number): Column {
  const length = lengthOf(runs)
  if (scale === 0) return wholeNumberColumn(name, runs)
  const values = asFloat64(runs, length)
  if (values === undefined || scale > 22)
    return columnFrom(
      name,
      'string',
      textsOf(runs, length, (cell) => decimalText(cell, scale)),
    )
  // Both are exact in a double, so their quotient is correctly rounded.
  const factor = 10 ** scale
  for (let row = 0; row < length; row++) values[row] = (values[row] as number) / factor
  return makeColumn(name, { type: 'float64', values })
}

/** What a number of a time counts, since 1970-01-01T00:00Z. */
export type TimeUnit = 'days' | 'seconds' | 'milliseconds' | 'microseconds' | 'nanoseconds'

/** Times as epoch milliseconds; finer fractions are cut, as everywhere here. */
export function timestampColumn(name: string, runs: readonly CellRun[], unit: TimeUnit): Column {
  const values = new Float64Array(lengthOf(runs))
  const read = millisecondsOf(unit)
  let at = 0
  for (const { cells, from, to } of runs) {
    for (let i = from; i < to; i++) {
      const cell = cells[i]
      values[at++] = cell === null || cell === undefined || cell !== cell ? Number.NaN : read(cell as number | bigint)
    }
  }
  return makeColumn(name, { type: 'timestamp', values })
}

function millisecondsOf(unit: TimeUnit): (cell: number | bigint) => number {
  if (unit === 'days') return (cell) => Number(cell) * 86_400_000
  if (unit === 'seconds') return (cell) => Number(cell) * 1000
  if (unit === 'milliseconds') return (cell) => Math.floor(Number(cell))
  const parts = unit === 'microseconds' ? 1000 : 1_000_000
  const bigParts = BigInt(parts)
  return (cell) => {
    const number = Number(cell)
    if (Number.isSafeInteger(number)) return Math.floor(number / parts)
    const big = BigInt(cell)
    return Number((big - (((big % bigParts) + bigParts) % bigParts)) / bigParts)
  }
}

/** Times of day as text: `09:30:00`, with a fraction where there is one. */
export function timeOfDayColumn(name: string, runs: readonly CellRun[], unit: TimeUnit): Column {
  const perSecond = { days: 1, seconds: 1, milliseconds: 1000, microseconds: 1_000_000, nanoseconds: 1_000_000_000 }[unit]
  return columnFrom(
    name,
    'string',
    textsOf(runs, lengthOf(runs), (cell) => timeOfDayText(Number(cell), perSecond)),
  )
}

function timeOfDayText(count: number, perSecond: number): string {
  const seconds = Math.floor(count / perSecond)
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map((part) => String(part).padStart(2, '0'))
  const fraction = count - seconds * perSecond
  const digits = String(fraction).padStart(Math.log10(perSecond), '0').replace(/0+$/, '')
  return parts.join(':') + (fraction === 0 ? '' : `.${digits}`)
}

/** "-0.05" of −5 and 2. */
export function decimalText(unscaled: number | bigint, scale: number): string {
  const digits = String(unscaled)
    .replace('-', '')
    .padStart(scale + 1, '0')
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`
  return unscaled < 0 ? `-${text}` : text
}

function lengthOf(runs: readonly CellRun[]): number {
  return runs.reduce((sum, { from, to }) => sum + to - from, 0)
}

/** The cells in an Int32Array; `undefined` when one does not fit. */
function asInt32(runs: readonly CellRun[], length: number): Int32Array | undefined {
  const values = new Int32Array(length)
  let at = 0
  for (const { cells, from, to } of runs) {
    if (cells instanceof Int32Array) {
      const part = from === 0 && to === cells.length ? cells : cells.subarray(from, to)
      if (part.includes(MISSING_INT32)) return undefined
      values.set(part, at)
      at += part.length
      continue
    }
    for (let i = from; i < to; i++) {
      const cell = cells[i]
      if (cell === null || cell === undefined) values[at++] = MISSING_INT32
      else {
        const number = Number(cell)
        if (!isInt32(number)) return undefined
        values[at++] = number
      }
    }
  }
  return values
}

/** The cells in a Float64Array; `undefined` when one is a whole number beyond ±2⁵³. */
function asFloat64(runs: readonly CellRun[], length: number): Float64Array | undefined {
  const values = new Float64Array(length)
  let at = 0
  for (const { cells, from, to } of runs) {
    for (let i = from; i < to; i++) {
      const cell = cells[i]
      if (cell === null || cell === undefined) values[at++] = Number.NaN
      else {
        const number = Number(cell)
        if (!Number.isSafeInteger(number)) return undefined
        values[at++] = number
      }
    }
  }
  return values
}

function textsOf(runs: readonly CellRun[], length: number, text: (cell: number | bigint) => string): (string | null)[] {
  const texts: (string | null)[] = new Array(length)
  let at = 0
  for (const { cells, from, to } of runs) {
    for (let i = from; i < to; i++) {
      const cell = cells[i]
      texts[at++] = cell === null || cell === undefined ? null : text(cell as number | bigint)
    }
  }
  return texts
}
