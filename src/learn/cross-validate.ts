/** Cross-validation: scores an estimator on rows that it was not fitted on. */
import { invalidArgument, show } from '../core/errors'
import { type Logger, silentLogger } from '../core/logger'
import {
  anything,
  arrayOf,
  checkOptions,
  either,
  finiteNumber,
  nonEmptyString,
  type OptionRule,
  ofType,
  wholeNumber,
} from '../core/options'
import { type OnProgress, progressReporter } from '../core/progress'
import { throwIfAborted, yieldToEventLoop } from '../core/signal'
import type { Metric, MetricName } from '../metrics/metric'
import type { Fold } from '../schema/partition'
import type { NameOf } from '../schema/row-types'
import { assertTable, columnNotFound, type Table, tableOf } from '../schema/table'
import { displayedFolds } from './display'
import { type Estimator, loggerRule, tellWarnings } from './estimator'
import { type DefaultScoring, defaultsFor, type MetricNameOf, type MetricOf, metricFor, scoreMetrics } from './evaluate'
import type { FittedModel } from './fitted-model'
import { checkFoldOptions, type FoldOptions, foldsFor } from './folds'
import { takeRows } from './rows'
import { targetOf } from './target'
import type { FitPlan } from './threads/fits-on-threads'

/** Options of {@link crossValidate}. */
export interface CrossValidateOptions<Scoring extends readonly (MetricName | Metric)[], Name extends string = string>
  extends FoldOptions<Name> {
  /** The column to predict. */
  readonly target: Name
  /**
   * Metrics by name, or as objects.
   * @default those of `evaluate`: accuracy, balancedAccuracy, f1, rocAuc and logLoss for classifiers; rmse, mae and r2 for regressors
   */
  readonly scoring?: Scoring | undefined
  /** Also score each model on the rows that it learned from: `scores.accuracy.train`. @default false */
  readonly returnTrainScores?: boolean | undefined
  /** Stops between folds and between trees; the signal's reason is thrown. */
  readonly signal?: AbortSignal | undefined
  /** Called after every fold. */
  readonly onProgress?: OnProgress<'cross-validate'> | undefined
  /**
   * Fits several folds at the same time, with the same scores: on so many threads beside the calling one, or with `true` on as many as the machine has cores
   * for. Forests and boosted trees are fitted on threads (worker threads of Node or Web Workers); without threads, and for other learners, the calling
   * thread does everything.
   * @default false
   */
  readonly workers?: number | boolean | undefined
  /** Receives the warnings of the fits, each once, through `warn`. @default the console */
  readonly logger?: Logger | undefined
}

/** Mean and spread of one value per fold. */
export interface FoldSummary {
  /** Mean of `values`. */
  readonly mean: number
  /** Population standard deviation of `values` (divisor: folds), as `numpy.std`. */
  readonly std: number
  /** One value per fold; with `repeats`, round after round. */
  readonly values: readonly number[]
}

/** One metric over all folds. */
export interface FoldScores extends FoldSummary {
  /** The same on the rows learned from, with `returnTrainScores`. */
  readonly train?: FoldSummary | undefined
}

/** Scores by metric name. */
export type CrossValidation<Scoring extends readonly (MetricName | Metric)[]> = {
  readonly [Name in MetricNameOf<Scoring[number]>]: FoldScores
}

/**
 * For each fold: fits the estimator on the other folds and scores it on this one. The event loop gets turns in between.
 *
 * @throws NotFound for an unknown column; InvalidArgument for options out of range, a metric for another task, or fewer rows
 * than folds; and as `fit`
 *
 * @example
 * const scores = await crossValidate(model, train, { target: 'late', scoring: ['accuracy', 'rocAuc'] })
 * scores.rocAuc.mean
 */
export async function crossValidate<E extends Estimator, T extends Table, const Scoring extends readonly MetricOf<E>[] = DefaultScoring<E>>(
  estimator: E,
  table: T,
  options: CrossValidateOptions<Scoring, NameOf<T>>,
): Promise<CrossValidation<Scoring>> {
  assertEstimator('crossValidate', estimator)
  checkCrossValidation('crossValidate', options)
  throwIfAborted(options.signal)
  const plan = validationPlan('crossValidate', estimator.task, table, options)
  const report = progressReporter(options.onProgress)
  const warnings = warningCollector()
  const results: FoldResult[] = []
  for await (const result of foldResults(estimator, plan, { ...options, logger: warnings.logger })) {
    results.push(result)
    report({ phase: 'cross-validate', done: results.length, total: plan.folds.length, unit: 'steps' })
  }
  warnings.tell(plan.folds.length, options.logger)
  return displayedFolds(scoresOf(plan.metrics, results), options.target) as CrossValidation<Scoring>
}

/** What is the same for every estimator that is validated on a table. */
export interface ValidationPlan {
  readonly table: Table
  readonly target: string
  readonly folds: readonly Fold[]
  readonly metrics: readonly Metric[]
}

/** What one fold gives: one value per metric. */
export interface FoldResult {
  readonly values: readonly number[]
  readonly trainValues?: readonly number[] | undefined
  /** Row numbers that it was judged on. */
  readonly fold: Fold
  readonly fitted: FittedModel
}

type AnyOptions = Omit<CrossValidateOptions<readonly (MetricName | Metric)[]>, 'onProgress'>

/** Checks table, columns and metrics, and divides the rows. */
export function validationPlan(
  operation: string,
  task: 'classification' | 'regression',
  table: Table,
  options: AnyOptions,
): ValidationPlan {
  assertTable(table, operation)
  const { target, groups } = options
  const metrics = (options.scoring ?? defaultsFor(task)).map((metric) => metricFor(metric, task))
  if (!table.columnNames.includes(target)) throw columnNotFound(target, table.columnNames)
  targetOf(table.column(target), task)
  const folds = foldsFor(operation, table, task, options)
  return { table: groups === undefined ? table : withoutColumn(table, groups), target, folds, metrics }
}

/** Fits and scores fold after fold; the event loop gets a turn before each. */
export async function* foldResults(
  estimator: Estimator,
  { table, target, folds, metrics }: ValidationPlan,
  options: Pick<AnyOptions, 'signal' | 'logger' | 'returnTrainScores' | 'workers'>,
): AsyncGenerator<FoldResult, void> {
  const { signal, logger, workers = false } = options
  const trainOf = (fold: number): Table => takeRows(table, (folds[fold] as Fold).train)
  const plan = { estimator, count: folds.length, tableOf: trainOf, options: { target, signal, logger } }
  const { fitsOnThreads } = workers === false ? { fitsOnThreads: undefined } : await import('./threads/fits-on-threads')
  const models = fitsOnThreads === undefined ? fitsInTurn(plan) : fitsOnThreads({ ...plan, workers })
  let number = 0
  for await (const fitted of models) {
    const fold = folds[number] as Fold
    yield {
      fold,
      fitted,
      values: scoreMetrics(fitted, takeRows(table, fold.test), metrics),
      ...(options.returnTrainScores ? { trainValues: scoreMetrics(fitted, trainOf(number), metrics) } : {}),
    }
    number++
  }
}

/** One fit after another. */
async function* fitsInTurn({
  estimator,
  count,
  tableOf: tableOfFit,
  options,
}: Omit<FitPlan, 'workers'>): AsyncGenerator<FittedModel, void> {
  for (let fit = 0; fit < count; fit++) {
    await yieldToEventLoop()
    throwIfAborted(options.signal)
    yield await estimator.fitAsync(tableOfFit(fit), options)
  }
}

/** Scores by the names of the metrics. */
export function scoresOf(metrics: readonly Metric[], results: readonly FoldResult[]): Record<string, FoldScores> {
  const scored = metrics.map(({ name }, m) => {
    const train = results.flatMap(({ trainValues }) => (trainValues === undefined ? [] : [trainValues[m] as number]))
    const scores = summaryOf(results.map(({ values }) => values[m] as number))
    return [name, train.length === 0 ? scores : { ...scores, train: summaryOf(train) }] as const
  })
  return Object.fromEntries(scored)
}

/** Mean and population standard deviation. */
export function summaryOf(values: readonly number[]): FoldSummary {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
  return { mean, std: Math.sqrt(variance), values }
}

/** Collects the warnings of many fits, and tells the first of them. */
export function warningCollector(): { readonly logger: Logger; tell(fits: number, logger: Logger | undefined): void } {
  const warnings: string[] = []
  return {
    logger: { ...silentLogger(), warn: (message: string) => void warnings.push(message) },
    tell(fits, logger) {
      if (warnings.length > 0) tellWarnings([`in ${warnings.length} of ${fits} folds: ${warnings[0]}`], logger)
    },
  }
}

/** Refuses what is no estimator. @throws InvalidArgument */
export function assertEstimator(operation: string, estimator: Estimator): void {
  if (typeof estimator?.fitAsync === 'function' && typeof estimator.task === 'string') return
  const fitted = typeof (estimator as { predict?: unknown } | null | undefined)?.predict === 'function'
  throw invalidArgument(
    `${operation} takes an estimator such as randomForestClassifier(), got ${fitted ? 'a model that is fitted already' : show(estimator)}`,
  )
}

/** Checks the options that everything that cross-validates shares, and `more`. @throws InvalidArgument */
export function checkCrossValidation(operation: string, options: AnyOptions, more: Readonly<Record<string, OptionRule>> = {}): void {
  if (options === undefined) throw invalidArgument(`${operation} needs options: { target: 'late' }`)
  checkOptions(operation, options, {
    target: nonEmptyString(),
    folds: either(wholeNumber(2), arrayOf(ofType('object'))),
    repeats: wholeNumber(1),
    scoring: arrayOf(anything()),
    stratify: ofType('boolean'),
    shuffle: ofType('boolean'),
    groups: nonEmptyString(),
    timeOrder: nonEmptyString(),
    gap: wholeNumber(0),
    maxTrainRows: wholeNumber(1),
    seed: finiteNumber(),
    returnTrainScores: ofType('boolean'),
    signal: anything(),
    onProgress: ofType('function'),
    workers: either(wholeNumber(0), ofType('boolean')),
    logger: loggerRule,
    ...more,
  })
  if (options?.target === undefined) throw invalidArgument(`${operation} needs \`target\`, the name of the column to predict`)
  if (options.scoring?.length === 0) {
    throw invalidArgument(`${operation} needs \`scoring\` with at least one metric such as 'accuracy', or no \`scoring\` for the default`)
  }
  checkFoldOptions(operation, options)
}

function withoutColumn(table: Table, dropped: string): Table {
  return tableOf(table.columnNames.filter((name) => name !== dropped).map((name) => table.column(name)))
}
