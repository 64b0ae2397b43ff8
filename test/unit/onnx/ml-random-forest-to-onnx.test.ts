import * as ort from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { onnxModel, onnxRuntime } from '../../../src/adapters/onnxruntime/onnx-runtime'
import { mlRandomForestToOnnx } from '../../../src/onnx'
import type { ForestVerification } from '../../../src/onnx/ml-random-forest/verify-forest'
import { tableFromRows } from '../../../src/schema/table'
import { times } from '../../support/effort'
import { mlClassifier, mlRegression, mlRows } from '../../support/ml-random-forest'

const features = ['a', 'b', 'c']
const unseen = mlRows(times(200, 20_000), 9)
const table = tableFromRows(unseen.map(([a = 0, b = 0, c = 0]) => ({ a, b, c })))

describe('a classifier of ml-random-forest as ONNX', () => {
  const forest = mlClassifier()

  it.each(['columns', 'matrix'] as const)('answers as the package does, with inputs as %s', async (inputs) => {
    const bytes = await mlRandomForestToOnnx(forest, { features, inputs, classes: ['low', 'middle', 'high'] })
    const model = await onnxRuntime().load(onnxModel(bytes, inputs === 'matrix' ? { inputs: { X: features } } : {}).pack())
    expect(model.classes).toEqual(['low', 'middle', 'high'])
    const { predictions, probabilities } = await model.run(table)
    const own = forest.predict(unseen)
    const votes = forest.predictionValues(unseen)
    for (let row = 0; row < unseen.length; row++) {
      const counts = [0, 0, 0]
      for (const vote of votes.getRow(row)) counts[vote] = (counts[vote] as number) + 1
      counts.forEach((count, k) => {
        expect(probabilities?.[row * 3 + k]).toBeCloseTo(count / 9, 6)
      })
      // Of equal votes the lowest class; the package takes the one that came first in the order of its trees.
      const expected = counts.filter((count) => count === Math.max(...counts)).length > 1 ? counts.indexOf(Math.max(...counts)) : own[row]
      expect(predictions[row]).toBe(['low', 'middle', 'high'][expected as number])
    }
    await model.dispose()
  })

  it('is verified at its thresholds, in float32 too; labels are numbers where none are given', async () => {
    const found: ForestVerification[] = []
    const onVerified = (verification: ForestVerification): void => void found.push(verification)
    const bytes = await mlRandomForestToOnnx(JSON.stringify(forest), { precision: 'float32', onVerified })
    await mlRandomForestToOnnx(forest, { features, onVerified })
    expect(found.map(({ rows }) => rows)).toEqual([256, 256])
    for (const { maxDifference } of found) expect(maxDifference).toBeLessThan(1e-6)
    expect(onnxModel(bytes).classes).toEqual([0, 1, 2])
  })

  it('is not handed out when the file answers differently', async () => {
    const create = async (...given: Parameters<typeof ort.InferenceSession.create>) => {
      const session = await ort.InferenceSession.create(...given)
      return {
        release: () => session.release(),
        run: async (feeds: never) => {
          const results = await session.run(feeds)
          const scores = results.probabilities as ort.Tensor
          return { ...results, probabilities: { data: (scores.data as Float32Array).map((value) => 1 - value) } }
        },
      }
    }
    const lib = { Tensor: ort.Tensor, InferenceSession: { create } }
    await expect(mlRandomForestToOnnx(forest, { lib: lib as never })).rejects.toMatchObject({ code: 'Internal' })
  })
})

describe('a regression of ml-random-forest as ONNX', () => {
  it('answers as the package does by the mean, and is refused by the median', async () => {
    const forest = mlRegression('mean')
    const model = await onnxRuntime().load(onnxModel(await mlRandomForestToOnnx(forest, { features })).pack())
    const { predictions } = await model.run(table)
    const own = forest.predict(unseen)
    const differences = predictions.map((value, i) => Math.abs(Number(value) - (own[i] as number)))
    expect(Math.max(...differences)).toBeLessThan(1e-5)
    await model.dispose()
    await expect(mlRandomForestToOnnx(mlRegression('median'))).rejects.toThrow(
      /cannot write a regression by the median: ONNX has no median/,
    )
  })
})

describe('options', () => {
  const leaf = { distribution: [[0, 1]] }
  const json = { name: 'RFClassifier', baseModel: { indexes: [[2]], estimators: [{ root: leaf }] } }
  it.each([
    [{ features: ['a'] }, /looks at 3 features, `features` of mlRandomForestToOnnx names 1/],
    [{ features: ['a', 'a', 'b'] }, /must not name a column twice/],
    [{ inputs: 'columns' }, /needs `features`/],
    [{ classes: ['x'] }, /has 2 classes, `classes` names 1: "x"/],
    [{ classes: ['x', 1] }, /must be all texts or all whole numbers/],
    [{ feature: [] }, /`feature` is not an option of mlRandomForestToOnnx/],
  ])('%# that do not fit are refused', async (options, message) => {
    await expect(mlRandomForestToOnnx(json, options as never)).rejects.toThrow(message)
  })

  it('a tree that is one leaf is a model, and names of outputs make room for features', async () => {
    const bytes = await mlRandomForestToOnnx(json, { features: ['label', 'probabilities', 'x'] })
    expect((await ort.InferenceSession.create(bytes)).outputNames).toEqual(['label_', 'probabilities_'])
    await expect(mlRandomForestToOnnx(7 as never)).rejects.toThrow(/takes a trained forest/)
    await expect(mlRandomForestToOnnx({})).rejects.toMatchObject({ code: 'Corrupt' })
  })
})
