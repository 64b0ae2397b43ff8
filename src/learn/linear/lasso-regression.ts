/** The lasso: least squares with an L1 penalty, which makes coefficients zero. */
import { checkOptions, finiteNumber, wholeNumber } from '../../core/options'
import type { ProgressEvent } from '../../core/progress'
import { makeEstimator, type Regressor } from '../estimator'
import type { FeatureMatrix, FittedLearner, Learner } from '../learner'
import { paramsOf } from '../params'
import { fittedLinear } from './linear-model'
import { assertNumbers } from './linear-regression'

/** Options of {@link lassoRegression}. */
export interface LassoRegressionOptions {
  /** Strength of the L1 penalty on the coefficients, not on the intercept. @default 1 */
  readonly alpha?: number | undefined
  /** Passes over all features at most. @default 10000 */
  readonly maxIterations?: number | undefined
  /** The fit has converged when the dual gap is at most this share of Σ (y − mean)². @default 1e-12 */
  readonly tolerance?: number | undefined
}

/**
 * The lasso, as scikit-learn's `Lasso`: minimises Σ (y − b − Σ w x)² / (2 rows) + alpha Σ |w| on the features as they are, by coordinate descent
 * (Friedman, Hastie and Tibshirani 2010); `standardScaler()` before it penalises them alike. Missing values need an imputer before it.
 *
 * O(rows × features) per pass.
 *
 * @throws InvalidArgument on unknown options
 */
export function lassoRegression(options: LassoRegressionOptions = {}): Regressor {
  const kind = 'lassoRegression'
  checkOptions(kind, options, { alpha: finiteNumber(0), maxIterations: wholeNumber(1), tolerance: finiteNumber(0) })
  const { alpha = 1, maxIterations = 10_000, tolerance = 1e-12 } = options
  const learner: Learner = {
    kind,
    task: 'regression',
    withOptions: (changes) => lassoRegression({ ...options, ...changes }).learner,
    options: paramsOf({ alpha, maxIterations, tolerance }),
    steps: (features, target) => fitLasso(features, target.values as Float64Array, { alpha, maxIterations, tolerance }),
  }
  return makeEstimator(kind, [], learner, learner.options)
}

interface LassoSettings {
  readonly alpha: number
  readonly maxIterations: number
  readonly tolerance: number
}

function* fitLasso(features: FeatureMatrix, target: Float64Array, settings: LassoSettings): Generator<ProgressEvent<'fit'>, FittedLearner> {
  const kind = 'lassoRegression'
  assertNumbers(kind, features)
  const { alpha, maxIterations, tolerance } = settings
  const n = target.length
  const columns = features.columns.map(centred)
  const norms = columns.map(({ values }) => dot(values, values))
  const y = centred(target)
  const rest = y.values.slice()
  const weights = new Float64Array(columns.length)
  const most = tolerance * dot(y.values, y.values)
  let iterations = 0
  let gap = Number.POSITIVE_INFINITY
  while (iterations < maxIterations && gap > most) {
    iterations++
    for (let f = 0; f < columns.length; f++)
      step(f, weights, (columns[f] as Centred).values, { norm: norms[f] as number, rest, penalty: alpha * n })
    gap = dualGap(columns, y.values, rest, weights, alpha * n)
    yield { phase: 'fit', done: iterations, unit: 'steps' }
  }
  const converged = gap <= most
  const warning = `${kind} did not converge in ${iterations} passes: the dual gap is ${gap.toPrecision(2)}, more than ${most.toPrecision(2)}; raise \`maxIterations\` (${maxIterations}), \`tolerance\` or \`alpha\``
  return fittedLinear({
    kind,
    link: 'identity',
    coefficients: Array.from(weights),
    intercepts: [columns.reduce((sum, { mean }, f) => sum - mean * (weights[f] as number), y.mean)],
    converged,
    iterations,
    ...(converged ? {} : { warning }),
  })
}

interface Centred {
  readonly values: Float64Array
  readonly mean: number
}

/** The column minus its mean; the sum of the residuals restores the digits that a sum of large numbers loses. */
function centred(column: Float64Array): Centred {
  const n = column.length
  const rough = column.reduce((sum, value) => sum + value / n, 0)
  const mean = rough + column.reduce((sum, value) => sum + (value - rough), 0) / n
  return { values: column.map((value) => value - mean), mean }
}

/** Minimises by one coefficient, and keeps `rest` = y − Σ w x up to date. */
function step(
  f: number,
  weights: Float64Array,
  column: Float64Array,
  { norm, rest, penalty }: { readonly norm: number; readonly rest: Float64Array; readonly penalty: number },
): void {
  if (norm === 0) return
  const before = weights[f] as number
  const slope = dot(column, rest) + before * norm
  const after = Math.abs(slope) <= penalty ? 0 : (slope - Math.sign(slope) * penalty) / norm
  if (after === before) return
  weights[f] = after
  const change = before - after
  for (let row = 0; row < rest.length; row++) rest[row] = (rest[row] as number) + change * (column[row] as number)
}

/** How far the objective is above its minimum, at most: the gap to the dual problem, as scikit-learn computes it. */
function dualGap(columns: readonly Centred[], y: Float64Array, rest: Float64Array, weights: Float64Array, penalty: number): number {
  let steepest = 0
  for (const { values } of columns) steepest = Math.max(steepest, Math.abs(dot(values, rest)))
  const scale = steepest > penalty ? penalty / steepest : 1
  const left = dot(rest, rest)
  const sizes = weights.reduce((sum, weight) => sum + Math.abs(weight), 0)
  return 0.5 * left * (1 + scale * scale) + penalty * sizes - scale * dot(rest, y)
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number)
  return sum
}
