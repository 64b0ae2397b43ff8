/** ONNX for what has been learned: forests, boosted trees and linear models, as scores of the classes or as a number. */
import { MillwrightError, show } from '../core/errors'
import { type FittedCalibrated, isFittedCalibrated } from '../learn/calibration/calibrated-learner'
import type { EnsembleLink } from '../learn/ensemble/links'
import { LEAST_NUMBER } from '../learn/ensemble/tree-ensemble'
import { type TreeSum, treeSumOf } from '../learn/ensemble/tree-sum'
import { isFittedForest } from '../learn/forest/fitted-forest'
import type { FittedLearner } from '../learn/learner'
import { isFittedLinear, type LinearState } from '../learn/linear/linear-model'
import type { ModelParts } from '../learn/model-parts'
import { isFittedIsolation } from '../learn/outliers/fitted-isolation'
import { int } from '../onnxfile/attribute'
import { arithmetic } from './arithmetic'
import { writeCalibration } from './calibration'
import { writeCategorySets } from './category-sets'
import type { Features } from './features'
import { writeTrees } from './trees'

/** What a learner gives: probabilities [rows, classes] of a classifier, a number [rows, 1] of a regressor. */
export interface LearnerOutput {
  readonly tensor: string
  readonly type: 'float32' | 'float64'
}

/** Writes the learner of a model. @throws Unsupported for a learner that ONNX cannot express */
export function writeLearner({ learner, matrixNames }: ModelParts, features: Features, output: string): LearnerOutput {
  return writeFitted(learner, features, features.matrix(matrixNames), output)
}

function writeFitted(learner: FittedLearner, features: Features, input: string, output?: string): LearnerOutput {
  if (isFittedForest(learner)) {
    const tensor = writeTrees(learner.trees(), features, { input, targets: learner.forest.width, aggregate: 'AVERAGE', output })
    return { tensor, type: 'float32' }
  }
  const sum = treeSumOf(learner)
  if (sum !== undefined && isFittedIsolation(learner)) {
    return { tensor: writeOutlierness(features, writeSums(sum, features, input), learner.threshold, output), type: 'float64' }
  }
  if (sum !== undefined) return { tensor: writeSums(sum, features, input, output), type: 'float64' }
  if (isFittedLinear(learner)) return { tensor: writeLinear(learner.linear, features, input, output), type: 'float64' }
  if (isFittedCalibrated(learner))
    return { tensor: writeCalibration(features, writeScores(learner, features, input), learner.calibrators, output), type: 'float64' }
  throw new MillwrightError('Unsupported', `toOnnx: there is no ONNX form of the learner ${show(learner.kind)}`)
}

/** What a calibrated model calibrates: the sums of a linear model, or probabilities; of two classes those of the second. */
function writeScores({ base, calibrators }: FittedCalibrated, features: Features, input: string): string {
  const { graph } = features
  if (isFittedLinear(base)) return writeLinearSums(base.linear, features, input)
  const { tensor } = writeFitted(base, features, input)
  const probabilities = features.cast(tensor)
  if (calibrators.calibrators.length > 1) return probabilities
  return graph.node('Gather', [probabilities, graph.constant('int64', [1], BigInt64Array.of(1n))], { attributes: { axis: int(1) } })
}

/** Boosted trees and trees of another library: in float64 on top of the operator's float32 sum. */
function writeSums(model: TreeSum, features: Features, input: string, output?: string): string {
  const { trees, numFeatures, outputs, base, scale, link, targetOf, zeroIsMissing } = model
  const { add, mul } = arithmetic(features)
  const cells = zeroIsMissing.includes(1) ? writeMissingZeros(features, input, zeroIsMissing) : input
  const withSets = writeCategorySets(features, cells, trees, numFeatures)
  const sum = writeTrees(withSets.trees, features, { input: withSets.input, targets: outputs, targetOf, aggregate: 'SUM' })
  const sums = add(features.cast(sum), features.numbers([1, outputs], base))
  return writeLink(features, link, scale === 1 ? sums : mul(sums, scale), output)
}

/** Zeros of some features become missing. */
function writeMissingZeros(features: Features, input: string, zeroIsMissing: Uint8Array): string {
  const { graph } = features
  const { of, where, atLeast } = arithmetic(features)
  const isZero = atLeast(LEAST_NUMBER, of('Abs', input))
  const counts = graph.constant('bool', [1, zeroIsMissing.length], zeroIsMissing)
  return where(graph.node('And', [isZero, counts]), Number.NaN, input)
}

/** Answers from sums. */
function writeLink(features: Features, link: EnsembleLink, sums: string, output: string | undefined): string {
  const { graph } = features
  const { of, log1p } = arithmetic(features)
  switch (link) {
    case 'identity':
      return graph.node('Identity', [sums], { output })
    case 'softmax':
      return graph.node('Softmax', [sums], { attributes: { axis: int(-1) }, output })
    case 'logistic':
      return writeTwoClasses(features, sums, output)
    case 'step': {
      const second = features.cast(graph.node('Greater', [sums, features.numbers([], [0])]))
      const first = graph.node('Sub', [features.numbers([], [1]), second])
      return graph.node('Concat', [first, second], { attributes: { axis: int(1) }, output })
    }
    case 'signedSquare':
      return graph.node('Mul', [sums, of('Abs', sums)], { output })
    case 'softplus':
      // onnxruntime has no Softplus of float64.
      return graph.node('Add', [of('Relu', sums), log1p(of('Exp', of('Neg', of('Abs', sums))))], { output })
    default:
      return graph.node(link === 'exponential' ? 'Exp' : 'Sigmoid', [sums], { output })
  }
}

/** The two straight lines from anomaly scores to probabilities that meet at the threshold. */
function writeOutlierness(features: Features, scores: string, threshold: number, output: string | undefined): string {
  const { add, mul, sub, where, atLeast } = arithmetic(features)
  const { graph } = features
  const above = add(mul(sub(scores, threshold), 1 / (2 * (1 - threshold))), 0.5)
  const bounded = graph.node('Max', [features.numbers([], [0.5 + Number.EPSILON]), graph.node('Min', [features.numbers([], [1]), above])])
  const second = where(atLeast(threshold, scores), mul(scores, 1 / (2 * threshold)), bounded)
  return graph.node('Concat', [sub(1, second), second], { attributes: { axis: int(1) }, output })
}

function writeLinear(linear: LinearState, features: Features, input: string, output: string | undefined): string {
  const { graph } = features
  if (linear.link === 'identity') return writeLinearSums(linear, features, input, output)
  const sums = writeLinearSums(linear, features, input)
  if (linear.link === 'softmax') return graph.node('Softmax', [sums], { attributes: { axis: int(-1) }, output })
  return writeTwoClasses(features, sums, output)
}

function writeLinearSums({ coefficients, intercepts }: LinearState, features: Features, input: string, output?: string): string {
  const { graph } = features
  const outputs = intercepts.length
  const width = coefficients.length / outputs
  // MatMul takes features × outputs.
  const weights = Float64Array.from(
    { length: width * outputs },
    (_, i) => coefficients[(i % outputs) * width + Math.floor(i / outputs)] as number,
  )
  const product = graph.node('MatMul', [input, features.numbers([width, outputs], weights)])
  return graph.node('Add', [product, features.numbers([1, outputs], intercepts)], { output })
}

/** The probabilities of two classes from the log-odds of the second. */
function writeTwoClasses({ graph }: Features, sums: string, output: string | undefined): string {
  const second = graph.node('Sigmoid', [sums])
  const first = graph.node('Sigmoid', [graph.node('Neg', [sums])])
  return graph.node('Concat', [first, second], { attributes: { axis: int(1) }, output })
}
