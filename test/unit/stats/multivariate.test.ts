import { describe, expect, it } from 'vitest'
import { createRng } from '../../../src/core/random'
import { eppsSingletonTest, mean, mmdTest, principalComponents, reconstructionErrors, standardDeviation } from '../../../src/stats'
import { symmetricEigen } from '../../../src/stats/symmetric-eigen'
import { times } from '../../support/effort'
import { expectClose, golden, samplePairs } from './golden'

describe('eppsSingletonTest', () => {
  const cases = golden<{ cases: Record<string, { eppsSingleton?: [number, number] }> }>('tests').cases

  it('equals SciPy on every stored pair', () => {
    const pairs = samplePairs()
    let compared = 0
    for (const [name, { eppsSingleton }] of Object.entries(cases)) {
      const pair = pairs[name]
      if (eppsSingleton === undefined || pair === undefined) continue
      const { statistic, pValue } = eppsSingletonTest(pair.ref, pair.cur)
      expectClose(statistic, eppsSingleton[0], 1e-6, 1e-9, `${name} W`)
      expectClose(pValue, eppsSingleton[1], 1e-6, 1e-9, `${name} p`)
      compared++
    }
    expect(compared).toBeGreaterThan(40)
  })

  it.each([
    [[1, 2, 3, 4], [1, 2, 3, 4, 5], /five values on each side, got 4 and 5/],
    [[1, 1, 1, 1, 1], [1, 1, 1, 1, 2], /interquartile range of all values is 0/],
    [[1, 2, 3, 4, Number.POSITIVE_INFINITY], [1, 2, 3, 4, 5], /finite values/],
  ])('refuses %j and %j', (a, b, message) => {
    expect(() => eppsSingletonTest(a, b)).toThrow(message)
  })
})

describe('mmdTest', () => {
  interface Case {
    readonly x: number[][]
    readonly y: number[][]
    readonly sigma2: number
    readonly mmd2Unbiased: number
    readonly mmd2Biased: number
  }

  it('equals the stored estimates', () => {
    for (const { x, y, sigma2, mmd2Unbiased, mmd2Biased } of golden<{ mmd: Case[] }>('distances').mmd) {
      const found = mmdTest(x, y, { sigma2, permutations: 0 })
      expectClose(found.statistic, mmd2Unbiased, 1e-10, 1e-14, 'unbiased')
      expectClose(found.biased, mmd2Biased, 1e-10, 1e-14, 'biased')
      expect(found.pValue).toBeNaN()
    }
  })

  const points = (seed: number, n: number, correlation: number): Float64Array[] => {
    const rng = createRng(seed)
    return Array.from({ length: n }, () => {
      const [u, v] = [rng.normal(), rng.normal()]
      return Float64Array.of(u, correlation * u + Math.sqrt(1 - correlation ** 2) * v)
    })
  }

  it('sees a changed correlation that no single column shows', () => {
    expect(mmdTest(points(1, 150, 0.9), points(2, 150, -0.9)).pValue).toBeLessThan(0.02)
    expect(mmdTest(points(1, 150, 0.9), points(2, 150, 0.9)).pValue).toBeGreaterThan(0.05)
  })

  it('alarms at its nominal rate when nothing differs', () => {
    const rounds = times(60, 600)
    let alarms = 0
    for (let i = 0; i < rounds; i++)
      if (mmdTest(points(10 + i, 20, 0), points(5000 + i, 20, 0), { permutations: 39, seed: i }).pValue <= 0.1) alarms++
    // Four standard deviations of a binomial share.
    expect(Math.abs(alarms / rounds - 0.1)).toBeLessThan(4 * Math.sqrt(0.09 / rounds))
  })

  it('samples many rows by its seed, and refuses what are no points', () => {
    const [a, b] = [points(3, 400, 0), points(4, 300, 0)]
    expect(mmdTest(a, b, { maxRows: 50, seed: 1 })).toEqual(mmdTest(a, b, { maxRows: 50, seed: 1 }))
    expect(mmdTest(a, b, { maxRows: 50, seed: 1, permutations: 0 })).toMatchObject({ nA: 50, nB: 50 })
    expect(() => mmdTest([[1, 2], [1]], a)).toThrow(/all rows must have 2 values/)
    expect(() => mmdTest([[1]], a)).toThrow(/at least two rows/)
  })
})

describe('symmetricEigen', () => {
  it('decomposes random symmetric matrices', () => {
    const rng = createRng(7)
    for (const d of [1, 2, 5, 12]) {
      const half = Array.from({ length: d }, () => Array.from({ length: d }, () => rng.normal()))
      const matrix = half.map((row, i) => row.map((value, j) => value + ((half[j] as number[])[i] as number)))
      const { values, vectors } = symmetricEigen(matrix)
      expect([...values]).toEqual([...values].sort((a, b) => b - a))
      vectors.forEach((vector, k) => {
        for (let i = 0; i < d; i++) {
          const product = vector.reduce((sum, part, j) => sum + ((matrix[i] as number[])[j] as number) * part, 0)
          expectClose(product, (values[k] as number) * (vector[i] as number), 0, 1e-11, 'eigenvector')
        }
      })
    }
  })
})

describe('principalComponents', () => {
  interface Case {
    readonly reference: number[][]
    readonly analysis: number[][]
    readonly varianceToKeep: number
    readonly components: number
    readonly explainedVarianceRatio: number[]
    readonly mean: number[]
    readonly stdPop: number[]
    readonly referenceErrorMean: number
    readonly analysisErrorMean: number
    readonly analysisErrorStdSample: number
    readonly analysisErrors: number[]
  }

  it("rebuilds rows with scikit-learn's errors", () => {
    for (const each of golden<{ pcaReconstruction: Case[] }>('model').pcaReconstruction) {
      const found = principalComponents(each.reference, { variance: each.varianceToKeep })
      expect(found.components).toHaveLength(each.components)
      each.explainedVarianceRatio.forEach((share, i) => {
        expectClose(found.explainedVarianceRatio[i] as number, share, 1e-9, 1e-12, 'share')
      })
      each.stdPop.forEach((std, i) => {
        expectClose(found.std[i] as number, std, 1e-9, 0, 'std')
      })
      each.mean.forEach((mean, i) => {
        expectClose(found.mean[i] as number, mean, 1e-9, 1e-12, 'mean')
      })
      const errors = reconstructionErrors(each.analysis, found)
      expectClose(mean(errors), each.analysisErrorMean, 1e-9, 0, 'mean error of the analysis')
      expectClose(standardDeviation(errors), each.analysisErrorStdSample, 1e-9, 0, 'spread of the errors')
      each.analysisErrors.forEach((error, i) => {
        expectClose(errors[i] as number, error, 1e-9, 1e-9, 'error')
      })
      const own = reconstructionErrors(each.reference, found)
      expectClose(own.reduce((sum, error) => sum + error, 0) / own.length, each.referenceErrorMean, 1e-9, 0, 'mean error')
    }
  })

  it('refuses what are no rows of numbers', () => {
    expect(() => principalComponents([[1, 2]])).toThrow(/at least two rows/)
    // More rows than a call takes arguments.
    const many = Array.from({ length: 200_000 }, (_, row) => [row % 3])
    expect(principalComponents(many).components).toHaveLength(1)
    expect(() =>
      principalComponents([
        [1, 2],
        [1, Number.NaN],
      ]),
    ).toThrow(/finite values/)
    expect(() => principalComponents([[1, 2], [1]])).toThrow(/must have 2 values/)
  })
})
