/** Sorts rows by one or more columns. */
import { invalidArgument, show } from '../core/errors'
import { type Column, missingMark } from '../schema/column'
import type { NameOf, RowOf } from '../schema/row-types'
import { assertTable, type Table } from '../schema/table'
import type { Dataset } from './dataset'
import { takeRows } from './filter'

/** One sort key. */
export interface SortKey<Name extends string = string> {
  readonly column: Name
  /** @default false */
  readonly descending?: boolean | undefined
}

/**
 * Sorts rows by the given columns; later ones decide only between rows with equal values in the earlier ones. Stable; missing cells come last whether ascending or
 * descending; text goes by UTF-16 code units, so the order is the same on every machine; `false` before `true`.
 *
 * @example sort(flights, ['origin', { column: 'dep_delay', descending: true }])
 * @throws NotFound, InvalidArgument without a key
 */
export function sort<T extends Table>(
  table: T,
  by: NameOf<T> | SortKey<NameOf<T>> | readonly (NameOf<T> | SortKey<NameOf<T>>)[],
): Dataset<RowOf<T>> {
  assertTable(table, 'sort')
  const keys = (Array.isArray(by) ? by : [by]) as readonly (string | SortKey)[]
  if (keys.length === 0) throw invalidArgument('sort needs at least one column')
  const parts = keys.map((key) => {
    const { column, descending = false } = typeof key === 'string' ? { column: key } : key
    if (typeof column !== 'string') throw invalidArgument(`a sort key must be a column name or { column, descending }, got ${show(key)}`)
    return { ranks: orderNumbers(table.column(column)), sign: descending ? -1 : 1 }
  })
  return takeRows(table, sortedRows(parts, table.numRows))
}

/** Row numbers in ascending order of `values`, then of `next`; equal ones keep their order, `NaN` comes last. */
export function ascendingRows(values: Float64Array, next?: Float64Array): Int32Array {
  const parts = [{ ranks: values, sign: 1 }, ...(next === undefined ? [] : [{ ranks: next, sign: 1 }])]
  return sortedRows(parts, values.length)
}

/** One key as numbers, `NaN` where missing, and 1 or −1 for the direction. */
interface SortPart {
  readonly ranks: Float64Array
  readonly sign: number
}

/** From this many rows on sorting by digits is quicker than comparing. */
const RADIX_FROM = 512

function sortedRows(parts: readonly SortPart[], count: number): Int32Array {
  let rows: Int32Array = new Int32Array(count)
  for (let row = 0; row < count; row++) rows[row] = row
  // The last key first: each pass keeps the order of the one before among equals.
  if (count >= RADIX_FROM) {
    for (const { ranks, sign } of [...parts].reverse()) rows = sortByDigits(rows, digitsOf(ranks, sign))
    return rows
  }
  return rows.sort((a, b) => {
    for (const { ranks, sign } of parts) {
      const x = ranks[a] as number
      const y = ranks[b] as number
      if (x === y || (x !== x && y !== y)) continue
      if (x !== x) return 1
      if (y !== y) return -1
      return x < y ? -sign : sign
    }
    return a - b
  })
}

/** Numbers of 32 bits, the lowest first, that order the rows as the ranks do; missing ones last. */
function digitsOf(ranks: Float64Array, sign: number): Uint32Array[] {
  let least = Number.POSITIVE_INFINITY
  let greatest = Number.NEGATIVE_INFINITY
  let isWhole = true
  for (let row = 0; row < ranks.length; row++) {
    const rank = ranks[row] as number
    if (rank !== rank) continue
    if (rank < least) least = rank
    if (rank > greatest) greatest = rank
    if (isWhole && !Number.isSafeInteger(rank)) isWhole = false
  }
  if (isWhole && greatest - least < 0xffffffff) {
    const last = greatest >= least ? greatest - least + 1 : 0
    const words = new Uint32Array(ranks.length)
    for (let row = 0; row < words.length; row++) {
      const rank = ranks[row] as number
      words[row] = rank !== rank ? last : sign > 0 ? rank - least : greatest - rank
    }
    return [words]
  }
  // The bits of a double, its sign turned, are in the order of the doubles; adding 0 makes −0 and 0 one.
  const doubles = new Float64Array(ranks.length)
  for (let row = 0; row < doubles.length; row++) doubles[row] = sign * (ranks[row] as number) + 0
  const bits = new Uint32Array(doubles.buffer)
  const lowFirst = new Uint8Array(Uint32Array.of(1).buffer)[0] ?? 1
  const [low, high] = [new Uint32Array(ranks.length), new Uint32Array(ranks.length)]
  for (let row = 0; row < low.length; row++) {
    const isMissing = doubles[row] !== doubles[row]
    const upper = bits[2 * row + lowFirst] as number
    const lower = bits[2 * row + 1 - lowFirst] as number
    const isNegative = upper >>> 31 === 1
    high[row] = isMissing ? 0xffffffff : isNegative ? ~upper : upper ^ 0x80000000
    low[row] = isMissing ? 0xffffffff : isNegative ? ~lower : lower
  }
  return [low, high]
}

/** `order` sorted by the digits, stable: counting sorts of 16 bits at a time, those without difference left out. */
function sortByDigits(order: Int32Array, digits: readonly Uint32Array[]): Int32Array {
  let from: Int32Array = order
  let to: Int32Array = new Int32Array(order.length)
  const counts = new Int32Array(65537)
  for (const words of digits) {
    for (const shift of [0, 16]) {
      counts.fill(0)
      for (let i = 0; i < words.length; i++) {
        const digit = ((words[i] as number) >>> shift) & 0xffff
        counts[digit + 1] = (counts[digit + 1] as number) + 1
      }
      if (counts[(((words[0] as number) >>> shift) & 0xffff) + 1] === order.length) continue
      for (let d = 0; d < 65536; d++) counts[d + 1] = (counts[d + 1] as number) + (counts[d] as number)
      for (let i = 0; i < from.length; i++) {
        const row = from[i] as number
        const digit = ((words[row] as number) >>> shift) & 0xffff
        const at = counts[digit] as number
        counts[digit] = at + 1
        to[at] = row
      }
      ;[from, to] = [to, from]
    }
  }
  return from
}

/** Numbers in the order of the cells, `NaN` where missing: not to be written to. */
export function orderNumbers(column: Column): Float64Array {
  const { storage: values, type, dictionary } = column
  if (type === 'float64' || type === 'timestamp') return values as Float64Array
  const missing = missingMark(type)
  const rank = dictionary === undefined ? undefined : dictionaryRanks(dictionary)
  const ranks = new Float64Array(values.length)
  for (let row = 0; row < ranks.length; row++) {
    const value = values[row] as number
    ranks[row] = value === missing ? Number.NaN : rank === undefined ? value : (rank[value] as number)
  }
  return ranks
}

function dictionaryRanks(dictionary: readonly string[]): Int32Array {
  const codes = Array.from(dictionary, (_, code) => code)
  codes.sort((a, b) => ((dictionary[a] as string) < (dictionary[b] as string) ? -1 : 1))
  const ranks = new Int32Array(codes.length)
  codes.forEach((code, rank) => {
    ranks[code] = rank
  })
  return ranks
}
