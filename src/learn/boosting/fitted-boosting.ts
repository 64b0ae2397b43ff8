/** Boosted trees as a fitted learner. */
import type { TreeArrays } from '../forest/forest'
import { type WalkTrees, walkTrees } from '../forest/walk'
import type { FittedLearner } from '../learner'
import { boostedBytes, boostedHeader } from './boosted-format'
import { type BoostedTrees, boostedTreeArrays, predictBoosted } from './boosted-trees'

/** Fitted boosted trees, with the trees for converters. */
export interface FittedBoosting extends FittedLearner {
  readonly boosted: BoostedTrees
  /** Every tree with thresholds and child indices; created on each call. The values of its leaves are added, by the learning rate already smaller. */
  trees(): TreeArrays[]
}

/** Facts about boosted trees besides the trees. */
export interface BoostingFacts {
  readonly importance?: Float64Array | undefined
  /** Iterations kept. */
  readonly iterations?: number | undefined
}

/** Boosted trees as a fitted learner. */
export function fittedBoosting(kind: string, boosted: BoostedTrees, { importance, iterations }: BoostingFacts): FittedBoosting {
  let walk: WalkTrees | undefined
  const facts = iterations === undefined ? {} : { iterations }
  return {
    kind,
    boosted,
    takesMissing: true,
    ...facts,
    ...(importance === undefined ? {} : { importance }),
    predict(features) {
      if (boosted.sets.length === 0) walk ??= walkTrees(boosted, { outputs: boosted.outputs })
      return predictBoosted(boosted, features, walk)
    },
    trees: () => boostedTreeArrays(boosted),
    state: () => ({
      kind,
      json: { ...boostedHeader(boosted), ...facts, ...(importance === undefined ? {} : { importance: Array.from(importance) }) },
      bytes: boostedBytes(boosted),
    }),
  }
}

/** Whether a fitted learner is one of our boosted trees. */
export function isFittedBoosting(learner: FittedLearner): learner is FittedBoosting {
  return learner.kind === 'gradientBoostingClassifier' || learner.kind === 'gradientBoostingRegressor'
}
