/** Out-of-fold predictions: what each row is predicted as by the model that did not learn from it. */
import { invalidArgument } from '../core/errors'
import type { Logger } from '../core/logger'
import { type OnProgress, progressReporter } from '../core/progress'
import { throwIfAborted } from '../core/signal'
import type { ClassProbabilities, Label } from '../metrics/label'
import type { NameOf } from '../schema/row-types'
import type { Table } from '../schema/table'
import { assertEstimator, checkCrossValidation, foldResults, validationPlan, warningCollector } from './cross-validate'
import type { Estimator } from './estimator'
import type { FittedClassifier } from './fitted-model'
import { labelsOf } from './fitted-model'
import type { FoldOptions } from './folds'
import { takeRows } from './rows'
import { targetOf } from './target'

/** Options of {@link crossValPredict}. */
export interface CrossValPredictOptions<Name extends string = string> extends Omit<FoldOptions<Name>, 'repeats'> {
  /** The column to predict. */
  readonly target: Name
  /** Stops between folds and between trees; the signal's reason is thrown. */
  readonly signal?: AbortSignal | undefined
  /** Called after every fold. */
  readonly onProgress?: OnProgress<'cross-validate'> | undefined
  /** Fits several folds at the same time, as in `crossValidate`. @default false */
  readonly workers?: number | boolean | undefined
  /** Receives the warnings of the fits through `warn`. @default the console */
  readonly logger?: Logger | undefined
}

/** Predictions for the rows of a table by models that did not learn from them. */
export interface OutOfFoldPredictions {
  /** One label or number per row of the table; `null` for rows that no fold tests (the earliest, with `timeOrder`). */
  readonly predictions: readonly (Label | null)[]
  /** Of classifiers: probabilities of all classes of the table; `NaN` for rows that no fold tests. */
  readonly probabilities?: ClassProbabilities | undefined
  /** The fold that tests each row; −1 for none. */
  readonly fold: Int32Array
}

/**
 * Predicts every row by a model that was fitted on the other folds, as scikit-learn's `cross_val_predict`. A class that a fold's training
 * rows lack has probability 0 there.
 *
 * @throws as `crossValidate`; InvalidArgument when given folds test a row twice
 */
export async function crossValPredict<E extends Estimator, T extends Table>(
  estimator: E,
  table: T,
  options: CrossValPredictOptions<NameOf<T>>,
): Promise<OutOfFoldPredictions> {
  assertEstimator('crossValPredict', estimator)
  checkCrossValidation('crossValPredict', options)
  throwIfAborted(options.signal)
  const plan = { ...validationPlan('crossValPredict', estimator.task, table, options), metrics: [] }
  const n = table.numRows
  const fold = new Int32Array(n).fill(-1)
  plan.folds.forEach(({ test }, i) => {
    for (const row of test) {
      if (fold[row] !== -1) throw invalidArgument(`crossValPredict: row ${row} is tested by fold ${fold[row]} and by fold ${i}`)
      fold[row] = i
    }
  })
  const { classes } = targetOf(table.column(options.target), estimator.task)
  const predictions: (Label | null)[] = new Array(n).fill(null)
  const values = new Float64Array(n * classes.length).fill(Number.NaN)
  const report = progressReporter(options.onProgress)
  const warnings = warningCollector()
  let done = 0
  for await (const {
    fitted,
    fold: { test },
  } of foldResults(estimator, plan, { signal: options.signal, workers: options.workers, logger: warnings.logger })) {
    const rows = takeRows(plan.table, test)
    const predicted =
      estimator.task === 'regression' ? fitted.predict(rows) : intoClasses(fitted as FittedClassifier, rows, { classes, values, test })
    test.forEach((row, i) => {
      predictions[row] = predicted[i] as Label
    })
    report({ phase: 'cross-validate', done: ++done, total: plan.folds.length, unit: 'steps' })
  }
  warnings.tell(plan.folds.length, options.logger)
  return { predictions, fold, ...(estimator.task === 'classification' ? { probabilities: { classes, values } } : {}) }
}

/** Writes a fold's probabilities to the places of its rows and of its classes among all; gives the labels. */
function intoClasses(
  fitted: FittedClassifier,
  rows: Table,
  { classes, values, test }: { readonly classes: readonly Label[]; readonly values: Float64Array; readonly test: Int32Array },
): Label[] {
  const given = fitted.predictProba(rows)
  const places = given.classes.map((label) => classes.indexOf(label))
  test.forEach((row, i) => {
    values.fill(0, row * classes.length, (row + 1) * classes.length)
    places.forEach((place, c) => {
      values[row * classes.length + place] = given.values[i * places.length + c] as number
    })
  })
  return labelsOf(given.values, given.classes)
}
