/** How far a metric over a few rows may be from the metric over many, by chance: its standard error, worked out on a labelled reference. */
import type { Rng } from '../../core/random'
import { standardDeviation } from '../../stats/elementary'
import { type BinaryMetric, type BinaryRows, expectedMetric } from './expected-metrics'

/** The standard error of one row: that of n rows is this divided by √n. */
export type ErrorOfOneRow = number

const resamples = 50
const maxResampleRows = 50_000

/**
 * Of a ratio of means, by the delta method on the rows' influence; of ROC AUC, by the spread of the positives' ranks among the negatives; of average
 * precision, by 50 resamples. `rows.probabilities` are the labels.
 */
export function binaryError(metric: BinaryMetric, rows: BinaryRows, rng: Rng): ErrorOfOneRow {
  if (metric === 'rocAuc') return rocAucError(rows)
  if (metric === 'averagePrecision') return resampledError(metric, rows, rng)
  const parts = {
    accuracy: [1, 0, 0, 1, 1, 1, 1, 1],
    precision: [1, 0, 0, 0, 1, 1, 0, 0],
    recall: [1, 0, 0, 0, 1, 0, 1, 0],
    specificity: [0, 0, 0, 1, 0, 1, 0, 1],
    f1: [2, 0, 0, 0, 2, 1, 1, 0],
  }[metric]
  const cell = (i: number): number => (rows.predicted[i] ? (rows.probabilities[i] === 1 ? 0 : 1) : rows.probabilities[i] === 1 ? 2 : 3)
  const over = Float64Array.from(rows.probabilities, (_, i) => parts[cell(i)] as number)
  const under = Float64Array.from(rows.probabilities, (_, i) => parts[4 + cell(i)] as number)
  return ratioError(over, under)
}

/** The error of mean(over) ÷ mean(under). */
function ratioError(over: Float64Array, under: Float64Array): number {
  const n = over.length
  const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0)
  const base = sum(under) / n
  if (base === 0) return Number.NaN
  const ratio = sum(over) / n / base
  return standardDeviation(
    over.map((value, i) => (value - ratio * (under[i] as number)) / base),
    0,
  )
}

/** The error of a mean. */
export function meanError(values: ArrayLike<number>): ErrorOfOneRow {
  return standardDeviation(values, 0)
}

/** The rarer class is looked at, since it decides. */
function rocAucError({ scores, probabilities }: BinaryRows): number {
  const positives = probabilities.reduce((sum, p) => sum + p, 0)
  const n = probabilities.length
  const flipped = positives > n / 2
  const order = Array.from(scores, (_, i) => i).sort((a, b) => ((scores[a] as number) - (scores[b] as number)) * (flipped ? -1 : 1))
  const below: number[] = []
  let others = 0
  for (const i of order) {
    const isRare = (probabilities[i] === 1) !== flipped
    if (isRare) below.push(others)
    else others++
  }
  if (below.length === 0 || others === 0) return Number.NaN
  return (
    standardDeviation(
      below.map((count) => count / others),
      0,
    ) / Math.sqrt(below.length / n)
  )
}

function resampledError(metric: BinaryMetric, { scores, probabilities, predicted }: BinaryRows, rng: Rng): number {
  const size = Math.min(Math.floor(probabilities.length / 2), maxResampleRows)
  if (size === 0) return Number.NaN
  const values = Array.from({ length: resamples }, () => {
    const picked = Array.from({ length: size }, () => rng.int(probabilities.length))
    return expectedMetric(metric, {
      scores: Float64Array.from(picked, (i) => scores[i] as number),
      probabilities: Float64Array.from(picked, (i) => probabilities[i] as number),
      predicted: picked.map((i) => predicted[i] as boolean),
    })
  })
  return (
    standardDeviation(
      values.filter((value) => !Number.isNaN(value)),
      0,
    ) * Math.sqrt(size)
  )
}
