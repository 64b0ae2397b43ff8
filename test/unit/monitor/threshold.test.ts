import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { limitsOf, type ReferenceThreshold } from '../../../src/monitor'

interface Case {
  readonly values: readonly number[]
  readonly mean: number
  readonly stdPop: number
  readonly lower3: number
  readonly upper3: number
  readonly median: number
  readonly mad: number
  readonly tukeyLower: number
  readonly tukeyUpper: number
  readonly q1: number
  readonly q3: number
}

const { thresholds } = JSON.parse(readFileSync(new URL('../../golden/drift-model.json', import.meta.url), 'utf8')) as { thresholds: Case[] }

describe('limits of a reference', () => {
  it.each(thresholds.map((entry, index) => [index, entry] as const))('are the golden ones, case %i', (_, entry) => {
    const { values, mean, stdPop, lower3, upper3, median, mad, tukeyLower, tukeyUpper, q1, q3 } = entry
    const near = (threshold: ReferenceThreshold, [lower, upper]: readonly [number, number]): void => {
      const limits = limitsOf(threshold)
      expect(limits.lower).toBeCloseTo(lower, 12)
      expect(limits.upper).toBeCloseTo(upper, 12)
    }
    near({ values, sd: 3 }, [lower3, upper3])
    near({ values, sd: 1 }, [mean - stdPop, mean + stdPop])
    near({ values, mad: 2 }, [median - 2 * 1.4826 * mad, median + 2 * 1.4826 * mad])
    near({ values, fences: 1.5 }, [tukeyLower, tukeyUpper])
    near({ values, tail: 0.25 }, [q1, q3])
  })

  it('stay in the range of the metric, and have one side or two', () => {
    expect(limitsOf({ values: [0.9, 1, 0.95, Number.NaN], sd: 3 }, [0, 1])).toMatchObject({ upper: 1 })
    expect(limitsOf({ value: 0.8, relative: 0.25 })).toEqual({ lower: 0.6000000000000001, upper: 1 })
    expect(limitsOf({ value: -4, relative: 0.5, side: 'below' })).toEqual({ lower: -6 })
    expect(limitsOf({ values: [1], tail: 0.1, side: 'above' })).toEqual({ upper: 1 })
  })

  it.each([
    [{ values: [], sd: 3 }, /`values` of a reference threshold must be a list of at least one number/],
    [{ values: [1], sd: 3, mad: 2 }, /a reference threshold is { values, sd }/],
    [{ value: 1, sd: 3 }, /a reference threshold is { values, sd }/],
    [{ values: [1], relative: 0.1 }, /a reference threshold is/],
    [{ values: [1], sd: 3, side: 'left' }, /`side` of a reference threshold must be one of/],
  ])('refuse what they cannot mean: %#', (threshold, message) => {
    expect(() => limitsOf(threshold as unknown as ReferenceThreshold)).toThrow(message)
  })
})
