/** Metrics of predicted numbers. */
import { invalidArgument, show } from '../core/errors'
import { assertPaired } from './label'
import { type WeightOptions, weightedMean, weightedQuantile, weightsOf } from './weights'

/** Options of {@link pinball} and {@link d2Pinball}. */
export interface PinballOptions extends WeightOptions {
  /** The quantile that is predicted, from 0 to 1. @default 0.5 */
  readonly alpha?: number | undefined
}

/** Mean of squared errors. @throws InvalidArgument on unequal lengths, no rows or missing numbers */
export function mse(actual: ArrayLike<number>, predicted: ArrayLike<number>, options: WeightOptions = {}): number {
  const { errors, weights } = judged('mse', actual, predicted, options)
  return weightedMean(weights, (row) => (errors[row] as number) ** 2)
}

/** Root of the mean of squared errors, in the unit of the target. @throws InvalidArgument as {@link mse} */
export function rmse(actual: ArrayLike<number>, predicted: ArrayLike<number>, options: WeightOptions = {}): number {
  const { errors, weights } = judged('rmse', actual, predicted, options)
  return Math.sqrt(weightedMean(weights, (row) => (errors[row] as number) ** 2))
}

/** Mean of absolute errors. @throws InvalidArgument as {@link mse} */
export function mae(actual: ArrayLike<number>, predicted: ArrayLike<number>, options: WeightOptions = {}): number {
  const { errors, weights } = judged('mae', actual, predicted, options)
  return weightedMean(weights, (row) => Math.abs(errors[row] as number))
}

/** Median of absolute errors; with weights their weighted median. @throws InvalidArgument as {@link mse} */
export function medianAbsoluteError(actual: ArrayLike<number>, predicted: ArrayLike<number>, options: WeightOptions = {}): number {
  const { errors, weights } = judged('medianAbsoluteError', actual, predicted, options)
  const sizes = errors.map(Math.abs)
  if (options.weights !== undefined) return weightedQuantile(sizes, weights, 0.5)
  sizes.sort()
  const half = sizes.length >> 1
  return sizes.length % 2 === 1 ? (sizes[half] as number) : ((sizes[half - 1] as number) + (sizes[half] as number)) / 2
}

/**
 * Mean of |error| ÷ |actual|, a ratio (0.3 is 30 %). An actual 0 counts as 2⁻⁵², as in scikit-learn: the result is then huge.
 *
 * @throws InvalidArgument as {@link mse}
 */
export function mape(actual: ArrayLike<number>, predicted: ArrayLike<number>, options: WeightOptions = {}): number {
  const { errors, weights } = judged('mape', actual, predicted, options)
  return weightedMean(weights, (row) => Math.abs(errors[row] as number) / Math.max(Math.abs(actual[row] as number), 2.220446049250313e-16))
}

/**
 * Mean of squared differences of log(1 + x), for targets that grow by factors. As scikit-learn's `mean_squared_log_error`.
 *
 * @throws InvalidArgument as {@link mse}, and for numbers ≤ −1
 */
export function msle(actual: ArrayLike<number>, predicted: ArrayLike<number>, options: WeightOptions = {}): number {
  const { weights } = judged('msle', actual, predicted, options)
  const log = (list: ArrayLike<number>, row: number): number => {
    const value = list[row] as number
    if (value <= -1) throw invalidArgument(`msle needs numbers above -1, row ${row} has ${show(value)}`)
    return Math.log1p(value)
  }
  return weightedMean(weights, (row) => (log(actual, row) - log(predicted, row)) ** 2)
}

/** Largest absolute error. @throws InvalidArgument as {@link mse} */
export function maxError(actual: ArrayLike<number>, predicted: ArrayLike<number>): number {
  return judged('maxError', actual, predicted, {}).errors.reduce((max, error) => Math.max(max, Math.abs(error)), 0)
}

/**
 * 1 − (squared errors ÷ squared deviations of `actual` from its mean). When `actual` is constant: 1 for perfect predictions, else 0.
 *
 * @throws InvalidArgument as {@link mse}
 */
export function r2(actual: ArrayLike<number>, predicted: ArrayLike<number>, options: WeightOptions = {}): number {
  const { errors, weights } = judged('r2', actual, predicted, options)
  let unexplained = 0
  errors.forEach((error, row) => {
    unexplained += (weights[row] as number) * error * error
  })
  return explained(unexplained, squaredDeviations(actual, weights))
}

/** As {@link r2}, but errors are taken around their own mean: a constant bias does not count. @throws InvalidArgument as {@link mse} */
export function explainedVariance(actual: ArrayLike<number>, predicted: ArrayLike<number>, options: WeightOptions = {}): number {
  const { errors, weights } = judged('explainedVariance', actual, predicted, options)
  return explained(squaredDeviations(errors, weights), squaredDeviations(actual, weights))
}

/**
 * The pinball loss of a predicted quantile: an actual value above the prediction costs `alpha` times the distance, one below 1 − `alpha` times.
 * With 0.5 it is half of {@link mae}.
 *
 * @throws InvalidArgument as {@link mse}, and for `alpha` outside [0, 1]
 */
export function pinball(actual: ArrayLike<number>, predicted: ArrayLike<number>, options: PinballOptions = {}): number {
  const { errors, weights } = judged('pinball', actual, predicted, options)
  return pinballMean(errors, weights, alphaOf('pinball', options))
}

/**
 * D² of the pinball loss: the share of the loss of always predicting the quantile of `actual` that the predictions save; 1 is perfect. `NaN` for
 * fewer than two rows. As scikit-learn's `d2_pinball_score`.
 *
 * @throws InvalidArgument as {@link pinball}
 */
export function d2Pinball(actual: ArrayLike<number>, predicted: ArrayLike<number>, options: PinballOptions = {}): number {
  const { errors, weights } = judged('d2Pinball', actual, predicted, options)
  const alpha = alphaOf('d2Pinball', options)
  if (errors.length < 2) return Number.NaN
  const values = Float64Array.from(actual)
  const always = weightedQuantile(values, weights, alpha)
  return explained(
    pinballMean(errors, weights, alpha),
    pinballMean(
      values.map((value) => value - always),
      weights,
      alpha,
    ),
  )
}

/** D² of the absolute error: {@link d2Pinball} of the median. @throws InvalidArgument as {@link mse} */
export function d2AbsoluteError(actual: ArrayLike<number>, predicted: ArrayLike<number>, options: WeightOptions = {}): number {
  return d2Pinball(actual, predicted, { weights: options.weights, alpha: 0.5 })
}

function pinballMean(errors: Float64Array, weights: Float64Array, alpha: number): number {
  return weightedMean(weights, (row) => {
    const error = errors[row] as number
    return error >= 0 ? alpha * error : (alpha - 1) * error
  })
}

function alphaOf(metric: string, { alpha = 0.5 }: PinballOptions): number {
  if (!(alpha >= 0 && alpha <= 1)) throw invalidArgument(`\`alpha\` of ${metric} must be from 0 to 1, got ${show(alpha)}`)
  return alpha
}

function explained(unexplained: number, all: number): number {
  if (all === 0) return unexplained === 0 ? 1 : 0
  return 1 - unexplained / all
}

function squaredDeviations(values: ArrayLike<number>, weights: Float64Array): number {
  const center = weightedMean(weights, (row) => values[row] as number)
  let sum = 0
  for (let row = 0; row < values.length; row++) sum += (weights[row] as number) * ((values[row] as number) - center) ** 2
  return sum
}

function judged(
  metric: string,
  actual: ArrayLike<number>,
  predicted: ArrayLike<number>,
  options: WeightOptions,
): { readonly errors: Float64Array; readonly weights: Float64Array } {
  assertPaired(metric, actual, predicted)
  const errors = new Float64Array(actual.length)
  for (let i = 0; i < errors.length; i++) {
    errors[i] = (actual[i] as number) - (predicted[i] as number)
    if (Number.isNaN(errors[i])) throw invalidArgument(`${metric} needs numbers, row ${i} has a missing one`)
  }
  return { errors, weights: weightsOf(metric, options.weights, actual.length) }
}
