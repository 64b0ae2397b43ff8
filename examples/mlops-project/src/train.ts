/** `npm start`: from the raw data to a model that passed the gate. Ends with status 1 when it does not pass. */
import { pathToFileURL } from 'node:url'
import {
  chain,
  crossValidate,
  evaluate,
  isMillwrightError,
  type ModelVersion,
  metricAtLeast,
  oneHotEncoder,
  randomForestClassifier,
  simpleImputer,
} from 'millwright'
import { keepData, loadData } from './data.js'
import { MODEL, openProject, type Project, TARGET } from './settings.js'

/** Trains, registers, and promotes through the gate of the configuration. @throws InvalidState when the gate refuses the model */
export async function train({ config, registry, tracker }: Project): Promise<ModelVersion> {
  const data = await loadData(config)
  await keepData(config, data)
  const { n_estimators = 100, max_depth = 10, random_state = 42 } = config.model.hyperparameters as Record<string, number>
  const forest = randomForestClassifier({ nEstimators: n_estimators, maxDepth: max_depth, seed: random_state })
  const model = chain([simpleImputer(), oneHotEncoder(), forest])
  return tracker.run({ experiment: MODEL }, async (run) => {
    run.logParams(model.options)
    run.logInput(data.train, { name: 'penguins', context: 'training' })
    const scores = await crossValidate(model, data.train, { target: TARGET, folds: config.training.cv_folds, scoring: ['accuracy'] })
    run.logMetrics({ cv_accuracy: scores.accuracy.mean, cv_std: scores.accuracy.std })
    const fitted = model.fit(data.train, { target: TARGET })
    const metrics = evaluate(fitted, data.test)
    run.logMetrics({ test_accuracy: metrics.accuracy ?? Number.NaN })
    const version = await registry.register(MODEL, fitted, { run, example: data.train.head(2), metrics })
    return registry.promote(MODEL, version, 'champion', { gates: [metricAtLeast('accuracy', config.training.min_accuracy_threshold)] })
  })
}

// Only when this file is the program, not when a test imports it.
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const project = await openProject()
  try {
    const version = await train(project)
    console.log(
      `${version.name} version ${version.version} is champion: accuracy ${version.metrics.accuracy?.toFixed(3)} on data it never saw`,
    )
    console.log('npm run serve answers with it; MLFLOW_ALLOW_FILE_STORE=true mlflow ui --backend-store-uri ./models/mlruns shows the runs')
  } catch (error) {
    if (!isMillwrightError(error, 'InvalidState')) throw error
    console.error(`the gate refused the model: ${error.message}`)
    process.exitCode = 1
  } finally {
    await project.tracker.close()
  }
}
