/** Logistic regression for two or more classes. */
import { checkOptions, finiteNumber, wholeNumber } from '../../core/options'
import type { ProgressEvent } from '../../core/progress'
import { type Estimator, makeEstimator } from '../estimator'
import type { FeatureMatrix, FittedLearner, Learner, TargetVector } from '../learner'
import { paramsOf } from '../params'
import { fittedLinear, softmax } from './linear-model'
import { assertNumbers } from './linear-regression'
import { minimize, type Objective } from './minimize'

/** Options of {@link logisticRegression}. */
export interface LogisticRegressionOptions {
  /** Inverse strength of the L2 penalty on the coefficients (not on intercepts), as scikit-learn's `C`. @default 1 */
  readonly c?: number | undefined
  /** @default 1000 */
  readonly maxIterations?: number | undefined
  /** Stop when no part of the gradient of the mean loss exceeds this. @default 1e-6 */
  readonly tolerance?: number | undefined
}

/**
 * Logistic regression with an L2 penalty, by L-BFGS: one logistic for two classes, the softmax of one sum per class for more.
 * Features should be of like scale (`standardScaler`) and without missing values (`simpleImputer`).
 *
 * @throws InvalidArgument on unknown options
 */
export function logisticRegression(options: LogisticRegressionOptions = {}): Estimator {
  checkOptions('logisticRegression', options, { c: finiteNumber(1e-12), maxIterations: wholeNumber(1), tolerance: finiteNumber(0) })
  const { c = 1, maxIterations = 1000, tolerance = 1e-6 } = options
  const learner: Learner = {
    kind: 'logisticRegression',
    task: 'classification',
    options: paramsOf({ c, maxIterations, tolerance }),
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
  // One class: a constant answer, which softmax of a single sum gives.
  const link = target.numClasses === 2 ? 'logistic' : 'softmax'
  const outputs = link === 'logistic' ? 1 : target.numClasses
  const penalty = 1 / (c * features.numRows)
  const objective = link === 'logistic' ? binaryLoss(features, target, penalty) : softmaxLoss(features, target, penalty)
  const search = minimize(objective, outputs * (p + 1), { tolerance, maxIterations })
  for (;;) {
    const step = search.next()
    if (step.done) {
      const { x } = step.value
      return fittedLinear({
        kind,
        link,
        coefficients: Array.from(x.subarray(0, outputs * p)),
        intercepts: Array.from(x.subarray(outputs * p)),
      })
    }
    yield { phase: 'fit', done: step.value, unit: 'steps' }
  }
}

/** Mean of ln(1 + e^−margin) and the penalty; x is the coefficients, then the intercept. */
function binaryLoss({ columns, numRows }: FeatureMatrix, { values }: TargetVector, penalty: number): Objective {
  const p = columns.length
  const sums = new Float64Array(numRows)
  return (x, gradient) => {
    sums.fill(x[p] as number)
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
    gradient[p] = slope / numRows
    return loss / numRows + slopes({ columns, numRows }, sums, x, gradient, penalty, 1)
  }
}

/** Mean of −ln of the actual class's softmax and the penalty; x is outputs × features, then the intercepts. */
function softmaxLoss({ columns, numRows }: Pick<FeatureMatrix, 'columns' | 'numRows'>, target: TargetVector, penalty: number): Objective {
  const p = columns.length
  const k = target.numClasses
  const sums = new Float64Array(numRows * k)
  return (x, gradient) => {
    for (let o = 0; o < k; o++) {
      for (let row = 0; row < numRows; row++) sums[row * k + o] = x[k * p + o] as number
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
      gradient[k * p + o] = slope / numRows
    }
    return loss / numRows + slopes({ columns, numRows }, sums, x, gradient, penalty, k)
  }
}

function addColumn(sums: Float64Array, column: Float64Array, weight: number, offset: number, stride: number): void {
  for (let row = 0, at = offset; row < column.length; row++, at += stride)
    sums[at] = (sums[at] as number) + weight * (column[row] as number)
}

/** Writes the gradient of all coefficients from the residuals; returns the penalty's value. */
function slopes(
  { columns, numRows }: Pick<FeatureMatrix, 'columns' | 'numRows'>,
  residuals: Float64Array,
  x: Float64Array,
  gradient: Float64Array,
  penalty: number,
  outputs: number,
): number {
  const p = columns.length
  let squares = 0
  for (let o = 0; o < outputs; o++) {
    for (let f = 0; f < p; f++) {
      const column = columns[f] as Float64Array
      const weight = x[o * p + f] as number
      let sum = 0
      for (let row = 0, at = o; row < numRows; row++, at += outputs) sum += (residuals[at] as number) * (column[row] as number)
      gradient[o * p + f] = sum / numRows + penalty * weight
      squares += weight * weight
    }
  }
  return (penalty * squares) / 2
}
