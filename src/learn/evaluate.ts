/** How good a fitted model is on labelled rows. */
import { invalidArgument, show } from '../core/errors'
import { anything, checkOptions } from '../core/options'
import { type Metric, type MetricName, metricByName } from '../metrics/metric'
import { assertTable, columnNotFound, type Table } from '../schema/table'
import { type FittedModel, labelsOf } from './fitted-model'
import { labelsOfColumn, targetOf } from './target'

/** Options of {@link evaluate}. */
export interface EvaluateOptions {
  /**
   * Names or metric objects.
   * @default for classifiers accuracy, balancedAccuracy, f1, rocAuc and logLoss, where they are defined; for regressors rmse, mae and r2
   */
  readonly metrics?: readonly (MetricName | Metric)[] | undefined
}

/**
 * Metrics of a fitted model on a table that has its target column.
 *
 * A metric asked for by name that is not defined on these rows (`rocAuc` of one class) is `NaN`; of the default ones it is left out.
 *
 * @throws NotFound without the target column; InvalidArgument when it has missing values, there are no rows, or a metric is for
 * another task; SchemaMismatch as `predict`
 */
export function evaluate(model: FittedModel, table: Table, options: EvaluateOptions = {}): Record<string, number> {
  checkOptions('evaluate', options, { metrics: anything() })
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
  return scores
}

/** The metric of a name or object. @throws InvalidArgument when it is for another task */
export function metricFor(metric: string | Metric, task: 'classification' | 'regression'): Metric {
  const found = metricByName(metric)
  if (found.task !== task) throw invalidArgument(`the metric ${show(found.name)} is for ${found.task}, the model is for ${task}`)
  return found
}

/** The value of each metric; predictions are made once. */
export function scoreMetrics(model: FittedModel, table: Table, metrics: readonly Metric[]): number[] {
  const column = table.column(model.target)
  if (model.task === 'regression') {
    const actual = targetOf(column, 'regression').vector.values
    const predicted = model.predict(table) as number[]
    return metrics.map((metric) => (metric.needs === 'numbers' ? metric.compute(actual, predicted) : Number.NaN))
  }
  targetOf(column, 'classification')
  const actual = labelsOfColumn(column)
  const probabilities = model.predictProba(table)
  const predicted = labelsOf(probabilities.values, probabilities.classes)
  const known = new Set(probabilities.classes)
  const complete = actual.every((label) => known.has(label))
  return metrics.map((metric) => {
    if (metric.needs === 'labels') return metric.compute(actual, predicted, probabilities.classes)
    // A label that training did not have has no probability, so what needs one is not defined.
    return metric.needs === 'probabilities' && complete ? metric.compute(actual, probabilities) : Number.NaN
  })
}

function defaultsFor(task: 'classification' | 'regression'): readonly MetricName[] {
  return task === 'regression' ? ['rmse', 'mae', 'r2'] : ['accuracy', 'balancedAccuracy', 'f1', 'rocAuc', 'logLoss']
}
