/** Ranks of two samples pooled. */

/** Ranks of two pooled samples; equal values share the mean of their ranks, which start at 1. */
export interface PooledRanks {
  /** Ranks of the first sample's values, ascending. */
  readonly a: Float64Array
  /** Ranks of the second sample's values, ascending. */
  readonly b: Float64Array
  /** Σ (t³ − t) over groups of t equal values; 0 without ties. */
  readonly tieSum: number
}

/** Mid-ranks of two ascending samples. O(n + m). */
export function pooledRanks(a: Float64Array, b: Float64Array): PooledRanks {
  const m = a.length
  const n = b.length
  const ranksA = new Float64Array(m)
  const ranksB = new Float64Array(n)
  let i = 0
  let j = 0
  let tieSum = 0
  while (i < m || j < n) {
    const value = Math.min(i < m ? (a[i] as number) : Number.POSITIVE_INFINITY, j < n ? (b[j] as number) : Number.POSITIVE_INFINITY)
    const startA = i
    const startB = j
    while (i < m && a[i] === value) i++
    while (j < n && b[j] === value) j++
    const size = i - startA + j - startB
    const rank = startA + startB + (size + 1) / 2
    ranksA.fill(rank, startA, i)
    ranksB.fill(rank, startB, j)
    tieSum += size ** 3 - size
  }
  return { a: ranksA, b: ranksB, tieSum }
}
