/** Metrics of how good probabilities are: logarithmic loss and the Brier score. */
import { invalidArgument, show } from '../core/errors'
import { type ClassProbabilities, codesOf, type Label } from './label'
import { type WeightOptions, weightedMean, weightsOf } from './weights'

/** 2⁻⁵²: probabilities are kept this far from 0 and 1, as scikit-learn does for float64. */
const EPSILON = 2.220446049250313e-16

/**
 * Mean of −log of the probability given to the actual class. Probabilities are clipped to [2⁻⁵², 1 − 2⁻⁵²].
 *
 * @throws InvalidArgument when shapes do not fit or a label is none of `probabilities.classes`
 */
export function logLoss(actual: ArrayLike<Label>, probabilities: ClassProbabilities, options: WeightOptions = {}): number {
  const codes = codesChecked('logLoss', actual, probabilities)
  const k = probabilities.classes.length
  return weightedMean(weightsOf('logLoss', options.weights, codes.length), (row) => {
    const given = probabilities.values[row * k + (codes[row] as number)] as number
    return -Math.log(Math.min(1 - EPSILON, Math.max(EPSILON, given)))
  })
}

/**
 * The Brier score. For two classes the mean of (p − y)² of the second class, in [0, 1]; for more, the mean over rows of the
 * sum over classes of (p − y)², in [0, 2] (Brier's own form).
 *
 * @throws InvalidArgument when shapes do not fit or a label is none of `probabilities.classes`
 */
export function brier(actual: ArrayLike<Label>, probabilities: ClassProbabilities, options: WeightOptions = {}): number {
  const codes = codesChecked('brier', actual, probabilities)
  const k = probabilities.classes.length
  return weightedMean(weightsOf('brier', options.weights, codes.length), (row) => {
    let sum = 0
    for (let c = k === 2 ? 1 : 0; c < k; c++) {
      sum += ((probabilities.values[row * k + c] as number) - (codes[row] === c ? 1 : 0)) ** 2
    }
    return sum
  })
}

function codesChecked(metric: string, actual: ArrayLike<Label>, { classes, values }: ClassProbabilities): Int32Array {
  if (values.length !== actual.length * classes.length) {
    throw invalidArgument(`${metric} needs ${actual.length} × ${classes.length} probabilities, got ${values.length}`)
  }
  if (actual.length === 0) throw invalidArgument(`${metric} needs at least one row, got none`)
  const codes = codesOf(actual, classes)
  const unknown = codes.indexOf(-1)
  if (unknown >= 0) {
    throw invalidArgument(`${metric}: row ${unknown} has the label ${show(actual[unknown])}, which has no probability column`)
  }
  return codes
}
