/** The program of the README: from a CSV file to a served, drift-checked model, in one folder and with no server. */
import {
  chain,
  createTracker,
  crossValidate,
  DriftDetector,
  evaluate,
  ModelRegistry,
  metricAtLeast,
  oneHotEncoder,
  Predictor,
  randomForestClassifier,
  readCsv,
  simpleImputer,
  split,
} from 'millwright'
import { fsStorage } from 'millwright/node'

const penguins = await readCsv(process.argv[2] ?? 'data/penguins.csv')
const { train, test } = split(penguins, { test: 0.25, stratifyBy: 'species', seed: 7 })
const model = chain([simpleImputer(), oneHotEncoder(), randomForestClassifier({ nEstimators: 100, seed: 42 })])

const storage = fsStorage({ root: './mlops' })
const tracker = createTracker({ storage })
const registry = new ModelRegistry({ storage })

await tracker.run({ experiment: 'penguins' }, async (run) => {
  const scores = await crossValidate(model, train, { target: 'species', folds: 5, scoring: ['accuracy'] })
  const fitted = model.fit(train, { target: 'species' })
  run.logParams(model.options)
  run.logMetrics({ cv_accuracy: scores.accuracy.mean })
  const version = await registry.register('penguins', fitted, { run, example: train.head(3), metrics: evaluate(fitted, test) })
  await registry.promote('penguins', version, 'champion', { gates: [metricAtLeast('accuracy', 0.95)] })
  console.log(version.name, 'version', version.version, version.metrics)
})

const predictor = await Predictor.load(registry, 'penguins@champion')
console.log(await predictor.predict(test.head(2).toRecords()))
console.log('drift:', new DriftDetector({ threshold: 0.05 }).fit(train).detect(test).driftDetected)
await tracker.close()
