/** A current column as the comparison sees it: cells of a table, or what a profile of a stream kept of them. */
import type { Column, ColumnType } from '../ports/table'
import { type Moments, momentsOf } from '../stats/running-moments'
import { type CategoryCounts, categoryCounts, numericValues } from './column-values'
import type { UsedParts } from './drift-parts'
import type { ColumnKind } from './methods'
import type { StoredColumn } from './reference-profile'

/** Numbers of a current column. */
export interface CurrentNumbers {
  /** Ascending, finite: all of them, or those that stand for them. */
  readonly values: Float64Array
  /** How many values they count as in p-values. */
  readonly size: number
  readonly n: number
  readonly missing: number
  readonly infinite: number
  readonly moments: Moments
  /** Values have 32 bits: the reference is rounded alike. */
  readonly isSingle: boolean
}

/** A column to be compared. */
export interface CurrentColumn {
  readonly type: ColumnType
  readonly length: number
  readonly nullCount: number
  /** The kind that a profile decided on; a table's column can be read as either. */
  readonly kind?: ColumnKind | 'skipped'
  /** @param isSingle round values to 32 bits */
  numbers(isSingle: boolean): CurrentNumbers
  categories(): CategoryCounts
}

/** A column of a table. */
export function currentColumn(column: Column): CurrentColumn {
  const { type, length } = column
  return {
    type,
    length,
    get nullCount() {
      return column.nullCount
    },
    numbers(isSingle) {
      const { sorted, missing, infinite } = numericValues(column, isSingle)
      return { values: sorted, size: sorted.length, n: sorted.length, missing, infinite, moments: momentsOf(sorted), isSingle }
    },
    categories: () => categoryCounts(column),
  }
}

/** A column of a profile. */
export function currentOfProfile(stored: StoredColumn, bins: number, parts: UsedParts): CurrentColumn {
  const infinite = stored.kind === 'numeric' ? stored.infinite : 0
  return {
    type: stored.columnType,
    length: stored.n + stored.missing + infinite,
    nullCount: stored.missing,
    kind: stored.kind,
    numbers(isSingle) {
      const facts = { n: stored.n, missing: stored.missing, infinite }
      if (stored.kind !== 'numeric') throw new Error(`no numbers in ${stored.column}`)
      const {
        values,
        size,
        isSingle: own,
      } = 'sketch' in stored
        ? parts.sketches().expand(stored, bins).sample
        : { values: Float64Array.from(stored.sample), size: stored.n, isSingle: false }
      return {
        ...facts,
        values: isSingle && !own ? values.map(Math.fround) : values,
        size,
        moments: stored.moments,
        isSingle: isSingle || own,
      }
    },
    categories() {
      if (stored.kind !== 'categorical') throw new Error(`no categories in ${stored.column}`)
      const counts = new Map(stored.categories.map((category, i) => [category, stored.counts[i] as number]))
      return { counts, n: stored.n, missing: stored.missing, otherCount: stored.otherCount }
    },
  }
}
