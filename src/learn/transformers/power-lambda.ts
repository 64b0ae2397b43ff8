/** The power transforms of Box and Cox and of Yeo and Johnson, and the exponent that makes numbers most normal. */

import { minimizeBetween } from './minimize-between'
import { meanAndDeviation } from './numbers'

/** `yeoJohnson` takes any numbers, `boxCox` only those above 0. */
export type PowerMethod = 'yeoJohnson' | 'boxCox'

/** A number transformed with the exponent `lambda`; `NaN` stays. */
export function powerOf(method: PowerMethod, value: number, lambda: number): number {
  if (method === 'boxCox') return powerFromLog(Math.log(value), lambda)
  return value < 0 ? -powerFromLog(Math.log1p(-value), 2 - lambda) : powerFromLog(Math.log1p(value), lambda)
}

/** (e^(lambda · log) − 1) ÷ lambda, and its limit at lambda = 0. */
function powerFromLog(log: number, lambda: number): number {
  if (Math.abs(lambda) < Number.EPSILON) return log
  return Math.expm1(lambda * log) / lambda
}

/** The exponents of e between which squares of transformed numbers neither vanish nor overflow, with 53 bits to spare; SciPy's bounds. */
const LEAST_LOG = -336.1763825715734
const MOST_LOG = 336.8695297521334

/**
 * The exponent of greatest likelihood of a sample without missing numbers; 1 (unchanged) of a constant one.
 *
 * scikit-learn finds the same maximum by SciPy's `boxcox` and `yeojohnson`. A maximum is only known as far as the likelihood can be told
 * apart in double precision, so the two agree in about seven digits, in fewer where the likelihood is flat (numbers of a narrow range).
 */
export function powerLambda(method: PowerMethod, values: Float64Array): number {
  if (values.length === 0 || meanAndDeviation(values).deviation === 0) return 1
  const loss = powerLoss(method, values)
  if (method === 'boxCox') return minimizeBetween(loss, ...bracket(loss, MOST_LOG / spreadOf(values.map(Math.log))))
  // Numbers up to 20 times as large as those of training can be transformed, too.
  const largest = Math.log1p(20 * values.reduce((most, value) => Math.max(most, Math.abs(value)), 0))
  const [low, high] = [LEAST_LOG / largest, MOST_LOG / largest]
  if (!values.some((value) => value < 0)) return minimizeBetween(loss, low, high)
  if (values.every((value) => value < 0)) return minimizeBetween(loss, 2 - high, 2 - low)
  return minimizeBetween(loss, Math.max(2 - high, low), Math.min(2 - low, high))
}

/** The negative log-likelihood of an exponent per number, up to a constant; infinite where the transformed numbers cannot be told apart. */
export function powerLoss(method: PowerMethod, values: Float64Array): (lambda: number) => number {
  if (method === 'boxCox') return logLoss(values.map(Math.log))
  if (!values.some((value) => value < 0)) return logLoss(values.map(Math.log1p))
  if (!values.some((value) => value > 0)) {
    const mirrored = logLoss(values.map((value) => Math.log1p(-value)))
    return (lambda) => mirrored(2 - lambda)
  }
  const { mean } = meanAndDeviation(values.map((value) => (value < 0 ? -Math.log1p(-value) : Math.log1p(value))))
  return (lambda) => logDeviation(values.map((value) => powerOf('yeoJohnson', value, lambda))) - (lambda - 1) * mean
}

/** Of numbers given by their logarithms. In units of the geometric mean, the terms that are linear in the exponent cancel. */
function logLoss(logs: Float64Array): (lambda: number) => number {
  const { mean } = meanAndDeviation(logs)
  const spread = logs.map((log) => log - mean)
  return (lambda) => logDeviation(spread.map((log) => powerFromLog(log, lambda)))
}

function logDeviation(values: Float64Array): number {
  const { deviation } = meanAndDeviation(values)
  return deviation > 0 ? Math.log(deviation) : Number.POSITIVE_INFINITY
}

function spreadOf(logs: Float64Array): number {
  const { mean } = meanAndDeviation(logs)
  return logs.reduce((most, log) => Math.max(most, Math.abs(log - mean)), 0)
}

/** Ends between which the loss is least: −2 to 2, moved out as long as the loss falls there. */
function bracket(loss: (lambda: number) => number, limit: number): [number, number] {
  let [low, high] = [Math.max(-2, -limit), Math.min(2, limit)]
  while (high < limit && loss(high) < loss(high - (high - low) / 4)) high = Math.min(limit, high + (high - low))
  while (low > -limit && loss(low) < loss(low + (high - low) / 4)) low = Math.max(-limit, low - (high - low))
  return [low, high]
}
