import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRng } from '../../../src/core/random'
import { sortFloat64 } from '../../../src/stats/sort'

/** Ascending, and a rearrangement of what went in. */
function check(values: Float64Array): void {
  const expected = values.slice().sort()
  const sorted = sortFloat64(values)
  expect(sorted).toBe(values)
  for (let i = 0; i < expected.length; i++) {
    if (sorted[i] !== expected[i]) expect.fail(`position ${i}: ${sorted[i]} instead of ${expected[i]}`)
  }
}

describe('sortFloat64', () => {
  const rng = createRng(3)
  const n = 20_000
  const makers: Record<string, (i: number) => number> = {
    normal: () => rng.normal(),
    'all exponents': () => (rng.next() - 0.5) * 2 ** (rng.int(2000) - 1000),
    'equal upper halves': () => 1e15 + rng.int(1000) / 8,
    'negative with equal upper halves': () => -1e15 - rng.int(1000) / 8,
    'few distinct': () => rng.int(5) - 2,
    constant: () => 7.5,
    ascending: (i) => i,
    descending: (i) => -i,
    'infinities and subnormals': () => [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 5e-324, -5e-324, 0, -0][rng.int(6)] as number,
  }
  for (const [name, make] of Object.entries(makers)) it(name, () => check(Float64Array.from({ length: n }, (_, i) => make(i))))

  it('sorts a view into a larger buffer without touching the rest', () => {
    const whole = Float64Array.from({ length: 5000 }, () => rng.normal())
    const before = whole.slice()
    check(whole.subarray(1000, 4000))
    expect(whole.subarray(0, 1000)).toEqual(before.subarray(0, 1000))
    expect(whole.subarray(4000)).toEqual(before.subarray(4000))
  })

  it('sorts anything', () => {
    fc.assert(
      fc.property(fc.float64Array({ minLength: 0, maxLength: 60, noNaN: true }), fc.nat(100), (values, repeat) => {
        const long = new Float64Array(values.length * (repeat + 40))
        for (let i = 0; i < long.length; i++) long[i] = values[i % values.length] as number
        check(long)
      }),
      { numRuns: 50 },
    )
  })
})
