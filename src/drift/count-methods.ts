/** Methods that compare two rows of counts: tests of categories, and distances of categories or bins. */
import { chiSquareTest, gTest } from '../stats/contingency'
import {
  hellingerDistance,
  jensenShannonDistance,
  klDivergence,
  lInfinityDistance,
  populationStabilityIndex,
  totalVariationDistance,
} from '../stats/divergence'
import { goodnessOfFit } from '../stats/goodness-of-fit'
import { fisherExact, twoProportionsTest } from '../stats/two-by-two'
import type { DriftMethod } from './methods'

/** The result of one method. */
export interface MethodResult {
  readonly statistic: number
  readonly pValue: number | null
  /** Effect size: higher is more drift. */
  readonly score: number
  readonly notes: readonly string[]
}

/** Compares counts over the same categories or bins; each side has a positive sum. A test that does not fit them is replaced by χ², with a note. */
export function compareCounts(method: DriftMethod, reference: readonly number[], current: readonly number[]): MethodResult {
  const value = distanceOf(method, reference, current)
  if (value !== undefined) return { statistic: value, pValue: null, score: value, notes: [] }
  const rows = [reference, current]
  const used = reference.flatMap((count, i) => (count + (current[i] as number) > 0 ? [i] : []))
  if (method === 'zTest' || method === 'fisher') {
    if (used.length <= 2) return twoCategories(method, reference, current, used)
    const result = compareCounts('chiSquare', reference, current)
    return { ...result, notes: [`${method} takes two categories, there are ${used.length}: χ² instead`, ...result.notes] }
  }
  const test = method === 'gTest' ? gTest(rows) : chiSquareTest(rows)
  const notes = test.smallExpected ? ['some expected counts are below 5: the p-value is approximate'] : []
  const score = effectOf(reference, current)
  if (method !== 'goodnessOfFit') return { statistic: test.statistic, pValue: test.pValue, score, notes }
  const fit = goodnessOfFit(
    used.map((i) => current[i] as number),
    used.map((i) => reference[i] as number),
  )
  const isNew = fit.statistic === Number.POSITIVE_INFINITY
  return { ...fit, score, notes: isNew ? ['a category that the reference does not have makes the statistic infinite', ...notes] : notes }
}

function distanceOf(method: DriftMethod, reference: readonly number[], current: readonly number[]): number | undefined {
  switch (method) {
    case 'psi':
      return populationStabilityIndex(reference, current)
    case 'klDivergence':
      return klDivergence(reference, current, { smoothing: 'floor' })
    case 'jensenShannon':
      return jensenShannonDistance(reference, current)
    case 'hellinger':
      return hellingerDistance(reference, current)
    case 'totalVariation':
      return totalVariationDistance(reference, current)
    case 'lInfinity':
      return lInfinityDistance(reference, current)
    default:
      return undefined
  }
}

function twoCategories(
  method: 'zTest' | 'fisher',
  reference: readonly number[],
  current: readonly number[],
  used: readonly number[],
): MethodResult {
  const [first = 0, second = first] = used
  const count = (row: readonly number[], i: number): number => row[i] as number
  const [a, c] = [count(reference, first), count(current, first)]
  const [b, d] = second === first ? [0, 0] : [count(reference, second), count(current, second)]
  const score = effectOf(reference, current)
  if (method === 'zTest') return { ...twoProportionsTest(a, a + b, c, c + d), score, notes: [] }
  const { oddsRatio, pValue } = fisherExact([
    [a, b],
    [c, d],
  ])
  // Without a second category on either side there are no odds.
  return { statistic: Number.isNaN(oddsRatio) ? 1 : oddsRatio, pValue, score, notes: [] }
}

/** Cramér's V of a table of two rows. */
function effectOf(reference: readonly number[], current: readonly number[]): number {
  const { statistic } = chiSquareTest([reference, current])
  const total = reference.reduce((sum, count) => sum + count, 0) + current.reduce((sum, count) => sum + count, 0)
  return Math.sqrt(statistic / total)
}
