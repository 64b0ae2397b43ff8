import { describe, expect, it } from 'vitest'
import {
  calibrated,
  chain,
  gridSearch,
  linearRegression,
  logisticRegression,
  randomForestClassifier,
  restoreModel,
  simpleImputer,
  standardScaler,
} from '../../../src/learn'
import { fitIsotonic, isotonicAt } from '../../../src/learn/calibration/isotonic'
import { fitSigmoid, sigmoidAt } from '../../../src/learn/calibration/platt'
import { brier, type Label } from '../../../src/metrics'
import { complement } from '../../../src/schema/partition'
import golden from '../../golden/calibration.json'
import { goldenSet, mixedTable, tableFrom } from './data'

const two = tableFrom({
  ...Object.fromEntries(golden.two.features.map((column, i) => [`x${i}`, column])),
  target: golden.two.target,
})

describe('calibrators equal scikit-learn', () => {
  it.each(golden.curves)('on scores $scores.0 …', ({ scores, hits, at, isotonic, sigmoid }) => {
    const steps = fitIsotonic(Float64Array.from(scores), hits)
    at.forEach((score, i) => {
      expect(isotonicAt(steps, score)).toBeCloseTo(isotonic[i] as number, 12)
    })
    // scikit-learn's L-BFGS stops where the gradient is below 1e-6 or so; ours goes on to the minimum.
    const curve = fitSigmoid(Float64Array.from(scores), hits)
    at.forEach((score, i) => {
      expect(Math.abs(sigmoidAt(curve, score) - (sigmoid[i] as number))).toBeLessThan(1e-5)
    })
  })

  it('isotonic steps never decrease, whatever the data', () => {
    const steps = fitIsotonic(Float64Array.of(3, 1, 2, 2, 5, 4), [0, 1, 0, 1, 0, 1])
    expect([...steps.y].sort((a, b) => a - b)).toEqual(steps.y)
  })
})

describe('calibrated models equal CalibratedClassifierCV(ensemble=False) on fixed folds', () => {
  it.each(golden.models)('$table, $method, scaled: $scaled', ({ table: name, method, scaled, tests, probabilities }) => {
    const table = name === 'two' ? two : goldenSet('iris')
    const folds = tests.map((test) => ({ train: complement(Int32Array.from(test), table.numRows), test: Int32Array.from(test) }))
    const base = logisticRegression()
    const model = calibrated(scaled ? chain([standardScaler(), base]) : base, { method: method as 'sigmoid', folds })
    const fitted = model.fit(table, { target: 'target' })
    const { values } = fitted.predictProba(table)
    const worst = values.reduce((most, value, i) => Math.max(most, Math.abs(value - (probabilities[i] as number))), 0)
    // On unscaled features scikit-learn's L-BFGS stops a little before the minimum, and steep isotonic steps enlarge the difference of the scores.
    expect(worst).toBeLessThan(method === 'sigmoid' ? 2e-5 : scaled ? 1e-6 : 1e-4)
    expect(restoreModel(fitted.pack()).predictProba(table).values).toEqual(values)
  })
})

describe('calibrated', () => {
  const table = mixedTable(400, 3)
  const fresh = mixedTable(400, 4)
  const names = ['a', 'n', 'flag', 'label']
  const only = (source: typeof table) =>
    tableFrom(Object.fromEntries(names.map((name) => [name, source.column(name).toArray() as Label[]])))
  const forest = chain([simpleImputer(), randomForestClassifier({ nEstimators: 15, maxDepth: 2, seed: 1 })])

  it('makes the probabilities of a shallow forest better, and is stored with its trees', () => {
    const raw = forest.fit(only(table), { target: 'label' })
    const fitted = calibrated(forest).fit(only(table), { target: 'label' })
    const actual = fresh.column('label').toArray() as Label[]
    expect(brier(actual, fitted.predictProba(only(fresh)))).toBeLessThan(brier(actual, raw.predictProba(only(fresh))))
    const again = restoreModel(fitted.pack())
    expect(again.predictProba(only(fresh)).values).toEqual(fitted.predictProba(only(fresh)).values)
    expect(again.options).toMatchObject({ 'calibrated.method': 'sigmoid', 'calibrated.randomForestClassifier.maxDepth': 2 })
    expect(fitted.featureImportance()).toHaveLength(3)
  })

  it('can be searched, down to the options of what is calibrated', async () => {
    const found = await gridSearch(calibrated(forest, { folds: 2 }), only(table), {
      target: 'label',
      folds: 2,
      scoring: ['logLoss'],
      params: { 'calibrated.method': ['sigmoid', 'isotonic'], 'calibrated.randomForestClassifier.maxDepth': [1, 4] },
    })
    expect(found.trials.map(({ status }) => status)).toEqual(['finished', 'finished', 'finished', 'finished'])
    expect(found.bestParams['calibrated.randomForestClassifier.maxDepth']).toBe(4)
  })

  it('refuses what cannot be calibrated', () => {
    expect(() => calibrated(linearRegression())).toThrow(/takes a classifier/)
    expect(() => calibrated(calibrated(forest))).toThrow(/not calibrated already/)
    const rare = tableFrom({ x: [1, 2, 3, 4, 5], y: ['a', 'a', 'b', 'b', 'c'] })
    expect(() => calibrated(logisticRegression()).fit(rare, { target: 'y' })).toThrow(/at least 2 rows of each class, "c" has 1/)
    const folds = [{ train: Int32Array.of(0), test: Int32Array.of(1) }]
    expect(() => calibrated(logisticRegression(), { folds }).fit(two, { target: 'target' })).toThrow(
      /test each of 80 rows once, they test 1/,
    )
  })

  it('a damaged file is Corrupt', () => {
    const packed = calibrated(logisticRegression()).fit(two, { target: 'target' }).pack()
    const json = new TextDecoder().decode(packed.files['model.json'])
    const broken = (text: string) => ({ ...packed, files: { ...packed.files, 'model.json': new TextEncoder().encode(text) } })
    expect(() => restoreModel(broken(json.replace('"a":', '"q":')))).toThrow(/damaged|calibrator|Corrupt|model.json/)
    expect(() => restoreModel(broken(json.replace('"kind":"logisticRegression"', '"kind":"magic"')))).toThrow(
      /learner in a calibrated model/,
    )
  })
})
