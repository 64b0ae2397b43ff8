/** The reference profile: all a detector needs to know about the reference, as plain JSON. */
import { MillwrightError, show } from '../core/errors'
import type { ColumnType } from '../ports/table'
import type { Moments } from '../stats/running-moments'
import type { ResolvedDriftOptions } from './drift-options'

/** What all columns of a profile have. */
interface ReferenceBase {
  readonly column: string
  /** The column's type in the reference table. */
  readonly columnType: ColumnType
  /** Values that count. */
  readonly n: number
  readonly missing: number
}

/** A column of numbers. */
export interface NumericReference extends ReferenceBase {
  readonly kind: 'numeric'
  readonly infinite: number
  readonly moments: Moments
  /** Ascending: all n values, or `sampleSize` evenly spaced order statistics of them. */
  readonly sample: readonly number[]
  /** Cuts and counts of the bins of the population stability index; one more count than cuts. */
  readonly cuts: readonly number[]
  readonly counts: readonly number[]
  /** Edges and counts of the picture; two more edges than inner cuts. */
  readonly edges: readonly number[]
  readonly edgeCounts: readonly number[]
}

/** A column of categories. */
export interface CategoricalReference extends ReferenceBase {
  readonly kind: 'categorical'
  /** The most frequent ones, by falling count. */
  readonly categories: readonly string[]
  readonly counts: readonly number[]
  /** How often all other categories occur together. */
  readonly otherCount: number
}

/** A column that is not compared. */
export interface SkippedReference extends ReferenceBase {
  readonly kind: 'skipped'
  readonly reason: string
}

/** One column of a profile. */
export type ReferenceColumn = NumericReference | CategoricalReference | SkippedReference

/** A reference profile. Holds up to `sampleSize` values of every numeric column, and category names: not anonymous. */
export interface DriftProfile {
  readonly format: 'millwright-drift-profile'
  readonly version: 1
  readonly rows: number
  readonly options: ResolvedDriftOptions
  readonly columns: readonly ReferenceColumn[]
}

/** Checks a profile that comes from outside. @throws Corrupt naming the first thing wrong */
export function assertProfile(value: unknown): asserts value is DriftProfile {
  const profile = (value ?? {}) as Partial<DriftProfile>
  if (profile.format !== 'millwright-drift-profile' || profile.version !== 1) {
    throw corrupt(
      `its format is ${show(profile.format)}, version ${show(profile.version)}; this release reads millwright-drift-profile, version 1`,
    )
  }
  if (!Array.isArray(profile.columns) || typeof profile.options !== 'object' || !isCount(profile.rows)) {
    throw corrupt('it needs rows, options and columns')
  }
  for (const column of profile.columns as readonly Unchecked[]) {
    if (!isColumn(column)) throw corrupt(`column ${show(column?.column)} is damaged`)
  }
}

/** A column of any kind, none of it checked yet. */
type Unchecked = (Partial<Omit<NumericReference, 'kind'> & Omit<CategoricalReference, 'kind'>> & { readonly kind?: string }) | null

function isColumn(column: Unchecked): boolean {
  if (typeof column?.column !== 'string' || !isCount(column.n) || !isCount(column.missing)) return false
  if (column.kind === 'skipped') return true
  if (!isNumbers(column.counts)) return false
  if (column.kind === 'categorical') return column.categories?.length === column.counts.length && isCount(column.otherCount)
  const { sample, cuts, edges, edgeCounts, moments } = column
  return (
    isNumbers(sample) &&
    sample.length > 0 &&
    isNumbers(cuts) &&
    cuts.length === column.counts.length - 1 &&
    isNumbers(edges) &&
    edgeCounts?.length === edges.length - 1 &&
    isCount(moments?.count)
  )
}

function corrupt(what: string): MillwrightError {
  return new MillwrightError('Corrupt', `this is not a drift profile: ${what}`)
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isNumbers(values: unknown): values is number[] {
  return Array.isArray(values) && values.every(Number.isFinite)
}
