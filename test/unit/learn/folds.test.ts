import { describe, expect, it } from 'vitest'
import { folds as foldsOfDataset } from '../../../src/dataset'
import {
  crossValidate,
  crossValPredict,
  learningCurve,
  linearRegression,
  logisticRegression,
  randomForestClassifier,
  validationCurve,
} from '../../../src/learn'
import { foldsFor } from '../../../src/learn/folds'
import { accuracy } from '../../../src/metrics'
import { goldenSet, tableFrom } from './data'

const iris = goldenSet('iris')
const forest = randomForestClassifier({ nEstimators: 3, seed: 1 })
const line = tableFrom({ t: [...Array(24).keys()], y: [...Array(24).keys()].map((i) => 2 * i + 1) })

describe('folds of a cross-validation', () => {
  it('are drawn anew in each round, every round holding all rows', () => {
    const folds = foldsFor('test', iris, 'classification', { target: 'target', folds: 3, repeats: 2, seed: 4 })
    expect(folds).toHaveLength(6)
    for (const round of [folds.slice(0, 3), folds.slice(3)]) {
      expect(round.flatMap(({ test }) => Array.from(test)).sort((a, b) => a - b)).toEqual([...Array(150).keys()])
    }
    expect(folds[0]?.test).not.toEqual(folds[3]?.test)
    expect(foldsFor('test', iris, 'classification', { target: 'target', folds: 3, seed: 4 })).toEqual(folds.slice(0, 3))
  })

  it('in time leave a gap and forget the oldest rows', () => {
    const folds = foldsFor('test', line, 'regression', { target: 'y', timeOrder: 't', folds: 3, gap: 2, maxTrainRows: 5 })
    expect(folds.map(({ train, test }) => [Array.from(train), test[0]])).toEqual([
      [[0, 1, 2, 3], 6],
      [[5, 6, 7, 8, 9], 12],
      [[11, 12, 13, 14, 15], 18],
    ])
  })

  it('may be given as row numbers, as `folds` of a dataset makes them', async () => {
    const given = foldsOfDataset(iris as never, { folds: 4, seed: 3 } as never)
    const a = await crossValidate(forest, iris, { target: 'target', folds: given as never, scoring: ['accuracy'] })
    expect(a.accuracy.values).toHaveLength(4)
  })

  it.each([
    [{ repeats: 2, groups: 'x0' }, /`repeats` of crossValidate needs folds that are drawn at random/],
    [{ gap: 1 }, /`gap` of crossValidate needs `timeOrder`/],
    [{ folds: [{ train: [0], test: [150] }] }, /fold 0 of crossValidate names row 150, but the table has 150 rows/],
    [{ folds: [{ train: [0], test: [] }] }, /fold 0 of crossValidate needs `test`/],
    [{ folds: [] }, /at least one fold/],
    [{ folds: [{ train: [0], test: [1] }], shuffle: true }, /takes `folds` as row numbers without/],
  ])('refuse %j', async (options, message) => {
    await expect(crossValidate(forest, iris, { target: 'target', ...options } as never)).rejects.toThrow(message)
  })

  it('refuse a gap that leaves nothing to learn from', async () => {
    const work = crossValidate(linearRegression(), line, { target: 'y', timeOrder: 't', folds: 5, gap: 4 })
    await expect(work).rejects.toThrow(/`gap` of crossValidate is 4, but fold 0 has only 4 earlier rows/)
  })
})

describe('crossValidate', () => {
  it('has metrics by task, and scores on the training rows when asked', async () => {
    const scores = await crossValidate(forest, iris, { target: 'target', folds: 3, returnTrainScores: true })
    expect(Object.keys(scores)).toEqual(['accuracy', 'balancedAccuracy', 'f1', 'rocAuc', 'logLoss'])
    expect(scores.accuracy.train?.values).toHaveLength(3)
    expect(scores.accuracy.train?.mean).toBeGreaterThan(scores.accuracy.mean)
    const numbers = await crossValidate(linearRegression(), line, { target: 'y', folds: 3 })
    expect(Object.keys(numbers)).toEqual(['rmse', 'mae', 'r2'])
    expect(numbers.rmse.train).toBeUndefined()
  })
})

describe('crossValPredict', () => {
  it('predicts every row by the model that did not see it', async () => {
    const options = { target: 'target', folds: 5, seed: 2 } as const
    const { predictions, probabilities, fold } = await crossValPredict(forest, iris, options)
    const scores = await crossValidate(forest, iris, { ...options, scoring: ['accuracy'] })
    const actual = iris.column('target').toArray() as number[]
    const byFold = [0, 1, 2, 3, 4].map((each) => {
      const rows = [...fold.keys()].filter((row) => fold[row] === each)
      return accuracy(
        rows.map((row) => actual[row] as number),
        rows.map((row) => predictions[row] as number),
      )
    })
    expect(byFold).toEqual(scores.accuracy.values)
    for (let row = 0; row < 150; row++) {
      expect(probabilities?.values.slice(3 * row, 3 * row + 3).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12)
    }
  })

  it('gives a class that a fold did not learn probability 0, and untested rows nothing', async () => {
    const table = tableFrom({ x: [1, 2, 3, 4, 5, 6], y: ['a', 'b', 'a', 'b', 'c', 'c'] })
    const folds = [{ train: Int32Array.from([0, 1, 2, 3]), test: Int32Array.from([4, 5]) }]
    const { predictions, probabilities, fold } = await crossValPredict(logisticRegression(), table, { target: 'y', folds })
    expect(predictions.slice(0, 4)).toEqual([null, null, null, null])
    expect(Array.from(fold)).toEqual([-1, -1, -1, -1, 0, 0])
    expect(probabilities?.classes).toEqual(['a', 'b', 'c'])
    expect(probabilities?.values[14]).toBe(0)
    expect(probabilities?.values[0]).toBeNaN()
  })

  it('refuses to predict a row twice', async () => {
    const rows = { train: Int32Array.from([0, 1, 60, 70]), test: Int32Array.from([2, 61]) }
    await expect(crossValPredict(forest, iris, { target: 'target', folds: [rows, rows] })).rejects.toThrow(
      /row 2 is tested by fold 0 and by fold 1/,
    )
  })
})

describe('curves', () => {
  it('scores by training rows', async () => {
    const curve = await learningCurve(forest, iris, { target: 'target', folds: 3, sizes: [0.2, 60, 1], scoring: ['accuracy'] })
    expect(curve.points.map(({ x }) => x)).toEqual([20, 60, 100])
    expect(curve.points[2]?.scores.accuracy.mean).toBeGreaterThan(0.85)
    expect(curve.points[0]?.scores.accuracy.train.values).toHaveLength(3)
    await expect(learningCurve(forest, iris, { target: 'target', sizes: [200] })).rejects.toThrow(/from 1 to 120 training rows, got 200/)
  })

  it('scores by the value of an option', async () => {
    const curve = await validationCurve(forest, iris, {
      target: 'target',
      folds: 3,
      param: 'maxDepth',
      values: [1, 8, null],
      scoring: ['accuracy'],
    })
    expect(curve.points.map(({ x }) => x)).toEqual([1, 8, null])
    const [stump, deep] = curve.points.map(({ scores }) => scores.accuracy.train.mean)
    expect(deep).toBeGreaterThan(stump as number)
    expect(String(curve)).toBe('scores over maxDepth, 3 points')
  })
})
