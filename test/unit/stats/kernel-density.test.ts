import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createRng } from '../../../src/core/random'
import { kernelDensity } from '../../../src/stats'

interface Case {
  readonly name: string
  readonly rule: 'scott' | 'silverman'
  readonly values: readonly number[]
  readonly from: number
  readonly to: number
  readonly bandwidth: number
  readonly density: readonly number[]
}

const { cases } = JSON.parse(readFileSync(new URL('../../golden/density.json', import.meta.url), 'utf8')) as {
  readonly cases: readonly Case[]
}

describe('kernelDensity', () => {
  it.each(cases)('equals gaussian_kde of SciPy: $name, $rule', ({ rule, values, from, to, bandwidth, density }) => {
    const found = kernelDensity(values, { bandwidth: rule, from, to, points: density.length })
    expect(found.bandwidth).toBeCloseTo(bandwidth, 12)
    density.forEach((expected, i) => {
      expect(Math.abs((found.density[i] as number) - expected)).toBeLessThan(1e-13)
    })
  })

  it('bins large samples within the stated error', () => {
    const rng = createRng(1)
    const values = Float64Array.from({ length: 20_000 }, () => rng.normal() + (rng.next() < 0.3 ? 6 : 0))
    // Up to 100 points the sum is direct, 200 points are binned.
    const direct = kernelDensity(values, { from: -3, to: 9, points: 100 })
    const binned = kernelDensity(values, { from: -3, to: 9 + 12 / 99, points: 101 })
    const most = Math.max(...direct.density)
    expect(Math.max(...direct.density.map((value, i) => Math.abs(value - (binned.density[i] as number))))).toBeLessThan(5e-4 * most)
  })

  it('has an integral of one', () => {
    const { x, density } = kernelDensity([1, 2, 4], { points: 2000, from: -20, to: 30 })
    const step = (x[1] as number) - (x[0] as number)
    expect(density.reduce((sum, value) => sum + value * step, 0)).toBeCloseTo(1, 6)
  })

  it.each([
    [[1, 1], /two distinct values/],
    [[], /two distinct values/],
    [[1, Number.NaN], /finite values, got NaN at 1/],
  ])('refuses %j', (values, message) => {
    expect(() => kernelDensity(values)).toThrow(message)
  })
})
