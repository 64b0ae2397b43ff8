/** A forest as a fitted learner. */
import type { FittedLearner } from '../learner'
import { type Forest, predictForest, type TreeArrays, treesOf } from './forest'
import { forestBytes, forestHeader } from './forest-format'
import { type WalkTrees, walkTrees } from './walk'

/** A fitted forest, with its trees for converters. */
export interface FittedForest extends FittedLearner {
  readonly forest: Forest
  /** Every tree with thresholds and child indices; created on each call. */
  trees(): TreeArrays[]
}

/** Facts about a forest besides its trees. */
export interface ForestFacts {
  readonly importance?: Float64Array | undefined
  readonly outOfBagScore?: number | undefined
}

/** A forest as a fitted learner. */
export function fittedForest(kind: string, forest: Forest, { importance, outOfBagScore }: ForestFacts): FittedForest {
  let walk: WalkTrees | undefined
  return {
    kind,
    forest,
    takesMissing: true,
    ...(importance === undefined ? {} : { importance }),
    ...(outOfBagScore === undefined ? {} : { outOfBagScore }),
    predict(features) {
      walk ??= walkTrees(forest)
      return predictForest(forest, features, walk)
    },
    trees: () => treesOf(forest),
    state: () => ({
      kind,
      json: {
        ...forestHeader(forest),
        ...(importance === undefined ? {} : { importance: Array.from(importance) }),
        ...(outOfBagScore === undefined ? {} : { outOfBagScore }),
      },
      bytes: forestBytes(forest),
    }),
  }
}

/** Whether a fitted learner is one of our forests. */
export function isFittedForest(learner: FittedLearner): learner is FittedForest {
  return learner.kind === 'randomForestClassifier' || learner.kind === 'randomForestRegressor'
}
