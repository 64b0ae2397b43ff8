/** Steps 2 and 3: cross-validate and train with tracking, gate, register, promote. */
import {
  chain,
  crossValidate,
  type Dataset,
  type Estimator,
  evaluate,
  type FittedModel,
  fingerprint,
  type ModelRegistry,
  metricAtLeast,
  oneHotEncoder,
  randomForestClassifier,
  select,
  simpleImputer,
  type Table,
  type Tracker,
} from 'millwright'
import { type BikeData, features } from './data'
import { line, percent, progress } from './print'
import { type Settings, story } from './settings'

/** Imputer → encoder → forest, as the configuration wants it. */
export function bikeModel({ forest }: Settings): Estimator {
  return chain([simpleImputer({ strategy: 'mean' }), oneHotEncoder(), randomForestClassifier(forest)])
}

/** The columns the model learns from: no time, no count of rentals. */
export function learnable(data: Table): Dataset {
  return select(data, [...features, story.target])
}

/** The first model. */
export interface FirstModel {
  readonly fitted: FittedModel
  readonly version: string
  readonly accuracy: number
}

/** Trains the first model in a tracked run, registers it and promotes it through the gate. */
export async function trainFirst(
  settings: Settings,
  data: BikeData,
  { tracker, registry }: { readonly tracker: Tracker; readonly registry: ModelRegistry },
): Promise<FirstModel> {
  const { training, model } = settings.config
  const estimator = bikeModel(settings)
  const train = learnable(data.train)
  const test = learnable(data.test)
  return tracker.run(
    { experiment: story.model, name: 'first-model', seed: Number(model.hyperparameters.random_state ?? 0) },
    async (run) => {
      run.logParams(estimator.options)
      run.logInput(train, { name: 'bikes-2011-q1', context: 'training' })
      run.logInput(test, { name: 'bikes-2011-q1', context: 'test' })
      const scores = await crossValidate(estimator, train, {
        target: story.target,
        folds: training.cv_folds,
        scoring: ['accuracy', 'rocAuc'],
        seed: 42,
        onProgress: ({ done, total }) => progress(`cross-validation: fold ${done} of ${total}`),
      })
      for (const [step, value] of scores.accuracy.values.entries()) run.logMetric('cv_fold_accuracy', value, { step })
      run.logMetrics({ cv_accuracy: scores.accuracy.mean, cv_std: scores.accuracy.std, cv_roc_auc: scores.rocAuc.mean })
      line(
        `cross-validation, ${training.cv_folds} folds: accuracy ${percent(scores.accuracy.mean)} ± ${percent(scores.accuracy.std)}, ROC AUC ${scores.rocAuc.mean.toFixed(3)}`,
      )
      const fitted = await estimator.fitAsync(train, {
        target: story.target,
        onProgress: ({ done, total }) => progress(`forest: tree ${done} of ${total}`),
      })
      const metrics = evaluate(fitted, test)
      run.logMetrics(metrics)
      const important = fitted
        .featureImportance()
        .slice(0, 3)
        .map(({ feature, importance }) => `${feature} ${percent(importance)}`)
      line(`trained on ${train.numRows} hours; on the ${test.numRows} that follow: accuracy ${percent(metrics.accuracy ?? Number.NaN)}`)
      line(`what it looks at: ${important.join(', ')}`)
      line(`run ${run.runId.slice(0, 8)} keeps ${Object.keys(estimator.options).length} params, metrics, inputs, model and environment`)
      const version = await registry.register(story.model, fitted, {
        ...{ run, example: train.head(5), metrics, dataset: { name: 'bikes-2011-q1', fingerprint: fingerprint(train) } },
        ...{ description: 'trained on the first months of 2011', tags: { rows: String(train.numRows) } },
      })
      const gate = metricAtLeast('accuracy', training.min_accuracy_threshold)
      await registry.promote(story.model, version, 'champion', { gates: [gate], reason: 'first model' })
      return { fitted, version: version.version, accuracy: metrics.accuracy ?? Number.NaN }
    },
  )
}
