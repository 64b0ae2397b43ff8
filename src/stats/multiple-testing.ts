/** Corrections for testing many hypotheses at once. */
import { invalidArgument, show } from '../core/errors'

/**
 * How p-values are adjusted: `bonferroni`, `sidak`, `holm`, `hochberg` bound the chance of any false alarm; `bh`
 * (Benjamini–Hochberg) and `by` (Benjamini–Yekutieli, any dependence) bound the share of false alarms.
 */
export type Correction = 'none' | 'bonferroni' | 'sidak' | 'holm' | 'hochberg' | 'bh' | 'by'

/** Every correction. */
export const corrections: readonly Correction[] = ['none', 'bonferroni', 'sidak', 'holm', 'hochberg', 'bh', 'by']

/**
 * Adjusted p-values in the order given: compare each with the level itself.
 *
 * `NaN` stays `NaN` and does not count as a test. Equal to statsmodels' `multipletests` to 1e-12.
 * @throws InvalidArgument on a value outside [0, 1]
 */
export function adjustPValues(pValues: ArrayLike<number>, correction: Correction): Float64Array {
  if (!corrections.includes(correction))
    throw invalidArgument(`the correction must be one of ${corrections.join(', ')}, got ${show(correction)}`)
  const adjusted = Float64Array.from(pValues)
  const order: number[] = []
  adjusted.forEach((p, i) => {
    if (p < 0 || p > 1) throw invalidArgument(`a p-value must be between 0 and 1, got ${show(p)}`)
    if (p === p) order.push(i)
  })
  if (correction === 'none') return adjusted
  order.sort((i, j) => (adjusted[i] as number) - (adjusted[j] as number))
  const d = order.length
  let harmonic = 1
  if (correction === 'by') for (let i = 2; i <= d; i++) harmonic += 1 / i
  const scaled = order.map((index, rank) => harmonic * scale(adjusted[index] as number, rank, d, correction))
  // Adjusted values must not fall where p-values rise: Holm, who steps down, raises the later ones, the step-up methods lower the earlier.
  const stepsUp = correction === 'hochberg' || correction === 'bh' || correction === 'by'
  let last = stepsUp ? 1 : 0
  for (let k = 0; k < d; k++) {
    const rank = stepsUp ? d - 1 - k : k
    last = stepsUp ? Math.min(last, scaled[rank] as number) : Math.max(last, scaled[rank] as number)
    adjusted[order[rank] as number] = Math.min(1, last)
  }
  return adjusted
}

/** The p-value of rank 0 … d − 1 by its own factor. */
function scale(p: number, rank: number, d: number, correction: Correction): number {
  if (correction === 'sidak') return -Math.expm1(d * Math.log1p(-p))
  if (correction === 'bonferroni') return p * d
  if (correction === 'holm' || correction === 'hochberg') return p * (d - rank)
  return (p * d) / (rank + 1)
}
