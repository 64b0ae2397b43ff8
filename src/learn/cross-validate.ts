/** Cross-validation: scores an estimator on rows that it was not fitted on. */
import { invalidArgument, show } from '../core/errors'
import { type Logger, silentLogger } from '../core/logger'
import { anything, arrayOf, checkOptions, finiteNumber, nonEmptyString, ofType, wholeNumber } from '../core/options'
import { type OnProgress, progressReporter } from '../core/progress'
import { createRng } from '../core/random'
import { throwIfAborted, yieldToEventLoop } from '../core/signal'
import type { Metric, MetricName } from '../metrics/metric'
import { takeColumn, toFloat64 } from '../schema/column'
import { blockFolds, type Fold, foldsOfTests, orderOf, randomFolds, strataOf, stratifiedFolds, timeFolds } from '../schema/partition'
import type { NameOf } from '../schema/row-types'
import { assertTable, columnNotFound, type Table, tableOf } from '../schema/table'
import { displayedFolds } from './display'
import { type Estimator, loggerRule, tellWarnings } from './estimator'
import { type MetricNameOf, type MetricOf, metricFor, scoreMetrics } from './evaluate'
import { targetOf } from './target'

/** Options of {@link crossValidate}. */
export interface CrossValidateOptions<Scoring extends readonly (MetricName | Metric)[], Name extends string = string> {
  /** The column to predict. */
  readonly target: Name
  /** Number of folds. @default 5 */
  readonly folds?: number | undefined
  /** Metrics by name, or as objects. */
  readonly scoring: Scoring
  /** Keep the proportions of the classes in every fold. @default true for classifiers without `groups` and `timeOrder` */
  readonly stratify?: boolean | undefined
  /** Shuffle rows before dividing; without, folds are consecutive blocks (only with `stratify: false`). @default true */
  readonly shuffle?: boolean | undefined
  /** A column of group labels: rows with equal values go to the same fold. It is not used as a feature. */
  readonly groups?: Name | undefined
  /** A column that orders rows in time: each fit uses earlier rows and is scored on later ones. The column stays a feature. */
  readonly timeOrder?: Name | undefined
  /** @default 0 */
  readonly seed?: number | undefined
  /** Stops between folds and between trees; the signal's reason is thrown. */
  readonly signal?: AbortSignal | undefined
  /** Called after every fold. */
  readonly onProgress?: OnProgress<'cross-validate'> | undefined
  /** Receives the warnings of the fits, each once, through `warn`. @default the console */
  readonly logger?: Logger | undefined
}

/** One metric over all folds. */
export interface FoldScores {
  /** Mean of `values`. */
  readonly mean: number
  /** Population standard deviation of `values` (divisor: folds), as `numpy.std`. */
  readonly std: number
  /** One value per fold. */
  readonly values: readonly number[]
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
export async function crossValidate<E extends Estimator, T extends Table, const Scoring extends readonly MetricOf<E>[]>(
  estimator: E,
  table: T,
  options: CrossValidateOptions<Scoring, NameOf<T>>,
): Promise<CrossValidation<Scoring>> {
  assertEstimator(estimator)
  checkCrossValidation(options)
  assertTable(table, 'crossValidate')
  const { target, signal } = options
  throwIfAborted(signal)
  const metrics = options.scoring.map((metric) => metricFor(metric, estimator.task))
  if (!table.columnNames.includes(target)) throw columnNotFound(target, table.columnNames)
  for (const name of [options.groups, options.timeOrder]) {
    if (name !== undefined && !table.columnNames.includes(name)) throw columnNotFound(name, table.columnNames)
    if (name === target) throw invalidArgument(`crossValidate cannot divide by the target ${show(target)} itself`)
  }
  targetOf(table.column(target), estimator.task)
  const folds = foldsFor(table, estimator.task, options)
  const usable = options.groups === undefined ? table : withoutColumn(table, options.groups)
  const report = progressReporter(options.onProgress)
  const values: number[][] = metrics.map(() => [])
  const warnings: string[] = []
  const logger = { ...silentLogger(), warn: (message: string) => void warnings.push(message) }
  for (const [i, fold] of folds.entries()) {
    await yieldToEventLoop()
    throwIfAborted(signal)
    const fitted = await estimator.fitAsync(takeRows(usable, fold.train), { target, signal, logger })
    scoreMetrics(fitted, takeRows(usable, fold.test), metrics).forEach((value, m) => {
      values[m]?.push(value)
    })
    report({ phase: 'cross-validate', done: i + 1, total: folds.length, unit: 'steps' })
  }
  if (warnings.length > 0) tellWarnings([`in ${warnings.length} of ${folds.length} folds: ${warnings[0]}`], options.logger)
  const scores = Object.fromEntries(metrics.map(({ name }, m) => [name, summary(values[m] as number[])]))
  return displayedFolds(scores, target) as CrossValidation<Scoring>
}

function assertEstimator(estimator: Estimator): void {
  if (typeof estimator?.fitAsync === 'function' && typeof estimator.task === 'string') return
  const fitted = typeof (estimator as { predict?: unknown } | null | undefined)?.predict === 'function'
  throw invalidArgument(
    `crossValidate takes an estimator such as randomForestClassifier(), got ${fitted ? 'a model that is fitted already' : show(estimator)}`,
  )
}

function checkCrossValidation(options: CrossValidateOptions<readonly (MetricName | Metric)[]>): void {
  if (options === undefined) throw invalidArgument("crossValidate needs options: { target: 'late', scoring: ['accuracy'] }")
  checkOptions('crossValidate', options, {
    target: nonEmptyString(),
    folds: wholeNumber(2),
    scoring: arrayOf(anything()),
    stratify: ofType('boolean'),
    shuffle: ofType('boolean'),
    groups: nonEmptyString(),
    timeOrder: nonEmptyString(),
    seed: finiteNumber(),
    signal: anything(),
    onProgress: ofType('function'),
    logger: loggerRule,
  })
  if (options?.target === undefined) throw invalidArgument('crossValidate needs `target`, the name of the column to predict')
  if (options.scoring === undefined || options.scoring.length === 0) {
    throw invalidArgument("crossValidate needs `scoring`, a list of metrics such as ['accuracy']")
  }
  const { stratify, groups, timeOrder, shuffle } = options
  if ([stratify === true, groups !== undefined, timeOrder !== undefined].filter(Boolean).length > 1) {
    throw invalidArgument('crossValidate takes one of `stratify`, `groups` and `timeOrder`')
  }
  if (shuffle === false && stratify !== false) throw invalidArgument('`shuffle: false` of crossValidate needs `stratify: false`')
}

function foldsFor(table: Table, task: string, options: CrossValidateOptions<readonly (MetricName | Metric)[]>): Fold[] {
  const { folds: k = 5, groups, timeOrder, shuffle = true } = options
  const n = table.numRows
  const rng = createRng(options.seed ?? 0)
  if (timeOrder !== undefined) return timeFolds(orderOf(toFloat64(table.column(timeOrder))), k)
  if (groups !== undefined) return groupFolds(strataOf(table.column(groups)), k, groups)
  if (options.stratify ?? task === 'classification') {
    return foldsOfTests(n, stratifiedFolds(strataOf(table.column(options.target)), k, rng))
  }
  return foldsOfTests(n, shuffle ? randomFolds(n, k, rng) : blockFolds(n, k))
}

/** Folds of whole groups: the largest groups first, each to the fold with the fewest rows so far. */
function groupFolds(codes: Int32Array, k: number, name: string): Fold[] {
  const members = new Map<number, number[]>()
  codes.forEach((code, row) => {
    const rows = members.get(code)
    if (rows === undefined) members.set(code, [row])
    else rows.push(row)
  })
  if (members.size < k) throw invalidArgument(`${k} folds need at least ${k} groups, ${show(name)} has ${members.size}`)
  const tests: number[][] = Array.from({ length: k }, () => [])
  for (const rows of [...members.values()].sort((a, b) => b.length - a.length)) {
    const smallest = tests.reduce((least, test) => (test.length < least.length ? test : least))
    for (const row of rows) smallest.push(row)
  }
  return foldsOfTests(
    codes.length,
    tests.map((test) => Int32Array.from(test).sort()),
  )
}

function takeRows(table: Table, rows: Int32Array): Table {
  return tableOf(table.columnNames.map((name) => takeColumn(table.column(name), rows)))
}

function withoutColumn(table: Table, dropped: string): Table {
  return tableOf(table.columnNames.filter((name) => name !== dropped).map((name) => table.column(name)))
}

function summary(values: readonly number[]): FoldScores {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
  return { mean, std: Math.sqrt(variance), values }
}
