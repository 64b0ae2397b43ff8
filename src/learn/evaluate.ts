/** Computes metrics of a fitted model on labelled rows. */
import { invalidArgument, show } from '../core/errors'
import { anything, arrayOf, checkOptions } from '../core/options'
import type { Label } from '../metrics/label'
import {
  type ClassificationMetricName,
  type LabelMetric,
  type Metric,
  type MetricName,
  metricByName,
  type NumberMetric,
  type ProbabilityMetric,
  type RegressionMetricName,
} from '../metrics/metric'
import { scoreRows } from '../metrics/score'
import { labelOrThrow } from '../schema/label'
import { assertTable, columnNotFound, type Table } from '../schema/table'
import { displayedEvaluation } from './display'
import { type FittedModel, labelsOf } from './fitted-model'
import { assertComplete, labelsOfColumn, targetOf } from './target'

/** Options of {@link evaluate}. */
export interface EvaluateOptions<M extends FittedModel = FittedModel, Metrics extends readonly MetricOf<M>[] = readonly MetricOf<M>[]> {
  /**
   * Names or metric objects.
   * @default for classifiers accuracy, balancedAccuracy, f1, rocAuc and logLoss, where they are defined; for regressors rmse, mae and r2
   */
  readonly metrics?: Metrics | undefined
}

/** Estimators and fitted models: anything with a task. */
export interface HasTask {
  readonly task: 'classification' | 'regression'
}

/** Metrics for the task of a model or estimator, by name or as objects. */
export type MetricOf<M extends HasTask> = M['task'] extends 'classification'
  ? ClassificationMetricName | LabelMetric | ProbabilityMetric
  : M['task'] extends 'regression'
    ? RegressionMetricName | NumberMetric
    : MetricName | Metric

/** The name under which a metric's value is reported. */
export type MetricNameOf<S> = S extends string ? S : S extends { readonly name: infer Name extends string } ? Name : never

/** Values by the names of the requested metrics. */
export type ScoresOf<Metrics extends readonly (MetricName | Metric)[]> = { readonly [Name in MetricNameOf<Metrics[number]>]: number }

/** The default metrics of a classifier; those that are not always defined are optional. A type, not an interface, so that it is a record of numbers too. */
export type ClassifierScores = {
  readonly accuracy: number
  readonly balancedAccuracy: number
  readonly f1?: number
  readonly rocAuc?: number
  readonly logLoss?: number
}

/** The default metrics of a regressor. A type, not an interface, so that it is a record of numbers too. */
export type RegressorScores = {
  readonly rmse: number
  readonly mae: number
  readonly r2: number
}

/** The metrics that cross-validation computes when none are named. */
export type DefaultScoring<M extends HasTask> = readonly Extract<MetricOf<M>, keyof ClassifierScores | keyof RegressorScores>[]

/** The metrics that are computed when none are named; those not always defined are optional. */
export type DefaultScores<M extends HasTask> = M['task'] extends 'classification'
  ? ClassifierScores
  : M['task'] extends 'regression'
    ? RegressorScores
    : Partial<ClassifierScores & RegressorScores>

/**
 * Metrics of a fitted model on a table that has its target column.
 *
 * A metric that is not defined on these rows (`rocAuc` of one class) is `NaN` if it was requested by name; a default metric is left out.
 *
 * @throws NotFound without the target column; InvalidArgument when it has missing values, there are no rows, or a metric is for
 * another task; SchemaMismatch as `predict`
 */
export function evaluate<M extends FittedModel>(
  model: M,
  table: Table,
  options?: EvaluateOptions<M> & { readonly metrics?: undefined },
): DefaultScores<M>
export function evaluate<M extends FittedModel, const Metrics extends readonly MetricOf<M>[]>(
  model: M,
  table: Table,
  options: EvaluateOptions<M, Metrics>,
): ScoresOf<Metrics>
export function evaluate(model: FittedModel, table: Table, options: EvaluateOptions = {}): Record<string, number> {
  assertModel('evaluate', model)
  checkOptions('evaluate', options, { metrics: arrayOf(anything()) })
  assertTable(table, 'evaluate')
  if (!table.columnNames.includes(model.target)) throw columnNotFound(model.target, table.columnNames)
  if (table.numRows === 0) throw invalidArgument('evaluate needs at least one row, the table has none')
  const given = options.metrics
  const metrics = (given ?? defaultsFor(model.task)).map((metric) => metricFor(metric, model.task))
  const values = scoreMetrics(model, table, metrics)
  const scores: Record<string, number> = {}
  metrics.forEach(({ name }, i) => {
    if (given !== undefined || !Number.isNaN(values[i])) scores[name] = values[i] as number
  })
  return displayedEvaluation(scores, { target: model.target, rows: table.numRows })
}

function assertModel(operation: string, model: FittedModel): void {
  if (typeof model?.predict === 'function' && typeof model.target === 'string') return
  const unfitted = typeof (model as { fit?: unknown } | null | undefined)?.fit === 'function'
  throw invalidArgument(`${operation} takes a fitted model, got ${unfitted ? 'an estimator that is not fitted' : show(model)}`, {
    ...(unfitted ? { hint: 'fit it first: estimator.fit(train, { target })' } : {}),
  })
}

/** The metric of a name or object. @throws InvalidArgument when it is for another task */
export function metricFor(metric: string | Metric, task: 'classification' | 'regression'): Metric {
  const found = metricByName(metric)
  if (found.task !== task) throw invalidArgument(`the metric ${show(found.name)} is for ${found.task}, the model is for ${task}`)
  return found
}

/** The value of each metric; predictions are computed once. */
export function scoreMetrics(model: FittedModel, table: Table, metrics: readonly Metric[]): number[] {
  const score = tableScorer({ task: model.task, target: model.target, classes: model.classes ?? [] }, table, metrics)
  return score(model.task === 'regression' ? (model.predict(table) as number[]) : model.predictProba(table).values)
}

/** What a scorer knows of a model. */
export interface ScoredTask {
  readonly task: 'classification' | 'regression'
  readonly target: string
  /** Of classifiers. */
  readonly classes: readonly Label[]
}

/** Gives the value of each metric for predictions of the rows of a table: numbers, or row-major probabilities of the classes. */
export function tableScorer(
  { task, target, classes }: ScoredTask,
  table: Table,
  metrics: readonly Metric[],
): (predictions: Float64Array | readonly number[]) => number[] {
  const column = table.column(target)
  assertComplete(column)
  if (task === 'regression') {
    const actual = targetOf(column, 'regression').vector.values
    return (predicted) => metrics.map((metric) => (metric.needs === 'numbers' ? metric.compute(actual, predicted) : Number.NaN))
  }
  // A table from another source may have the target in another type: 1 for true, "9" for 9.
  const known = new Set<Label>(classes)
  const actual = labelsOfColumn(column).map((label, row) =>
    known.has(label) ? label : (labelOrThrow(label, classes, `row ${row} of the target ${show(column.name)}`) as Label),
  )
  return (values) => {
    const probabilities = { classes, values: values as Float64Array }
    const predicted = labelsOf(probabilities.values, classes)
    return metrics.map((metric) => scoreRows(metric, { actual, predicted, classes, probabilities: () => probabilities }))
  }
}

/** The metrics of a task when none are named. */
export function defaultsFor(task: 'classification' | 'regression'): readonly MetricName[] {
  return task === 'regression' ? ['rmse', 'mae', 'r2'] : ['accuracy', 'balancedAccuracy', 'f1', 'rocAuc', 'logLoss']
}
