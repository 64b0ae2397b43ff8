/** Logistic regression for two or more classes. */
import { checkOptions, finiteNumber, wholeNumber } from '../../core/options'
import type { ProgressEvent } from '../../core/progress'
import { type Classifier, makeEstimator } from '../estimator'
import type { FeatureMatrix, FittedLearner, Learner, TargetVector } from '../learner'
import { paramsOf } from '../params'
import { fittedLinear, softmax } from './linear-model'
import { assertNumbers } from './linear-regression'
import { minimize, type Objective } from './minimize'
import { unstandard } from './standard-columns'
import { addWeighted, type StandardMatrix, standardMatrix, sumProducts } from './standard-matrix'

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
        return unstandard(problem.matrix.standard, slopes, (x[outputs * p + o] as number) * problem.interceptUnit)
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
 * The problem in variables of similar scale: a unit for each standardised feature gives its variable a curvature near 1. The penalty of a variable is
 * the penalty of the coefficient of the feature as it was, so the minimum is the same.
 */
interface Conditioned {
  readonly numRows: number
  readonly matrix: StandardMatrix
  /** One per feature. */
  readonly units: Float64Array
  readonly interceptUnit: number
  /** One per feature. */
  readonly penalties: Float64Array
}

function conditioned({ columns, numRows }: FeatureMatrix, penalty: number, numClasses: number): Conditioned {
  const matrix = standardMatrix(columns, numRows)
  // The curvature of the mean loss at the start, where every class is as likely as another.
  const curvature = (1 / numClasses) * (1 - 1 / numClasses)
  const own = matrix.standard.map(({ scale }) => penalty / scale ** 2)
  return {
    numRows,
    matrix,
    units: Float64Array.from(own, (strength) => 1 / Math.sqrt(curvature + strength)),
    interceptUnit: 1 / Math.sqrt(curvature),
    penalties: Float64Array.from(own, (strength) => (strength === Number.POSITIVE_INFINITY ? 1 : strength / (curvature + strength))),
  }
}

/** Mean of ln(1 + e^−margin) and the penalty; x is the coefficients, then the intercept. */
function binaryLoss(problem: Conditioned, { values }: TargetVector): Objective {
  const { numRows, interceptUnit } = problem
  const p = problem.units.length
  const sums = new Float64Array(numRows)
  const part = outputPart(problem)
  return (x, gradient) => {
    part.sums(x.subarray(0, p), (x[p] as number) * interceptUnit, sums)
    let loss = 0
    let slope = 0
    for (let row = 0; row < numRows; row++) {
      const isSecond = values[row] === 1
      const margin = isSecond ? (sums[row] as number) : -(sums[row] as number)
      // e^−|margin|, which cannot overflow.
      const power = Math.exp(-Math.abs(margin))
      const tail = (margin > 0 ? power : 1) / (1 + power)
      loss += Math.log1p(power) + (margin > 0 ? 0 : -margin)
      sums[row] = isSecond ? -tail : tail
      slope += sums[row] as number
    }
    gradient[p] = (slope / numRows) * interceptUnit
    return loss / numRows + part.slopes(sums, x.subarray(0, p), gradient.subarray(0, p))
  }
}

/** Mean of −ln of the actual class's softmax and the penalty; x is outputs × features, then the intercepts. */
function softmaxLoss(problem: Conditioned, target: TargetVector): Objective {
  const { numRows, interceptUnit } = problem
  const p = problem.units.length
  const k = target.numClasses
  const sums = Array.from({ length: k }, () => new Float64Array(numRows))
  const part = outputPart(problem)
  return (x, gradient) => {
    sums.forEach((own, o) => {
      part.sums(x.subarray(o * p, o * p + p), (x[k * p + o] as number) * interceptUnit, own)
    })
    let loss = softmaxResiduals(sums, target.values) / numRows
    sums.forEach((own, o) => {
      let slope = 0
      for (let row = 0; row < numRows; row++) slope += own[row] as number
      gradient[k * p + o] = (slope / numRows) * interceptUnit
      loss += part.slopes(own, x.subarray(o * p, o * p + p), gradient.subarray(o * p, o * p + p))
    })
    return loss
  }
}

/** Replaces the sums of all outputs by their softmax, less 1 for the actual class. Returns Σ −ln of the actual class's softmax. */
function softmaxResiduals(sums: readonly Float64Array[], classes: ArrayLike<number>): number {
  const cells = new Float64Array(sums.length)
  let loss = 0
  for (let row = 0; row < classes.length; row++) {
    for (let o = 0; o < cells.length; o++) cells[o] = (sums[o] as Float64Array)[row] as number
    softmax(cells, cells.length)
    const actual = classes[row] as number
    loss -= Math.log(Math.max(Number.MIN_VALUE, cells[actual] as number))
    cells[actual] = (cells[actual] as number) - 1
    for (let o = 0; o < cells.length; o++) (sums[o] as Float64Array)[row] = cells[o] as number
  }
  return loss
}

/** What is computed for one output: the weighted sums of the rows, and from their residuals the gradient. */
function outputPart({ matrix, units, penalties, numRows }: Conditioned): {
  /** Writes the sums of variables times features, and the intercept. */
  sums(variables: Float64Array, intercept: number, sums: Float64Array): void
  /** Writes the gradient; returns the penalty's value. */
  slopes(residuals: Float64Array, variables: Float64Array, gradient: Float64Array): number
} {
  const weights = new Float64Array(units.length)
  return {
    sums(variables, intercept, sums) {
      for (let f = 0; f < weights.length; f++) weights[f] = (variables[f] as number) * (units[f] as number)
      addWeighted(matrix, weights, sums.fill(intercept))
    },
    slopes(residuals, variables, gradient) {
      sumProducts(matrix, residuals, gradient)
      let penalty = 0
      for (let f = 0; f < gradient.length; f++) {
        const pull = (penalties[f] as number) * (variables[f] as number)
        gradient[f] = ((gradient[f] as number) * (units[f] as number)) / numRows + pull
        penalty += pull * (variables[f] as number)
      }
      return penalty / 2
    },
  }
}
