/** Weights of rows: how much each counts. */
import { invalidArgument, show } from '../core/errors'
import type { Label } from './label'

/** Options of metrics that can weigh rows. */
export interface WeightOptions {
  /** How much each row counts: one number ≥ 0 per row, not all 0; scikit-learn's `sample_weight`. @default all 1 */
  readonly weights?: ArrayLike<number> | undefined
}

/** Options of {@link accuracy} and {@link matthews}, or the list of classes that a metric object is given, so that they fit its `compute`. */
export type LabelMetricOptions = WeightOptions | readonly Label[]

/** The weights among such options. */
export function weightsIn(options: LabelMetricOptions): ArrayLike<number> | undefined {
  return 'weights' in options ? options.weights : undefined
}

/** The weights of `n` rows; all 1 when none are given. @throws InvalidArgument */
export function weightsOf(metric: string, weights: ArrayLike<number> | undefined, n: number): Float64Array {
  if (weights === undefined) return new Float64Array(n).fill(1)
  if (weights.length !== n) throw invalidArgument(`\`weights\` of ${metric} must be one number per row, got ${weights.length} for ${n}`)
  const list = Float64Array.from(weights)
  const wrong = list.findIndex((weight) => !(weight >= 0 && weight < Number.POSITIVE_INFINITY))
  if (wrong >= 0) throw invalidArgument(`\`weights\` of ${metric} must be finite numbers ≥ 0, row ${wrong} has ${show(weights[wrong])}`)
  if (!list.some((weight) => weight > 0)) throw invalidArgument(`\`weights\` of ${metric} are all 0`)
  return list
}

/** The weighted mean of `of` over rows. */
export function weightedMean(weights: Float64Array, of: (row: number) => number): number {
  let sum = 0
  let all = 0
  for (let row = 0; row < weights.length; row++) {
    const weight = weights[row] as number
    all += weight
    if (weight !== 0) sum += weight * of(row)
  }
  return sum / all
}

/**
 * A weighted quantile: the value at which the summed weights of the sorted values reach `p`; the mean of two where they reach it exactly
 * (the averaged inverted distribution function, as scikit-learn's metrics).
 */
export function weightedQuantile(values: Float64Array, weights: Float64Array, p: number): number {
  const order = values.map((_, row) => row).sort((a, b) => (values[a] as number) - (values[b] as number))
  const rows = order.filter((row) => (weights[row] as number) > 0)
  let all = 0
  const sums = rows.map((row) => {
    all += weights[row] as number
    return all
  })
  const wanted = p * all
  const found = sums.findIndex((sum) => (wanted === 0 ? sum > 0 : sum >= wanted))
  const at = found < 0 ? rows.length - 1 : found
  const value = values[rows[at] as number] as number
  if ((sums[at] as number) - wanted > Number.EPSILON || at === rows.length - 1) return value
  return (value + (values[rows[at + 1] as number] as number)) / 2
}
