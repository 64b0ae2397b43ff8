import { describe, expect, it } from 'vitest'
import { type ContingencyResult, chiSquareTest, cramersV, gTest } from '../../../src/stats/contingency'
import {
  hellingerDistance,
  jensenShannonDistance,
  klDivergence,
  lInfinityDistance,
  populationStabilityIndex,
  totalVariationDistance,
} from '../../../src/stats/divergence'
import { goodnessOfFit } from '../../../src/stats/goodness-of-fit'
import { adjustPValues, type Correction } from '../../../src/stats/multiple-testing'
import { fisherExact, type TwoByTwo, twoProportionsTest } from '../../../src/stats/two-by-two'
import { expectClose, golden } from './golden'

type Outcome = [number, number, number]
interface Table {
  table: number[][]
  expected: number[][]
  pearson: Outcome | null
  pearsonYates: Outcome | null
  g: Outcome | null
  gYates: Outcome | null
  fisher?: Record<'two-sided' | 'less' | 'greater', [number, number]>
  zProportions?: [number, number]
  cramersV: number
  cramersVBiasCorrected: number
}
interface Counts {
  refCounts: number[]
  curCounts: number[]
  chisquareAgainstScaledRef: [number, number]
  psi: number
  kl: number
  jsDistanceE: number
  hellinger: number
  tvd: number
  lInfinity: number
}
const file = golden<{ tables: Table[]; counts: Counts[] }>('categorical')

function same(result: ContingencyResult, expected: Outcome | null, label: string): void {
  if (expected === null) return
  expectClose(result.statistic, expected[0], 1e-9, 1e-12, `${label} statistic`)
  expectClose(result.pValue, expected[1], 1e-9, 1e-300, `${label} p`)
  expect(result.degreesOfFreedom).toBe(expected[2])
}

describe('contingency tables against SciPy', () => {
  file.tables.forEach((expected, index) => {
    it(`table ${index}`, () => {
      const { table } = expected
      same(chiSquareTest(table), expected.pearson, 'pearson')
      expect(chiSquareTest(table).smallExpected).toBe(expected.expected.flat().some((count) => count < 5))
      same(chiSquareTest(table, { yates: true }), expected.pearsonYates, 'pearson with Yates')
      same(gTest(table), expected.g, 'g')
      same(gTest(table, { yates: true }), expected.gYates, 'g with Yates')
      expectClose(cramersV(table), expected.cramersV, 1e-9, 1e-12, 'V')
      expectClose(cramersV(table, { biasCorrected: true }), expected.cramersVBiasCorrected, 1e-9, 1e-12, 'corrected V')
      if (expected.fisher !== undefined) {
        for (const alternative of ['two-sided', 'less', 'greater'] as const) {
          const result = fisherExact(table as unknown as TwoByTwo, { alternative })
          expectClose(result.oddsRatio, expected.fisher[alternative][0], 1e-12, 0, 'odds')
          expectClose(result.pValue, expected.fisher[alternative][1], 1e-9, 1e-300, `fisher ${alternative}`)
        }
      }
      if (expected.zProportions !== undefined) {
        const [[a, b], [c, d]] = table as unknown as TwoByTwo
        const z = twoProportionsTest(a, a + b, c, c + d)
        expectClose(Math.abs(z.statistic), Math.abs(expected.zProportions[0]), 1e-9, 1e-12, 'z')
        expectClose(z.pValue, expected.zProportions[1], 1e-9, 1e-300, 'z p')
      }
    })
  })
})

describe('categorical scores', () => {
  file.counts.forEach(({ refCounts, curCounts, ...expected }, index) => {
    it(`counts ${index}`, () => {
      const [statistic, p] = expected.chisquareAgainstScaledRef
      const fit = goodnessOfFit(curCounts, refCounts)
      expectClose(fit.statistic, statistic, 1e-9, 1e-12, 'goodness of fit')
      expectClose(fit.pValue, p, 1e-9, 1e-300, 'goodness of fit p')
      expectClose(populationStabilityIndex(refCounts, curCounts), expected.psi, 1e-9, 0, 'psi')
      expectClose(klDivergence(refCounts, curCounts, { smoothing: 'floor' }), expected.kl, 1e-9, 0, 'kl')
      expectClose(jensenShannonDistance(refCounts, curCounts), expected.jsDistanceE, 1e-9, 0, 'js')
      expectClose(hellingerDistance(refCounts, curCounts), expected.hellinger, 1e-9, 0, 'hellinger')
      expectClose(totalVariationDistance(refCounts, curCounts), expected.tvd, 1e-9, 0, 'tvd')
      expectClose(lInfinityDistance(refCounts, curCounts), expected.lInfinity, 1e-9, 0, 'l infinity')
    })
  })
})

describe('contingency edges', () => {
  it('leaves empty categories out and says when nothing can be compared', () => {
    expect(
      chiSquareTest([
        [3, 0, 4],
        [1, 0, 9],
      ]),
    ).toEqual(
      chiSquareTest([
        [3, 4],
        [1, 9],
      ]),
    )
    expect(
      chiSquareTest([
        [3, 0],
        [5, 0],
      ]),
    ).toEqual({ statistic: 0, pValue: 1, degreesOfFreedom: 0, smallExpected: false })
    expect(
      cramersV([
        [3, 0],
        [5, 0],
      ]),
    ).toBeNaN()
    expect(
      chiSquareTest([
        [2, 3],
        [4, 5],
      ]).smallExpected,
    ).toBe(true)
    expect(twoProportionsTest(0, 5, 0, 9)).toEqual({ statistic: 0, pValue: 1 })
  })

  it('refuses what is no table of counts', () => {
    expect(() => chiSquareTest([])).toThrow('at least one row')
    expect(() => chiSquareTest([[1, 2], [1]])).toThrow('row 1 has 1 counts, row 0 has 2')
    expect(() => gTest([[1, -2]])).toThrow('got -2 in row 0, column 1')
    expect(() =>
      fisherExact([
        [0.5, 1],
        [1, 1],
      ]),
    ).toThrow('whole number ≥ 0, got 0.5')
    expect(() => goodnessOfFit([1], [1, 2])).toThrow('as many expected counts')
  })
})

describe('adjustPValues against statsmodels', () => {
  type Adjusted = { adjusted: number[]; reject05: boolean[] }
  const cases = golden<{ cases: ({ p: number[] } & Record<Exclude<Correction, 'none'>, Adjusted>)[] }>('multiple-testing').cases
  for (const correction of ['bonferroni', 'sidak', 'holm', 'hochberg', 'bh', 'by'] as const) {
    it(correction, () => {
      for (const one of cases) {
        const adjusted = adjustPValues(one.p, correction)
        for (const [i, value] of one[correction].adjusted.entries())
          expectClose(adjusted[i] as number, value, 0, 1e-12, `${correction} ${i}`)
        expect([...adjusted].map((value) => value <= 0.05)).toEqual(one[correction].reject05)
      }
    })
  }

  it('does not count NaN as a test, and refuses what is no probability', () => {
    expect([...adjustPValues([0.01, Number.NaN, 0.04], 'bonferroni')]).toEqual([0.02, Number.NaN, 0.08])
    expect([...adjustPValues([0.5], 'none')]).toEqual([0.5])
    expect(() => adjustPValues([1.5], 'bh')).toThrow('between 0 and 1, got 1.5')
    expect(() => adjustPValues([0.5], 'tukey' as 'bh')).toThrow('must be one of none, bonferroni')
  })
})
