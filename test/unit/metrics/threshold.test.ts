import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chooseThreshold } from '../../../src/metrics'
import { propertySeed } from '../../support/effort'

describe('chooseThreshold', () => {
  it('a missed positive that costs much lowers the threshold', () => {
    const actual = [0, 0, 1, 0, 1, 1]
    const scores = [0.1, 0.2, 0.3, 0.6, 0.7, 0.9]
    expect(chooseThreshold(actual, scores, { costs: { falsePositive: 1, falseNegative: 10 } })).toMatchObject({
      threshold: 0.3,
      cost: 1 / 6,
      costOfNone: 5,
      costOfAll: 0.5,
      falsePositives: 1,
      falseNegatives: 0,
    })
    expect(chooseThreshold(actual, scores, { costs: { falsePositive: 10, falseNegative: 1 } })).toMatchObject({
      threshold: 0.7,
      cost: 1 / 6,
    })
    expect(chooseThreshold(actual, scores, { costs: { falsePositive: 1, falseNegative: 0 } }).threshold).toBe(Number.POSITIVE_INFINITY)
  })

  it('no threshold is cheaper', () => {
    const row = fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 8 }), fc.integer({ min: 1, max: 3 }))
    const cost = fc.integer({ min: -5, max: 9 })
    fc.assert(
      fc.property(fc.array(row, { minLength: 2, maxLength: 20 }), cost, cost, cost, (rows, falsePositive, falseNegative, truePositive) => {
        const given = [[true, 3, 1] as const, [false, 4, 1] as const, ...rows]
        const [actual, scores, weights] = [given.map(([is]) => is), given.map(([, score]) => score), given.map(([, , weight]) => weight)]
        const chosen = chooseThreshold(actual, scores, { costs: { falsePositive, falseNegative, truePositive }, weights })
        const all = weights.reduce((sum, weight) => sum + weight, 0)
        const costAt = (threshold: number): number =>
          given.reduce((sum, [is, score, weight]) => {
            const said = score >= threshold
            return sum + weight * (is ? (said ? truePositive : falseNegative) : said ? falsePositive : 0)
          }, 0) / all
        expect(costAt(chosen.threshold)).toBeCloseTo(chosen.cost, 12)
        const least = Math.min(...[...scores, Number.POSITIVE_INFINITY].map(costAt))
        expect(chosen.cost).toBeCloseTo(least, 12)
      }),
      { seed: propertySeed, numRuns: 100 },
    )
  })

  it.each([
    [{}, /needs `costs`/],
    [{ costs: { falsePositive: 1 } }, /needs `costs`/],
    [{ costs: { falsePositive: 1, falseNegative: Number.NaN } }, /`falseNegative` of costs of chooseThreshold must be a finite number/],
  ])('refuses %j', (options, message) => {
    expect(() => chooseThreshold([0, 1], [0.1, 0.9], options as never)).toThrow(message)
  })
})
