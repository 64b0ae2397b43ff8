import { describe, expect, it } from 'vitest'
import { andersonDarlingTest } from '../../../src/stats/anderson-darling'
import { besselKQuarter, cramerVonMisesTest } from '../../../src/stats/cramer-von-mises'
import { mannWhitneyTest } from '../../../src/stats/mann-whitney'
import { tTest } from '../../../src/stats/t-test'
import { expectClose, golden, samplePairs } from './golden'

type Outcome = [number, number]
interface Case {
  mannwhitneyu: Record<
    'two-sided' | 'less' | 'greater',
    Partial<Record<'asymptotic' | 'asymptoticNoContinuity' | 'exact' | 'auto', Outcome>>
  >
  cramervonmises?: { statistic: number; asymptotic: number; exact?: number }
  ttestStudent?: Outcome
  ttestWelch?: Outcome
  andersonKsamp?: { midrank: Outcome; right: Outcome; criticalValues: number[] }
}

const cases = Object.entries(golden<{ cases: Record<string, Case> }>('tests').cases)
const pairs = samplePairs()
const pairOf = (name: string): { ref: number[]; cur: number[] } => pairs[name] as { ref: number[]; cur: number[] }

describe('two-sample tests against SciPy', () => {
  it('mannWhitneyTest', () => {
    let compared = 0
    for (const [name, { mannwhitneyu }] of cases) {
      const { ref, cur } = pairOf(name)
      for (const alternative of ['two-sided', 'less', 'greater'] as const) {
        for (const [how, [statistic, p]] of Object.entries(mannwhitneyu[alternative])) {
          const method = how === 'exact' || how === 'auto' ? how : 'asymptotic'
          const result = mannWhitneyTest(ref, cur, { alternative, method, continuity: how !== 'asymptoticNoContinuity' })
          expectClose(result.statistic, statistic, 1e-12, 1e-12, `${name} ${alternative} ${how} U`)
          expectClose(result.pValue, p, 1e-9, 1e-12, `${name} ${alternative} ${how} p`)
          compared++
        }
      }
    }
    expect(compared).toBeGreaterThan(400)
  })

  it('cramerVonMisesTest', () => {
    let exact = 0
    for (const [name, { cramervonmises }] of cases) {
      if (cramervonmises === undefined || cramervonmises === null) continue
      const { ref, cur } = pairOf(name)
      const result = cramerVonMisesTest(ref, cur, { method: 'asymptotic' })
      expectClose(result.statistic, cramervonmises.statistic, 1e-11, 1e-12, `${name} T`)
      expectClose(result.pValue, cramervonmises.asymptotic, 0, 2e-7, `${name} p`)
      if (cramervonmises.exact === undefined) continue
      exact++
      expectClose(cramerVonMisesTest(ref, cur, { method: 'exact' }).pValue, cramervonmises.exact, 1e-9, 1e-12, `${name} exact p`)
    }
    expect(exact).toBeGreaterThan(8)
  })

  it('besselKQuarter', () => {
    for (const [x, value] of golden<{ kv_quarter: Outcome[] }>('functions').kv_quarter)
      expectClose(besselKQuarter(x), value, 1e-10, 0, `K(${x})`)
  })

  it('tTest', () => {
    let compared = 0
    for (const [name, { ttestStudent, ttestWelch }] of cases) {
      const { ref, cur } = pairOf(name)
      for (const [equalVariance, expected] of [
        [true, ttestStudent],
        [false, ttestWelch],
      ] as const) {
        if (!expected) continue
        const result = tTest(ref, cur, { equalVariance })
        expectClose(result.statistic, expected[0], 1e-9, 1e-12, `${name} t`)
        expectClose(result.pValue, expected[1], 1e-9, 1e-12, `${name} p`)
        compared++
      }
    }
    expect(compared).toBeGreaterThan(80)
  })

  it('andersonDarlingTest', () => {
    let compared = 0
    for (const [name, { andersonKsamp }] of cases) {
      if (!andersonKsamp) continue
      const { ref, cur } = pairOf(name)
      for (const kind of ['midrank', 'right'] as const) {
        const result = andersonDarlingTest(ref, cur, { midrank: kind === 'midrank' })
        expectClose(result.statistic, andersonKsamp[kind][0], 1e-9, 1e-10, `${name} ${kind}`)
        expectClose(result.pValue, andersonKsamp[kind][1], 1e-6, 0, `${name} ${kind} p`)
        const [lowest, highest] = [andersonKsamp.criticalValues[0] as number, andersonKsamp.criticalValues.at(-1) as number]
        expect(result.capped, `${name} ${kind}`).toBe(result.statistic < lowest || result.statistic > highest)
        compared++
      }
    }
    expect(compared).toBeGreaterThan(80)
  })
})

describe('refusals', () => {
  it('names what is missing', () => {
    expect(() => tTest([1], [1, 2])).toThrow('tTest needs at least two values on each side, got 1 and 2')
    expect(() => andersonDarlingTest([1, 1], [1, 1])).toThrow('andersonDarlingTest needs at least two distinct values')
    expect(() => andersonDarlingTest([1], [2])).toThrow('at least four values')
    expect(() => cramerVonMisesTest([1], [2])).toThrow('at least two values on each side')
    expect(() => mannWhitneyTest([Number.NaN], [1])).toThrow('holds 1 missing values of 1')
  })
})
