/** ONNX for calibrated classifiers: the scores of the base become probabilities. */
import type { Calibrators } from '../learn/calibration/calibrated-learner'
import type { Isotonic } from '../learn/calibration/isotonic'
import type { Sigmoid } from '../learn/calibration/platt'
import { int } from '../onnxfile/attribute'
import { arithmetic } from './arithmetic'
import type { Features } from './features'

/** Probabilities of all classes. @param scores float64 [rows, calibrators] */
export function writeCalibration(features: Features, scores: string, given: Calibrators, output: string | undefined): string {
  const { graph } = features
  const { add, sub, mul, div, where, equal } = arithmetic(features)
  const numCalibrators = given.calibrators.length
  const calibrated =
    given.method === 'sigmoid'
      ? writeSigmoids(features, scores, given.calibrators)
      : concat(
          features,
          given.calibrators.map((calibrator, c) => writeIsotonic(features, scoreOf(features, scores, c, numCalibrators), calibrator)),
        )
  if (numCalibrators === 1) return graph.node('Concat', [sub(1, calibrated), calibrated], { attributes: { axis: int(1) }, output })
  const sum = sumOf(features, calibrated)
  // All 0 becomes all alike.
  const isNone = equal(sum, 0)
  const alike = add(mul(calibrated, 0), 1 / numCalibrators)
  return graph.node('Where', [isNone, alike, div(calibrated, where(isNone, 1, sum))], { output })
}

/** 1 / (1 + e^(a s + b)) of each column. */
function writeSigmoids(features: Features, scores: string, calibrators: readonly Sigmoid[]): string {
  const { of, mul, sub } = arithmetic(features)
  const row = (numberOf: (calibrator: Sigmoid) => number): string => features.numbers([1, calibrators.length], calibrators.map(numberOf))
  return of(
    'Sigmoid',
    sub(
      mul(
        scores,
        row(({ a }) => -a),
      ),
      row(({ b }) => b),
    ),
  )
}

/** A piecewise linear function of one column: the first value, and of each piece as much as the score has gone through. */
function writeIsotonic(features: Features, score: string, { x, y }: Isotonic): string {
  const { graph } = features
  const { add, sub, div, mul } = arithmetic(features)
  const pieces = x.length - 1
  if (pieces === 0) return add(mul(score, 0), y[0] as number)
  const row = (numberOf: (piece: number) => number): string =>
    features.numbers(
      [1, pieces],
      Array.from({ length: pieces }, (_, piece) => numberOf(piece)),
    )
  const gone = div(
    sub(
      score,
      row((piece) => x[piece] as number),
    ),
    row((piece) => (x[piece + 1] as number) - (x[piece] as number)),
  )
  const share = graph.node('Max', [features.numbers([], [0]), graph.node('Min', [features.numbers([], [1]), gone])])
  const rises = mul(
    share,
    row((piece) => (y[piece + 1] as number) - (y[piece] as number)),
  )
  return add(sumOf(features, rises), y[0] as number)
}

function scoreOf({ graph }: Features, scores: string, column: number, width: number): string {
  if (width === 1) return scores
  return graph.node('Gather', [scores, graph.constant('int64', [1], BigInt64Array.of(BigInt(column)))], { attributes: { axis: int(1) } })
}

function concat({ graph }: Features, columns: readonly string[]): string {
  const [only] = columns
  return columns.length === 1 && only !== undefined ? only : graph.node('Concat', columns, { attributes: { axis: int(1) } })
}

/** The sum of each row, as a column. */
function sumOf({ graph }: Features, tensor: string): string {
  return graph.node('ReduceSum', [tensor, graph.constant('int64', [1], BigInt64Array.of(1n))], { attributes: { keepdims: int(1) } })
}
