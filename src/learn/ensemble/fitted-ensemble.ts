/** Trees of another library as a fitted learner. */
import type { TreeArrays } from '../forest/forest'
import type { FittedLearner } from '../learner'
import { ensembleBytes, ensembleHeader } from './ensemble-format'
import { ensembleTreeArrays, predictEnsemble, type TreeEnsemble } from './tree-ensemble'

/** A fitted sum of trees that another library has grown. */
export interface FittedEnsemble extends FittedLearner {
  readonly ensemble: TreeEnsemble
  /** Every tree with thresholds and child indices; created on each call. */
  trees(): TreeArrays[]
}

/** Facts about an ensemble besides its trees. */
export interface FittedEnsembleFacts {
  readonly importance?: Float64Array | undefined
  readonly iterations?: number | undefined
}

/** An ensemble as a fitted learner. */
export function fittedEnsemble(ensemble: TreeEnsemble, { importance, iterations }: FittedEnsembleFacts): FittedEnsemble {
  const kind = 'treeEnsemble'
  const facts = iterations === undefined ? {} : { iterations }
  return {
    kind,
    ensemble,
    takesMissing: true,
    ...facts,
    ...(importance === undefined ? {} : { importance }),
    predict: (features) => predictEnsemble(ensemble, features),
    trees: () => ensembleTreeArrays(ensemble),
    state: () => ({
      kind,
      json: { ...ensembleHeader(ensemble), ...facts, ...(importance === undefined ? {} : { importance: Array.from(importance) }) },
      bytes: ensembleBytes(ensemble),
    }),
  }
}

/** Whether a fitted learner is a sum of trees of another library. */
export function isFittedEnsemble(learner: FittedLearner): learner is FittedEnsemble {
  return learner.kind === 'treeEnsemble'
}
