/**
 * Models registered with `onnx: true`, opened by the real MLflow (`onnx_models.py`): `mlflow.onnx.load_model`, `mlflow.pyfunc.load_model` and
 * `mlflow models serve` give our answers.
 *
 *   node scripts/run.mjs test/interop/mlflow/onnx_models.ts
 */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ModelRegistry, Predictor, parseCsv } from '../../../src'
import { fsStorage } from '../../../src/adapters/fs/fs-storage'
import { type Dataset, drop, filter, withColumn } from '../../../src/dataset'
import {
  chain,
  dateParts,
  type Estimator,
  linearRegression,
  oneHotEncoder,
  randomForestClassifier,
  randomForestRegressor,
  selectColumns,
  simpleImputer,
} from '../../../src/learn'
import { freshFolder, runPython } from '../support/mlflow'

const root = freshFolder()
const penguins = parseCsv(readFileSync('examples/data/penguins.csv', 'utf8'))
const data = withColumn(
  withColumn(penguins, 'big', (row) => Number(row.year) > 2007),
  'seen',
  (row) => new Date(Date.UTC(Number(row.year), Number(row.flipper_length_mm ?? 0) % 12, 5)),
)
const forest = { nEstimators: 20, seed: 1 }
const models: Readonly<Record<string, readonly [Estimator, string]>> = {
  species: [chain([simpleImputer(), oneHotEncoder(), randomForestClassifier(forest)]), 'species'],
  big: [chain([oneHotEncoder(), randomForestClassifier(forest)]), 'big'],
  mass: [chain([oneHotEncoder(), dateParts({ parts: ['year', 'month'] }), randomForestRegressor(forest)]), 'body_mass_g'],
  line: [chain([selectColumns(['flipper_length_mm']), simpleImputer(), linearRegression()]), 'body_mass_g'],
}

const registry = new ModelRegistry({ storage: fsStorage({ root }) })
const cases: object[] = []
for (const [name, [estimator, target]] of Object.entries(models)) {
  const train = filter(data as Dataset, (row) => row[target] !== null)
  const fitted = estimator.fit(name === 'big' ? drop(train, ['year']) : train, { target })
  const version = await registry.register(name, fitted, { onnx: true, example: train.head(5) })
  await registry.setAlias(name, 'champion', version)
  const features = fitted.features.map((feature) => feature.name)
  const rows = train.toRecords().map((row) => Object.fromEntries(features.map((feature) => [feature, row[feature] ?? null])))
  const own = fitted.task === 'classification' ? fitted.predictProba(train) : undefined
  cases.push({
    name,
    features,
    rows,
    predictions: fitted.predict(train),
    classes: own?.classes,
    probabilities: own && Array.from(own.values),
  })
  const predictor = await Predictor.load(registry, `${name}@champion`)
  const answers = await predictor.predict(train.toRecords())
  assert.deepEqual(
    answers.map(({ prediction }) => prediction),
    fitted.predict(train),
  )
  await predictor.close()
}
writeFileSync(join(root, 'cases.json'), JSON.stringify(cases))
for (const line of runPython<readonly string[]>('onnx_models.py', root)) console.info(line)
