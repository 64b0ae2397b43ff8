import { describe, expect, it } from 'vitest'
import {
  hellingerDistance,
  jensenShannonDistance,
  klDivergence,
  lInfinityDistance,
  populationStabilityIndex,
  psiNoise,
  totalVariationDistance,
} from '../../../src/stats/divergence'
import { standardDeviation } from '../../../src/stats/elementary'
import { type BinRule, histogram, histogramEdges } from '../../../src/stats/histogram'
import { energyDistance, wassersteinDistance } from '../../../src/stats/wasserstein'
import { expectClose, golden, samplePairs } from './golden'

interface Case {
  wasserstein: number
  energy: number
  refStdPop: number
  refStdSample: number | null
  wassersteinNormedSample: number | null
  binCount: Record<BinRule, number>
  mode: 'histogram' | 'distinct'
  edges?: number[]
  keys?: number[]
  refCounts: number[]
  curCounts: number[]
  psi: number
  kl: number
  jsDistanceE: number
  jsDistance2: number
  hellinger: number
  hellingerBins: number
  tvd: number
  lInfinity: number
  refDoane?: { edges: number[]; js2: number; hellinger: number } | null
}
interface Weighted {
  u: number[]
  v: number[]
  uWeights: number[]
  vWeights: number[]
  wasserstein: number
  energy: number
}
interface Vector {
  p: number[]
  q: number[]
  jsDistanceE: number
  jsDistance2: number
  klE: number
  kl2: number
}

const file = golden<{ cases: Record<string, Case>; weighted: Weighted[]; vectors: Vector[] }>('distances')
const pairs = samplePairs()

describe('distances against SciPy and NumPy', () => {
  for (const [name, expected] of Object.entries(file.cases)) {
    it(name, () => {
      const { ref, cur } = pairs[name] as { ref: number[]; cur: number[] }
      const pooled = [...ref, ...cur]
      const close = (actual: number, value: number, what: string, absolute = 1e-15): void =>
        expectClose(actual, value, 1e-10, absolute, `${name} ${what}`)
      close(wassersteinDistance(ref, cur), expected.wasserstein, 'wasserstein')
      close(energyDistance(ref, cur), expected.energy, 'energy')
      close(standardDeviation(ref, 0), expected.refStdPop, 'population std')
      if (expected.refStdSample !== null) {
        close(standardDeviation(ref), expected.refStdSample, 'sample std')
        // The golden value has Evidently's floor of 0.001 on the scale.
        const scale = Math.max(standardDeviation(ref), 0.001)
        close(wassersteinDistance(ref, cur) / scale, expected.wassersteinNormedSample as number, 'normed wasserstein')
      }
      for (const [rule, count] of Object.entries(expected.binCount)) {
        expect(histogramEdges(pooled, rule as BinRule).length - 1, `${name} ${rule}`).toBe(count)
      }
      if (expected.mode === 'histogram') {
        const edges = histogramEdges(pooled)
        expect(edges.length).toBe(expected.edges?.length)
        for (const [i, edge] of edges.entries()) close(edge, expected.edges?.[i] as number, 'edge')
        expect([...histogram(ref, edges)]).toEqual(expected.refCounts)
        expect([...histogram(cur, edges)]).toEqual(expected.curCounts)
      }
      const { refCounts, curCounts } = expected
      close(populationStabilityIndex(refCounts, curCounts), expected.psi, 'psi')
      close(klDivergence(refCounts, curCounts, { smoothing: 'floor' }), expected.kl, 'kl')
      close(jensenShannonDistance(refCounts, curCounts), expected.jsDistanceE, 'js', 1e-7)
      close(jensenShannonDistance(refCounts, curCounts, { base: 2 }), expected.jsDistance2, 'js base 2', 1e-7)
      close(totalVariationDistance(refCounts, curCounts), expected.tvd, 'tvd', 1e-12)
      close(lInfinityDistance(refCounts, curCounts), expected.lInfinity, 'l infinity', 1e-12)
      const edges = histogramEdges([...new Set(pooled)])
      expect(edges.length - 1).toBe(expected.hellingerBins)
      close(hellingerDistance(histogram(ref, edges), histogram(cur, edges)), expected.hellinger, 'hellinger', 1e-7)
      if (expected.refDoane) {
        const own = histogramEdges(ref, 'doane')
        expect(own.length).toBe(expected.refDoane.edges.length)
        const counts = [...histogram(cur, own)]
        const outside = cur.length - counts.reduce((sum, count) => sum + count, 0)
        const both = [
          [...histogram(ref, own), 0],
          [...counts, outside],
        ] as const
        // For identical samples SciPy takes the root of a rounding error below 0; the distance is 0.
        const js2 = Number.isNaN(expected.refDoane.js2) ? 0 : expected.refDoane.js2
        close(jensenShannonDistance(...both, { base: 2 }), js2, 'js on reference bins', 1e-7)
        close(hellingerDistance(...both), expected.refDoane.hellinger, 'hellinger on reference bins', 1e-7)
      }
    })
  }

  it('weighted samples', () => {
    for (const { u, v, uWeights, vWeights, wasserstein, energy } of file.weighted) {
      expectClose(wassersteinDistance(u, v, { weightsA: uWeights, weightsB: vWeights }), wasserstein, 1e-10, 0, 'wasserstein')
      expectClose(energyDistance(u, v, { weightsA: uWeights, weightsB: vWeights }), energy, 1e-10, 0, 'energy')
    }
  })

  it('vectors', () => {
    for (const { p, q, ...expected } of file.vectors) {
      expectClose(jensenShannonDistance(p, q), expected.jsDistanceE, 1e-10, 1e-7, 'js')
      expectClose(jensenShannonDistance(p, q, { base: 2 }), expected.jsDistance2, 1e-10, 1e-7, 'js2')
      expectClose(klDivergence(p, q), expected.klE, 1e-10, 1e-15, 'kl')
      expectClose(klDivergence(p, q) / Math.LN2, expected.kl2, 1e-10, 1e-15, 'kl2')
    }
  })
})

describe('distances', () => {
  it('says what does not fit', () => {
    expect(() => populationStabilityIndex([1, 2], [1])).toThrow('both sides must have the same bins, got 2 and 1')
    expect(() => populationStabilityIndex([0, 0], [1, 1])).toThrow('positive sum')
    expect(() => hellingerDistance([1, -1], [1, 1])).toThrow('≥ 0, got -1')
    expect(() => wassersteinDistance([1, 2], [1], { weightsA: [1] })).toThrow('the first sample has 2 values and 1 weights')
    expect(() => wassersteinDistance([1], [1], { weightsA: [0] })).toThrow('positive sum')
    expect(() => histogramEdges([1, Number.POSITIVE_INFINITY])).toThrow('finite')
    expect(() => histogramEdges([1, 2], 0)).toThrow('whole number ≥ 1, got 0')
  })

  it('adds half an observation under jeffreys, nothing under none', () => {
    const index = (p: number, q: number): number => (p - q) * Math.log(p / q)
    expectClose(
      populationStabilityIndex([3, 0], [1, 1], { smoothing: 'jeffreys' }),
      index(3.5 / 4, 0.5) + index(0.5 / 4, 0.5),
      1e-14,
      0,
      'psi',
    )
    expect(populationStabilityIndex([3, 0], [1, 1], { smoothing: 'none' })).toBe(Number.POSITIVE_INFINITY)
    expect(psiNoise(10, 100, 300)).toBeCloseTo(0.12, 12)
  })

  it('puts a value on the last edge into the last bin and leaves outsiders out', () => {
    expect([...histogram([0, 1, 1.5, 2, 3, -1, Number.NaN], [0, 1, 2])]).toEqual([1, 3])
  })
})
