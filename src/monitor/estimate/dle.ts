/** Performance of a regressor without labels: a second model learns how wrong the first one is where (direct loss estimation, DLE). */
import { invalidArgument, show } from '../../core/errors'
import { arrayOf, checkOptions, ofType, oneOf, wholeNumber } from '../../core/options'
import { type FittedRegressor, gradientBoostingRegressor, type Regressor } from '../../learn'
import { columnFrom, renameColumn } from '../../schema/column'
import { type Table, tableOf } from '../../schema/table'
import { displayedEstimator } from '../display'
import type { PerformanceEstimator, UnlabelledRows } from './estimator'
import { chunkLimits, chunksOf, type LabelledRows } from './reference'
import { meanError } from './sampling-error'

/** Metrics of {@link fitDle}. */
export type DleMetric = 'mae' | 'mape' | 'mse' | 'rmse' | 'msle' | 'rmsle'

/** Options of {@link fitDle}. */
export interface DleOptions {
  /** @default mae, mape, mse, rmse; and msle, rmsle where no number is negative */
  readonly metrics?: readonly DleMetric[] | undefined
  /** Input columns that the second model learns from. @default every column of the reference's table */
  readonly features?: readonly string[] | undefined
  /** The second model. @default boosted trees, whose leaves have at least 20 rows */
  readonly learner?: Regressor | undefined
  /** Rows of a chunk, for the limits. @default a tenth of the reference */
  readonly chunkRows?: number | undefined
}

/** An estimator of regressors. */
export interface DleEstimator extends PerformanceEstimator {
  readonly metrics: readonly DleMetric[]
}

/** The loss of one row behind each metric; the metric is its mean, or the root of that. */
const losses = {
  absolute: (actual: number, predicted: number) => Math.abs(actual - predicted),
  // As scikit-learn, which divides by the smallest number there is where the true value is 0.
  relative: (actual: number, predicted: number) => Math.abs(actual - predicted) / Math.max(Math.abs(actual), Number.EPSILON),
  squared: (actual: number, predicted: number) => (actual - predicted) ** 2,
  logarithmic: (actual: number, predicted: number) => (Math.log1p(actual) - Math.log1p(predicted)) ** 2,
} as const

const lossOf: Readonly<Record<DleMetric, { readonly loss: keyof typeof losses; readonly root: boolean }>> = {
  mae: { loss: 'absolute', root: false },
  mape: { loss: 'relative', root: false },
  mse: { loss: 'squared', root: false },
  rmse: { loss: 'squared', root: true },
  msle: { loss: 'logarithmic', root: false },
  rmsle: { loss: 'logarithmic', root: true },
}

const predictionColumn = 'prediction of the model'
const lossColumn = 'loss of the model'

/**
 * Fits a model of the loss on labelled rows, from the inputs and the prediction; the mean of the losses that it predicts for rows without labels is
 * the estimate. Labels that were joined out of the inputs must not be among the features.
 *
 * The reference must be rows that the model was not fitted on. Where the relation of inputs and target changes, only labels show it.
 *
 * @throws InvalidArgument for invalid options, and for predictions and labels that are not numbers
 * @example const estimator = fitDle(modelRows(model, test)); estimator.estimate(rows, 'rmse').value
 *
 * Source: NannyML 0.13, which uses LightGBM.
 */
export function fitDle(reference: LabelledRows, options: DleOptions = {}): DleEstimator {
  const names = Object.keys(lossOf) as DleMetric[]
  checkOptions('fitDle', options, {
    metrics: arrayOf(oneOf(...names)),
    features: arrayOf(ofType('string')),
    learner: { allowed: 'an estimator of numbers', test: (value) => typeof (value as Regressor | null)?.fit === 'function' },
    chunkRows: wholeNumber(2),
  })
  if (!(reference?.actual?.length > 1) || reference.actual.length !== reference.predicted.length)
    throw invalidArgument(`fitDle needs at least two rows with a label each, got ${show(reference?.actual?.length)}`)
  const predicted = numbersOf(reference.predicted, 'prediction')
  const actual = numbersOf(reference.actual, 'label')
  const canLog = [...predicted, ...actual].every((value) => value > -1)
  const metrics = options.metrics ?? names.filter((metric) => canLog || lossOf[metric].loss !== 'logarithmic')
  const needsLog = metrics.find((metric) => lossOf[metric].loss === 'logarithmic')
  if (needsLog !== undefined && !canLog) throw invalidArgument(`the metric ${needsLog} of fitDle needs predictions and labels above −1`)
  const { learner = gradientBoostingRegressor() } = options
  const features = options.features ?? reference.table.columnNames
  const table = withPrediction(reference.table, predicted, features)
  const chunks = chunksOf(actual.length, options.chunkRows ?? Math.max(2, Math.ceil(actual.length / 10)))
  const models = new Map(
    [...new Set(metrics.map((metric) => lossOf[metric].loss))].map((loss) => {
      const values = actual.map((value, i) => losses[loss](value, predicted[i] as number))
      const columns = [...table.columnNames.map((name) => table.column(name)), columnFrom(lossColumn, 'float64', values)]
      return [loss, { values, model: learner.fit(tableOf(columns), { target: lossColumn }) as FittedRegressor }] as const
    }),
  )
  const learned = new Map(
    metrics.map((metric) => {
      const { loss, root } = lossOf[metric]
      const { values } = models.get(loss) as { values: Float64Array }
      const over = (from: number, to: number): number => metricOfLosses(values.subarray(from, to), root)
      const limits = chunkLimits(
        chunks.map(([from, to]) => over(from, to)),
        [0, Number.POSITIVE_INFINITY],
      )
      return [metric as string, { root, loss, limits, reference: over(0, values.length), error: meanError(values) }] as const
    }),
  )
  return displayedEstimator('DLE', {
    metrics,
    estimate(rows: UnlabelledRows, metric: string) {
      const known = learned.get(metric)
      if (known === undefined) throw invalidArgument(`the estimator has no metric ${show(metric)}; it has ${metrics.join(', ')}`)
      const { root, loss, limits, reference: realised, error } = known
      const n = rows.predicted.length
      const { model } = models.get(loss) as { model: FittedRegressor }
      const found = n === 0 ? [] : model.predict(withPrediction(rows.table, numbersOf(rows.predicted, 'prediction'), features))
      // A sum of leaves may fall below zero, which no loss does.
      const value = metricOfLosses(
        Float64Array.from(found, (one) => Math.max(0, one)),
        root,
      )
      // The error of a root is half the error of what is under it, divided by the root.
      const margin = (3 * error) / Math.sqrt(n) / (root ? 2 * value : 1)
      const alert = value > limits.upper
      return {
        metric,
        higherIsBetter: false,
        value,
        rows: n,
        low: Math.max(0, value - margin),
        high: value + margin,
        reference: realised,
        limits,
        alert,
      }
    },
  })
}

function metricOfLosses(values: Float64Array, root: boolean): number {
  if (values.length === 0) return Number.NaN
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return root ? Math.sqrt(mean) : mean
}

function numbersOf(values: readonly unknown[], what: string): Float64Array {
  return Float64Array.from(values, (value, i) => {
    if (typeof value === 'number' && Number.isFinite(value)) return value
    throw invalidArgument(`direct loss estimation needs numbers, and the ${what} of row ${i} is ${show(value)}`)
  })
}

function withPrediction(table: Table, predicted: Float64Array, features: readonly string[]): Table {
  const missing = features.find((name) => !table.columnNames.includes(name))
  if (missing !== undefined)
    throw invalidArgument(`direct loss estimation needs the column ${show(missing)}; the table has ${table.columnNames.join(', ')}`)
  return tableOf([...features.map((name) => renameColumn(table.column(name), name)), columnFrom(predictionColumn, 'float64', predicted)])
}
