/** From the sums of trees to answers: the inverse links of XGBoost's and LightGBM's objectives. */
import { exponential, sigmoid } from '../boosting/exponential'

/**
 * | link | answer of the sum x |
 * | --- | --- |
 * | `identity` | x |
 * | `exponential` | eˣ (Poisson, gamma, Tweedie, Cox, accelerated failure time) |
 * | `sigmoid` | 1 / (1 + e⁻ˣ), a number |
 * | `softplus` | ln(1 + eˣ) |
 * | `signedSquare` | sign(x) x² |
 * | `logistic` | the probabilities of two classes, 1 / (1 + e⁻ˣ) that of the second |
 * | `step` | the same as 0 or 1: the second class where x > 0 |
 * | `softmax` | the probabilities of as many classes as there are sums |
 * | `oneVersusRest` | 1 / (1 + e⁻ˣ) for each class, which need not add up to 1 |
 */
export type EnsembleLink = (typeof ensembleLinks)[number]

/** Every link. */
export const ensembleLinks = [
  'identity',
  'exponential',
  'sigmoid',
  'softplus',
  'signedSquare',
  'logistic',
  'step',
  'softmax',
  'oneVersusRest',
] as const

/** Whether the answers are probabilities of classes. */
export function isOfClasses(link: EnsembleLink): boolean {
  return link === 'logistic' || link === 'step' || link === 'softmax' || link === 'oneVersusRest'
}

/** Answers from sums, row-major, rows × outputs: rows × classes probabilities, or one number per row. May write to `sums`. */
export function linked(link: EnsembleLink, sums: Float64Array, outputs: number): Float64Array {
  if (link === 'identity') return sums
  if (link === 'softmax') return softmaxOf(sums, outputs)
  if (link === 'logistic') return twoClasses(sums, sigmoid)
  if (link === 'step') return twoClasses(sums, (sum) => (sum > 0 ? 1 : 0))
  const answer = numberLinks[link]
  for (let at = 0; at < sums.length; at++) sums[at] = answer(sums[at] as number)
  return sums
}

const numberLinks = {
  exponential: (sum: number) => exponential(sum),
  sigmoid,
  oneVersusRest: sigmoid,
  softplus: (sum: number) => (sum > 0 ? sum + Math.log1p(exponential(-sum)) : Math.log1p(exponential(sum))),
  signedSquare: (sum: number) => Math.sign(sum) * sum * sum,
} as const

function twoClasses(sums: Float64Array, probability: (sum: number) => number): Float64Array {
  const probabilities = new Float64Array(2 * sums.length)
  for (let row = 0; row < sums.length; row++) {
    const second = probability(sums[row] as number)
    probabilities[2 * row] = 1 - second
    probabilities[2 * row + 1] = second
  }
  return probabilities
}

/** Softmax of each row, in place. */
export function softmaxOf(sums: Float64Array, outputs: number): Float64Array {
  for (let at = 0; at < sums.length; at += outputs) {
    const row = sums.subarray(at, at + outputs)
    const most = row.reduce((max, sum) => Math.max(max, sum), Number.NEGATIVE_INFINITY)
    let all = 0
    for (let c = 0; c < row.length; c++) {
      row[c] = exponential((row[c] as number) - most)
      all += row[c] as number
    }
    for (let c = 0; c < row.length; c++) row[c] = (row[c] as number) / all
  }
  return sums
}
