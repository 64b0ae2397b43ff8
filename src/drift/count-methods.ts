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
import type { CountMethod, MethodResult } from './method-part'

type Counts = readonly number[]

/** χ² test of homogeneity. Every detector has it. */
export const chiSquareMethod: CountMethod = {
  name: 'chiSquare',
  compareCounts: (reference, current) => contingency(chiSquareTest, reference, current),
}

/** Likelihood-ratio test of homogeneity. */
export const gTestMethod: CountMethod = { name: 'gTest', compareCounts: (reference, current) => contingency(gTest, reference, current) }

/** χ² against the reference's shares as if they were exact. */
export const goodnessOfFitMethod: CountMethod = {
  name: 'goodnessOfFit',
  compareCounts(reference, current) {
    const { score, notes } = chiSquareMethod.compareCounts(reference, current)
    const used = usedOf(reference, current)
    const fit = goodnessOfFit(
      used.map((i) => current[i] as number),
      used.map((i) => reference[i] as number),
    )
    const isNew = fit.statistic === Number.POSITIVE_INFINITY
    return { ...fit, score, notes: isNew ? ['a category that the reference does not have makes the statistic infinite', ...notes] : notes }
  },
}

/** Test of two shares; χ² where there are more categories than two. */
export const zTestMethod: CountMethod = {
  name: 'zTest',
  compareCounts: (reference, current) => ofTwo('zTest', reference, current, ([a, b], [c, d]) => twoProportionsTest(a, a + b, c, c + d)),
}

/** Fisher's exact test; χ² where there are more categories than two. */
export const fisherMethod: CountMethod = {
  name: 'fisher',
  compareCounts: (reference, current) =>
    ofTwo('fisher', reference, current, (first, second) => {
      const { oddsRatio, pValue } = fisherExact([first, second])
      // Without a second category on either side there are no odds.
      return { statistic: Number.isNaN(oddsRatio) ? 1 : oddsRatio, pValue }
    }),
}

/** Population stability index. Every detector has it. */
export const psiMethod: CountMethod = {
  name: 'psi',
  compareCounts: (reference, current) => distance(populationStabilityIndex(reference, current)),
}

/** Kullback–Leibler divergence. */
export const klDivergenceMethod: CountMethod = {
  name: 'klDivergence',
  compareCounts: (reference, current) => distance(klDivergence(reference, current, { smoothing: 'floor' })),
}

/** Jensen–Shannon distance. */
export const jensenShannonMethod: CountMethod = {
  name: 'jensenShannon',
  compareCounts: (reference, current) => distance(jensenShannonDistance(reference, current)),
}

/** Hellinger distance. */
export const hellingerMethod: CountMethod = {
  name: 'hellinger',
  compareCounts: (reference, current) => distance(hellingerDistance(reference, current)),
}

/** Total variation distance. */
export const totalVariationMethod: CountMethod = {
  name: 'totalVariation',
  compareCounts: (reference, current) => distance(totalVariationDistance(reference, current)),
}

/** Largest difference of one share. */
export const lInfinityMethod: CountMethod = {
  name: 'lInfinity',
  compareCounts: (reference, current) => distance(lInfinityDistance(reference, current)),
}

function distance(value: number): MethodResult {
  return { statistic: value, pValue: null, score: value, notes: [] }
}

function contingency(test: typeof chiSquareTest, reference: Counts, current: Counts): MethodResult {
  const { statistic, pValue, smallExpected } = test([reference, current])
  const notes = smallExpected ? ['some expected counts are below 5: the p-value is approximate'] : []
  return { statistic, pValue, score: effectOf(reference, current), notes }
}

/** Columns in which either side holds anything. */
function usedOf(reference: Counts, current: Counts): number[] {
  return reference.flatMap((count, i) => (count + (current[i] as number) > 0 ? [i] : []))
}

type TwoCounts = readonly [number, number]

function ofTwo(
  name: 'zTest' | 'fisher',
  reference: Counts,
  current: Counts,
  test: (reference: TwoCounts, current: TwoCounts) => { readonly statistic: number; readonly pValue: number },
): MethodResult {
  const used = usedOf(reference, current)
  if (used.length > 2) {
    const result = chiSquareMethod.compareCounts(reference, current)
    return { ...result, notes: [`${name} takes two categories, there are ${used.length}: χ² instead`, ...result.notes] }
  }
  const [first = 0, second] = used
  const two = (row: Counts): TwoCounts => [row[first] as number, second === undefined ? 0 : (row[second] as number)]
  return { ...test(two(reference), two(current)), score: effectOf(reference, current), notes: [] }
}

/** Cramér's V of a table of two rows. */
function effectOf(reference: readonly number[], current: readonly number[]): number {
  const { statistic } = chiSquareTest([reference, current])
  const total = reference.reduce((sum, count) => sum + count, 0) + current.reduce((sum, count) => sum + count, 0)
  return Math.sqrt(statistic / total)
}
