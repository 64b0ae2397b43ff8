/** Tests for 2 × 2 tables: Fisher's exact test and the comparison of two proportions. */
import { invalidArgument, show } from '../core/errors'
import { checkOptions, oneOf } from '../core/options'
import { hypergeometricPmf } from './distributions'
import type { Alternative } from './ks'
import { normalSf } from './normal'
import { assertRows } from './sample'

/** A 2 × 2 table of whole counts. */
export type TwoByTwo = readonly [readonly [number, number], readonly [number, number]]

/** What {@link fisherExact} finds. */
export interface FisherResult {
  /** Sample odds ratio; `NaN` for 0/0. */
  readonly oddsRatio: number
  readonly pValue: number
}

/**
 * Fisher's exact test. Two-sided: the sum over all tables with the same margins that are at most as probable as this one.
 *
 * @throws InvalidArgument unless four whole counts ≥ 0
 */
export function fisherExact(table: TwoByTwo, options: { readonly alternative?: Alternative | undefined } = {}): FisherResult {
  checkOptions('fisherExact', options, { alternative: oneOf('two-sided', 'less', 'greater') })
  assertRows('fisherExact', table)
  if (table.length !== 2 || table.some((row) => row.length !== 2))
    throw invalidArgument(`fisherExact needs two rows of two counts, got ${show(table)}`)
  const [[a, b], [c, d]] = table
  for (const count of [a, b, c, d]) {
    if (!(Number.isSafeInteger(count) && count >= 0))
      throw invalidArgument(`a count of fisherExact must be a whole number ≥ 0, got ${show(count)}`)
  }
  const total = a + b + c + d
  const marked = a + b
  const drawn = a + c
  const oddsRatio = (a * d) / (b * c)
  const { alternative = 'two-sided' } = options
  const pmf = (k: number): number => hypergeometricPmf(k, total, marked, drawn)
  // Relative slack, so that tables of equal probability count as equal in spite of rounding.
  const limit = pmf(a) * (1 + 1e-11)
  let pValue = 0
  for (let k = Math.max(0, drawn - (total - marked)); k <= Math.min(marked, drawn); k++) {
    const probability = pmf(k)
    const counts = alternative === 'less' ? k <= a : alternative === 'greater' ? k >= a : probability <= limit
    if (counts) pValue += probability
  }
  return { oddsRatio, pValue: Math.min(1, pValue) }
}

/** What {@link twoProportionsTest} finds. */
export interface TwoProportionsResult {
  /** z; positive when the second share is the larger one. */
  readonly statistic: number
  /** Two-sided. */
  readonly pValue: number
}

/**
 * z test of two shares with pooled variance: `hitsA` of `nA` against `hitsB` of `nB`. Its square is χ² without correction.
 * Statistic 0 and p 1 when both shares are 0 or both are 1.
 */
export function twoProportionsTest(hitsA: number, nA: number, hitsB: number, nB: number): TwoProportionsResult {
  const pooled = (hitsA + hitsB) / (nA + nB)
  const spread = Math.sqrt(pooled * (1 - pooled) * (1 / nA + 1 / nB))
  const difference = hitsB / nB - hitsA / nA
  if (difference === 0) return { statistic: 0, pValue: 1 }
  const statistic = difference / spread
  return { statistic, pValue: 2 * normalSf(Math.abs(statistic)) }
}
