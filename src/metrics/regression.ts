/** Metrics of predicted numbers. */
import { invalidArgument } from '../core/errors'
import { assertPaired } from './label'

/** Mean of squared errors. @throws InvalidArgument on unequal lengths, no rows or missing numbers */
export function mse(actual: ArrayLike<number>, predicted: ArrayLike<number>): number {
  return mean(errors('mse', actual, predicted), (error) => error * error)
}

/** Root of the mean of squared errors, in the unit of the target. @throws InvalidArgument as {@link mse} */
export function rmse(actual: ArrayLike<number>, predicted: ArrayLike<number>): number {
  return Math.sqrt(mean(errors('rmse', actual, predicted), (error) => error * error))
}

/** Mean of absolute errors. @throws InvalidArgument as {@link mse} */
export function mae(actual: ArrayLike<number>, predicted: ArrayLike<number>): number {
  return mean(errors('mae', actual, predicted), Math.abs)
}

/** Median of absolute errors. @throws InvalidArgument as {@link mse} */
export function medianAbsoluteError(actual: ArrayLike<number>, predicted: ArrayLike<number>): number {
  const sizes = errors('medianAbsoluteError', actual, predicted).map(Math.abs).sort()
  const half = sizes.length >> 1
  return sizes.length % 2 === 1 ? (sizes[half] as number) : ((sizes[half - 1] as number) + (sizes[half] as number)) / 2
}

/**
 * Mean of |error| ÷ |actual|, a ratio (0.3 is 30 %). An actual 0 counts as 2⁻⁵², as in scikit-learn: the result is then huge.
 *
 * @throws InvalidArgument as {@link mse}
 */
export function mape(actual: ArrayLike<number>, predicted: ArrayLike<number>): number {
  const all = errors('mape', actual, predicted)
  return mean(all, (error, i) => Math.abs(error) / Math.max(Math.abs(actual[i] as number), 2.220446049250313e-16))
}

/** Largest absolute error. @throws InvalidArgument as {@link mse} */
export function maxError(actual: ArrayLike<number>, predicted: ArrayLike<number>): number {
  return errors('maxError', actual, predicted).reduce((max, error) => Math.max(max, Math.abs(error)), 0)
}

/**
 * 1 − (squared errors ÷ squared deviations of `actual` from its mean). When `actual` is constant: 1 for perfect predictions, else 0.
 *
 * @throws InvalidArgument as {@link mse}
 */
export function r2(actual: ArrayLike<number>, predicted: ArrayLike<number>): number {
  const all = errors('r2', actual, predicted)
  return explained(
    all.reduce((sum, error) => sum + error * error, 0),
    squaredDeviations(actual),
  )
}

/** As {@link r2}, but errors are taken around their own mean: a constant bias does not count. @throws InvalidArgument as {@link mse} */
export function explainedVariance(actual: ArrayLike<number>, predicted: ArrayLike<number>): number {
  return explained(squaredDeviations(errors('explainedVariance', actual, predicted)), squaredDeviations(actual))
}

function explained(unexplained: number, all: number): number {
  if (all === 0) return unexplained === 0 ? 1 : 0
  return 1 - unexplained / all
}

function squaredDeviations(values: ArrayLike<number>): number {
  let center = 0
  for (let i = 0; i < values.length; i++) center += values[i] as number
  center /= values.length
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += ((values[i] as number) - center) ** 2
  return sum
}

function errors(metric: string, actual: ArrayLike<number>, predicted: ArrayLike<number>): Float64Array {
  assertPaired(metric, actual, predicted)
  const list = new Float64Array(actual.length)
  for (let i = 0; i < list.length; i++) {
    list[i] = (actual[i] as number) - (predicted[i] as number)
    if (Number.isNaN(list[i])) throw invalidArgument(`${metric} needs numbers, row ${i} has a missing one`)
  }
  return list
}

function mean(values: Float64Array, of: (value: number, index: number) => number): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += of(values[i] as number, i)
  return sum / values.length
}
