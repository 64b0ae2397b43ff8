/** Logging without log calls: for estimators, for TensorFlow.js, for any loop. */
import { invalidArgument, show } from '../core/errors'
import { checkOptions, nonEmptyString, ofType } from '../core/options'
import type { PackableModel } from '../ports/model'
import type { Table } from '../schema/table'
import type { Run } from './run'

/** Anything that fits tables as the estimators of `millwright/learn` do. */
export interface AutologEstimator<F extends AutologModel = AutologModel> {
  readonly kind: string
  readonly options: object
  fit(table: Table, options: { readonly target: string }): F
  fitAsync(table: Table, options: { readonly target: string }): Promise<F>
}

/** What such an estimator gives. */
export interface AutologModel {
  readonly task: 'classification' | 'regression'
  readonly outOfBagScore?: number | undefined
  predict(data: Table): readonly unknown[]
  pack?(): unknown
}

/** Options of {@link autolog}. */
export interface AutologOptions {
  /** Logs every fitted model under this name; `fit` then cannot be used, as storing takes time: use `fitAsync`. @default not logged */
  readonly modelName?: string | undefined
  /** Whether the training table is recorded as an input; it needs the tracker's `fingerprint`. @default true */
  readonly logInput?: boolean | undefined
  /**
   * Scores the model on what it was trained on; each score is logged as `training_<name>`.
   * @default accuracy, or root mean squared error, mean absolute error and R²
   */
  readonly evaluate?: ((model: AutologModel, table: Table, target: string) => Readonly<Record<string, number>>) | undefined
}

/**
 * An estimator that logs what it does into `run`, as MLflow's autologging for scikit-learn does: before fitting its options as params,
 * the kind of estimator and the table as an input with context `training`; afterwards `training_<metric>`, the score on rows left out
 * (`out_of_bag_score`), how long it took (`training_seconds`), and the tag `mlflow.autologging`. The estimator is not changed.
 *
 * Fitting the same estimator twice into one run logs the same params again, which is fine; other params are a `Conflict`.
 *
 * @example const model = await autolog(chain([simpleImputer(), randomForestClassifier()]), run).fitAsync(train, { target: 'late' })
 * @throws InvalidArgument
 */
export function autolog<E extends AutologEstimator>(estimator: E, run: Run, options: AutologOptions = {}): E {
  checkOptions('autolog', options, { modelName: nonEmptyString(), logInput: ofType('boolean'), evaluate: ofType('function') })
  if (typeof estimator?.fit !== 'function' || typeof estimator.fitAsync !== 'function') {
    throw invalidArgument(`autolog takes an estimator, got ${show(estimator)}`)
  }
  const before = (table: Table): number => {
    run.logParams({ estimator: estimator.kind, ...estimator.options })
    if (options.logInput !== false) run.logInput(table, { context: 'training' })
    run.setTag('mlflow.autologging', 'millwright')
    return performance.now()
  }
  const after = (model: AutologModel, table: Table, target: string, start: number): void => {
    const seconds = (performance.now() - start) / 1000
    const scores = Object.entries((options.evaluate ?? trainingScores)(model, table, target))
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
      const start = before(table)
      const model = estimator.fit(table, fitOptions)
      after(model, table, fitOptions.target, start)
      return model
    },
    async fitAsync(table: Table, fitOptions: { readonly target: string }) {
      const start = before(table)
      const model = await estimator.fitAsync(table, fitOptions)
      after(model, table, fitOptions.target, start)
      if (options.modelName !== undefined) await run.logModel(options.modelName, model as unknown as PackableModel)
      return model
    },
  }
}

function trainingScores(model: AutologModel, table: Table, target: string): Record<string, number> {
  const column = table.column(target)
  const predicted = model.predict(table)
  const n = table.numRows
  if (model.task === 'classification') {
    let right = 0
    for (let i = 0; i < n; i++) if (Object.is(predicted[i], column.at(i))) right++
    return { accuracy: right / n }
  }
  const actual = Array.from({ length: n }, (_, i) => Number(column.at(i)))
  const mean = actual.reduce((sum, value) => sum + value, 0) / n
  let [squares, absolutes, spread] = [0, 0, 0]
  for (let i = 0; i < n; i++) {
    const value = actual[i] as number
    const error = Number(predicted[i]) - value
    squares += error * error
    absolutes += Math.abs(error)
    spread += (value - mean) ** 2
  }
  // Without any spread R² is 1 for a perfect fit and 0 otherwise, as scikit-learn has it.
  const r2 = spread > 0 ? 1 - squares / spread : squares === 0 ? 1 : 0
  return { root_mean_squared_error: Math.sqrt(squares / n), mean_absolute_error: absolutes / n, r2_score: r2 }
}

/** What `model.fit` of TensorFlow.js takes as `callbacks`. */
export interface TfjsCallbacks {
  onTrainBegin(): void
  onEpochEnd(epoch: number, logs?: Readonly<Record<string, unknown>>): void
  onBatchEnd?(batch: number, logs?: Readonly<Record<string, unknown>>): void
  onTrainEnd(): void
}

/** Options of {@link tfjsCallbacks}. */
export interface TfjsCallbacksOptions {
  /** Logged as params: what `model.fit` is given (`epochs`, `batchSize`, …), the optimizer, … */
  readonly params?: object | undefined
  /** Also logs each batch's numbers, as `batch_<name>` over the number of batches. @default false */
  readonly batches?: boolean | undefined
}

/**
 * Callbacks for `model.fit(x, y, { callbacks })` of TensorFlow.js: what an epoch tells (`loss`, `val_loss`, `acc`, …) becomes metrics with
 * the epoch as step. Only numbers are logged. Nothing of TensorFlow.js is imported.
 *
 * @throws InvalidArgument
 */
export function tfjsCallbacks(run: Run, options: TfjsCallbacksOptions = {}): TfjsCallbacks {
  checkOptions('tfjsCallbacks', options, { params: ofType('object'), batches: ofType('boolean') })
  let batches = 0
  return {
    onTrainBegin() {
      if (options.params !== undefined) run.logParams(options.params)
      run.setTag('mlflow.autologging', 'tensorflow.js')
    },
    onEpochEnd(epoch, logs) {
      run.logMetrics(numbersOf(logs, ''), { step: epoch })
    },
    ...(options.batches
      ? {
          onBatchEnd(_batch: number, logs?: Readonly<Record<string, unknown>>) {
            const { batch_batch: _, batch_size: __, ...numbers } = numbersOf(logs, 'batch_')
            run.logMetrics(numbers, { step: batches++ })
          },
        }
      : {}),
    onTrainEnd() {},
  }
}

function numbersOf(logs: Readonly<Record<string, unknown>> | undefined, prefix: string): Record<string, number> {
  const numbers = Object.entries(logs ?? {}).filter((entry): entry is [string, number] => typeof entry[1] === 'number')
  return Object.fromEntries(numbers.map(([name, value]) => [prefix + name, value]))
}
