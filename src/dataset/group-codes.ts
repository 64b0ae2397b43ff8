/** Numbers the groups of rows with equal keys, in one table or two. */
import { SchemaMismatchError, show } from '../core/errors'
import { type Column, MISSING_INT32, missingMark } from '../schema/column'

/** The number of rows with a missing key. */
export const NO_GROUP = -1

/** Whole numbers that span at most this many values, and not many more than there are rows, are numbered through an array, others through a map. */
const MAX_DIRECT = 1 << 23
const DIRECT_PER_ROW = 16

/** A numbering of key tuples. */
export interface GroupCodes {
  /** One array per table: the group of each row, by first appearance over the tables in order; see `missing` of {@link groupCodes}. */
  readonly codes: readonly Int32Array[]
  readonly count: number
}

/**
 * Numbers the tuples of `keys`: `keys[k]` holds key column k of each table, all of comparable type (numbers and booleans
 * with each other are not: `int32` and `float64` are).
 *
 * @param missing `group`: missing cells are equal to each other; `none`: a row with one has {@link NO_GROUP}
 * @throws SchemaMismatch when the columns of one key cannot be compared
 */
export function groupCodes(keys: readonly (readonly Column[])[], missing: 'group' | 'none'): GroupCodes {
  const [first, ...others] = keys
  if (first === undefined) return { codes: [], count: 0 }
  let all = keyNumbers(first, missing)
  for (const columns of others) all = placed(all, columns, missing) ?? combine(all, keyNumbers(columns, missing))
  return numbered(all)
}

/** Rows sorted by group (counting sort, stable): group g holds `rows[starts[g]]` … `rows[starts[g + 1] - 1]`. */
export function rowsByGroup(codes: Int32Array, count: number): { starts: Int32Array; rows: Int32Array } {
  const starts = new Int32Array(count + 1)
  for (let row = 0; row < codes.length; row++) {
    const group = codes[row] as number
    if (group !== NO_GROUP) starts[group + 1] = (starts[group + 1] as number) + 1
  }
  for (let g = 0; g < count; g++) starts[g + 1] = (starts[g + 1] as number) + (starts[g] as number)
  const next = starts.slice(0, count)
  const rows = new Int32Array(starts[count] as number)
  for (let row = 0; row < codes.length; row++) {
    const group = codes[row] as number
    if (group === NO_GROUP) continue
    const at = next[group] as number
    rows[at] = row
    next[group] = at + 1
  }
  return { starts, rows }
}

/** The first row of each group. */
export function firstRows(codes: Int32Array, count: number): Int32Array {
  const firsts = new Int32Array(count)
  for (let row = codes.length - 1; row >= 0; row--) {
    const group = codes[row] as number
    if (group !== NO_GROUP) firsts[group] = row
  }
  return firsts
}

/** Tuples of keys as whole numbers from 0 to `size` − 1 for each table, or {@link NO_GROUP}. */
interface KeyNumbers {
  readonly codes: readonly Int32Array[]
  readonly size: number
}

function keyNumbers(columns: readonly Column[], missing: 'group' | 'none'): KeyNumbers {
  const [first] = columns as [Column]
  for (const column of columns) {
    if (kindOf(column) !== kindOf(first)) {
      const message = `key ${show(first.name)} is ${first.type}, key ${show(column.name)} is ${column.type}: they cannot be compared`
      throw new SchemaMismatchError(message, [{ path: [column.name], code: 'wrong-type', message }])
    }
  }
  if (first.type === 'string') return textNumbers(columns, missing)
  const span = spanOf(columns)
  if (span === undefined) return mappedNumbers(columns, missing)
  const none = missing === 'group' ? span.size : NO_GROUP
  const codes = columns.map(({ storage, type }) => {
    const mark = missingMark(type)
    const own = new Int32Array(storage.length)
    for (let row = 0; row < own.length; row++) {
      const value = storage[row] as number
      own[row] = value === mark || value !== value ? none : value - span.least
    }
    return own
  })
  return { codes, size: span.size + 1 }
}

/** `all` with a key of whole numbers as one more place, written over `all`; `undefined` where the key is another, or the product too large. */
function placed(all: KeyNumbers, columns: readonly Column[], missing: 'group' | 'none'): KeyNumbers | undefined {
  if (columns.some(({ type }) => type !== 'int32')) return undefined
  const span = spanOf(columns)
  if (span === undefined || all.size * (span.size + 1) > directLimit(all.codes)) return undefined
  const size = span.size + 1
  for (const [t, { storage }] of columns.entries()) {
    const codes = all.codes[t] as Int32Array
    const values = storage as Int32Array
    for (let row = 0; row < codes.length; row++) {
      const code = codes[row] as number
      const value = values[row] as number
      if (value !== MISSING_INT32) codes[row] = code === NO_GROUP ? NO_GROUP : code * size + (value - span.least)
      else codes[row] = code === NO_GROUP || missing === 'none' ? NO_GROUP : code * size + span.size
    }
  }
  return { codes: all.codes, size: all.size * size }
}

/** Text as codes into one dictionary. */
function textNumbers(columns: readonly Column[], missing: 'group' | 'none'): KeyNumbers {
  const known = new Map<string, number>()
  const isOne = columns.length === 1
  const commons = columns.map(({ dictionary = [] }) =>
    Int32Array.from(dictionary, (text, code) => {
      if (isOne) return code
      const common = known.get(text) ?? known.size
      known.set(text, common)
      return common
    }),
  )
  const size = isOne ? (columns[0]?.dictionary?.length ?? 0) : known.size
  const none = missing === 'group' ? size : NO_GROUP
  const codes = columns.map(({ storage }, t) => {
    const common = commons[t] as Int32Array
    const own = new Int32Array(storage.length)
    for (let row = 0; row < own.length; row++) {
      const code = storage[row] as number
      own[row] = code < 0 ? none : (common[code] as number)
    }
    return own
  })
  return { codes, size: size + 1 }
}

/** Numbers far apart, or with fractions, through a map. */
function mappedNumbers(columns: readonly Column[], missing: 'group' | 'none'): KeyNumbers {
  const known = new Map<number, number>()
  const codes = columns.map(({ storage, type }) => {
    const mark = missingMark(type)
    const own = new Int32Array(storage.length)
    for (let row = 0; row < own.length; row++) {
      const value = storage[row] as number
      const isMissing = value === mark || value !== value
      if (isMissing && missing === 'none') own[row] = NO_GROUP
      else own[row] = numberOf(known, isMissing ? Number.NaN : value)
    }
    return own
  })
  return { codes, size: known.size }
}

function numberOf(known: Map<number, number>, value: number): number {
  let code = known.get(value)
  if (code === undefined) {
    code = known.size
    known.set(value, code)
  }
  return code
}

/** The range of whole numbers when it is small enough for an array; `undefined` otherwise. */
function spanOf(columns: readonly Column[]): { readonly least: number; readonly size: number } | undefined {
  let least = Number.POSITIVE_INFINITY
  let greatest = Number.NEGATIVE_INFINITY
  for (const { storage, type } of columns) {
    const mark = missingMark(type)
    const isWhole = type === 'int32' || type === 'boolean'
    for (let row = 0; row < storage.length; row++) {
      const value = storage[row] as number
      if (value === mark || value !== value) continue
      if (!isWhole && (value | 0) !== value) return undefined
      if (value < least) least = value
      if (value > greatest) greatest = value
    }
  }
  const size = Math.max(0, greatest - least + 1)
  return size < directLimit(columns) ? { least: size === 0 ? 0 : least, size } : undefined
}

function directLimit(parts: readonly { readonly length: number }[]): number {
  return Math.min(MAX_DIRECT, 1024 + DIRECT_PER_ROW * parts.reduce((sum, { length }) => sum + length, 0))
}

/** Pairs of numbers as one number: place by place while that stays small, else numbered through a map. */
function combine(a: KeyNumbers, b: KeyNumbers): KeyNumbers {
  const limit = directLimit(a.codes)
  const isDense = a.size * b.size <= limit
  const dense = isDense ? [a, b] : [a, b].map(numbered).map(({ codes, count }) => ({ codes, size: count }))
  const [left, right] = dense as [KeyNumbers, KeyNumbers]
  const isSmall = left.size * right.size <= limit
  const known = new Map<number, number>()
  const codes = left.codes.map((xs, t) => {
    const ys = right.codes[t] as Int32Array
    const own = new Int32Array(xs.length)
    for (let row = 0; row < own.length; row++) {
      const x = xs[row] as number
      const y = ys[row] as number
      if (x === NO_GROUP || y === NO_GROUP) own[row] = NO_GROUP
      else own[row] = isSmall ? x * right.size + y : numberOf(known, x * right.size + y)
    }
    return own
  })
  return { codes, size: isSmall ? left.size * right.size : known.size }
}

/** Numbers anew, by first appearance over the tables in order, without gaps. */
function numbered({ codes, size }: KeyNumbers): GroupCodes {
  const numbers = new Int32Array(size).fill(NO_GROUP)
  let count = 0
  const own = codes.map((from) => {
    const to = new Int32Array(from.length)
    for (let row = 0; row < to.length; row++) {
      const code = from[row] as number
      if (code === NO_GROUP) {
        to[row] = NO_GROUP
        continue
      }
      let number = numbers[code] as number
      if (number === NO_GROUP) {
        number = count++
        numbers[code] = number
      }
      to[row] = number
    }
    return to
  })
  return { codes: own, count }
}

function kindOf({ type }: Column): string {
  return type === 'int32' || type === 'float64' ? 'number' : type
}
