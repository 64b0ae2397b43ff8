/** Compares the categories of one column with their reference. */
import { populationStabilityIndex, psiNoise } from '../stats/divergence'
import type { CategoryCounts } from './column-values'
import type { Comparison } from './compare-numeric'
import type { ResolvedDriftOptions } from './drift-options'
import type { DriftBins } from './drift-report'
import type { CountMethod } from './method-part'
import type { CategoricalReference } from './reference-profile'

/** Most labels in a histogram. */
const PICTURE_LABELS = 20

/** A comparison, and the categories that the reference does not have. */
export interface CategoricalComparison extends Comparison {
  /** Most frequent first. Empty when the reference did not keep all of its categories. */
  readonly newCategories: readonly string[]
  /** Rows that hold them. */
  readonly newRows: number
}

/** The two rows of the contingency table, and the label of each column; `null` for all others together. */
interface Table {
  readonly labels: readonly (string | null)[]
  readonly reference: readonly number[]
  readonly current: readonly number[]
  readonly newCategories: readonly string[]
  readonly newRows: number
}

/** Compares by a method; `current` holds at least one value. */
export function compareCategorical(
  reference: CategoricalReference,
  current: CategoryCounts,
  method: CountMethod,
  options: ResolvedDriftOptions,
): CategoricalComparison {
  const table = align(reference, current, options.maxCategories)
  const result = method.compareCounts(table.reference, table.current)
  const notes = [...result.notes]
  if (reference.otherCount > 0) notes.push(`only the ${reference.categories.length} most frequent categories are told apart`)
  return {
    ...result,
    psi: populationStabilityIndex(table.reference, table.current),
    psiNoise: psiNoise(table.labels.length, reference.n, current.n),
    notes,
    bins: picture(table, reference.n, current.n),
    newCategories: table.newCategories,
    newRows: table.newRows,
  }
}

/** How many categories both sides have together. */
export function categoriesOfBoth(reference: CategoricalReference, current: CategoryCounts): number {
  const known = new Set(reference.categories)
  let unseen = 0
  for (const category of current.counts.keys()) if (!known.has(category)) unseen++
  return known.size + (reference.otherCount > 0 ? 1 : 0) + unseen
}

/**
 * Counts both sides over the same categories: those of the reference, then the new ones. If the reference pooled its rare ones, or
 * there are more than `limit` new ones, all others share one column.
 */
function align(reference: CategoricalReference, current: CategoryCounts, limit: number): Table {
  const known = new Set(reference.categories)
  const unseen = [...current.counts].filter(([category]) => !known.has(category)).sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
  const others = current.otherCount ?? 0
  const newRows = unseen.reduce((sum, [, count]) => sum + count, others)
  const pooled = reference.otherCount > 0 || others > 0 || unseen.length > limit
  const currentCounts = reference.categories.map((category) => current.counts.get(category) ?? 0)
  const extra: (readonly [string | null, number, number])[] = pooled
    ? [[null, reference.otherCount, newRows]]
    : unseen.map(([category, count]) => [category, 0, count])
  const told = reference.otherCount === 0 && others === 0
  return {
    labels: [...reference.categories, ...extra.map(([label]) => label)],
    reference: [...reference.counts, ...extra.map(([, count]) => count)],
    current: [...currentCounts, ...extra.map(([, , count]) => count)],
    newCategories: told ? unseen.map(([category]) => category) : [],
    newRows: told ? newRows : 0,
  }
}

/** The categories with the largest shares on either side, the rest together. */
function picture(table: Table, nReference: number, nCurrent: number): DriftBins {
  const entries = table.labels.map((label, i) => {
    const before = (table.reference[i] as number) / nReference
    const now = (table.current[i] as number) / nCurrent
    return { label, before, now, share: Math.max(before, now) }
  })
  entries.sort((a, b) => Number(a.label === null) - Number(b.label === null) || b.share - a.share)
  const shown = entries.length > PICTURE_LABELS ? entries.slice(0, PICTURE_LABELS - 1) : entries
  const rest = entries.slice(shown.length)
  if (rest.length > 0) {
    const sum = (pick: (entry: (typeof rest)[number]) => number): number => rest.reduce((total, entry) => total + pick(entry), 0)
    shown.push({ label: null, before: sum((entry) => entry.before), now: sum((entry) => entry.now), share: 0 })
  }
  return {
    kind: 'categorical',
    categories: shown.map((entry) => entry.label),
    reference: shown.map((entry) => entry.before),
    current: shown.map((entry) => entry.now),
  }
}
