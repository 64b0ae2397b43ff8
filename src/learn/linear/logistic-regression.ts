/** Logistic regression for two or more classes. */
import { checkOptions, finiteNumber, wholeNumber } from '../../core/options'
import type { ProgressEvent } from '../../core/progress'
import { type Classifier, makeEstimator } from '../estimator'
import type { FeatureMatrix, FittedLearner, Learner, TargetVector } from '../learner'
import { paramsOf } from '../params'
import { fittedLinear, softmax } from './linear-model'
import { assertNumbers } from './linear-regression'
import { minimize, type Objective } from './minimize'
import { type StandardColumn, standardColumn, unstandard } from './standard-columns'

/** Options of {@link logisticRegression}. */
export interface LogisticRegressionOptions {
  /** Inverse strength of the L2 penalty on the coefficients (not on intercepts), as scikit-learn's `C`. @default 1 */
  readonly c?: number | undefined
  /** Most iterations. A fit that needs more gives a warning, and its model has `converged: false`. @default 1000 */
  readonly maxIterations?: number | undefined
  /** Stop when no part of the gradient of the mean loss, by standardised features, exceeds this. @default 1e-8 */
  readonly tolerance?: number | undefined
}

/**
 * Logistic regression with an L2 penalty, by L-BFGS: one logistic for two classes, the softmax of one sum per class for more.
 * The features may be of any scale: they are standardised within and the coefficients given back for the features as they are, so that without
 * `standardScaler` the minimum is that of scikit-learn's objective on the raw features. (The penalty then weighs on raw coefficients; with a
 * scaler before it, all features are penalised alike.) Missing values need `simpleImputer`.
 *
 * @throws InvalidArgument on unknown options; on fit, for a target of one class
 */
export function logisticRegression(options: LogisticRegressionOptions = {}): Classifier {
  checkOptions('logisticRegression', options, { c: finiteNumber(1e-12), maxIterations: wholeNumber(1), tolerance: finiteNumber(0) })
  const { c = 1, maxIterations = 1000, tolerance = 1e-8 } = options
  const learner: Learner = {
    kind: 'logisticRegression',
    task: 'classification',
    minClasses: 2,
    options: paramsOf({ c, maxIterations, tolerance }),
    withOptions: (changes) => logisticRegression({ ...options, ...changes }).learner,
    steps: (features, target) => fitLogistic(features, target, { c, maxIterations, tolerance }),
  }
  return makeEstimator('logisticRegression', [], learner, learner.options)
}

function* fitLogistic(
  features: FeatureMatrix,
  target: TargetVector,
  { c, maxIterations, tolerance }: { readonly c: number; readonly maxIterations: number; readonly tolerance: number },
): Generator<ProgressEvent<'fit'>, FittedLearner> {
  const kind = 'logisticRegression'
  assertNumbers(kind, features)
  const p = features.columns.length
  const link = target.numClasses === 2 ? 'logistic' : 'softmax'
  const outputs = link === 'logistic' ? 1 : target.numClasses
  const problem = conditioned(features, 1 / (c * features.numRows), target.numClasses)
  const objective = link === 'logistic' ? binaryLoss(problem, target) : softmaxLoss(problem, target)
  const search = minimize(objective, outputs * (p + 1), { tolerance, maxIterations })
  for (;;) {
    const step = search.next()
    if (step.done) {
      const { x, converged, iterations, gradient } = step.value
      const lines = Array.from({ length: outputs }, (_, o) => {
        const slopes = x.subarray(o * p, o * p + p).map((weight, f) => weight * (problem.units[f] as number))
        return unstandard(problem.standard, slopes, (x[outputs * p + o] as number) * problem.interceptUnit)
      })
      return fittedLinear({
        kind,
        link,
        coefficients: lines.flatMap(({ coefficients }) => coefficients),
        intercepts: lines.map(({ intercept }) => intercept),
        converged,
        iterations,
        ...(converged ? {} : { warning: notConverged({ iterations, gradient, tolerance, maxIterations }) }),
      })
    }
    yield { phase: 'fit', done: step.value, unit: 'steps' }
  }
}

function notConverged(facts: {
  readonly iterations: number
  readonly gradient: number
  readonly tolerance: number
  readonly maxIterations: number
}): string {
  const { iterations, gradient, tolerance, maxIterations } = facts
  const way = iterations >= maxIterations ? `raise \`maxIterations\` (${maxIterations})` : 'lower `c`, or raise `tolerance`'
  return `logisticRegression did not converge in ${iterations} iterations: the largest part of the gradient is ${gradient.toPrecision(2)}, more than the tolerance ${tolerance}; ${way}`
}

/**
 * The problem in variables of similar scale. Every column has mean 0, and a unit that gives its variable a curvature near 1; the penalty of a
 * variable is the penalty of the coefficient of the column as it was, so the minimum is the same.
 */
interface Conditioned {
  readonly numRows: number
  /** Standard columns times their units. */
  readonly columns: readonly Float64Array[]
  readonly standard: readonly StandardColumn[]
  readonly units: Float64Array
  readonly interceptUnit: number
  /** One per column. */
  readonly penalties: Float64Array
}

function conditioned(features: FeatureMatrix, penalty: number, numClasses: number): Conditioned {
  const standard = features.columns.map(standardColumn)
  // The curvature of the mean loss at the start, where every class is as likely as another.
  const curvature = (1 / numClasses) * (1 - 1 / numClasses)
  const own = standard.map(({ scale }) => penalty / scale ** 2)
  const units = Float64Array.from(own, (strength) => 1 / Math.sqrt(curvature + strength))
  return {
    numRows: features.numRows,
    columns: standard.map(({ values }, f) => values.map((value) => value * (units[f] as number))),
    standard,
    units,
    interceptUnit: 1 / Math.sqrt(curvature),
    penalties: Float64Array.from(own, (strength) => (strength === Number.POSITIVE_INFINITY ? 1 : strength / (curvature + strength))),
  }
}

/** Mean of ln(1 + e^−margin) and the penalty; x is the coefficients, then the intercept. */
function binaryLoss(problem: Conditioned, { values }: TargetVector): Objective {
  const { columns, numRows, interceptUnit } = problem
  const p = columns.length
  const sums = new Float64Array(numRows)
  return (x, gradient) => {
    sums.fill((x[p] as number) * interceptUnit)
    for (let f = 0; f < p; f++) addColumn(sums, columns[f] as Float64Array, x[f] as number, 0, 1)
    let loss = 0
    let slope = 0
    for (let row = 0; row < numRows; row++) {
      const sum = sums[row] as number
      const label = values[row] as number
      const margin = label === 1 ? sum : -sum
      const tail = margin > 0 ? Math.exp(-margin) / (1 + Math.exp(-margin)) : 1 / (1 + Math.exp(margin))
      loss += margin > 0 ? Math.log1p(Math.exp(-margin)) : Math.log1p(Math.exp(margin)) - margin
      sums[row] = label === 1 ? -tail : tail
      slope += sums[row] as number
    }
    gradient[p] = (slope / numRows) * interceptUnit
    return loss / numRows + slopes(problem, sums, x, gradient, 1)
  }
}

/** Mean of −ln of the actual class's softmax and the penalty; x is outputs × features, then the intercepts. */
function softmaxLoss(problem: Conditioned, target: TargetVector): Objective {
  const { columns, numRows, interceptUnit } = problem
  const p = columns.length
  const k = target.numClasses
  const sums = new Float64Array(numRows * k)
  return (x, gradient) => {
    for (let o = 0; o < k; o++) {
      for (let row = 0; row < numRows; row++) sums[row * k + o] = (x[k * p + o] as number) * interceptUnit
      for (let f = 0; f < p; f++) addColumn(sums, columns[f] as Float64Array, x[o * p + f] as number, o, k)
    }
    softmax(sums, k)
    let loss = 0
    for (let row = 0; row < numRows; row++) {
      const cell = row * k + (target.values[row] as number)
      loss -= Math.log(Math.max(Number.MIN_VALUE, sums[cell] as number))
      sums[cell] = (sums[cell] as number) - 1
    }
    for (let o = 0; o < k; o++) {
      let slope = 0
      for (let at = o; at < sums.length; at += k) slope += sums[at] as number
      gradient[k * p + o] = (slope / numRows) * interceptUnit
    }
    return loss / numRows + slopes(problem, sums, x, gradient, k)
  }
}

function addColumn(sums: Float64Array, column: Float64Array, weight: number, offset: number, stride: number): void {
  for (let row = 0, at = offset; row < column.length; row++, at += stride)
    sums[at] = (sums[at] as number) + weight * (column[row] as number)
}

/** Writes the gradient of all coefficients from the residuals; returns the penalty's value. */
function slopes(
  { columns, numRows, penalties }: Conditioned,
  residuals: Float64Array,
  x: Float64Array,
  gradient: Float64Array,
  outputs: number,
): number {
  const p = columns.length
  let penalty = 0
  for (let o = 0; o < outputs; o++) {
    for (let f = 0; f < p; f++) {
      const column = columns[f] as Float64Array
      const weight = x[o * p + f] as number
      let sum = 0
      for (let row = 0, at = o; row < numRows; row++, at += outputs) sum += (residuals[at] as number) * (column[row] as number)
      gradient[o * p + f] = sum / numRows + (penalties[f] as number) * weight
      penalty += (penalties[f] as number) * weight * weight
    }
  }
  return penalty / 2
}
