/** The losses that boosted trees lower. Sums for the rows are kept output by output: row `r` of output `o` at `o × rows + r`. */
import type { TargetVector } from '../learner'
import { exponential, sigmoid } from './exponential'
import { quantileOf } from './weighted-quantile'

/** What turns the sums of a row into its prediction. */
export type BoostingLink = 'identity' | 'logistic' | 'softmax'

/** A loss over the rows of a training table. */
export interface BoostingLoss {
  readonly link: BoostingLink
  /** Trees per iteration. */
  readonly outputs: number
  /** The sums before the first tree. */
  readonly base: Float64Array
  /** Called once per iteration, before `derive`. */
  prepare(sums: Float64Array): void
  /** Writes the derivatives of the loss by the sums of one output. */
  derive(output: number, sums: Float64Array, gradient: Float64Array, curvature: Float64Array): void
  /** The mean loss of some rows. */
  mean(sums: Float64Array, rows: Int32Array): number
  /** The best value of a leaf of rows `start` … `end` − 1 of `rows`, where it is not minus gradient ÷ curvature. */
  leafValue?(sums: Float64Array, rows: Int32Array, start: number, end: number): number
}

/** The rows that a loss is computed over. */
export interface LossRows {
  readonly target: TargetVector
  /** One weight per row; all 1 when `undefined`. */
  readonly weights: Float64Array | undefined
  /** The rows that are learned from, for the base. */
  readonly rows: Int32Array
}

/** Log loss of two classes. */
export function binaryLoss({ target, weights, rows }: LossRows): BoostingLoss {
  const labels = target.values
  const shares = classShares({ target, weights, rows }, 2)
  return {
    link: 'logistic',
    outputs: 1,
    base: Float64Array.of(Math.fround(Math.log((shares[1] as number) / (shares[0] as number)))),
    prepare() {},
    derive(_output, sums, gradient, curvature) {
      for (let row = 0; row < labels.length; row++) {
        const p = sigmoid(sums[row] as number)
        const weight = weights === undefined ? 1 : (weights[row] as number)
        gradient[row] = weight * (p - (labels[row] as number))
        curvature[row] = weight * p * (1 - p)
      }
    },
    mean: (sums, held) =>
      meanLoss(held, weights, (row) => {
        const margin = labels[row] === 1 ? (sums[row] as number) : -(sums[row] as number)
        return margin > 0 ? Math.log1p(exponential(-margin)) : Math.log1p(exponential(margin)) - margin
      }),
  }
}

/** Log loss of three classes or more: one output per class. */
export function multiclassLoss({ target, weights, rows }: LossRows): BoostingLoss {
  const labels = target.values
  const n = labels.length
  const k = target.numClasses
  const probabilities = new Float64Array(n * k)
  const shares = classShares({ target, weights, rows }, k)
  return {
    link: 'softmax',
    outputs: k,
    base: shares.map((share) => Math.fround(Math.log(share))),
    prepare(sums) {
      for (let row = 0; row < n; row++) {
        let most = Number.NEGATIVE_INFINITY
        for (let at = row; at < sums.length; at += n) if ((sums[at] as number) > most) most = sums[at] as number
        let all = 0
        for (let at = row; at < sums.length; at += n) {
          const power = exponential((sums[at] as number) - most)
          probabilities[at] = power
          all += power
        }
        for (let at = row; at < sums.length; at += n) probabilities[at] = (probabilities[at] as number) / all
      }
    },
    derive(output, _sums, gradient, curvature) {
      for (let row = 0, at = output * n; row < n; row++, at++) {
        const p = probabilities[at] as number
        const weight = weights === undefined ? 1 : (weights[row] as number)
        gradient[row] = weight * (labels[row] === output ? p - 1 : p)
        curvature[row] = weight * p * (1 - p)
      }
    },
    mean: (sums, held) =>
      meanLoss(held, weights, (row) => {
        let most = Number.NEGATIVE_INFINITY
        for (let at = row; at < sums.length; at += n) most = Math.max(most, sums[at] as number)
        let all = 0
        for (let at = row; at < sums.length; at += n) all += exponential((sums[at] as number) - most)
        return Math.log(all) + most - (sums[(labels[row] as number) * n + row] as number)
      }),
  }
}

/** Half the squared error. */
export function squaredLoss({ target, weights, rows }: LossRows): BoostingLoss {
  const values = target.values
  let sum = 0
  let all = 0
  for (const row of rows) {
    const weight = weights === undefined ? 1 : (weights[row] as number)
    sum += weight * (values[row] as number)
    all += weight
  }
  return {
    link: 'identity',
    outputs: 1,
    base: Float64Array.of(sum / all),
    prepare() {},
    derive(_output, sums, gradient, curvature) {
      for (let row = 0; row < values.length; row++) {
        const weight = weights === undefined ? 1 : (weights[row] as number)
        gradient[row] = weight * ((sums[row] as number) - (values[row] as number))
        curvature[row] = weight
      }
    },
    mean: (sums, held) => meanLoss(held, weights, (row) => ((sums[row] as number) - (values[row] as number)) ** 2 / 2),
  }
}

/** The pinball loss, whose minimum is the quantile `share`; of one half it is half the absolute error. Leaves hold quantiles of what is left. */
export function quantileLoss({ target, weights, rows }: LossRows, share: number): BoostingLoss {
  const values = target.values as Float64Array
  const rest = new Float64Array(values.length)
  return {
    link: 'identity',
    outputs: 1,
    base: Float64Array.of(quantileOf(values, weights, rows, share)),
    prepare(sums) {
      for (let row = 0; row < values.length; row++) rest[row] = (values[row] as number) - (sums[row] as number)
    },
    derive(_output, _sums, gradient, curvature) {
      for (let row = 0; row < values.length; row++) {
        const weight = weights === undefined ? 1 : (weights[row] as number)
        gradient[row] = weight * ((rest[row] as number) > 0 ? -share : 1 - share)
        curvature[row] = weight
      }
    },
    mean: (sums, held) =>
      meanLoss(held, weights, (row) => {
        const left = (values[row] as number) - (sums[row] as number)
        return left > 0 ? share * left : (share - 1) * left
      }),
    leafValue: (_sums, all, start, end) => quantileOf(rest, weights, all.subarray(start, end), share),
  }
}

function meanLoss(rows: Int32Array, weights: Float64Array | undefined, lossOf: (row: number) => number): number {
  let sum = 0
  let all = 0
  for (const row of rows) {
    const weight = weights === undefined ? 1 : (weights[row] as number)
    if (weight === 0) continue
    sum += weight * lossOf(row)
    all += weight
  }
  // Rounded, so that the last digit, in which runtimes differ, decides nothing.
  return Math.fround(sum / all)
}

/** The share of each class; of a class without weight half of a row's, so that its logarithm is finite. */
function classShares({ target, weights, rows }: LossRows, numClasses: number): Float64Array {
  const shares = new Float64Array(numClasses)
  let all = 0
  for (const row of rows) {
    const weight = weights === undefined ? 1 : (weights[row] as number)
    const label = target.values[row] as number
    shares[label] = (shares[label] as number) + weight
    all += weight
  }
  const least = (0.5 * all) / rows.length
  return shares.map((share) => (share > 0 ? share : least) / all)
}
