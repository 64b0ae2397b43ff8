/** ONNX for what has been learned: forests, boosted trees and linear models, as scores of the classes or as a number. */
import { MillwrightError, show } from '../core/errors'
import { type FittedBoosting, isFittedBoosting } from '../learn/boosting/fitted-boosting'
import { isFittedForest } from '../learn/forest/fitted-forest'
import { isFittedLinear, type LinearState } from '../learn/linear/linear-model'
import type { ModelParts } from '../learn/model-parts'
import { int } from '../onnxfile/attribute'
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
  const input = features.matrix(matrixNames)
  if (isFittedForest(learner)) {
    const tensor = writeTrees(learner.trees(), features, { input, targets: learner.forest.width, aggregate: 'AVERAGE', output })
    return { tensor, type: 'float32' }
  }
  if (isFittedBoosting(learner)) return { tensor: writeBoosting(learner, features, input, output), type: 'float64' }
  if (isFittedLinear(learner)) return { tensor: writeLinear(learner.linear, features, input, output), type: 'float64' }
  throw new MillwrightError('Unsupported', `toOnnx: there is no ONNX form of the learner ${show(learner.kind)}`)
}

/** Sums of float64 on top of the operator's float32 sum: the base, and the link. */
function writeBoosting(learner: FittedBoosting, features: Features, input: string, output: string): string {
  const { graph } = features
  const { base, link, outputs } = learner.boosted
  const all = learner.trees()
  const withSets = writeCategorySets(features, input, all, learner.boosted.edges.length)
  const sum = writeTrees(withSets.trees, features, {
    input: withSets.input,
    targets: outputs,
    targetOf: (tree) => tree % outputs,
    aggregate: 'SUM',
  })
  const add = (name?: string): string => graph.node('Add', [features.cast(sum), features.numbers([1, outputs], base)], { output: name })
  if (link === 'identity') return add(output)
  return link === 'softmax'
    ? graph.node('Softmax', [add()], { attributes: { axis: int(-1) }, output })
    : writeTwoClasses(features, add(), output)
}

function writeLinear({ link, coefficients, intercepts }: LinearState, features: Features, input: string, output: string): string {
  const { graph } = features
  const outputs = intercepts.length
  const width = coefficients.length / outputs
  // MatMul takes features × outputs.
  const weights = Float64Array.from(
    { length: width * outputs },
    (_, i) => coefficients[(i % outputs) * width + Math.floor(i / outputs)] as number,
  )
  const product = graph.node('MatMul', [input, features.numbers([width, outputs], weights)])
  const add = (name?: string): string => graph.node('Add', [product, features.numbers([1, outputs], intercepts)], { output: name })
  if (link === 'identity') return add(output)
  if (link === 'softmax') return graph.node('Softmax', [add()], { attributes: { axis: int(-1) }, output })
  return writeTwoClasses(features, add(), output)
}

/** The probabilities of two classes from the log-odds of the second. */
function writeTwoClasses({ graph }: Features, sums: string, output: string): string {
  const second = graph.node('Sigmoid', [sums])
  const first = graph.node('Sigmoid', [graph.node('Neg', [sums])])
  return graph.node('Concat', [first, second], { attributes: { axis: int(1) }, output })
}
