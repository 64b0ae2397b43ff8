import { describe, expect, it } from 'vitest'
import { mlRandomForestModel, mlRandomForestRuntime } from '../../../../src/adapters/ml-random-forest/ml-random-forest-runtime'
import { tableFromRows } from '../../../../src/schema/table'
import { mlClassifier, mlRegression, mlRows } from '../../../support/ml-random-forest'

const features = ['a', 'b', 'c']
const tableOf = (rows: readonly (readonly number[])[]) =>
  tableFromRows(rows.map(([a, b, c]) => ({ a: a as number, b: b as number, c: c as number })))
const unseen = mlRows(200, 9)
const runtime = mlRandomForestRuntime()

describe('a classifier of ml-random-forest', () => {
  const forest = mlClassifier()

  it('answers as the package does, with the share of votes as probabilities', async () => {
    const model = mlRandomForestModel(forest, { features, classes: ['low', 'middle', 'high'], target: 'level' })
    expect(model.signature).toEqual({
      inputs: features.map((name) => ({ name, type: 'float64' })),
      outputs: [{ name: 'level', type: 'string' }],
    })
    const loaded = await runtime.load(model.pack())
    const { predictions, probabilities } = await loaded.run(tableOf(unseen))
    const votes = forest.predictionValues(unseen)
    const own = forest.predict(unseen)
    let ties = 0
    for (let row = 0; row < unseen.length; row++) {
      const counts = [0, 0, 0]
      for (const vote of votes.getRow(row)) counts[vote] = (counts[vote] as number) + 1
      expect(Array.from(probabilities?.subarray(row * 3, row * 3 + 3) ?? [])).toEqual(counts.map((count) => count / 9))
      const most = Math.max(...counts)
      if (counts.filter((count) => count === most).length > 1) ties++
      else expect(predictions[row]).toBe(['low', 'middle', 'high'][own[row] as number])
      expect(predictions[row]).toBe(['low', 'middle', 'high'][counts.indexOf(most)])
    }
    expect(new Set(predictions).size).toBe(3)
    expect(ties).toBeLessThan(20)
    await loaded.dispose()
  })

  it('has its class numbers as labels where none are given, and takes JSON as text', async () => {
    const loaded = await runtime.load(mlRandomForestModel(JSON.stringify(forest), { features }).pack())
    expect(loaded.classes).toEqual([0, 1, 2])
    expect(loaded.task).toBe('classification')
    expect(typeof (await loaded.run(tableOf(unseen.slice(0, 1)))).predictions[0]).toBe('number')
  })

  it('keeps a class that no leaf of a tree has seen, and sends missing values to the right', async () => {
    const leaf = (...shares: number[]) => ({ distribution: [shares], splitColumn: 0, gain: 0 })
    const root = { splitColumn: 0, splitValue: 1, gain: 0.5, left: leaf(1), right: leaf(0, 0.5, 0.5) }
    const json = { name: 'RFClassifier', baseModel: { indexes: [[1], [1]], estimators: [{ root }, { root: leaf(0.2, 0.8) }] } }
    const loaded = await runtime.load(mlRandomForestModel(json, { features: ['a', 'b'] }).pack())
    const { predictions, probabilities } = await loaded.run(
      tableFromRows([
        { a: 0, b: 0.5 },
        { a: 0, b: 1 },
        { a: 0, b: null },
      ]),
    )
    expect(Array.from(probabilities ?? [])).toEqual([0.5, 0.5, 0, 0, 1, 0, 0, 1, 0])
    expect(predictions).toEqual([0, 1, 1])
  })
})

describe.each(['mean', 'median'] as const)('a regression of ml-random-forest by the %s', (selectionMethod) => {
  it('answers as the package does', async () => {
    const forest = mlRegression(selectionMethod)
    const loaded = await runtime.load(mlRandomForestModel(forest, { features, target: 'y' }).pack())
    const { predictions, probabilities } = await loaded.run(tableOf(unseen))
    const own = forest.predict(unseen)
    expect(probabilities).toBeUndefined()
    predictions.forEach((prediction, i) => {
      expect(prediction).toBeCloseTo(own[i] as number, 12)
    })
  })
})

describe('what is no forest', () => {
  const leaf = { distribution: [[1]] }
  const json = (root: unknown, more: object = {}) => ({
    name: 'RFClassifier',
    baseModel: { indexes: [[0]], estimators: [{ root }], ...more },
  })
  it.each([
    [{}, /the forest is damaged: `name` must be/],
    [{ name: 'RFClassifier' }, /`baseModel` must be/],
    [json(leaf, { estimators: [] }), /`baseModel.estimators` must/],
    [json(leaf, { indexes: [] }), /`baseModel.indexes` must be one list for each of 1 trees, got "0 lists"/],
    [json(leaf, { indexes: [[-1]] }), /`baseModel.indexes\[0\]\[0\]` must/],
    [json(leaf, { isClassifier: false }), /`baseModel.isClassifier` must be true, got false/],
    [json(null), /`baseModel.estimators\[0\].node` must be an object, got null/],
    [json({}), /`baseModel.estimators\[0\].distribution` must be a list of a list of shares, got nothing/],
    [json({ distribution: [[]] }), /distribution/],
    [json({ distribution: [['x']] }), /distribution/],
    [
      json({ splitColumn: 3, splitValue: 1, left: leaf, right: leaf }),
      /`baseModel.estimators\[0\].splitColumn` must be a column of the tree's 1/,
    ],
    [json({ splitColumn: '__proto__', splitValue: 1, left: leaf, right: leaf }), /splitColumn` must be a number/],
    [json({ splitColumn: 0, splitValue: null, left: leaf, right: leaf }), /splitValue` must be a number, got null/],
  ])('%# is Corrupt', (forest, message) => {
    expect(() => mlRandomForestModel(forest, { features })).toThrow(message)
    expect(() => mlRandomForestModel(forest, { features })).toThrow(expect.objectContaining({ code: 'Corrupt' }))
  })

  it('too deep is refused, and not a crash', () => {
    let text = '{"distribution":[[1]]}'
    for (let depth = 0; depth < 10_002; depth++) text = `{"splitColumn":0,"splitValue":1,"left":{"distribution":[[1]]},"right":${text}}`
    const forest = `{"name":"RFClassifier","baseModel":{"indexes":[[0]],"estimators":[{"root":${text}}]}}`
    expect(() => mlRandomForestModel(forest, { features })).toThrow(/too large a forest: at most 20000000 nodes, 10000 deep/)
  })

  it('options that do not fit are refused', () => {
    const forest = json({ splitColumn: 0, splitValue: 1, left: leaf, right: { distribution: [[0, 1]] } }, { indexes: [[2]] })
    expect(() => mlRandomForestModel(forest, { features: ['a', 'b'] })).toThrow(
      /looks at 3 features, `features` of mlRandomForestModel names 2/,
    )
    expect(() => mlRandomForestModel(forest, { features: ['a', 'b', 'b'] })).toThrow(/must not name a column twice/)
    expect(() => mlRandomForestModel(forest, { features, classes: ['x'] })).toThrow(/has 2 classes, `classes` names 1: "x"/)
    expect(() => mlRandomForestModel(forest, { features, classes: ['x', 'x'] })).toThrow(/must not name a class twice/)
    expect(() => mlRandomForestModel(forest, {} as never)).toThrow(/needs `features`/)
    expect(() => mlRandomForestModel(7 as never, { features })).toThrow(/takes a trained forest/)
  })
})
