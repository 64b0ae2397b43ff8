/** Ridge regression: least squares with an L2 penalty. */
import { checkOptions, finiteNumber } from '../../core/options'
import { makeEstimator, type Regressor } from '../estimator'
import type { Learner } from '../learner'
import { paramsOf } from '../params'
import { leastSquares } from './least-squares'
import { fittedLinear } from './linear-model'
import { assertNumbers } from './linear-regression'

/** Options of {@link ridgeRegression}. */
export interface RidgeRegressionOptions {
  /** Strength of the L2 penalty on the coefficients, not on the intercept. @default 1 */
  readonly alpha?: number | undefined
}

/**
 * Ridge regression, as scikit-learn's `Ridge`: minimises Σ (y − b − Σ w x)² + alpha Σ w² on the features as they are; `standardScaler()` before it
 * penalises them alike. The same as `linearRegression({ alpha })`. Missing values need an imputer before it.
 *
 * O(rows × features²).
 *
 * @throws InvalidArgument on unknown options
 */
export function ridgeRegression(options: RidgeRegressionOptions = {}): Regressor {
  const kind = 'ridgeRegression'
  checkOptions(kind, options, { alpha: finiteNumber(0) })
  const { alpha = 1 } = options
  const learner: Learner = {
    kind,
    task: 'regression',
    withOptions: (changes) => ridgeRegression({ ...options, ...changes }).learner,
    options: paramsOf({ alpha }),
    *steps(features, target) {
      assertNumbers(kind, features)
      const { coefficients, intercept } = leastSquares(features.columns, target.values as Float64Array, alpha)
      yield { phase: 'fit', done: 1, total: 1, unit: 'steps' }
      return fittedLinear({ kind, link: 'identity', coefficients, intercepts: [intercept] })
    },
  }
  return makeEstimator(kind, [], learner, learner.options)
}
