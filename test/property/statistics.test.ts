import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hellingerDistance, jensenShannonDistance, populationStabilityIndex, totalVariationDistance } from '../../src/stats/divergence'
import { ksTest } from '../../src/stats/ks'
import { adjustPValues } from '../../src/stats/multiple-testing'
import { addMoment, emptyMoments, type Moments, mergeMoments, momentsOf } from '../../src/stats/running-moments'
import { energyDistance, wassersteinDistance } from '../../src/stats/wasserstein'

const value = fc.oneof(fc.integer({ min: -5, max: 5 }), fc.double({ min: -1e6, max: 1e6, noNaN: true }))
const sample = fc.array(value, { minLength: 1, maxLength: 40 })
const counts = fc
  .integer({ min: 1, max: 12 })
  .chain((k) => fc.tuple(...[0, 1].map(() => fc.array(fc.nat(50), { minLength: k, maxLength: k }))))
  .filter((sides) => sides.every((side) => (side as number[]).some((count) => count > 0))) as fc.Arbitrary<[number[], number[]]>

/** D by its definition, over every pooled value. */
function naiveKs(a: number[], b: number[]): number {
  const share = (values: number[], limit: number): number => values.filter((x) => x <= limit).length / values.length
  return Math.max(...[...a, ...b].map((limit) => Math.abs(share(a, limit) - share(b, limit))))
}

describe('ksTest', () => {
  it('is its definition', () => {
    fc.assert(
      fc.property(sample, sample, (a, b) => {
        expect(ksTest(a, b).statistic).toBeCloseTo(naiveKs(a, b), 12)
      }),
    )
  })

  it('is symmetric, and does not care about order, shift and scale by powers of two', () => {
    fc.assert(
      fc.property(sample, sample, (a, b) => {
        const { statistic, pValue } = ksTest(a, b)
        const same = (other: { statistic: number; pValue: number }): void => {
          expect([other.statistic, other.pValue]).toEqual([statistic, pValue])
        }
        same(ksTest(b, a))
        same(ksTest([...a].reverse(), b))
        const scale = (values: number[]): number[] => values.map((x) => x * 4)
        same(ksTest(scale(a), scale(b)))
        expect(ksTest(a, b, { alternative: 'less' }).pValue).toBe(ksTest(b, a, { alternative: 'greater' }).pValue)
      }),
    )
  })

  it('gives p-values in (0, 1], smaller ones for larger statistics', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 30 }), (m, n) => {
        const a = Array.from({ length: m }, (_, i) => i)
        const found = [0, 5, 10, 20, 40].map((shift) => {
          const b = Array.from({ length: n }, (_, i) => i * (m / n) + shift)
          return ksTest(a, b)
        })
        found.sort((one, other) => one.statistic - other.statistic)
        found.forEach(({ pValue }, i) => {
          expect(pValue > 0 && pValue <= 1).toBe(true)
          if (i > 0) expect(pValue).toBeLessThanOrEqual((found[i - 1]?.pValue as number) + 1e-12)
        })
      }),
    )
  })
})

describe('distances', () => {
  it('are 0 on equal samples, symmetric, and follow a shift (Wasserstein)', () => {
    fc.assert(
      fc.property(sample, sample, fc.integer({ min: -1000, max: 1000 }), (a, b, shift) => {
        const size = 1 + Math.max(...[...a, ...b].map(Math.abs))
        expect(wassersteinDistance(a, a)).toBe(0)
        expect(energyDistance(a, a)).toBe(0)
        expect(Math.abs(wassersteinDistance(a, b) - wassersteinDistance(b, a))).toBeLessThan(size * 1e-9)
        const moved = a.map((x) => x + shift)
        expect(Math.abs(wassersteinDistance(a, moved) - Math.abs(shift))).toBeLessThan((size + 1000) * 1e-9)
      }),
    )
  })

  it('of counts stay in their range and vanish only on equal shares', () => {
    fc.assert(
      fc.property(counts, ([p, q]) => {
        expect(jensenShannonDistance(p, p)).toBeLessThan(1e-7)
        expect(hellingerDistance(p, p)).toBe(0)
        expect(populationStabilityIndex(p, p)).toBe(0)
        expect(populationStabilityIndex(p, q)).toBeGreaterThanOrEqual(0)
        expect(populationStabilityIndex(p, q)).toBeCloseTo(populationStabilityIndex(q, p), 9)
        for (const distance of [hellingerDistance(p, q), totalVariationDistance(p, q), jensenShannonDistance(p, q, { base: 2 })]) {
          expect(distance >= 0 && distance <= 1 + 1e-12).toBe(true)
        }
        // Hellinger and total variation bound each other: H² ≤ TV ≤ H√2.
        const hellinger = hellingerDistance(p, q)
        expect(hellinger ** 2).toBeLessThanOrEqual(totalVariationDistance(p, q) + 1e-12)
        expect(totalVariationDistance(p, q)).toBeLessThanOrEqual(hellinger * Math.SQRT2 + 1e-12)
      }),
    )
  })
})

describe('adjustPValues', () => {
  it('never makes a p-value smaller, keeps the order, and orders the corrections', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 30 }), (p) => {
        const by = (correction: Parameters<typeof adjustPValues>[1]): Float64Array => adjustPValues(p, correction)
        const [bonferroni, holm, hochberg, bh] = [by('bonferroni'), by('holm'), by('hochberg'), by('bh')]
        p.forEach((raw, i) => {
          const all = [raw, bh[i], hochberg[i], holm[i], bonferroni[i]] as number[]
          for (let k = 1; k < all.length; k++) expect(all[k]).toBeGreaterThanOrEqual((all[k - 1] as number) - 1e-12)
        })
        p.forEach((a, i) => {
          p.forEach((b, j) => {
            if (a <= b) expect(holm[i]).toBeLessThanOrEqual((holm[j] as number) + 1e-15)
          })
        })
      }),
    )
  })
})

describe('running moments', () => {
  it('merge to what all values together give', () => {
    fc.assert(
      fc.property(sample, sample, (a, b) => {
        const whole = momentsOf([...a, ...b])
        const close = (other: Moments): void => {
          expect(other.count).toBe(whole.count)
          expect([other.min, other.max]).toEqual([whole.min, whole.max])
          const size = 1 + Math.max(Math.abs(whole.min), Math.abs(whole.max))
          expect(Math.abs(other.mean - whole.mean)).toBeLessThan(size * 1e-12)
          expect(Math.abs(other.m2 - whole.m2)).toBeLessThan(size * size * whole.count * 1e-12)
        }
        close(mergeMoments(momentsOf(a), momentsOf(b)))
        close([...a, ...b].reduce(addMoment, emptyMoments()))
        expect(mergeMoments(emptyMoments(), whole)).toEqual(whole)
      }),
    )
  })
})
