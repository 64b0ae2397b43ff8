/** Gradient boosting (Friedman 2001) over histograms, as LightGBM and scikit-learn's HistGradientBoosting do it. */
import { invalidArgument } from '../../core/errors'
import { either, oneOf } from '../../core/options'
import { type Classifier, makeEstimator, type Regressor } from '../estimator'
import { weightRecord } from '../forest/random-forest-options'
import type { Learner } from '../learner'
import { paramsOf } from '../params'
import { boost } from './boost'
import {
  boostingSettings,
  type GradientBoostingClassifierOptions,
  type GradientBoostingRegressorOptions,
  openShare,
} from './boosting-options'
import { binaryLoss, multiclassLoss, quantileLoss, squaredLoss } from './losses'

/**
 * Gradient-boosted trees that predict labels, by the log loss. The counterpart of LightGBM's `LGBMClassifier` and scikit-learn's
 * `HistGradientBoostingClassifier`, with their defaults.
 *
 * Text columns are categories, and need no encoder. Missing values need no imputer: each split learns to which side they go (where it saw
 * none, to the larger). Two classes grow one tree per iteration, more grow one per class. Memory while fitting: 2 bytes per cell, and 16 bytes per
 * bin and leaf.
 *
 * @throws InvalidArgument on unknown options or values out of range
 *
 * @example
 * const model = gradientBoostingClassifier({ nEstimators: 500, learningRate: 0.05, earlyStopping: true })
 * const fitted = model.fit(train, { target: 'late' })
 * fitted.iterations // up to the lowest loss on the rows held back
 */
export function gradientBoostingClassifier(options: GradientBoostingClassifierOptions = {}): Classifier {
  const kind = 'gradientBoostingClassifier'
  const settings = boostingSettings(kind, options, { classWeight: either(oneOf('balanced'), weightRecord()) })
  const { classWeight } = options
  const learner: Learner = {
    kind,
    task: 'classification',
    minClasses: 2,
    takesWeights: true,
    categoricalFeatures: settings.categoricalFeatures ?? [],
    given: options,
    withOptions: (changes) => gradientBoostingClassifier({ ...options, ...changes }).learner,
    options: paramsOf({ ...settings, classWeight }),
    inRounds: true,
    steps: (features, target, _folded, others) =>
      boost({
        kind,
        settings,
        features,
        target,
        others,
        classWeight,
        lossOf: (rows) => (target.numClasses > 2 ? multiclassLoss(rows) : binaryLoss(rows)),
      }),
  }
  return makeEstimator(kind, [], learner, learner.options)
}

/**
 * Gradient-boosted trees that predict numbers: the mean, the median, or another quantile. The counterpart of LightGBM's `LGBMRegressor` and
 * scikit-learn's `HistGradientBoostingRegressor`, with their defaults. Otherwise as {@link gradientBoostingClassifier}.
 *
 * @throws InvalidArgument on unknown options or values out of range
 */
export function gradientBoostingRegressor(options: GradientBoostingRegressorOptions = {}): Regressor {
  const kind = 'gradientBoostingRegressor'
  const settings = boostingSettings(kind, options, {
    loss: oneOf('squaredError', 'absoluteError', 'quantile'),
    quantile: openShare(),
  })
  const { loss = 'squaredError', quantile } = options
  if (quantile !== undefined && loss !== 'quantile') throw invalidArgument(`\`quantile\` of ${kind} needs the loss 'quantile'`)
  const share = loss === 'quantile' ? (quantile ?? 0.5) : 0.5
  const learner: Learner = {
    kind,
    task: 'regression',
    takesWeights: true,
    categoricalFeatures: settings.categoricalFeatures ?? [],
    given: options,
    withOptions: (changes) => gradientBoostingRegressor({ ...options, ...changes }).learner,
    options: paramsOf({ ...settings, loss, ...(loss === 'quantile' ? { quantile: share } : {}) }),
    inRounds: true,
    steps: (features, target, _folded, others) =>
      boost({
        kind,
        settings,
        features,
        target,
        others,
        lossOf: (rows) => (loss === 'squaredError' ? squaredLoss(rows) : quantileLoss(rows, share)),
      }),
  }
  return makeEstimator(kind, [], learner, learner.options)
}
