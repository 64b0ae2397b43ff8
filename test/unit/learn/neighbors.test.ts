import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chain, kNeighborsClassifier, kNeighborsRegressor, restoreModel, simpleImputer, standardScaler } from '../../../src/learn'
import { type DistanceMetric, kdTree } from '../../../src/learn/neighbors/k-d-tree'
import { propertySeed, times } from '../../support/effort'
import { tableFrom } from './data'

const golden = JSON.parse(readFileSync('test/golden/neighbors.json', 'utf8')) as {
  readonly train: readonly number[][]
  readonly test: readonly number[][]
  readonly labels: readonly number[]
  readonly numbers: readonly number[]
  readonly cases: readonly {
    k: number
    weights: 'uniform' | 'distance'
    metric: DistanceMetric
    p: number
    probabilities: number[]
    numbers: number[]
  }[]
}
const names = ['a', 'b', 'c']
const columnsOf = (rows: readonly number[][]): Record<string, number[]> =>
  Object.fromEntries(names.map((name, f) => [name, rows.map((row) => row[f] as number)]))
const train = tableFrom({ ...columnsOf(golden.train), label: [...golden.labels], number: [...golden.numbers] })
const test = tableFrom(columnsOf(golden.test))
const only = (target: string) => tableFrom({ ...columnsOf(golden.train), [target]: train.column(target).toArray() as number[] })

describe('nearest neighbours', () => {
  it.each(golden.cases)("are scikit-learn's: $k by $metric, $weights", ({ k, weights, metric, p, probabilities, numbers }) => {
    const options = { nNeighbors: k, weights, metric, ...(metric === 'minkowski' ? { p } : {}) }
    const classifier = kNeighborsClassifier(options).fit(only('label'), { target: 'label' })
    const shares = classifier.predictProba(test).values
    for (const [i, share] of probabilities.entries()) expect(shares[i]).toBeCloseTo(share, 12)
    const regressor = kNeighborsRegressor(options).fit(only('number'), { target: 'number' })
    for (const [i, number] of regressor.predict(test).entries()) expect(number).toBeCloseTo(numbers[i] as number, 11)
  })

  it('are stored and restored as they are', () => {
    const fitted = chain([simpleImputer(), standardScaler(), kNeighborsClassifier({ nNeighbors: 3 })]).fit(only('label'), {
      target: 'label',
    })
    const restored = restoreModel(fitted.pack())
    expect(restored.predictProba(test).values).toEqual(fitted.predictProba(test).values)
    const { files } = fitted.pack()
    expect(() => restoreModel({ ...fitted.pack(), files: { ...files, 'learner.bin': new Uint8Array(8) } })).toThrow(
      /learner.bin has 8 bytes/,
    )
  })

  it('of equal distance are the earlier rows', () => {
    const table = tableFrom({ x: [1, 1, 1, 1, 3], y: ['b', 'b', 'a', 'a', 'a'] })
    const fitted = kNeighborsClassifier({ nNeighbors: 2 }).fit(table, { target: 'y' })
    expect(fitted.predict([{ x: 2 }, { x: 1 }])).toEqual(['b', 'b'])
  })

  it('refuse what they cannot take', () => {
    const table = tableFrom({ x: [1, 2, null], y: [1, 2, 3] })
    expect(() => kNeighborsRegressor().fit(table, { target: 'y' })).toThrow(
      /kNeighborsRegressor needs finite numbers, but 'x' is missing in row 2/,
    )
    expect(() => kNeighborsRegressor({ nNeighbors: 9 }).fit(tableFrom({ x: [1, 2], y: [1, 2] }), { target: 'y' })).toThrow(
      /at most the number of training rows, 2, got 9/,
    )
    expect(() => kNeighborsClassifier({ p: 3 })).toThrow(/needs the metric 'minkowski'/)
    expect(() => kNeighborsClassifier({ metric: 'hamming' as never })).toThrow(/metric/)
  })

  it('are found as by looking at every point', () => {
    const point = fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 2, maxLength: 2 })
    const queries = fc.record({
      points: fc.array(point, { minLength: 1, maxLength: 120 }),
      query: point,
      k: fc.integer({ min: 1, max: 12 }),
      metric: fc.constantFrom<DistanceMetric>('euclidean', 'manhattan', 'chebyshev', 'minkowski'),
    })
    fc.assert(
      fc.property(queries, ({ points, query, k, metric }) => {
        const size = Math.min(k, points.length)
        const nearest = { points: new Int32Array(size), distances: new Float64Array(size) }
        kdTree(Float64Array.from(points.flat()), 2, { metric, p: 3 }).nearest(Float64Array.from(query), 0, nearest)
        const far = (other: readonly number[]): number => {
          const parts = other.map((value, f) => Math.abs(value - (query[f] as number)))
          if (metric === 'chebyshev') return Math.max(...parts)
          const power = { euclidean: 2, manhattan: 1, minkowski: 3 }[metric]
          return parts.reduce((sum, part) => sum + part ** power, 0)
        }
        const all = points.map((other, i) => [far(other), i] as const).sort((a, b) => a[0] - b[0] || a[1] - b[1])
        expect([...nearest.points]).toEqual(all.slice(0, size).map(([, i]) => i))
      }),
      { seed: propertySeed, numRuns: times(150, 3000) },
    )
  })
})
