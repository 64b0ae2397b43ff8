/** Metrics as objects: a name, a direction, what they need, and how they are computed. */
import { invalidArgument, show } from '../core/errors'
import { accuracy, balancedAccuracy, cohenKappa, matthews } from './confusion-matrix'
import type { ClassProbabilities, Label } from './label'
import { f1, precision, recall } from './precision-recall'
import { brier, logLoss } from './probability'
import { averagePrecision, rocAuc } from './ranking'
import { d2AbsoluteError, explainedVariance, mae, mape, maxError, medianAbsoluteError, mse, pinball, r2, rmse } from './regression'

/** What every metric has. */
export interface MetricBase<Name extends string> {
  /** Under which its value is reported. */
  readonly name: Name
  /** Which way is better; never guessed from the name. */
  readonly higherIsBetter: boolean
}

/** A metric of predicted labels. */
export interface LabelMetric<Name extends string = string> extends MetricBase<Name> {
  readonly task: 'classification'
  readonly needs: 'labels'
  /** @param classes all classes of the task, where the rows at hand may lack some */
  compute(actual: ArrayLike<Label>, predicted: ArrayLike<Label>, classes?: readonly Label[]): number
}

/** A metric of class probabilities. */
export interface ProbabilityMetric<Name extends string = string> extends MetricBase<Name> {
  readonly task: 'classification'
  readonly needs: 'probabilities'
  compute(actual: ArrayLike<Label>, probabilities: ClassProbabilities): number
}

/** A metric of predicted numbers. */
export interface NumberMetric<Name extends string = string> extends MetricBase<Name> {
  readonly task: 'regression'
  readonly needs: 'numbers'
  compute(actual: ArrayLike<number>, predicted: ArrayLike<number>): number
}

/** Any metric; write one as a plain object. Its value is `NaN` where it is not defined (`rocAuc` of one class). */
export type Metric<Name extends string = string> = LabelMetric<Name> | ProbabilityMetric<Name> | NumberMetric<Name>

/** The names of the metrics that come with the library. */
export type MetricName = ClassificationMetricName | RegressionMetricName

/** Metrics of classifiers. For `precision`, `recall` and `f1`: the positive class of two, the macro mean of more. */
export type ClassificationMetricName =
  | 'accuracy'
  | 'balancedAccuracy'
  | 'precision'
  | 'recall'
  | 'f1'
  | 'matthews'
  | 'cohenKappa'
  | 'rocAuc'
  | 'averagePrecision'
  | 'logLoss'
  | 'brier'

/** Metrics of regressors. */
export type RegressionMetricName =
  | 'rmse'
  | 'mae'
  | 'mse'
  | 'r2'
  | 'mape'
  | 'medianAbsoluteError'
  | 'maxError'
  | 'explainedVariance'
  | 'pinball'
  | 'd2AbsoluteError'

/** Names of all classification metrics, in a fixed order. */
export const classificationMetricNames: readonly ClassificationMetricName[] = [
  'accuracy',
  'balancedAccuracy',
  'precision',
  'recall',
  'f1',
  'matthews',
  'cohenKappa',
  'rocAuc',
  'averagePrecision',
  'logLoss',
  'brier',
]

/** Names of all regression metrics, in a fixed order. */
export const regressionMetricNames: readonly RegressionMetricName[] = [
  'rmse',
  'mae',
  'mse',
  'r2',
  'mape',
  'medianAbsoluteError',
  'maxError',
  'explainedVariance',
  'pinball',
  'd2AbsoluteError',
]

/**
 * The metric of a name; a metric object is returned as it is.
 *
 * @throws InvalidArgument listing the names there are
 *
 * @example
 * metricByName('rmse').higherIsBetter // false
 */
export function metricByName<Name extends MetricName>(name: Name): Metric<Name>
export function metricByName(name: string | Metric): Metric
export function metricByName(name: string | Metric): Metric {
  if (typeof name === 'object' && name !== null && typeof name.compute === 'function') return name
  const metric = build(name as MetricName)
  if (metric === undefined) {
    throw invalidArgument(`no metric ${show(name)}; there are ${[...classificationMetricNames, ...regressionMetricNames].join(', ')}`)
  }
  return metric
}

function build(name: MetricName): Metric | undefined {
  switch (name) {
    case 'accuracy':
      return labels(name, (actual, predicted) => accuracy(actual, predicted))
    case 'balancedAccuracy':
      return labels(name, (actual, predicted) => balancedAccuracy(actual, predicted))
    case 'precision':
      return labels(name, (actual, predicted, classes) => precision(actual, predicted, { classes }))
    case 'recall':
      return labels(name, (actual, predicted, classes) => recall(actual, predicted, { classes }))
    case 'f1':
      return labels(name, (actual, predicted, classes) => f1(actual, predicted, { classes }))
    case 'matthews':
      return labels(name, (actual, predicted) => matthews(actual, predicted))
    case 'cohenKappa':
      return labels(name, (actual, predicted) => cohenKappa(actual, predicted))
    case 'rocAuc':
      return probabilities(name, rocAuc, true)
    case 'averagePrecision':
      return probabilities(name, averagePrecision, true)
    case 'logLoss':
      return probabilities(name, logLoss, false)
    case 'brier':
      return probabilities(name, brier, false)
    case 'rmse':
      return numbers(name, rmse, false)
    case 'mae':
      return numbers(name, mae, false)
    case 'mse':
      return numbers(name, mse, false)
    case 'r2':
      return numbers(name, r2, true)
    case 'mape':
      return numbers(name, mape, false)
    case 'medianAbsoluteError':
      return numbers(name, medianAbsoluteError, false)
    case 'maxError':
      return numbers(name, maxError, false)
    case 'explainedVariance':
      return numbers(name, explainedVariance, true)
    case 'pinball':
      return numbers(name, pinball, false)
    case 'd2AbsoluteError':
      return numbers(name, d2AbsoluteError, true)
    default:
      return undefined
  }
}

function labels(name: string, compute: LabelMetric['compute']): LabelMetric {
  return { name, task: 'classification', higherIsBetter: true, needs: 'labels', compute: (a, p, classes) => compute(a, p, classes) }
}

function probabilities(
  name: string,
  compute: (actual: ArrayLike<Label>, given: ClassProbabilities) => number,
  higherIsBetter: boolean,
): ProbabilityMetric {
  return { name, task: 'classification', higherIsBetter, needs: 'probabilities', compute: (a, p) => compute(a, p) }
}

function numbers(
  name: string,
  compute: (actual: ArrayLike<number>, predicted: ArrayLike<number>) => number,
  higherIsBetter: boolean,
): NumberMetric {
  return { name, task: 'regression', higherIsBetter, needs: 'numbers', compute: (a, p) => compute(a, p) }
}
