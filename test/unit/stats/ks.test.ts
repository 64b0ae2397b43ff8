import { describe, expect, it } from 'vitest'
import { isMillwrightError } from '../../../src/core/errors'
import { createRng } from '../../../src/core/random'
import { type Alternative, type KsOptions, ksTest } from '../../../src/stats/ks'
import { ksExactPValue } from '../../../src/stats/ks-p-value'
import { expectClose, golden, samplePairs } from './golden'

interface Value {
  statistic: number
  pvalue: number
  fellBackToAsymp?: boolean
}
interface Side {
  auto: Value
  exact: Value
  asymp: Value
  location: number
  sign: number
  locationUnique: boolean
  integerPathPvalue?: number
}
type Case = { n1: number; n2: number; hasTies: boolean } & Record<Alternative, Side>

const cases = golden<{ cases: Record<string, Case> }>('ks').cases
const pairs = samplePairs()
const alternatives: Alternative[] = ['two-sided', 'less', 'greater']

describe('ksTest against SciPy', () => {
  for (const [name, expected] of Object.entries(cases)) {
    it(name, () => {
      const pair = pairs[name]
      if (pair === undefined) throw new Error(`no samples for ${name}`)
      for (const alternative of alternatives) {
        const side = expected[alternative]
        for (const method of ['auto', 'exact', 'asymp'] as const) {
          const result = ksTest(pair.ref, pair.cur, { alternative, method })
          const value = side[method]
          const label = `${name} ${alternative} ${method}`
          expectClose(result.statistic, value.statistic, 1e-12, 0, `${label} statistic`)
          expect([result.nA, result.nB, result.hasTies]).toEqual([expected.n1, expected.n2, expected.hasTies])
          if (result.method === 'asymptotic') expectClose(result.pValue, side.asymp.pvalue, 1e-7, 0, label)
          else if (!value.fellBackToAsymp) expectClose(result.pValue, value.pvalue, 1e-9, 0, label)
          if (result.method === 'exact' && side.integerPathPvalue !== undefined) {
            expectClose(result.pValue, side.integerPathPvalue, 1e-12, 0, `${label} by counting`)
          }
          if (side.locationUnique) expect([result.location, result.sign], label).toEqual([side.location, side.sign])
        }
      }
    })
  }
})

describe('ksTest', () => {
  it('leaves its inputs as they were', () => {
    const a = [3, 1, 2]
    const b = Float64Array.of(5, 4, 6)
    ksTest(a, b)
    expect(a).toEqual([3, 1, 2])
    expect([...b]).toEqual([5, 4, 6])
  })

  it('takes every kind of array, and counts −0 and 0 as one value', () => {
    const plain = ksTest([1, 2, 3], [2, 3, 4])
    expect(ksTest(Int32Array.of(1, 2, 3), Float32Array.of(2, 3, 4))).toEqual(plain)
    expect(ksTest([-0, 1], [0, 1]).statistic).toBe(0)
  })

  it('takes infinities as ordinary extreme values', () => {
    expect(ksTest([1, Number.POSITIVE_INFINITY], [1, 2]).statistic).toBe(0.5)
    expect(ksTest([Number.NEGATIVE_INFINITY, 1], [Number.NEGATIVE_INFINITY, 1]).pValue).toBe(1)
  })

  it('refuses empty samples, missing values and unknown options', () => {
    const code = (run: () => unknown): unknown => {
      try {
        return run()
      } catch (error) {
        return isMillwrightError(error) ? `${error.code}: ${error.message}` : error
      }
    }
    expect(code(() => ksTest([], [1]))).toBe('InvalidArgument: ksTest: the first sample holds no values')
    expect(code(() => ksTest([1], [Number.NaN, 2]))).toBe('InvalidArgument: ksTest: the second sample holds 1 missing values of 2')
    expect(code(() => ksTest([1], [Number.NaN], { missing: 'drop' }))).toBe('InvalidArgument: ksTest: the second sample holds no values')
    expect(code(() => ksTest([1], [2], { mode: 'exact' } as KsOptions))).toMatch(/^InvalidArgument: `mode` is not an option of ksTest/)
    expect(code(() => ksTest([1], [2], { method: 'fast' as 'exact' }))).toMatch(/must be one of "auto", "exact"/)
    expect(code(() => ksTest(undefined as unknown as number[], [2]))).toMatch(/^InvalidArgument: ksTest needs an array/)
  })

  it('drops missing values when asked, null among them', () => {
    const withHoles = [1, null, 2, undefined, 3, Number.NaN] as number[]
    expect(ksTest(withHoles, [2, 3, 4], { missing: 'drop' })).toEqual(ksTest([1, 2, 3], [2, 3, 4]))
  })

  it('passes from exact to asymptotic above 10,000 values, and where the sizes have no small common multiple', () => {
    const rng = createRng(1)
    const sample = (n: number): Float64Array => Float64Array.from({ length: n }, () => rng.normal())
    expect(ksTest(sample(10_000), sample(10)).method).toBe('exact')
    expect(ksTest(sample(10_001), sample(10)).method).toBe('asymptotic')
    expect(ksTest(sample(60_001), sample(60_000), { method: 'exact' }).method).toBe('asymptotic')
    expect(ksTest(sample(60_000), sample(60_000), { method: 'exact' }).method).toBe('exact')
  })

  it("gives SciPy's exact p-values of large unequal samples, however small", () => {
    // [m, n, statistic · lcm(m, n), p]: scipy.stats._stats_py._attempt_exact_2kssamp of SciPy 1.17.1, two-sided.
    const exact: [number, number, number, number][] = [
      [5376, 2688, 2107, 2.61032052576713e-246],
      [10_000, 9999, 3_000_000, 0.0002391995719125069],
      [2184, 2160, 36_000, 2.587944084336583e-32],
      [5000, 37, 90_000, 1.5780949648360226e-8],
    ]
    for (const [m, n, h, p] of exact) expectClose(ksExactPValue(h, m, n, true), p, 1e-12, 0, `${m} against ${n}, ${h}`)
    expect(ksExactPValue(38_000_000, 10_000, 9999, true)).toBe(0)
  })

  it('gives uniform p-values when nothing differs', () => {
    const rng = createRng(7)
    const sample = (n: number): Float64Array => Float64Array.from({ length: n }, () => rng.normal())
    let below = 0
    for (let i = 0; i < 2000; i++) if (ksTest(sample(40), sample(57)).pValue <= 0.1) below++
    // The exact test is a little conservative; binomial(2000, 0.1) has standard deviation 13.4.
    expect(below).toBeGreaterThan(130)
    expect(below).toBeLessThan(240)
  })
})
