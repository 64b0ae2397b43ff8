/** Sorts rows by one or more columns. */
import { invalidArgument, show } from '../core/errors'
import { type Column, missingMark } from '../schema/column'
import type { NameOf, RowOf } from '../schema/row-types'
import { assertTable, type Table } from '../schema/table'
import type { Dataset } from './dataset'
import { take } from './filter'

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
    return { ranks: ranksOf(table.column(column)), sign: descending ? -1 : 1 }
  })
  const rows = new Int32Array(table.numRows)
  for (let row = 0; row < rows.length; row++) rows[row] = row
  return take(
    table,
    rows.sort((a, b) => {
      for (const { ranks, sign } of parts) {
        const x = ranks[a] as number
        const y = ranks[b] as number
        if (x === y || (x !== x && y !== y)) continue
        if (x !== x) return 1
        if (y !== y) return -1
        return x < y ? -sign : sign
      }
      return a - b
    }),
  )
}

/** Numbers in the order of the cells, `NaN` where missing. */
function ranksOf(column: Column): Float64Array {
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
