/** Numbers the groups of rows with equal keys, in one table or two. */
import { SchemaMismatchError, show } from '../core/errors'
import { type Column, isMissingAt } from '../schema/column'

/** The number of rows with a missing key. */
export const NO_GROUP = -1

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

function keyCodes(columns: readonly Column[], missing: 'group' | 'none'): GroupCodes {
  const [first] = columns as [Column]
  for (const column of columns) {
    if (kindOf(column) !== kindOf(first)) {
      const message = `key ${show(first.name)} is ${first.type}, key ${show(column.name)} is ${column.type}: they cannot be compared`
      throw new SchemaMismatchError(message, [{ path: [column.name], code: 'wrong-type', message }])
    }
  }
  const known = new Map<string | number, number>()
  let nothing = NO_GROUP
  let count = 0
  const codes = columns.map((column) => {
    const { storage: values, dictionary } = column
    const own = new Int32Array(values.length)
    // Text is looked up once per dictionary entry, not once per row.
    const byCode = dictionary === undefined ? undefined : new Int32Array(dictionary.length).fill(NO_GROUP)
    for (let row = 0; row < own.length; row++) {
      if (isMissingAt(column, row)) {
        if (missing === 'group' && nothing === NO_GROUP) nothing = count++
        own[row] = nothing
        continue
      }
      const value = values[row] as number
      let code = byCode === undefined ? undefined : (byCode[value] as number)
      if (code === undefined || code === NO_GROUP) {
        const key = dictionary === undefined ? value : (dictionary[value] as string)
        code = known.get(key)
        if (code === undefined) {
          code = count++
          known.set(key, code)
        }
        if (byCode !== undefined) byCode[value] = code
      }
      own[row] = code
    }
    return own
  })
  return { codes, count }
}

function combine(a: GroupCodes, b: GroupCodes): GroupCodes {
  const known = new Map<number, number>()
  const codes = a.codes.map((left, t) => {
    const right = b.codes[t] as Int32Array
    return left.map((x, row) => {
      const y = right[row] as number
      if (x === NO_GROUP || y === NO_GROUP) return NO_GROUP
      const pair = x * b.count + y
      let code = known.get(pair)
      if (code === undefined) {
        code = known.size
        known.set(pair, code)
      }
      return code
    })
  })
  return { codes, count: known.size }
}

function kindOf({ type }: Column): string {
  return type === 'int32' || type === 'float64' ? 'number' : type
}
