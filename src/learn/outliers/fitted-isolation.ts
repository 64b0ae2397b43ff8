/** An isolation forest as a fitted learner. */
import { ensembleBytes, ensembleFrom, ensembleHeader } from '../ensemble/ensemble-format'
import { ensembleSums, ensembleTreeArrays, type TreeEnsemble } from '../ensemble/tree-ensemble'
import type { TreeArrays } from '../forest/forest'
import type { FeatureMatrix, FittedLearner } from '../learner'
import { corruptModel } from '../model-format'
import type { StoredIsolation } from '../stored-parts'

/** A fitted isolation forest. */
export interface FittedIsolation extends FittedLearner {
  /** Trees whose leaves hold paths; the exponential link gives the anomaly score 2^(−mean path / mean path of all), from 0 to 1. */
  readonly ensemble: TreeEnsemble
  /** The anomaly score above which a row is an outlier. */
  readonly threshold: number
  /** Anomaly scores, higher for odder rows. */
  scores(features: FeatureMatrix): Float64Array
  trees(): TreeArrays[]
}

/** An isolation forest as a fitted learner. */
export function fittedIsolation(ensemble: TreeEnsemble, threshold: number): FittedIsolation {
  const kind = 'isolationForest'
  const scores = (features: FeatureMatrix): Float64Array => ensembleSums(ensemble, features).map(Math.exp)
  return {
    kind,
    ensemble,
    threshold,
    takesMissing: false,
    scores,
    predict(features) {
      const answers = new Float64Array(2 * features.numRows)
      for (const [row, score] of scores(features).entries()) {
        const outlier = outlierness(score, threshold)
        answers[2 * row] = 1 - outlier
        answers[2 * row + 1] = outlier
      }
      return answers
    },
    trees: () => ensembleTreeArrays(ensemble),
    state: () => ({ kind, json: { ...ensembleHeader(ensemble), threshold }, bytes: ensembleBytes(ensemble) }),
  }
}

/** A score as a number from 0 to 1 that is above one half just where the score is above the threshold: two straight lines. */
function outlierness(score: number, threshold: number): number {
  if (score <= threshold) return score / (2 * threshold)
  // Where the lines are steep, a score just above the threshold could be rounded down to one half.
  return Math.max(0.5 + Number.EPSILON, Math.min(1, 0.5 + (score - threshold) / (2 * (1 - threshold))))
}

/** Whether a fitted learner is an isolation forest. */
export function isFittedIsolation(learner: FittedLearner): learner is FittedIsolation {
  return learner.kind === 'isolationForest'
}

/** The forest of a stored state. @throws Corrupt */
export function restoreIsolation(state: StoredIsolation, bytes: Uint8Array | undefined, features: number): FittedIsolation {
  if (state.features !== features) throw corruptModel(`${features} columns for ${state.features} features`)
  if (state.outputs !== 1) throw corruptModel(`${state.outputs} outputs of an isolation forest`)
  return fittedIsolation(ensembleFrom(state, bytes), state.threshold)
}
