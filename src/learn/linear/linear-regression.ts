/** Least squares, plain or ridge. */
import { MillwrightError } from '../../core/errors'
import { checkOptions, finiteNumber } from '../../core/options'
import { makeEstimator, type Regressor } from '../estimator'
import type { FeatureMatrix, Learner } from '../learner'
import { paramsOf } from '../params'
import { leastSquares } from './least-squares'
import { fittedLinear } from './linear-model'

/** Options of {@link linearRegression}. */
export interface LinearRegressionOptions {
  /** Strength of the L2 penalty on the coefficients, not on the intercept; 0 is plain least squares. @default 0 */
  readonly alpha?: number | undefined
}

/**
 * Linear regression by orthogonal transformations of standardised features, which may have any scale. If features are linearly dependent,
 * the solution with the smallest coefficients is returned, as by scikit-learn. Missing values need an
 * imputer before it.
 *
 * O(rows × features²).
 *
 * @throws InvalidArgument on unknown options
 */
export function linearRegression(options: LinearRegressionOptions = {}): Regressor {
  checkOptions('linearRegression', options, { alpha: finiteNumber(0) })
  const { alpha = 0 } = options
  const kind = 'linearRegression'
  const learner: Learner = {
    kind,
    task: 'regression',
    options: paramsOf({ alpha }),
    withOptions: (changes) => linearRegression({ ...options, ...changes }).learner,
    *steps(features, target) {
      assertNumbers(kind, features)
      const { coefficients, intercept } = leastSquares(features.columns, target.values as Float64Array, alpha)
      yield { phase: 'fit', done: 1, total: 1, unit: 'steps' }
      return fittedLinear({ kind, link: 'identity', coefficients, intercepts: [intercept] })
    },
  }
  return makeEstimator(kind, [], learner, learner.options)
}

/** Checks that no feature cell is missing or infinite. @throws InvalidArgument */
export function assertNumbers(kind: string, { columns, names }: FeatureMatrix): void {
  columns.forEach((column, f) => {
    let row = 0
    while (row < column.length && Math.abs(column[row] as number) <= Number.MAX_VALUE) row++
    if (row === column.length) return
    const what = Number.isNaN(column[row]) ? 'missing' : 'infinite'
    throw new MillwrightError('InvalidArgument', `${kind} needs finite numbers, but '${names[f]}' is ${what} in row ${row}`, {
      hint: 'put simpleImputer() before it in a chain',
    })
  })
}
