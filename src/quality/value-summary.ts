/** The values of a column with their counts: what expectations on distinct values need, instead of the rows. */
import type { CellValue, ColumnType } from '../schema/cell-types'
import { type Column, missingMark } from '../schema/column'

/** The values of a column with their counts. */
export interface ValueSummary {
  readonly type: ColumnType
  /** Rows that have a value. */
  readonly present: number
  /** How often each value occurs, by `cellKey`, in order of appearance. */
  readonly counts: ReadonlyMap<CellValue, number>
}

/** Counts the values of a column. */
export function summaryOf({ storage, dictionary, type, length, nullCount }: Column): ValueSummary {
  const missing = missingMark(type)
  const counts = new Map<number, number>()
  for (let row = 0; row < length; row++) {
    const code = storage[row] as number
    if (code === code && code !== missing) counts.set(code, (counts.get(code) ?? 0) + 1)
  }
  const values = Array.from(counts, ([code, count]): [CellValue, number] => [
    dictionary === undefined ? code : (dictionary[code] as string),
    count,
  ])
  return { type, present: length - nullCount, counts: new Map(values) }
}

/** A `cellKey` as the value that the column holds. */
export function valueOfKey(type: ColumnType, key: CellValue): CellValue {
  return type === 'boolean' ? key === 1 : key
}

/** Ascending, as far as values of one column compare. */
export function byValue(a: CellValue, b: CellValue): number {
  return a === b ? 0 : (a as number) < (b as number) ? -1 : 1
}
