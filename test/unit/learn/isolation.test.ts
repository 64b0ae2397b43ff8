import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import {
  anomalyScores,
  isolationForest,
  oneHotEncoder,
  randomForestClassifier,
  restoreModel,
  shapValues,
  simpleImputer,
} from '../../../src/learn'
import { meanPath } from '../../../src/learn/outliers/isolation-trees'
import { toOnnx } from '../../../src/onnx'
import { ModelRegistry } from '../../../src/wiring/model-registry'
import { Predictor } from '../../../src/wiring/predictor'
import { times } from '../../support/effort'
import { tableFrom } from './data'

const { isolation: golden } = JSON.parse(readFileSync('test/golden/neighbors.json', 'utf8')) as {
  readonly isolation: { table: number[][]; mean: number[]; std: number[]; paths: Record<string, number>; outliers: number }
}
const table = tableFrom(Object.fromEntries(['a', 'b', 'c'].map((name, f) => [name, golden.table.map((row) => row[f] as number)])))

describe('an isolation forest', () => {
  it("has scikit-learn's mean paths", () => {
    for (const [rows, path] of Object.entries(golden.paths)) expect(meanPath(Number(rows))).toBeCloseTo(path, 10)
  })

  it("gives scikit-learn's scores: their means over seeds are as near as chance allows", () => {
    const seeds = times(5, 40)
    const scores = Array.from({ length: seeds }, (_, seed) => anomalyScores(isolationForest({ seed }).fit(table), table))
    // The standard error of the difference of both means; the largest of 303 rows is below 4.5 of them in 99.8 of 100 cases.
    for (const [row, mean] of golden.mean.entries()) {
      const own = scores.reduce((sum, each) => sum + (each[row] as number), 0) / seeds
      expect(Math.abs(own + mean), `row ${row}`).toBeLessThan(4.5 * (golden.std[row] as number) * Math.sqrt(1 / seeds + 1 / 40))
    }
    const share = scores.flatMap((each) => [...each]).filter((score) => score > 0.5).length / (seeds * golden.mean.length)
    expect(Math.abs(share - golden.outliers)).toBeLessThan(0.03)
  })

  it('finds as many outliers as `contamination` says, those with the highest scores', () => {
    const fitted = isolationForest({ contamination: 0.05, seed: 2 }).fit(table)
    const outliers = fitted.predict(table)
    expect(outliers.filter(Boolean).length).toBe(Math.floor(0.05 * 302) + 1)
    const scores = anomalyScores(fitted, table)
    const least = Math.min(...scores.filter((_, row) => outliers[row]))
    expect(Math.max(...scores.filter((_, row) => !outliers[row]))).toBeLessThan(least)
    expect([...outliers.slice(-3)]).toEqual([true, true, true])
    const { values } = fitted.predictProba(table)
    for (const [row, isOutlier] of outliers.entries()) {
      expect((values[2 * row + 1] as number) > 0.5).toBe(isOutlier)
      expect((values[2 * row] as number) + (values[2 * row + 1] as number)).toBeCloseTo(1, 12)
    }
  })

  it('is the same for the same seed, packed and restored', () => {
    const fitted = isolationForest({ nEstimators: 20, seed: 3 }).fit(table)
    const again = isolationForest({ nEstimators: 20, seed: 3 }).fit(table)
    expect(anomalyScores(again, table)).toEqual(anomalyScores(fitted, table))
    expect(anomalyScores(isolationForest({ nEstimators: 20, seed: 4 }).fit(table), table)).not.toEqual(anomalyScores(fitted, table))
    const restored = restoreModel(fitted.pack())
    expect(anomalyScores(restored, table)).toEqual(anomalyScores(fitted, table))
    expect(restored.predictProba(table).values).toEqual(fitted.predictProba(table).values)
  })

  it('prepares columns, is exported, explained, registered and served', async () => {
    const mixed = tableFrom({
      a: golden.table.map(([a], i) => (i % 9 === 0 ? null : (a as number))),
      kind: golden.table.map((_, i) => (i % 50 === 7 ? 'rare' : 'usual')),
      outlier: golden.table.map(() => 'is no feature'),
    })
    const fitted = isolationForest({ nEstimators: 20, transformers: [simpleImputer(), oneHotEncoder()], contamination: 0.1 }).fit(mixed)
    expect(fitted.features.map(({ name }) => name)).toEqual(['a', 'kind'])
    let difference: number | undefined
    await toOnnx(fitted, {
      onVerified: ({ maxDifference }) => {
        difference = maxDifference
      },
    })
    expect(difference).toBeLessThanOrEqual(1e-6)
    const { values, baseValues } = shapValues(fitted, mixed, { background: mixed })
    const width = fitted.parts.matrixNames.length
    const explained = values.subarray(0, width).reduce((sum, value) => sum + value, baseValues[0] as number)
    expect(Math.exp(explained)).toBeCloseTo(anomalyScores(fitted, mixed)[0] as number, 10)
    const registry = new ModelRegistry({ storage: memoryStorage() })
    await registry.register('odd', fitted)
    const predictor = await Predictor.load(registry, 'odd')
    const [answer] = await predictor.predict([{ a: 40, kind: 'rare' }])
    expect(answer?.prediction).toBe(true)
    await predictor.close()
  })

  it('reports progress, and can be stopped', () => {
    const seen: number[] = []
    isolationForest({ nEstimators: 5 }).fit(table, { onProgress: ({ done }) => seen.push(done) })
    expect(seen.at(-1)).toBe(5)
    expect(() => isolationForest().fit(table, { signal: AbortSignal.abort(new Error('enough')) })).toThrow('enough')
  })

  it('takes tables of one row and of constant columns', () => {
    const one = tableFrom({ a: [3] })
    expect([...anomalyScores(isolationForest({ nEstimators: 3 }).fit(one), one)]).toEqual([0.5, 0.5, 0.5].slice(0, 1))
    const constant = tableFrom({ a: [1, 1, 1, 1], b: [2, 2, 2, 2] })
    expect(isolationForest({ nEstimators: 3 }).fit(constant).predict(constant)).toEqual([false, false, false, false])
  })

  it('refuses what it cannot take', () => {
    expect(() => isolationForest({ contamination: 0.6 })).toThrow(/contamination/)
    expect(() => isolationForest().fit(tableFrom({ a: ['x'] }))).toThrow(/"a" is text/)
    expect(() => isolationForest().fit(tableFrom({ a: [1, null] }))).toThrow(/'a' is missing in row 1/)
    expect(() => isolationForest().fit(tableFrom({ a: [] as number[] }))).toThrow(/at least one row/)
    const forest = randomForestClassifier({ nEstimators: 2 }).fit(tableFrom({ a: [1, 2], y: [0, 1] }), { target: 'y' })
    expect(() => anomalyScores(forest, table)).toThrow(/takes the model of an isolationForest/)
  })
})
