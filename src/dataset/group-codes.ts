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
  const [first, ...others] = keys.map((columns) => keyCodes(columns, missing))
  if (first === undefined) return { codes: [], count: 0 }
  return others.reduce(combine, first)
}

/** Rows sorted by group (counting sort, stable): group g holds `rows[starts[g]]` … `rows[starts[g + 1] - 1]`. */
export function rowsByGroup(codes: Int32Array, count: number): { starts: Int32Array; rows: Int32Array } {
  const starts = new Int32Array(count + 1)
  for (const group of codes) if (group !== NO_GROUP) starts[group + 1] = (starts[group + 1] as number) + 1
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

function keyCodes(columns: readonly Column[], missing: 'group' | 'none'): GroupCodes {
  const [first] = columns as [Column]
  for (const column of columns) {
    if (kindOf(column) !== kindOf(first)) {
      const message = `key ${show(first.name)} is ${first.type}, key ${show(column.name)} is ${column.type}: they cannot be compared`
      throw new SchemaMismatchError(message, [{ path: [column.name], code: 'wrong-type', message }])
    }
  }
  return numbered(columns.map(toNumbers(columns)), missing)
}

/** The cells of a key column as numbers, and the mark of a missing one. */
interface KeyNumbers {
  readonly values: ArrayLike<number>
  readonly mark: number
}

/** Key columns as comparable numbers: text as codes into one dictionary, everything else as it is stored. */
function toNumbers(columns: readonly Column[]): (column: Column) => KeyNumbers {
  const [first] = columns as [Column]
  if (first.type !== 'string' || columns.every(({ dictionary }) => dictionary === first.dictionary)) {
    return ({ storage, type }) => ({ values: storage, mark: missingMark(type) })
  }
  const known = new Map<string, number>()
  return ({ storage, dictionary = [] }) => {
    const common = Int32Array.from(dictionary, (text) => {
      const code = known.get(text) ?? known.size
      known.set(text, code)
      return code
    })
    return { values: storage.map((code) => (code < 0 ? code : (common[code] as number))), mark: NO_GROUP }
  }
}

function numbered(columns: readonly KeyNumbers[], missing: 'group' | 'none'): GroupCodes {
  const span = spanOf(columns)
  const known = new Map<number, number>()
  const direct = span === undefined ? undefined : new Int32Array(span.size).fill(NO_GROUP)
  let nothing = NO_GROUP
  let count = 0
  const codes = columns.map(({ values, mark }) => {
    const own = new Int32Array(values.length)
    for (let row = 0; row < own.length; row++) {
      const value = values[row] as number
      if (value === mark || value !== value) {
        if (missing === 'group' && nothing === NO_GROUP) nothing = count++
        own[row] = nothing
        continue
      }
      let code = direct === undefined ? (known.get(value) ?? NO_GROUP) : (direct[value - (span?.least as number)] as number)
      if (code === NO_GROUP) {
        code = count++
        if (direct === undefined) known.set(value, code)
        else direct[value - (span?.least as number)] = code
      }
      own[row] = code
    }
    return own
  })
  return { codes, count }
}

/** The range of whole numbers when it is small enough for an array; `undefined` otherwise. */
function spanOf(columns: readonly KeyNumbers[]): { readonly least: number; readonly size: number } | undefined {
  let least = Number.POSITIVE_INFINITY
  let greatest = Number.NEGATIVE_INFINITY
  for (const { values, mark } of columns) {
    const whole = !(values instanceof Float64Array)
    for (let row = 0; row < values.length; row++) {
      const value = values[row] as number
      if (value === mark || value !== value) continue
      if (!whole && (value | 0) !== value) return undefined
      if (value < least) least = value
      if (value > greatest) greatest = value
    }
  }
  const size = greatest - least + 1
  const rows = columns.reduce((sum, { values }) => sum + values.length, 0)
  return size <= Math.min(MAX_DIRECT, 1024 + DIRECT_PER_ROW * rows) ? { least, size: Math.max(0, size) } : undefined
}

function combine(a: GroupCodes, b: GroupCodes): GroupCodes {
  const size = a.count * b.count
  // Pairs are whole numbers up to `size`; where that is too much for an array they go through a map.
  const pairs = a.codes.map((left, t) => {
    const right = b.codes[t] as Int32Array
    const own = size < -MISSING_INT32 ? new Int32Array(left.length) : new Float64Array(left.length)
    for (let row = 0; row < own.length; row++) {
      const x = left[row] as number
      const y = right[row] as number
      own[row] = x === NO_GROUP || y === NO_GROUP ? NO_GROUP : x * b.count + y
    }
    return { values: own, mark: NO_GROUP }
  })
  return numbered(pairs, 'none')
}

function kindOf({ type }: Column): string {
  return type === 'int32' || type === 'float64' ? 'number' : type
}
