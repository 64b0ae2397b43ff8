/** Bins over a sorted sample: intervals (−∞, c₁], (c₁, c₂], …, (cₖ, ∞) between ascending cuts. */

/** Up to this many distinct values get a bin each. */
export const DISTINCT_LIMIT = 20

/** Counts of an ascending sample in the intervals between ascending `cuts`: cuts + 1 numbers. */
export function countBetween(sorted: Float64Array, cuts: readonly number[]): number[] {
  const counts: number[] = []
  let before = 0
  for (const cut of cuts) {
    const upTo = countUpTo(sorted, cut)
    counts.push(upTo - before)
    before = upTo
  }
  counts.push(sorted.length - before)
  return counts
}

/**
 * Cuts for the population stability index: `bins` quantile bins; with up to 20 distinct values one bin each, and one below
 * and one above them.
 *
 * @param sorted ascending, at least one value
 */
export function indexCuts(sorted: Float64Array, bins: number): number[] {
  const distinct = distinctValues(sorted, DISTINCT_LIMIT)
  if (distinct !== undefined) {
    const lowest = distinct[0] as number
    return [lowest - Math.max(Math.abs(lowest) * Number.EPSILON, Number.MIN_VALUE), ...distinct]
  }
  const cuts: number[] = []
  for (let i = 1; i < bins; i++) {
    const cut = sorted[Math.ceil((i * sorted.length) / bins) - 1] as number
    if (cut !== cuts[cuts.length - 1] && cut < (sorted[sorted.length - 1] as number)) cuts.push(cut)
  }
  return cuts
}

/**
 * Edges of equal-width bins for a histogram of the sample. Its range is cut if the lowest or highest hundredth is far from the rest.
 *
 * @param sorted ascending, at least one value
 */
export function pictureEdges(sorted: Float64Array): number[] {
  const n = sorted.length
  const at = (p: number): number => sorted[Math.round(p * (n - 1))] as number
  const low = at(0.01)
  const high = at(0.99)
  const margin = high > low ? (high - low) / 2 : Number.POSITIVE_INFINITY
  let first = Math.max(at(0), low - margin)
  let last = Math.min(at(1), high + margin)
  if (first === last) {
    // The width of the interval around a single value, relative to its size.
    const half = Math.max(0.5, Math.abs(first) * 1e-6)
    first -= half
    last += half
  }
  const count = Math.max(5, Math.min(30, Math.ceil(Math.log2(n)) + 5))
  return Array.from({ length: count + 1 }, (_, i) => (i === count ? last : first + (i * (last - first)) / count))
}

/** The distinct values of an ascending sample, or `undefined` when there are more than `limit`. */
export function distinctValues(sorted: Float64Array, limit: number): number[] | undefined {
  const distinct: number[] = []
  for (let i = 0; i < sorted.length; i = countUpTo(sorted, sorted[i] as number)) {
    if (distinct.length === limit) return undefined
    distinct.push(sorted[i] as number)
  }
  return distinct
}

/** How many values are at most `limit`. O(log n). */
function countUpTo(sorted: Float64Array, limit: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] as number) <= limit) low = middle + 1
    else high = middle
  }
  return low
}
