/** Fitted models as ONNX files, judged by onnxruntime. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseCsv } from '../../../src/adapters/csv/csv'
import { onnxModel, onnxRuntime } from '../../../src/adapters/onnxruntime/onnx-runtime'
import { fromColumns } from '../../../src/dataset/create'
import { filter } from '../../../src/dataset/filter'
import { split } from '../../../src/dataset/split'
import {
  calibrated,
  chain,
  columns,
  type Estimator,
  gradientBoostingClassifier,
  gradientBoostingRegressor,
  linearRegression,
  logisticRegression,
  minMaxScaler,
  oneHotEncoder,
  ordinalEncoder,
  randomForestClassifier,
  randomForestRegressor,
  robustScaler,
  selectColumns,
  simpleImputer,
  standardScaler,
  targetEncoder,
} from '../../../src/learn'
import { type OnnxVerification, type ToOnnxOptions, toOnnx } from '../../../src/onnx'
import { root } from '../../package/source-graph'

const all = parseCsv(readFileSync(join(root, 'examples/data/penguins.csv'), 'utf8'))
const penguins = filter(all, (row) => row.sex !== null && row.body_mass_g !== null)
const { train, test } = split(all, { test: 0.25, seed: 7 })
const labelled = split(penguins, { test: 0.25, seed: 7 })
const forest = { nEstimators: 15, seed: 1 }
const numbers = ['bill_length_mm', 'bill_depth_mm', 'flipper_length_mm']

/** Exports on made rows and on real ones; what the verifications found. */
async function exported(estimator: Estimator, target: string, options: ToOnnxOptions = {}): Promise<OnnxVerification[]> {
  const data = target === 'species' ? { train, test } : labelled
  const fitted = estimator.fit(data.train, { target })
  const found: OnnxVerification[] = []
  const onVerified = (verification: OnnxVerification): void => void found.push(verification)
  await toOnnx(fitted, { ...options, onVerified })
  await toOnnx(fitted, { ...options, onVerified, sample: data.test })
  return found
}

const chains: Readonly<Record<string, readonly [Estimator, string]>> = {
  'a forest of classes on imputed, one-hot columns': [
    chain([simpleImputer({ addIndicator: true }), oneHotEncoder(), randomForestClassifier(forest)]),
    'species',
  ],
  'a forest that takes missing values': [chain([oneHotEncoder({ drop: 'first' }), randomForestClassifier(forest)]), 'species'],
  'a forest of two classes': [chain([ordinalEncoder(), randomForestClassifier(forest)]), 'sex'],
  'a forest of whole-number classes': [chain([ordinalEncoder(), randomForestClassifier(forest)]), 'year'],
  'a forest of numbers': [chain([oneHotEncoder({ maxCategories: 2 }), randomForestRegressor(forest)]), 'body_mass_g'],
  'boosted trees of three classes, text columns as categories': [gradientBoostingClassifier({ nEstimators: 20 }), 'species'],
  'boosted trees of two classes': [gradientBoostingClassifier({ nEstimators: 20, categoricalFeatures: ['year'] }), 'sex'],
  'boosted trees of numbers': [chain([oneHotEncoder(), gradientBoostingRegressor({ nEstimators: 20 })]), 'body_mass_g'],
  'a forest of numbers alone': [chain([selectColumns(numbers), randomForestRegressor(forest)]), 'body_mass_g'],
  'a logistic regression of three classes': [chain([simpleImputer(), standardScaler(), oneHotEncoder(), logisticRegression()]), 'species'],
  'a logistic regression of two classes': [chain([simpleImputer(), standardScaler(), oneHotEncoder(), logisticRegression()]), 'sex'],
  'a calibrated forest of two classes': [calibrated(chain([ordinalEncoder(), randomForestClassifier(forest)]), { folds: 3 }), 'sex'],
  'calibrated boosted trees of three classes': [calibrated(gradientBoostingClassifier({ nEstimators: 10 }), { folds: 3 }), 'species'],
  'a calibrated logistic regression, isotonic': [
    calibrated(chain([simpleImputer(), standardScaler(), oneHotEncoder(), logisticRegression()]), { method: 'isotonic', folds: 3 }),
    'species',
  ],
  'a forest on routed columns': [
    chain([
      columns(
        [
          { columns: numbers, transformer: [simpleImputer({ addIndicator: true }), robustScaler(), minMaxScaler({ clip: true })] },
          {
            columns: ['island', 'year'],
            transformer: oneHotEncoder({ handleMissing: 'category', minFrequency: 60, handleUnknown: 'infrequentIfExist' }),
          },
          { columns: ['sex', 'species'], transformer: targetEncoder() },
        ],
        { verboseFeatureNamesOut: true },
      ),
      randomForestRegressor(forest),
    ]),
    'body_mass_g',
  ],
  'least squares on encoded numbers': [
    chain([
      simpleImputer({ strategy: 'median' }),
      oneHotEncoder({ columns: ['island', 'year'] }),
      ordinalEncoder({ columns: ['species', 'sex'] }),
      linearRegression(),
    ]),
    'body_mass_g',
  ],
}

describe('toOnnx gives the answers of', () => {
  it.each(Object.keys(chains))('%s', async (name) => {
    const [estimator, target] = chains[name] as readonly [Estimator, string]
    for (const { rows, maxDifference } of await exported(estimator, target)) {
      expect(rows).toBeGreaterThan(50)
      expect(maxDifference).toBeLessThan(1e-6)
    }
  })

  it.each(Object.keys(chains))('%s, with inputs of float32', async (name) => {
    const [estimator, target] = chains[name] as readonly [Estimator, string]
    for (const { maxDifference } of await exported(estimator, target, { precision: 'float32' })) expect(maxDifference).toBeLessThan(1e-6)
  })

  it('a model whose input is one matrix', async () => {
    const estimator = chain([selectColumns(numbers), simpleImputer(), randomForestClassifier(forest)])
    for (const { maxDifference } of await exported(estimator, 'species', { inputs: 'matrix' })) expect(maxDifference).toBeLessThan(1e-6)
    await expect(exported(chain([oneHotEncoder(), randomForestClassifier(forest)]), 'species', { inputs: 'matrix' })).rejects.toThrow(
      'toOnnx with inputs \'matrix\' needs features that are all numbers, "island" is text',
    )
  })

  it('labels that are booleans, and features that have the names of outputs', async () => {
    const data = fromColumns({
      label: [1, 2, 3, 4, 5, 6, 7, 8],
      probabilities: [true, false, true, false, true, false, true, false],
      late: [false, false, false, false, true, true, true, true],
    })
    const fitted = randomForestClassifier(forest).fit(data, { target: 'late' })
    const found: OnnxVerification[] = []
    const bytes = await toOnnx(fitted, { onVerified: (verification) => void found.push(verification), sample: data })
    expect(found[0]).toMatchObject({ rows: 8, ties: 0 })
    const model = await onnxRuntime().load(onnxModel(bytes).pack())
    expect((await model.run(data)).predictions.map(Boolean)).toEqual(fitted.predict(data))
    await model.dispose()
  })
})

describe('an exported file', () => {
  it('is registered and served as any ONNX model', async () => {
    const fitted = chain([simpleImputer(), oneHotEncoder(), randomForestClassifier(forest)]).fit(train, { target: 'species' })
    const model = onnxModel(await toOnnx(fitted, { metadata: { team: 'birds' } }))
    expect(model.signature.inputs.map((input) => input.name)).toEqual(fitted.features.map(({ name }) => name))
    const loaded = await onnxRuntime().load(model.pack())
    const { predictions, probabilities, classes } = await loaded.run(test)
    expect(predictions).toEqual(fitted.predict(test))
    expect(classes).toEqual(fitted.classes)
    const own = fitted.predictProba(test).values
    expect(Math.max(...Array.from(probabilities as Float64Array, (value, i) => Math.abs(value - (own[i] as number))))).toBeLessThan(1e-6)
    await loaded.dispose()
  })

  it('is the same for the same model', async () => {
    const fitted = chain([simpleImputer(), oneHotEncoder(), randomForestClassifier(forest)]).fit(train, { target: 'species' })
    expect(await toOnnx(fitted)).toEqual(await toOnnx(fitted, { verify: false }))
  })
})

describe('toOnnx refuses', () => {
  it('a model that is not fitted', async () => {
    await expect(toOnnx(randomForestClassifier() as never)).rejects.toThrow(/^toOnnx takes a fitted model/)
  })

  it('what a graph cannot do', async () => {
    const strict = chain([oneHotEncoder({ handleUnknown: 'error' }), randomForestClassifier(forest)]).fit(train, { target: 'species' })
    await expect(toOnnx(strict)).rejects.toThrow("toOnnx: oneHotEncoder with handleUnknown 'error' has no ONNX form")
  })

  it('to hand out a file that answers otherwise', async () => {
    const fitted = chain([simpleImputer(), oneHotEncoder(), randomForestClassifier(forest)]).fit(train, { target: 'species' })
    const other = chain([simpleImputer(), oneHotEncoder(), randomForestClassifier({ ...forest, seed: 2 })]).fit(train, {
      target: 'species',
    })
    const twisted = { ...fitted, predictProba: other.predictProba }
    await expect(toOnnx(twisted, { sample: test })).rejects.toMatchObject({
      code: 'Internal',
      message: /^toOnnx: in sample row \d+ the probability of /,
    })
  })
})
