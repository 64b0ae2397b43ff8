/** A fitted classifier whose scores are turned into calibrated probabilities. */
import type { FeatureMatrix, FittedLearner } from '../learner'
import { isFittedLinear, weightedSums } from '../linear/linear-model'
import { corruptModel } from '../model-format'
import { type Isotonic, isotonicAt } from './isotonic'
import { type Sigmoid, sigmoidAt } from './platt'

/** One calibrator for two classes (of the second), or one per class. */
export type Calibrators =
  | { readonly method: 'isotonic'; readonly calibrators: readonly Isotonic[] }
  | { readonly method: 'sigmoid'; readonly calibrators: readonly Sigmoid[] }

/** A fitted classifier with calibrated probabilities, with its parts for converters. */
export interface FittedCalibrated extends FittedLearner {
  readonly base: FittedLearner
  readonly calibrators: Calibrators
}

/** Whether a fitted learner is a calibrated one. */
export function isFittedCalibrated(learner: FittedLearner): learner is FittedCalibrated {
  return learner.kind === 'calibrated'
}

/** The learner: the base gives scores, the calibrators probabilities. */
export function fittedCalibrated(base: FittedLearner, given: Calibrators, numClasses: number): FittedCalibrated {
  const { importance, converged, iterations, warning } = base
  return {
    kind: 'calibrated',
    base,
    calibrators: given,
    takesMissing: base.takesMissing,
    ...(importance === undefined ? {} : { importance }),
    ...(converged === undefined ? {} : { converged }),
    ...(iterations === undefined ? {} : { iterations }),
    ...(warning === undefined ? {} : { warning }),
    predict: (features) => probabilitiesOf(calibrationScores(base, features, numClasses), given, features.numRows, numClasses),
    state() {
      const { kind, json, bytes } = base.state()
      return { kind: 'calibrated', json: { ...given, base: { ...json, kind } }, ...(bytes === undefined ? {} : { bytes }) }
    },
  }
}

/**
 * The scores that are calibrated, one list per calibrator: the sums of a linear model (scikit-learn's `decision_function`), else probabilities.
 */
export function calibrationScores(base: FittedLearner, features: FeatureMatrix, numClasses: number): Float64Array[] {
  if (isFittedLinear(base)) {
    const sums = weightedSums(base.linear, features)
    const width = base.linear.intercepts.length
    return Array.from({ length: width }, (_, c) =>
      Float64Array.from({ length: features.numRows }, (_, row) => sums[row * width + c] as number),
    )
  }
  const values = base.predict(features)
  const column = (c: number): Float64Array =>
    Float64Array.from({ length: features.numRows }, (_, row) => values[row * numClasses + c] as number)
  return numClasses === 2 ? [column(1)] : Array.from({ length: numClasses }, (_, c) => column(c))
}

/** Probabilities of all classes; several calibrators are scaled to sum to 1, and all 0 becomes all alike. */
function probabilitiesOf(scores: readonly Float64Array[], given: Calibrators, rows: number, numClasses: number): Float64Array {
  const at = (c: number, row: number): number => {
    const score = (scores[c] as Float64Array)[row] as number
    return given.method === 'isotonic'
      ? isotonicAt(given.calibrators[c] as Isotonic, score)
      : sigmoidAt(given.calibrators[c] as Sigmoid, score)
  }
  const values = new Float64Array(rows * numClasses)
  for (let row = 0; row < rows; row++) {
    if (scores.length === 1) {
      const second = at(0, row)
      values[2 * row] = 1 - second
      values[2 * row + 1] = second
      continue
    }
    let sum = 0
    for (let c = 0; c < numClasses; c++) sum += values[row * numClasses + c] = at(c, row)
    for (let c = 0; c < numClasses; c++) {
      values[row * numClasses + c] = sum === 0 ? 1 / numClasses : (values[row * numClasses + c] as number) / sum
    }
  }
  return values
}

/** Checks calibrators that were stored. @throws Corrupt */
export function restoredCalibrators(
  state: { readonly method: 'isotonic' | 'sigmoid'; readonly calibrators: readonly (Isotonic | Sigmoid)[] },
  numClasses: number,
): Calibrators {
  const wanted = numClasses === 2 ? 1 : numClasses
  if (state.calibrators.length !== wanted) throw corruptModel(`${state.calibrators.length} calibrators for ${numClasses} classes`)
  for (const each of state.calibrators) {
    const fits = state.method === 'sigmoid' ? 'a' in each : 'x' in each && each.x.length > 0 && each.x.length === each.y.length
    if (!fits) throw corruptModel(`a calibrator that is not ${state.method}`)
  }
  return state as Calibrators
}
