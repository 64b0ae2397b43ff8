/** Forests, boosted trees, isolation forests and trees of another library seen alike: trees whose leaf numbers are added up. */
import { isFittedBoosting } from '../boosting/fitted-boosting'
import { isFittedForest } from '../forest/fitted-forest'
import type { TreeArrays } from '../forest/forest'
import type { FittedLearner } from '../learner'
import { isFittedIsolation } from '../outliers/fitted-isolation'
import { isFittedEnsemble } from './fitted-ensemble'
import type { EnsembleLink } from './links'

/** A model made of trees. */
export interface TreeSum {
  readonly trees: readonly TreeArrays[]
  readonly numFeatures: number
  /** Sums per row. */
  readonly outputs: number
  /** What each sum begins with, before it is scaled. */
  readonly base: Float64Array
  /** What the sums are multiplied by before the link. */
  readonly scale: number
  /** `identity` of a forest, whose sums are probabilities or numbers. */
  readonly link: EnsembleLink
  /** The sum that the first number of a tree's leaves is added to; further numbers go to the next sums. */
  readonly targetOf: (tree: number) => number
  /** By feature: 1 where zeros count as missing. */
  readonly zeroIsMissing: Uint8Array
}

/** The trees of a learner; `undefined` when it is not made of trees. */
export function treeSumOf(learner: FittedLearner): TreeSum | undefined {
  if (isFittedForest(learner)) {
    const trees = learner.trees()
    const { width: outputs, edges } = learner.forest
    const numFeatures = edges.length
    const base = new Float64Array(outputs)
    const zeroIsMissing = new Uint8Array(numFeatures)
    return { trees, numFeatures, outputs, base, scale: 1 / trees.length, link: 'identity', targetOf: () => 0, zeroIsMissing }
  }
  if (isFittedBoosting(learner)) {
    const { outputs, base, link, edges } = learner.boosted
    const numFeatures = edges.length
    const zeroIsMissing = new Uint8Array(numFeatures)
    return { trees: learner.trees(), numFeatures, outputs, base, scale: 1, link, targetOf: (tree) => tree % outputs, zeroIsMissing }
  }
  if (isFittedEnsemble(learner) || isFittedIsolation(learner)) {
    const { numFeatures, outputs, base, scale, link, targets, zeroIsMissing } = learner.ensemble
    const targetOf = (tree: number): number => targets[tree] as number
    return { trees: learner.trees(), numFeatures, outputs, base, scale, link, targetOf, zeroIsMissing }
  }
  return undefined
}
