/** The story that every page and server tells: a table read, a model trained and registered in a tracked run, a prediction. */
import {
  chain,
  createTracker,
  crossValidate,
  evaluate,
  gradientBoostingClassifier,
  ModelRegistry,
  oneHotEncoder,
  onnxModel,
  Predictor,
  parseCsv,
  randomForestClassifier,
  simpleImputer,
  split,
} from 'millwright'
import { randomSearch } from 'millwright/learn'

/** Tells it on `storage`; `onnx` is a model file for the engine that the place has, or has not. */
export async function story({ csv, onnx, storage }) {
  const { train, test } = split(parseCsv(csv), { test: 0.25, stratifyBy: 'species', seed: 7 })
  const tracker = createTracker({ storage })
  const registry = new ModelRegistry({ storage })
  await tracker.run({ experiment: 'penguins' }, async (run) => {
    const model = chain([simpleImputer(), oneHotEncoder(), randomForestClassifier({ nEstimators: 20, seed: 42 })])
    const fitted = model.fit(train, { target: 'species' })
    const metrics = evaluate(fitted, test)
    run.logMetrics({ accuracy: metrics.accuracy })
    const version = await registry.register('penguins', fitted, { run, metrics })
    await registry.promote('penguins', version, 'champion')
  })
  const predictor = await Predictor.load(registry, 'penguins@champion')
  const [answer] = await predictor.predict([
    { island: 'Biscoe', bill_length_mm: 48.7, bill_depth_mm: 14.1, flipper_length_mm: 210, body_mass_g: 4450, sex: null, year: 2008 },
  ])
  const [run] = await tracker.search({ experiment: 'penguins' })
  await registry.register('by-onnx', onnxModel(onnx))
  return {
    rows: train.numRows,
    accuracy: run.metrics.accuracy.value,
    status: run.status,
    species: answer.prediction,
    threads: await onThreads(train),
    onnx: await Predictor.load(registry, 'by-onnx@1').then(
      () => 'loaded',
      (error) => `${error.code}: ${error.message}. ${error.hint}`,
    ),
  }
}

/** Whether a thread beside the calling one changes nothing: of a fit, of cross-validation, of a search. */
async function onThreads(train) {
  const same = async (work) => JSON.stringify(await work(0)) === JSON.stringify(await work(1))
  const forest = chain([simpleImputer(), oneHotEncoder(), randomForestClassifier({ nEstimators: 12, seed: 1 })])
  const boosted = gradientBoostingClassifier({ nEstimators: 8, minSamplesLeaf: 5 })
  const shared = { target: 'species', folds: 3, scoring: ['logLoss'] }
  return {
    fit: await same(async (workers) => [...(await forest.fitAsync(train, { target: 'species', workers })).pack().files['learner.bin']]),
    crossValidate: await same((workers) => crossValidate(forest, train, { ...shared, workers })),
    search: await same(async (workers) => {
      const params = { maxLeafNodes: [3, 7, 15] }
      return (await randomSearch(boosted, train, { ...shared, workers, params, trials: 2 })).trials.map(({ score }) => score)
    }),
  }
}
