/** The statistics of experiments against SciPy and statsmodels (golden/traffic.json), and by simulation. */
import { describe, expect, it } from 'vitest'
import { createRng, type Rng } from '../../../src/core/random'
import { twoProportionsTest } from '../../../src/stats/two-by-two'
import {
  assignArm,
  compareMeans,
  compareShares,
  sampleRatioTest,
  sampleSizeForMeans,
  sampleSizeForShares,
  sequentialTest,
} from '../../../src/traffic'
import { drawBeta } from '../../../src/traffic/bandit/draws'
import golden from '../../golden/traffic.json'
import { times } from '../../support/effort'

const weightsOf = (weights: object): Record<string, number> =>
  Object.fromEntries(Object.entries(weights).filter(([, value]) => value !== undefined))

describe('assignArm', () => {
  it('gives the arms that Python computes from SHA-256', () => {
    for (const { weights, salt, units, arms } of golden.assignments)
      expect(units.map((unit) => assignArm(unit, { weights: weightsOf(weights), salt }))).toEqual(arms)
  })

  const units = Array.from({ length: times(1200, 100_000) }, (_, i) => `user-${i}`)
  const shareOf = (arm: string, weights: Record<string, number>, salt = 's'): number =>
    units.filter((unit) => assignArm(unit, { weights, salt }) === arm).length / units.length

  it('gives each arm its share, whatever the scale of the weights', () => {
    const tolerance = 4 / Math.sqrt(units.length)
    expect(Math.abs(shareOf('b', { a: 9, b: 1 }) - 0.1)).toBeLessThan(tolerance)
    expect(Math.abs(shareOf('c', { a: 0.2, b: 0.3, c: 0.5 }) - 0.5)).toBeLessThan(tolerance)
    expect(shareOf('c', { a: 1, c: 0 })).toBe(0)
  })

  it('moves units only to an arm that grows, and only those of an arm that goes', () => {
    for (const unit of units) {
      const before = assignArm(unit, { weights: { a: 0.9, b: 0.1 }, salt: 's' })
      const grown = assignArm(unit, { weights: { a: 0.8, b: 0.2 }, salt: 's' })
      if (before === 'b') expect(grown).toBe('b')
      const more = assignArm(unit, { weights: { c: 0.5, b: 0.1, a: 0.9 }, salt: 's' })
      if (more !== 'c') expect(more).toBe(before)
    }
  })

  it('is independent under another salt', () => {
    const both = units.filter((unit) => ['one', 'two'].every((salt) => assignArm(unit, { weights: { a: 1, b: 1 }, salt }) === 'a')).length
    expect(Math.abs(both / units.length - 0.25)).toBeLessThan(4 / Math.sqrt(units.length))
  })

  it('refuses weights that are none', () => {
    for (const weights of [{}, { a: 0 }, { a: -1, b: 2 }, { a: Number.NaN }, undefined as never])
      expect(() => assignArm('u', { weights, salt: 's' })).toThrow(/`weights` of assignArm must give each arm a finite number ≥ 0/)
  })
})

describe('comparisons at a fixed horizon', () => {
  it('of shares are those of statsmodels', () => {
    for (const { args, pValue, interval } of golden.shares) {
      const [h1, n1, h2, n2] = args as [number, number, number, number]
      const found = compareShares({ hits: h1, count: n1 }, { hits: h2, count: n2 })
      expect(found.pValue).toBeCloseTo(pValue, 12)
      expect(found.interval[0]).toBeCloseTo(interval[0] as number, 12)
      expect(found.interval[1]).toBeCloseTo(interval[1] as number, 12)
    }
  })

  it('of means are those of SciPy', () => {
    for (const { a, b, pValue, interval } of golden.means) {
      const summary = ([count, mean, variance]: number[]) =>
        ({ count, mean, variance }) as { count: number; mean: number; variance: number }
      const found = compareMeans(summary(a), summary(b))
      expect(found.pValue).toBeCloseTo(pValue, 12)
      expect(found.interval[0]).toBeCloseTo(interval[0] as number, 10)
      expect(found.interval[1]).toBeCloseTo(interval[1] as number, 10)
    }
  })

  it('say nothing without data, and take equal constants for equal', () => {
    expect(compareShares({ hits: 0, count: 0 }, { hits: 1, count: 2 })).toMatchObject({ pValue: 1, interval: [-Infinity, Infinity] })
    expect(compareMeans({ count: 1, mean: 3, variance: Number.NaN }, { count: 5, mean: 3, variance: 1 }).pValue).toBe(1)
    expect(compareMeans({ count: 5, mean: 3, variance: 0 }, { count: 5, mean: 3, variance: 0 }).pValue).toBe(1)
    expect(() => compareShares({ hits: 3, count: 2 }, { hits: 1, count: 2 })).toThrow('compareShares needs 0 ≤ hits ≤ count, got 3 of 2')
    expect(() => compareShares({ hits: 1, count: 2 }, { hits: 1, count: 2 }, { alpha: 2 })).toThrow('`alpha` of compareShares')
  })
})

describe('plans', () => {
  it('have the sizes of the formula and of statsmodels', () => {
    for (const { args, units } of golden.sizes) {
      const [baseline, effect, alpha, power] = args as [number, number, number, number]
      expect(sampleSizeForShares({ baseline, effect, alpha, power })).toBe(units)
    }
    for (const { args, units } of golden.meanSizes) {
      const [standardDeviation, effect, alpha, power] = args as [number, number, number, number]
      expect(sampleSizeForMeans({ standardDeviation, effect, alpha, power })).toBe(units)
    }
    expect(sampleSizeForShares({ baseline: 0.1, effect: 0.02, comparisons: 3 })).toBeGreaterThan(3841)
  })

  it('refuse what cannot be planned', () => {
    expect(() => sampleSizeForShares({ baseline: 0.95, effect: 0.1 })).toThrow('two different shares between 0 and 1, got 0.95 and 1.05')
    expect(() => sampleSizeForMeans({ standardDeviation: 0, effect: 1 })).toThrow('a positive standard deviation')
    expect(() => sampleSizeForShares({ baseline: 0.1, effect: 0.02, powr: 0.9 } as never)).toThrow('`powr` is not an option')
  })
})

describe('sampleRatioTest', () => {
  it('finds lost units and lets chance pass', () => {
    expect(sampleRatioTest([5000, 5080], [1, 1]).mismatch).toBe(false)
    expect(sampleRatioTest([5000, 5500], [1, 1]).mismatch).toBe(true)
    expect(sampleRatioTest([900, 100, 0], [9, 1, 0]).mismatch).toBe(false)
    expect(sampleRatioTest([900, 100, 5], [9, 1, 0]).mismatch).toBe(true)
    expect(sampleRatioTest([0, 0], [1, 1]).mismatch).toBe(false)
  })
})

describe('sequentialTest', () => {
  it('is the mixture likelihood ratio, and its interval excludes 0 exactly when p < alpha', () => {
    const { likelihoodRatio, pValue, interval } = sequentialTest(0.02, 4e-5, { tau2: 4e-4 })
    expect(likelihoodRatio).toBeCloseTo(Math.sqrt(4e-5 / 4.4e-4) * Math.exp((4e-4 * 4e-4) / (2 * 4e-5 * 4.4e-4)), 10)
    expect(pValue).toBeCloseTo(Math.min(1, 1 / likelihoodRatio), 14)
    expect(interval[0] > 0).toBe(pValue < 0.05)
    for (const difference of [0.01, 0.015, 0.02, 0.025, 0.03]) {
      const found = sequentialTest(difference, 4e-5, { tau2: 4e-4 })
      expect(found.interval[0] > 0).toBe(found.pValue < 0.05)
    }
  })

  it('says nothing without a variance', () => {
    expect(sequentialTest(0, 0, { tau2: 1 })).toMatchObject({ pValue: 1, interval: [-Infinity, Infinity] })
    expect(() => sequentialTest(0, 1, { tau2: 0 })).toThrow('`tau2` of sequentialTest')
    expect(() => sequentialTest(0, 1, {} as never)).toThrow('`tau2` of sequentialTest')
  })
})

/** Successes of a binomial by counting, or by a normal where there are many. */
function binomial(n: number, p: number, rng: Rng): number {
  let hits = 0
  for (let i = 0; i < n; i++) if (rng.next() < p) hits++
  return hits
}

describe('errors when looking 100 times at two equal arms', () => {
  const simulations = times(250, 2000)
  const rng = createRng(11)
  let peeked = 0
  let once = 0
  let sequential = 0
  for (let run = 0; run < simulations; run++) {
    let [a, b, n] = [0, 0, 0]
    let [sawPeek, sawSequential] = [false, false]
    for (let look = 0; look < 100; look++) {
      a += binomial(100, 0.1, rng)
      b += binomial(100, 0.1, rng)
      n += 100
      const [p1, p2] = [a / n, b / n]
      if (twoProportionsTest(a, n, b, n).pValue < 0.05) sawPeek = true
      const variance = (p1 * (1 - p1)) / n + (p2 * (1 - p2)) / n
      if (sequentialTest(p2 - p1, variance, { tau2: 4e-4 }).pValue < 0.05) sawSequential = true
    }
    peeked += Number(sawPeek)
    sequential += Number(sawSequential)
    once += Number(twoProportionsTest(a, n, b, n).pValue < 0.05)
  }

  it('are some 37 % with the z test, 5 % when it is read once, and below 5 % with the always-valid test', () => {
    expect(peeked / simulations).toBeGreaterThan(0.25)
    expect(once / simulations).toBeLessThan(0.05 + 3 * Math.sqrt(0.0475 / simulations))
    expect(sequential / simulations).toBeLessThan(0.05)
  })
})

describe('draws of a beta distribution', () => {
  it('have the distribution function of SciPy', () => {
    for (const { args, cdf } of golden.betas) {
      const [a, b, x] = args as [number, number, number]
      const rng = createRng(5)
      const n = times(4000, 100_000)
      let below = 0
      for (let i = 0; i < n; i++) if (drawBeta(a, b, rng) <= x) below++
      expect(Math.abs(below / n - cdf)).toBeLessThan(4 * Math.sqrt((cdf * (1 - cdf)) / n))
    }
  })
})

describe('bad input of the statistics', () => {
  it('is one clear error each', () => {
    const bad: readonly (() => unknown)[] = [
      () => assignArm(5 as never, { weights: { a: 1 }, salt: 's' }),
      () => assignArm('u', undefined as never),
      () => assignArm('u', { weights: { a: 1 } } as never),
      () => assignArm('u', { weights: { a: 1 }, salt: 's', extra: 1 } as never),
      () => sampleRatioTest(undefined as never, []),
      () => sampleRatioTest([1, Number.NaN], [1, 1]),
      () => sampleRatioTest([1, 2, 3], [1, 1]),
      () => sampleSizeForShares(undefined as never),
      () => sampleSizeForMeans(undefined as never),
      () => sequentialTest(0.1, 0.1, undefined as never),
      () => compareShares(undefined as never, { hits: 1, count: 2 }),
      () => compareShares({ hits: 1, count: 2 }, { hits: 1, count: 2 }, { extra: 1 } as never),
      () => compareMeans(undefined as never, { count: 2, mean: 1, variance: 1 }),
      () => compareMeans({ count: 3, mean: Number.NaN, variance: 1 }, { count: 3, mean: 1, variance: 1 }),
      () => compareMeans({ count: 3, mean: 1, variance: -1 }, { count: 3, mean: 1, variance: 1 }),
    ]
    for (const call of bad) expect(call).toThrow(expect.objectContaining({ name: 'MillwrightError', code: 'InvalidArgument' }))
  })

  it('gives no relative difference to a control of 0', () => {
    expect(compareShares({ hits: 0, count: 100 }, { hits: 20, count: 100 })).toMatchObject({ difference: 0.2, relative: Number.NaN })
  })
})
