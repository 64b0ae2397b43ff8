import { describe, expect, it } from 'vitest'
import { fromUtf8, utf8 } from '../../../src/core/bytes'
import {
  chain,
  crossValidate,
  dropColumns,
  evaluate,
  learnRuntime,
  linearRegression,
  logisticRegression,
  oneHotEncoder,
  randomForestClassifier,
  randomForestRegressor,
  restoreModel,
  simpleImputer,
  standardScaler,
} from '../../../src/learn/index'
import type { ModelPackage } from '../../../src/ports/model'
import { columnFrom } from '../../../src/schema/column'
import { rowsOf, type Table, tableOf } from '../../../src/schema/table'
import golden from '../../golden/learn.json'
import { goldenSet, mixedTable, sharedSet, tableFrom, without } from './data'

const table = without(mixedTable(600, 1), 'score')
const fresh = without(mixedTable(300, 2), 'score')
const model = chain([
  simpleImputer({ strategy: 'mean' }),
  oneHotEncoder(),
  randomForestClassifier({ nEstimators: 30, maxDepth: 10, seed: 42 }),
])

describe('chain', () => {
  it('has flat options to log', () => {
    expect(model.options).toMatchObject({
      'simpleImputer.strategy': 'mean',
      'oneHotEncoder.handleUnknown': 'ignore',
      'randomForestClassifier.nEstimators': 30,
      'randomForestClassifier.maxDepth': 10,
      'randomForestClassifier.seed': 42,
    })
    expect(Object.values(model.options).every((value) => ['string', 'number', 'boolean'].includes(typeof value))).toBe(true)
    const twice = chain([standardScaler(), standardScaler({ withMean: false }), logisticRegression()])
    expect(twice.options).toMatchObject({ 'standardScaler.withMean': true, 'standardScaler2.withMean': false })
    const weighted = chain([randomForestClassifier({ classWeight: { a: 2, b: 1 } })])
    expect(weighted.options['randomForestClassifier.classWeight.a']).toBe(2)
  })

  it('learns from mixed columns with gaps', () => {
    const fitted = model.fit(table, { target: 'label' })
    const scores = evaluate(fitted, fresh)
    expect(scores.accuracy).toBeGreaterThan(0.85)
    expect(Object.keys(scores)).toEqual(['accuracy', 'balancedAccuracy', 'f1', 'rocAuc', 'logLoss'])
    expect(fitted.classes).toEqual(['no', 'yes'])
    expect(fitted.features.map(({ name, type, required }) => [name, type, required])).toEqual([
      ['a', 'float64', false],
      ['n', 'int32', false],
      ['word', 'string', false],
      ['flag', 'boolean', false],
    ])
    expect(fitted.signature.outputs).toEqual([{ name: 'prediction', type: 'string' }])
    expect(fitted.featureImportance()[0]?.feature).toMatch(/^(n|a)$/)
  })

  it('asks only for the columns it uses', () => {
    const short = chain([dropColumns(['n', 'word']), randomForestClassifier({ nEstimators: 3 })]).fit(table, { target: 'label' })
    expect(short.features.map(({ name }) => name)).toEqual(['a', 'flag'])
    expect(short.predict([{ a: 1, flag: true }])).toHaveLength(1)
  })

  it('chains of chains are flat', () => {
    const nested = chain([simpleImputer(), chain([oneHotEncoder(), randomForestClassifier({ nEstimators: 2 })])])
    expect(nested.options['oneHotEncoder.handleUnknown']).toBe('ignore')
    expect(nested.fit(table, { target: 'label' }).parts.transformers).toHaveLength(2)
  })

  it('says what a step must be', () => {
    expect(() => chain([simpleImputer()] as never)).toThrow(/last step of a chain must be a model .* got "simpleImputer"/)
    expect(() => chain([{} as never, randomForestClassifier()])).toThrow(/step 0 of a chain must be a transformer/)
    expect(() => chain([randomForestClassifier() as never, randomForestClassifier()])).toThrow(/step 0 of a chain/)
  })
})

describe('bad input', () => {
  const forest = randomForestClassifier({ nEstimators: 2 })
  it('a target that is not there names the columns there are', () => {
    expect(() => model.fit(table, { target: 'late' })).toThrow(
      expect.objectContaining({
        code: 'NotFound',
        message: 'fit: no target column "late"; the table has "a", "n", "word", "flag", "label"',
      }),
    )
    expect(() => model.fit(table, {} as never)).toThrow(/needs `target`, the name of the column to predict, got undefined/)
  })

  it('a target with gaps says how many', () => {
    expect(() => forest.fit(tableFrom({ x: [1, 2, 3], y: ['a', null, null] }), { target: 'y' })).toThrow(
      /target "y" is missing in 2 of 3 rows/,
    )
  })

  it('text needs an encoder', () => {
    expect(() => forest.fit(table, { target: 'label' })).toThrow(/learns from numbers, but "word" is text/)
    try {
      forest.fit(table, { target: 'label' })
    } catch (error) {
      expect((error as { hint: string }).hint).toMatch(/oneHotEncoder\(\)/)
    }
  })

  it('the target must fit the task', () => {
    expect(() => forest.fit(tableFrom({ x: [1, 2], y: [0.5, 1] }), { target: 'y' })).toThrow(
      /holds numbers such as 0.5, which are no class labels/,
    )
    expect(() => randomForestRegressor().fit(table, { target: 'label' })).toThrow(/target "label" is text|but "word" is text/)
    expect(() => randomForestRegressor().fit(tableFrom({ x: [1, 2], y: ['a', 'b'] }), { target: 'y' })).toThrow(
      /"y" is text; a regressor predicts numbers/,
    )
    const many = tableFrom({ x: [...Array(1001).keys()], y: [...Array(1001).keys()] })
    expect(() => forest.fit(many, { target: 'y' })).toThrow(/1001 classes, at most 1000/)
  })

  it('no rows, no features, no table', () => {
    const empty = tableOf([columnFrom('x', 'float64', []), columnFrom('y', 'int32', [])])
    expect(() => forest.fit(empty, { target: 'y' })).toThrow(/at least one row/)
    expect(() => forest.fit(tableFrom({ y: [1, 2] }), { target: 'y' })).toThrow(/at least one feature column/)
    expect(() => forest.fit([{ x: 1 }] as never, { target: 'y' })).toThrow(/fit of .* expects a Dataset, got an array of 1/)
  })

  it('predicting lists everything that is missing or wrong', () => {
    const fitted = chain([oneHotEncoder(), randomForestClassifier({ nEstimators: 2 })]).fit(
      tableFrom({ x: [1, 2, 3], w: ['a', 'b', 'a'], y: [0, 1, 0] }),
      { target: 'y' },
    )
    expect(() => fitted.predict(tableFrom({ x: ['1'] }))).toThrow(
      expect.objectContaining({ code: 'SchemaMismatch', message: 'predict: column "x" must be int32, got string; column "w" is missing' }),
    )
    expect(() => fitted.predict([{ x: 'one', w: 'a' }])).toThrow(/"x" must be int32, row 0 has "one"/)
    expect(() => fitted.predict([{ w: 'a' }])).toThrow(/column "x" is missing/)
    expect(() => fitted.predict('rows' as never)).toThrow(/takes a table or an array of rows/)
    expect(() => fitted.predict([null as never])).toThrow(/row 0 is null/)
    expect(fitted.predict([{ x: 1.5, w: 'a', other: 3 }])).toHaveLength(1)
  })

  it('probabilities of a regressor', () => {
    const fitted = linearRegression().fit(tableFrom({ x: [1, 2, 3], y: [2, 4, 6] }), { target: 'y' })
    expect(() => fitted.predictProba([{ x: 1 }])).toThrow(expect.objectContaining({ code: 'Unsupported' }))
    expect(() => fitted.featureImportance()).toThrow(expect.objectContaining({ code: 'Unsupported' }))
  })
})

describe('targets of every kind', () => {
  it.each([
    ['text', ['b', 'a', 'b', 'a'], ['a', 'b']],
    ['numbers', [7, -1, 7, -1], [-1, 7]],
    ['booleans', [true, false, true, false], [false, true]],
    ['whole floats', [1e12, 0, 1e12, 0], [0, 1e12]],
  ])('%s', (_, labels, classes) => {
    const fitted = randomForestClassifier({ nEstimators: 20 }).fit(tableFrom({ x: [5, 1, 5, 1], y: labels }), { target: 'y' })
    expect(fitted.classes).toEqual(classes)
    expect(fitted.predict([{ x: 5 }, { x: 1 }])).toEqual(labels.slice(0, 2))
    expect(restoreModel(fitted.pack()).predict([{ x: 5 }])).toEqual(labels.slice(0, 1))
  })
})

describe('pack and restore', () => {
  const fitted = model.fit(table, { target: 'label' })
  const packed = fitted.pack()

  it('predicts exactly as before', () => {
    const again = restoreModel(packed)
    expect(again.predictProba(fresh)).toEqual(fitted.predictProba(fresh))
    expect(again.predict(rowsOf(fresh))).toEqual(fitted.predict(fresh))
    expect(again.featureImportance()).toEqual(fitted.featureImportance())
    expect(again.signature).toEqual(fitted.signature)
    expect(again.options).toEqual(fitted.options)
    expect(again.pack()).toEqual(packed)
    expect(packed).toMatchObject({ flavor: 'millwright', task: 'classification', target: 'label', classes: ['no', 'yes'] })
  })

  it('restores linear models and regressors', () => {
    const numbers = goldenSet('diabetes')
    for (const estimator of [randomForestRegressor({ nEstimators: 5 }), chain([standardScaler(), linearRegression()])]) {
      const regressor = estimator.fit(numbers, { target: 'target' })
      expect(restoreModel(regressor.pack()).predict(numbers)).toEqual(regressor.predict(numbers))
    }
  })

  it('damage is Corrupt, another flavor or later format Unsupported', () => {
    const bytes = packed.files['learner.bin'] as Uint8Array
    const json = fromUtf8(packed.files['model.json'] as Uint8Array)
    const damaged = (files: Record<string, Uint8Array>): ModelPackage => ({ ...packed, files: { ...packed.files, ...files } })
    const flipped = bytes.slice()
    flipped[100] = (flipped[100] as number) ^ 1
    const edited = (change: (document: Record<string, unknown>) => void): Uint8Array => {
      const document = JSON.parse(json) as Record<string, unknown>
      change(document)
      return utf8(JSON.stringify(document))
    }
    const corrupt: ModelPackage[] = [
      damaged({ 'learner.bin': bytes.subarray(0, -1) }),
      damaged({ 'learner.bin': flipped }),
      damaged({ 'model.json': utf8(json.slice(0, 200)) }),
      damaged({ 'model.json': utf8('[]') }),
      { ...packed, files: { 'model.json': packed.files['model.json'] as Uint8Array } },
      { ...packed, files: {} },
      damaged({ 'model.json': edited((document) => delete document.learner) }),
      damaged({ 'model.json': edited((document) => Object.assign(document, { classes: [] })) }),
      damaged({ 'model.json': edited((document) => Object.assign(document, { classes: ['a', 'b', 'c'] })) }),
      damaged({ 'model.json': edited((document) => Object.assign(document, { matrixNames: ['a'] })) }),
      damaged({ 'model.json': edited((document) => Object.assign(document.learner as object, { nodes: 1e9 })) }),
      damaged({ 'model.json': edited((document) => Object.assign(document, { transformers: [{ kind: 'x' }] })) }),
    ]
    for (const bad of corrupt) expect(() => restoreModel(bad)).toThrow(expect.objectContaining({ code: 'Corrupt' }))
    const later = damaged({ 'model.json': edited((document) => Object.assign(document, { formatVersion: 2 })) })
    for (const bad of [later, { ...packed, flavor: 'onnx' }]) {
      expect(() => restoreModel(bad)).toThrow(expect.objectContaining({ code: 'Unsupported' }))
    }
  })

  it('is compact', () => {
    const nodes = (fitted.state().learner as unknown as { nodes: number }).nodes
    expect((packed.files['learner.bin'] as Uint8Array).length / nodes).toBeLessThan(16)
  })

  it('the runtime runs it', async () => {
    const loaded = await learnRuntime().load(packed)
    const { predictions, probabilities, classes } = await loaded.run(fresh)
    expect(predictions).toEqual(fitted.predict(fresh))
    expect(probabilities).toEqual(fitted.predictProba(fresh).values)
    expect(classes).toEqual(['no', 'yes'])
    await loaded.dispose()
    await loaded.dispose()
    expect(() => loaded.run(fresh)).toThrow(expect.objectContaining({ code: 'InvalidState' }))
  })
})

describe('linear models against scikit-learn', () => {
  const features = golden.features.map((cells, i) => columnFrom(`x${i}`, 'float64', cells))
  it.each([
    ['binary', 1],
    ['binary', 0.1],
    ['multi', 1],
  ] as const)('logisticRegression, %s, C = %s', (name, c) => {
    const data = tableOf([...features, columnFrom('y', 'int32', golden[name].target)])
    const fitted = logisticRegression({ c, tolerance: 1e-10 }).fit(data, { target: 'y' })
    const expected = (golden[name] as unknown as Record<string, { probabilities: number[] }>)[`c=${c === 1 ? '1.0' : c}`]
    const { values } = fitted.predictProba(data)
    expected?.probabilities.forEach((want, i) => {
      expect(values[i]).toBeCloseTo(want, 6)
    })
  })

  it.each([0, 2.5])('linearRegression, alpha = %s', (alpha) => {
    const data = tableOf([...features, columnFrom('y', 'float64', golden.regression.target)])
    const fitted = linearRegression({ alpha }).fit(data, { target: 'y' })
    const expected = alpha === 0 ? golden.regression['alpha=0'] : golden.regression['alpha=2.5']
    const { coefficients, intercepts } = fitted.state().learner as unknown as { coefficients: number[]; intercepts: number[] }
    expected.coefficients.forEach((want, i) => {
      expect(coefficients[i]).toBeCloseTo(want, 9)
    })
    expect(intercepts[0]).toBeCloseTo(expected.intercept, 9)
  })

  it('one class, collinear columns, gaps', () => {
    expect(() => logisticRegression().fit(tableFrom({ x: [1, 2], y: ['a', 'a'] }), { target: 'y' })).toThrow(
      expect.objectContaining({
        code: 'InvalidArgument',
        message: 'fit of logisticRegression needs at least 2 classes, but the target "y" is "a" in every row',
      }),
    )
    const twins = tableFrom({ a: [1, 2, 3, 4], b: [2, 4, 6, 8], c: [7, 7, 7, 7], y: [3, 5, 7, 9] })
    const [guess] = linearRegression()
      .fit(twins, { target: 'y' })
      .predict([{ a: 10, b: 20, c: 7 }])
    expect(guess).toBeCloseTo(21, 9)
    expect(() => linearRegression().fit(tableFrom({ x: [1, null], y: [1, 2] }), { target: 'y' })).toThrow(/'x' is missing in row 1/)
    const fitted = linearRegression().fit(tableFrom({ x: [1, 2], y: [1, 2] }), { target: 'y' })
    expect(() => fitted.predict([{ x: null }])).toThrow(/takes no missing values, but "x" is missing in row 0/)
  })
})

describe('crossValidate', () => {
  it('gives typed scores by name, over all folds', async () => {
    const scores = await crossValidate(model, table, { target: 'label', folds: 4, scoring: ['accuracy', 'rocAuc'], seed: 1 })
    expect(scores.accuracy.values).toHaveLength(4)
    const { mean, values } = scores.rocAuc
    expect(mean).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / 4, 14)
    expect(scores.rocAuc.std).toBeCloseTo(Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 4), 14)
    expect(scores.accuracy.mean).toBeGreaterThan(0.8)
    const again = await crossValidate(model, table, { target: 'label', folds: 4, scoring: ['accuracy', 'rocAuc'], seed: 1 })
    expect(again).toEqual(scores)
  })

  it('takes metrics of one’s own', async () => {
    const hits = {
      name: 'hits',
      task: 'classification',
      needs: 'labels',
      higherIsBetter: true,
      compute: (actual: ArrayLike<unknown>, predicted: ArrayLike<unknown>) =>
        Array.from(actual).filter((a, i) => a === predicted[i]).length,
    } as const
    const scores = await crossValidate(randomForestClassifier({ nEstimators: 5 }), goldenSet('iris'), { target: 'target', scoring: [hits] })
    expect(scores.hits.mean).toBeGreaterThan(25)
  })

  it('keeps groups together and time in order', async () => {
    const rows = 60
    const data = tableFrom({
      t: [...Array(rows).keys()],
      g: [...Array(rows).keys()].map((i) => `group ${i % 6}`),
      x: [...Array(rows).keys()].map((i) => i % 10),
      y: [...Array(rows).keys()].map((i) => (i % 10 < 5 ? 0 : 1)),
    })
    const seen: string[][] = []
    const spy = {
      name: 'spy',
      task: 'classification',
      needs: 'labels',
      higherIsBetter: true,
      compute: (actual: ArrayLike<unknown>) => actual.length,
    } as const
    const estimator = randomForestClassifier({ nEstimators: 2 })
    const fitAsync: typeof estimator.fitAsync = (train, options) => {
      seen.push(
        train.columnNames.includes('t')
          ? [...new Set(Array.from({ length: train.numRows }, (_, i) => String(train.column('t').at(i))))]
          : [],
      )
      return estimator.fitAsync(train, options)
    }
    const grouped = await crossValidate({ ...estimator, fitAsync }, data, { target: 'y', groups: 'g', folds: 3, scoring: [spy] })
    expect(grouped.spy.values).toEqual([20, 20, 20])
    for (const train of seen) expect(new Set(train.map((t) => Number(t) % 6)).size).toBe(4)
    seen.length = 0
    await crossValidate({ ...estimator, fitAsync }, without(data, 'g'), { target: 'y', timeOrder: 't', folds: 3, scoring: [spy] })
    expect(seen.map((train) => Math.max(...train.map(Number)))).toEqual([14, 29, 44])
  })

  it('reports progress and stops between folds', async () => {
    const done: number[] = []
    const abort = new AbortController()
    const work = crossValidate(randomForestClassifier({ nEstimators: 2 }), goldenSet('iris'), {
      target: 'target',
      folds: 50,
      scoring: ['accuracy'],
      signal: abort.signal,
      onProgress: (event) => {
        done.push(event.done)
        abort.abort(new Error('stop'))
      },
    })
    await expect(work).rejects.toThrow('stop')
    expect(done).toEqual([1])
  })

  it('refuses what cannot be done', async () => {
    const iris = goldenSet('iris')
    const forest = randomForestClassifier({ nEstimators: 2 })
    await expect(crossValidate(forest, iris, { target: 'target', scoring: ['rmse' as never] })).rejects.toThrow(/"rmse" is for regression/)
    await expect(crossValidate(forest, iris, { target: 'target', scoring: [] })).rejects.toThrow(/needs `scoring`/)
    await expect(crossValidate(forest, iris, { target: 'targt', scoring: ['f1'] })).rejects.toThrow(/no column "targt"/)
    await expect(crossValidate(forest, iris, { target: 'target', folds: 151, scoring: ['f1'] })).rejects.toThrow(
      /151 folds need at least 151 rows/,
    )
    await expect(crossValidate(forest, iris, { target: 'target', groups: 'target', timeOrder: 'target', scoring: ['f1'] })).rejects.toThrow(
      /one of/,
    )
  })
})

describe('evaluate', () => {
  const fitted = model.fit(table, { target: 'label' })
  it('gives the metrics asked for, NaN where one is not defined', () => {
    const onlyYes = tableOf(
      ['a', 'n', 'word', 'flag'].map((name) => fresh.column(name)).concat(columnFrom('label', 'string', new Array(300).fill('yes'))),
    )
    expect(evaluate(fitted, onlyYes, { metrics: ['rocAuc', 'accuracy'] })).toMatchObject({ rocAuc: Number.NaN })
    expect(evaluate(fitted, onlyYes)).not.toHaveProperty('rocAuc')
    expect(() => evaluate(fitted, without(fresh, 'label'))).toThrow(/no column "label"/)
    expect(() => evaluate(fitted, fresh, { metrics: ['r2' as never] })).toThrow(/"r2" is for regression, the model is for classification/)
  })

  it('a label training did not have counts as wrong', () => {
    const odd = tableOf(
      ['a', 'n', 'word', 'flag'].map((name) => fresh.column(name)).concat(columnFrom('label', 'string', new Array(300).fill('odd'))),
    )
    expect(evaluate(fitted, odd)).toEqual({ accuracy: 0, balancedAccuracy: 0, f1: 0 })
  })
})

const penguins = sharedSet('penguins')
describe.skipIf(penguins === undefined)('penguins: text, gaps and three classes (needs the data beside the repository)', () => {
  it('is right on nearly all of them', async () => {
    const estimator = chain([simpleImputer(), oneHotEncoder(), randomForestClassifier({ seed: 1 })])
    const { accuracy } = await crossValidate(estimator, penguins as Table, { target: 'species', scoring: ['accuracy'] })
    expect(accuracy.mean).toBeGreaterThan(0.97)
  })
})
