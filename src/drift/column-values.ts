/** Reads columns for drift detection: numbers are sorted without missing ones, categories are counted. */

import type { Column } from '../ports/table'
import { missingMark } from '../schema/column'
import { sortFloat64 } from '../stats/sort'

/** The numbers of a column. */
export interface NumericValues {
  /** Ascending, finite. */
  readonly sorted: Float64Array
  readonly missing: number
  readonly infinite: number
}

/** The finite numbers of a column that is not `string`, ascending, as doubles of single precision if asked. The column is not changed. */
export function numericValues(column: Column, isSingle = false): NumericValues {
  const { storage: values, length } = column
  const mark = missingMark(column.type)
  const kept = new Float64Array(length)
  let n = 0
  let infinite = 0
  for (let i = 0; i < length; i++) {
    const value = values[i] as number
    // Subtracting a number from itself gives 0 unless it is NaN or infinite.
    if (value - value === 0 && value !== mark) kept[n++] = value
    else if (value === value && value !== mark) infinite++
  }
  if (isSingle) for (let i = 0; i < n; i++) kept[i] = Math.fround(kept[i] as number)
  return { sorted: sortFloat64(n === length ? kept : kept.subarray(0, n)), missing: length - n - infinite, infinite }
}

/** The categories of a column. */
export interface CategoryCounts {
  readonly counts: ReadonlyMap<string, number>
  /** Values whose categories are not known by name. @default 0 */
  readonly otherCount?: number | undefined
  readonly n: number
  readonly missing: number
}

/**
 * How often each category occurs. Categories are compared as text: 1, 1.0 and "1" are equal, and so are −0 and 0; booleans are
 * `true` and `false`.
 */
export function categoryCounts(column: Column): CategoryCounts {
  const counts = new Map<string, number>()
  let n = 0
  const add = (category: string, count: number): void => {
    if (count === 0) return
    counts.set(category, (counts.get(category) ?? 0) + count)
    n += count
  }
  const { storage: values, length, dictionary } = column
  if (dictionary !== undefined) {
    const byCode = new Uint32Array(dictionary.length)
    for (let i = 0; i < length; i++) {
      const code = values[i] as number
      if (code >= 0) byCode[code] = (byCode[code] as number) + 1
    }
    dictionary.forEach((category, code) => {
      add(category, byCode[code] as number)
    })
  } else {
    const byValue = new Map<number, number>()
    const mark = missingMark(column.type)
    for (let i = 0; i < length; i++) {
      const value = values[i] as number
      if (value !== value || value === mark) continue
      byValue.set(value, (byValue.get(value) ?? 0) + 1)
    }
    for (const [value, count] of byValue) add(column.type === 'boolean' ? String(value === 1) : String(value), count)
  }
  return { counts, n, missing: length - n }
}
