import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import {
  chain,
  crossValidate,
  evaluate,
  linearRegression,
  logisticRegression,
  oneHotEncoder,
  randomForestClassifier,
  simpleImputer,
  standardScaler,
} from '../../../src/learn/index'
import { classificationReport, confusionMatrix } from '../../../src/metrics'
import { goldenSet, mixedTable, tableFrom, without } from './data'

const markdown = (shown: object): string =>
  (shown as Record<symbol, () => Record<string, string>>)[Symbol.for('Jupyter.display')]?.()['text/markdown'] ?? ''
const table = without(mixedTable(100, 1), 'score')
const estimator = chain([simpleImputer(), oneHotEncoder(), randomForestClassifier({ nEstimators: 3, seed: 1 })])

describe('what a console and a notebook show', () => {
  it('of an estimator: its steps and options', () => {
    expect(String(estimator)).toBe('chain of 3 steps (not fitted): simpleImputer → oneHotEncoder → randomForestClassifier')
    expect(inspect(estimator)).toContain('\n  1. simpleImputer: strategy mean, addIndicator false\n')
    expect(inspect(linearRegression())).toBe('linearRegression (not fitted): alpha 0')
    expect(markdown(estimator)).toContain('| 2 | oneHotEncoder | handleUnknown ignore, handleMissing zeros |')
  })

  it('of a fitted model: what it predicts, from what, and how the fit went', () => {
    const forest = estimator.fit(table, { target: 'label' })
    expect(String(forest)).toBe('fitted simpleImputer → oneHotEncoder → randomForestClassifier')
    expect(inspect(forest)).toMatch(
      /^fitted .*\n {2}predicts: "label" \(classification into "no", "yes"\)\n {2}4 features: a, n, word, flag\n {2}most important: \w+ 0\.\d+/,
    )
    const silent = { debug() {}, info() {}, error() {}, warn() {} }
    const short = logisticRegression({ maxIterations: 2 }).fit(goldenSet('iris'), { target: 'target', logger: silent })
    expect(inspect(short)).toContain('converged: NO, 2 iterations')
    expect(markdown(chain([standardScaler(), linearRegression()]).fit(goldenSet('diabetes'), { target: 'target' }))).toContain(
      '| predicts | "target" (regression) |',
    )
    expect(Object.keys(JSON.parse(JSON.stringify(forest)))).toContain('target')
  })

  it('of scores: a table, and they stay plain records', async () => {
    const scores = evaluate(estimator.fit(table, { target: 'label' }), table, { metrics: ['accuracy', 'f1'] })
    expect(String(scores)).toMatch(/^evaluation of "label" on 100 rows: accuracy 0?[.\d]+, f1 0?[.\d]+$/)
    expect(markdown(scores)).toContain('| metric | value |')
    expect(Object.keys(scores)).toEqual(['accuracy', 'f1'])
    const folds = await crossValidate(estimator, table, { target: 'label', folds: 3, scoring: ['accuracy'] })
    expect(String(folds)).toMatch(/^cross-validation of "label" on 3 folds: accuracy [.\d]+ ± [.\d]+$/)
    expect(inspect(folds)).toMatch(/\nmetric +mean +std +folds\naccuracy +/)
    expect(String(folds.accuracy)).toMatch(/^accuracy: .* over 3 folds \(/)
    expect(Object.keys(folds)).toEqual(['accuracy'])
  })

  it('of a confusion matrix and a classification report', () => {
    const matrix = confusionMatrix(['a', 'b', 'a'], ['a', 'b', 'b'])
    expect(inspect(matrix)).toBe(
      'confusion matrix of 2 classes over 3 rows\nactual \\ predicted  a  b\na                   1  1\nb                   0  1',
    )
    expect(markdown(matrix)).toContain('| a | 1 | 1 |')
    expect(inspect(classificationReport(['a', 'b', 'a'], ['a', 'b', 'b']))).toMatch(
      /accuracy 0\.667\nclass +precision +recall +f1 +rows\na +1\.000 +0\.500/,
    )
  })
})

describe('what is no model, no estimator, no target', () => {
  const forest = randomForestClassifier({ nEstimators: 2 })
  const fitted = forest.fit(tableFrom({ x: [1, 2], y: [0, 1] }), { target: 'y' })
  it.each<[string, () => unknown, RegExp]>([
    ['no target', () => forest.fit(table, undefined as never), /fit of randomForestClassifier needs `target`, .* got undefined/],
    ['a bare target', () => forest.fit(table, 'label' as never), /needs `target`, .* got "label"/],
    [
      'an unknown option',
      () => forest.fit(table, { target: 'label', epochs: 3 } as never),
      /`epochs` is not an option of fit of randomForestClassifier; it has target/,
    ],
    [
      'a logger that is none',
      () => forest.fit(table, { target: 'label', logger: 3 as never }),
      /`logger` of fit .* must be a logger such as `console`, got 3/,
    ],
    ['no model', () => evaluate(undefined as never, table), /evaluate takes a fitted model, got undefined/],
    ['an estimator', () => evaluate(forest as never, table), /evaluate takes a fitted model, got an estimator that is not fitted/],
    ['metrics as text', () => evaluate(fitted, table, { metrics: 'f1' as never }), /`metrics` of evaluate must be an array/],
    ['an unknown metric', () => evaluate(fitted, tableFrom({ x: [1], y: [1] }), { metrics: ['acuracy' as never] }), /no metric "acuracy"/],
  ])('%s', (_, act, message) => {
    expect(act).toThrow(expect.objectContaining({ code: 'InvalidArgument', message: expect.stringMatching(message) }))
  })

  it('of cross-validation', async () => {
    const at = (given: unknown, options: unknown): Promise<unknown> => crossValidate(given as never, table, options as never)
    const options = { target: 'label', scoring: ['accuracy'] }
    await expect(at(undefined, options)).rejects.toThrow(
      /crossValidate takes an estimator such as randomForestClassifier\(\), got undefined/,
    )
    await expect(at(fitted, options)).rejects.toThrow(/got a model that is fitted already/)
    await expect(at(forest, undefined)).rejects.toThrow(/crossValidate needs options/)
    await expect(at(forest, { ...options, groups: 'grp' })).rejects.toThrow(/no column "grp"; there are "a"/)
    await expect(at(forest, { ...options, timeOrder: 'tm' })).rejects.toThrow(/no column "tm"/)
    await expect(at(forest, { ...options, groups: 'label' })).rejects.toThrow(/cannot divide by the target "label" itself/)
    await expect(at(forest, { ...options, scoring: ['rmse'] })).rejects.toThrow(/"rmse" is for regression, the model is for classification/)
  })

  it('a table whose target came in another type is brought to the model’s labels, or refused', () => {
    const rows = { x: [5, 1, 5, 1] }
    const model = (labels: readonly (string | number | boolean)[]) =>
      randomForestClassifier({ nEstimators: 20 }).fit(tableFrom({ ...rows, y: labels }), { target: 'y' })
    const truth = model([true, false, true, false])
    for (const y of [
      [1, 0, 1, 0],
      ['True', 'False', 'True', 'False'],
      ['1', '0', '1', '0'],
    ]) {
      expect(evaluate(truth, tableFrom({ ...rows, y }))).toMatchObject({ accuracy: 1, f1: 1, rocAuc: 1 })
    }
    expect(evaluate(model([10, 9, 10, 9]), tableFrom({ ...rows, y: ['10', '9.0', '10', '9'] })).accuracy).toBe(1)
    expect(() => evaluate(truth, tableFrom({ ...rows, y: ['yes', 'no', 'yes', 'no'] }))).toThrow(
      /row 0 of the target "y": a label must be of the type of the model's labels \(false, true\), got "yes"/,
    )
  })
})
