/** k nearest neighbours (Fix and Hodges 1951; Cover and Hart 1967). */
import { invalidArgument } from '../../core/errors'
import { checkOptions, finiteNumber, oneOf, wholeNumber } from '../../core/options'
import type { ProgressEvent } from '../../core/progress'
import { type Classifier, makeEstimator, type Regressor } from '../estimator'
import type { FeatureMatrix, FittedLearner, Learner, TargetVector } from '../learner'
import { assertNumbers } from '../linear/linear-regression'
import { paramsOf } from '../params'
import { fittedNeighbors, type NeighborsState } from './fitted-neighbors'
import type { DistanceMetric } from './k-d-tree'

/** Options of {@link kNeighborsClassifier} and {@link kNeighborsRegressor}. */
export interface KNeighborsOptions {
  /** How many training rows answer. @default 5 */
  readonly nNeighbors?: number | undefined
  /** Whether all count alike, or by 1 / distance; rows at no distance then count alone. @default 'uniform' */
  readonly weights?: 'uniform' | 'distance' | undefined
  /** @default 'euclidean' */
  readonly metric?: DistanceMetric | undefined
  /** The power of `minkowski`, at least 1. @default 2 */
  readonly p?: number | undefined
}

/**
 * A classifier that answers with the classes of the nearest training rows: the counterpart of scikit-learn's `KNeighborsClassifier`. The model holds all
 * training rows. Distances mix units: put `standardScaler()` before it. Of equally near rows the earlier ones answer; of classes with equal votes the
 * first one. Missing values need an imputer before it.
 *
 * A prediction takes O(log rows) per row with few features, and up to O(rows) with many.
 *
 * @throws InvalidArgument on unknown options; on fit, for fewer rows than `nNeighbors`
 *
 * @example
 * const model = chain([simpleImputer(), standardScaler(), kNeighborsClassifier({ nNeighbors: 7, weights: 'distance' })])
 */
export function kNeighborsClassifier(options: KNeighborsOptions = {}): Classifier {
  const learner = learnerOf('kNeighborsClassifier', options, (changes) => kNeighborsClassifier({ ...options, ...changes }).learner)
  return makeEstimator(learner.kind, [], learner, learner.options)
}

/**
 * A regressor that answers with the mean of the nearest training rows: the counterpart of scikit-learn's `KNeighborsRegressor`. Otherwise as
 * {@link kNeighborsClassifier}.
 *
 * @throws InvalidArgument on unknown options; on fit, for fewer rows than `nNeighbors`
 */
export function kNeighborsRegressor(options: KNeighborsOptions = {}): Regressor {
  const learner = learnerOf('kNeighborsRegressor', options, (changes) => kNeighborsRegressor({ ...options, ...changes }).learner)
  return makeEstimator(learner.kind, [], learner, learner.options)
}

function learnerOf(kind: NeighborsState['kind'], options: KNeighborsOptions, withOptions: (changes: object) => Learner): Learner {
  checkOptions(kind, options, {
    nNeighbors: wholeNumber(1),
    weights: oneOf('uniform', 'distance'),
    metric: oneOf('euclidean', 'manhattan', 'chebyshev', 'minkowski'),
    p: finiteNumber(1),
  })
  const { nNeighbors = 5, weights = 'uniform', metric = 'euclidean', p = 2 } = options
  if (options.p !== undefined && metric !== 'minkowski') throw invalidArgument(`\`p\` of ${kind} needs the metric 'minkowski'`)
  const settings = { kind, nNeighbors, weights, metric, p }
  return {
    kind,
    task: kind === 'kNeighborsClassifier' ? 'classification' : 'regression',
    withOptions,
    options: paramsOf({ nNeighbors, weights, metric, ...(metric === 'minkowski' ? { p } : {}) }),
    steps: (features, target) => keepRows(settings, features, target),
  }
}

function* keepRows(
  settings: Pick<NeighborsState, 'kind' | 'nNeighbors' | 'weights' | 'metric' | 'p'>,
  features: FeatureMatrix,
  { values, numClasses }: TargetVector,
): Generator<ProgressEvent<'fit'>, FittedLearner> {
  const { kind, nNeighbors } = settings
  assertNumbers(kind, features)
  const { numRows, columns } = features
  if (nNeighbors > numRows) {
    throw invalidArgument(`\`nNeighbors\` of ${kind} must be at most the number of training rows, ${numRows}, got ${nNeighbors}`)
  }
  const width = columns.length
  const points = new Float64Array(numRows * width)
  for (const [f, column] of columns.entries())
    for (let row = 0, at = f; row < numRows; row++, at += width) points[at] = column[row] as number
  yield { phase: 'fit', done: 1, total: 1, unit: 'steps' }
  return fittedNeighbors({ ...settings, points, values: Float64Array.from(values), features: width, classes: numClasses })
}
