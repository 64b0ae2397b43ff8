/** Random forests (Breiman 2001) over histogram splits. */
import { either, oneOf } from '../../core/options'
import { type Classifier, makeEstimator, type Regressor } from '../estimator'
import type { Learner } from '../learner'
import { paramsOf } from '../params'
import { binnedForest, growForest } from './grow-forest'
import { growOnThreads } from './grow-on-threads'
import {
  forestSettings,
  type RandomForestClassifierOptions,
  type RandomForestRegressorOptions,
  weightRecord,
} from './random-forest-options'

/**
 * A random forest that predicts labels. Probabilities are the mean of the class shares in the leaves a row falls in, as in
 * scikit-learn. Missing values need no imputer: each split learns to which side they go (where it saw none, to the larger).
 *
 * The search for splits uses histograms of at most 256 ranges of the node's own values, so small nodes are split exactly. Text columns need
 * an encoder. Memory: two bytes per cell, and 8 bytes per node.
 *
 * @throws InvalidArgument on unknown options or values out of range
 *
 * @example
 * const fitted = randomForestClassifier({ nEstimators: 200, seed: 1 }).fit(train, { target: 'species' })
 */
export function randomForestClassifier(options: RandomForestClassifierOptions = {}): Classifier {
  const kind = 'randomForestClassifier'
  const rules = { criterion: oneOf('gini', 'entropy'), classWeight: either(oneOf('balanced', 'balancedSubsample'), weightRecord()) }
  const settings = forestSettings(kind, options, { maxFeatures: 'sqrt', rules })
  const { criterion = 'gini', classWeight } = options
  const learner: Learner = {
    kind,
    task: 'classification',
    options: paramsOf({ ...settings, criterion, classWeight }),
    given: options,
    withOptions: (changes) => randomForestClassifier({ ...options, ...changes }).learner,
    inRounds: true,
    steps: (features, target, _folded, others) =>
      growForest(binnedForest({ kind, settings, criterion, classWeight }, features, target), others),
    onThreads: (features, target, threads) =>
      growOnThreads(binnedForest({ kind, settings, criterion, classWeight }, features, target), threads),
  }
  return makeEstimator(kind, [], learner, learner.options)
}

/**
 * A random forest that predicts numbers: the mean over trees of the mean of the leaf a row falls in. Splits lower the squared error.
 * Otherwise as {@link randomForestClassifier}.
 *
 * @throws InvalidArgument on unknown options or values out of range
 */
export function randomForestRegressor(options: RandomForestRegressorOptions = {}): Regressor {
  const kind = 'randomForestRegressor'
  const settings = forestSettings(kind, options, { maxFeatures: 'all' })
  const learner: Learner = {
    kind,
    task: 'regression',
    options: paramsOf(settings),
    given: options,
    withOptions: (changes) => randomForestRegressor({ ...options, ...changes }).learner,
    inRounds: true,
    steps: (features, target, _folded, others) => growForest(binnedForest({ kind, settings }, features, target), others),
    onThreads: (features, target, threads) => growOnThreads(binnedForest({ kind, settings }, features, target), threads),
  }
  return makeEstimator(kind, [], learner, learner.options)
}
