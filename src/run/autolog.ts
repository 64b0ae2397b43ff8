/** Logs training automatically: of estimators and of TensorFlow.js models. */
import { invalidArgument, show } from '../core/errors'
import { checkOptions, nonEmptyString, ofType } from '../core/options'
import { accuracy } from '../metrics/confusion-matrix'
import type { Label } from '../metrics/label'
import { mae, r2, rmse } from '../metrics/regression'
import type { PackableModel } from '../ports/model'
import { labelOrThrow } from '../schema/label'
import type { Table } from '../schema/table'
import type { FitArguments, TfjsTrainable } from './autolog-tfjs'
import type { Run } from './run'
import type { StartRunOptions } from './run-options'

/** Anything with the `fit` of the estimators of `millwright/learn`. */
export interface AutologEstimator<F extends AutologModel = AutologModel> {
  readonly kind: string
  readonly options: object
  fit(table: Table, options: { readonly target: string }): F
  fitAsync(table: Table, options: { readonly target: string }): Promise<F>
}

/** What `fit` of such an estimator returns. */
export interface AutologModel {
  readonly task: 'classification' | 'regression'
  /** Of classifiers: the labels. */
  readonly classes?: readonly Label[] | undefined
  readonly outOfBagScore?: number | undefined
  predict(data: Table): readonly unknown[]
  pack?(): unknown
}

/** Where training is logged: a run, or a tracker, which starts a new run for every fit. */
export type AutologTarget = Run | AutologTracker

/** The methods of a tracker that `autolog` uses. */
export interface AutologTracker {
  run<T>(options: StartRunOptions, work: (run: Run) => Promise<T> | T): Promise<T>
}

/** Options of {@link autolog}. */
export interface AutologOptions {
  /** Logs every fitted model under this name. Storing is asynchronous, so `fitAsync` must be used in place of `fit`. @default not logged */
  readonly modelName?: string | undefined
  /** Whether the training table is recorded as an input; it needs the tracker's `fingerprint`. @default true */
  readonly logInput?: boolean | undefined
  /**
   * Metrics computed on the training data; each is logged as `training_<name>`.
   * @default accuracy, or root mean squared error, mean absolute error and R²
   */
  readonly evaluate?: ((model: AutologModel, table: Table, target: string) => Readonly<Record<string, number>>) | undefined
  /** Of TensorFlow.js: also logs each batch's numbers, as `batch_<name>`. @default false */
  readonly batches?: boolean | undefined
  /** Only with a tracker: the options of the run that each fit starts. @default { experiment: 'Default' } */
  readonly run?: StartRunOptions | undefined
}

/**
 * Returns an estimator or a TensorFlow.js model that logs its training. The model passed in is not changed: use the returned one.
 *
 * Estimators log as MLflow's autologging for scikit-learn does: before fitting their options as params, the kind of estimator and the table as
 * an input with context `training`; afterwards `training_<metric>`, the score on rows left out (`out_of_bag_score`), how long it took
 * (`training_seconds`), and the tag `mlflow.autologging`. Models of TensorFlow.js log the settings of `fit`, optimizer, loss, number of layers
 * and weights as params, their summary as `model_summary.txt`, every epoch's numbers with the epoch as step, `training_seconds` and, where
 * training stopped early, `stopped_epoch`. With `modelName` the fitted model is logged too.
 *
 * Given a tracker, each fit is a run of its own, `failed` when fitting throws. Given a run, fitting twice logs the same params again, which is
 * fine; other params are a `Conflict`.
 *
 * @example const model = await autolog(chain([simpleImputer(), randomForestClassifier()]), run).fitAsync(train, { target: 'late' })
 * @throws InvalidArgument
 */
export function autolog<E extends AutologEstimator | TfjsTrainable>(estimator: E, target: AutologTarget, options: AutologOptions = {}): E {
  checkOptions('autolog', options, {
    modelName: nonEmptyString(),
    logInput: ofType('boolean'),
    evaluate: ofType('function'),
    batches: ofType('boolean'),
    run: ofType('object'),
  })
  const { logMetric, run: start } = (target ?? {}) as Partial<Run & AutologTracker>
  if (typeof logMetric !== 'function' && typeof start !== 'function')
    throw invalidArgument(`autolog takes a run or a tracker, got ${show(target)}`)
  const given = (estimator ?? {}) as Partial<AutologEstimator & TfjsTrainable>
  if (typeof given.fit === 'function' && typeof given.fitAsync === 'function')
    return loggingEstimator(estimator as AutologEstimator, target, options) as E
  if (typeof given.fit === 'function' && typeof given.countParams === 'function')
    return loggingTfjs(estimator as TfjsTrainable, target, options) as E
  throw invalidArgument(`autolog takes an estimator or a model of TensorFlow.js, got ${show(estimator)}`, {
    hint: 'any other loop: track(run, items)',
  })
}

/** Calls `work` with the given run, or with a new run of the given tracker. */
function inRun<T>(target: AutologTarget, { run }: AutologOptions, work: (run: Run) => Promise<T>): Promise<T> {
  return 'logMetric' in target ? work(target) : target.run(run ?? {}, work)
}

function loggingEstimator(estimator: AutologEstimator, target: AutologTarget, options: AutologOptions): AutologEstimator {
  const before = (run: Run, table: Table): number => {
    run.logParams({ estimator: estimator.kind, ...estimator.options })
    if (options.logInput !== false) run.logInput(table, { context: 'training' })
    run.setTag('mlflow.autologging', 'millwright')
    return performance.now()
  }
  const after = (run: Run, model: AutologModel, table: Table, label: string, start: number): void => {
    const seconds = (performance.now() - start) / 1000
    const scores = Object.entries((options.evaluate ?? trainingScores)(model, table, label))
    const outOfBag = model.outOfBagScore
    run.logMetrics({
      ...Object.fromEntries(scores.map(([name, value]) => [`training_${name}`, value])),
      ...(outOfBag === undefined ? {} : { out_of_bag_score: outOfBag }),
      training_seconds: seconds,
    })
  }
  return {
    ...estimator,
    fit(table: Table, fitOptions: { readonly target: string }) {
      if (options.modelName !== undefined)
        throw invalidArgument('autolog with `modelName` stores the model, which takes time: use fitAsync')
      if (!('logMetric' in target)) throw invalidArgument('autolog with a tracker starts a run, which takes time: use fitAsync')
      const start = before(target, table)
      const model = estimator.fit(table, fitOptions)
      after(target, model, table, fitOptions.target, start)
      return model
    },
    fitAsync: (table: Table, fitOptions: { readonly target: string }) =>
      inRun(target, options, async (run) => {
        const start = before(run, table)
        const model = await estimator.fitAsync(table, fitOptions)
        after(run, model, table, fitOptions.target, start)
        if (options.modelName !== undefined) await run.logModel(options.modelName, model as unknown as PackableModel)
        return model
      }),
  }
}

/** A proxy of the model: `fit` and `fitDataset` log, every other member is the model's own. */
function loggingTfjs(model: TfjsTrainable, target: AutologTarget, options: AutologOptions): TfjsTrainable {
  type Fit = (...given: unknown[]) => Promise<unknown>
  const logging =
    (name: 'fit' | 'fitDataset', dataArguments: number) =>
    (...given: unknown[]): Promise<unknown> =>
      inRun(target, options, async (run) => {
        const { fitAndLog } = await import('./autolog-tfjs')
        const data = given.slice(0, dataArguments)
        return fitAndLog(model, run, (given[dataArguments] ?? {}) as FitArguments, options, (more) =>
          (model[name] as unknown as Fit).call(model, ...data, more),
        )
      })
  const own = { fit: logging('fit', 2), fitDataset: logging('fitDataset', 1) }
  return new Proxy(model, {
    get(_, name) {
      if (name === 'fit' || name === 'fitDataset') return own[name]
      const value: unknown = Reflect.get(model, name, model)
      return typeof value === 'function' ? value.bind(model) : value
    },
  })
}

/** The scores on the training table under MLflow's names; rows without a label are left out. */
function trainingScores(model: AutologModel, table: Table, target: string): Record<string, number> {
  const cells = table.column(target).toArray()
  const predicted = model.predict(table)
  if (model.task === 'classification') {
    const classes = model.classes ?? [...new Set(predicted as readonly Label[])]
    const labels = cells.map((cell, row) => labelOrThrow(cell, classes, `autolog: row ${row} of the target ${show(target)}`))
    const rows = [...labels.keys()].filter((row) => labels[row] !== null)
    return {
      accuracy: accuracy(
        rows.map((row) => labels[row] as Label),
        rows.map((row) => predicted[row] as Label),
      ),
    }
  }
  const actual = cells.map(Number)
  const numbers = predicted.map(Number)
  return { root_mean_squared_error: rmse(actual, numbers), mean_absolute_error: mae(actual, numbers), r2_score: r2(actual, numbers) }
}
