/** Least squares, plain or ridge. */
import { MillwrightError } from '../../core/errors'
import { checkOptions, finiteNumber } from '../../core/options'
import { type Estimator, makeEstimator } from '../estimator'
import type { FeatureMatrix, Learner } from '../learner'
import { paramsOf } from '../params'
import { fittedLinear } from './linear-model'

/** Options of {@link linearRegression}. */
export interface LinearRegressionOptions {
  /** Strength of the L2 penalty on the coefficients, not on the intercept; 0 is plain least squares. @default 0 */
  readonly alpha?: number | undefined
}

/**
 * Linear regression by the normal equations of standardised features (Cholesky). A feature that the ones before it determine gets
 * the coefficient 0. Missing values need an imputer before it.
 *
 * O(rows × features²).
 *
 * @throws InvalidArgument on unknown options
 */
export function linearRegression(options: LinearRegressionOptions = {}): Estimator {
  checkOptions('linearRegression', options, { alpha: finiteNumber(0) })
  const { alpha = 0 } = options
  const kind = 'linearRegression'
  const learner: Learner = {
    kind,
    task: 'regression',
    options: paramsOf({ alpha }),
    *steps(features, target) {
      assertNumbers(kind, features)
      const { coefficients, intercept } = leastSquares(features, target.values as Float64Array, alpha)
      yield { phase: 'fit', done: 1, total: 1, unit: 'steps' }
      return fittedLinear({ kind, link: 'identity', coefficients, intercepts: [intercept] })
    },
  }
  return makeEstimator(kind, [], learner, learner.options)
}

/** Checks that no feature cell is missing or infinite. @throws InvalidArgument */
export function assertNumbers(kind: string, { columns, names }: FeatureMatrix): void {
  columns.forEach((column, f) => {
    const row = column.findIndex((value) => !Number.isFinite(value))
    if (row < 0) return
    const what = Number.isNaN(column[row]) ? 'missing' : 'infinite'
    throw new MillwrightError('InvalidArgument', `${kind} needs finite numbers, but '${names[f]}' is ${what} in row ${row}`, {
      hint: 'put simpleImputer() before it in a chain',
    })
  })
}

/** Mean and root of the sum of squared deviations, 1 where it is 0. */
function centered(column: Float64Array): { readonly mean: number; readonly scale: number; readonly values: Float64Array } {
  const mean = column.reduce((sum, value) => sum + value, 0) / column.length
  const values = column.map((value) => value - mean)
  const length = Math.sqrt(dot(values, values))
  const scale = length <= 1e-14 * Math.abs(mean) * Math.sqrt(column.length) ? 0 : length
  return { mean, scale: scale === 0 ? 1 : scale, values: scale === 0 ? values.fill(0) : values.map((value) => value / length) }
}

function leastSquares(features: FeatureMatrix, target: Float64Array, alpha: number): { coefficients: number[]; intercept: number } {
  const columns = features.columns.map(centered)
  const p = columns.length
  const targetMean = target.reduce((sum, value) => sum + value, 0) / target.length
  const residual = target.map((value) => value - targetMean)
  const gram = new Float64Array(p * p)
  const right = new Float64Array(p)
  for (let i = 0; i < p; i++) {
    const a = columns[i] as ReturnType<typeof centered>
    right[i] = dot(a.values, residual)
    for (let j = 0; j <= i; j++) gram[i * p + j] = dot(a.values, (columns[j] as typeof a).values)
    // The penalty is on coefficients of the features as they are, hence the scale.
    gram[i * p + i] = (gram[i * p + i] as number) + alpha / a.scale ** 2
  }
  const solution = solvePositive(gram, right)
  const coefficients = columns.map(({ scale }, i) => (solution[i] as number) / scale)
  const intercept = columns.reduce((sum, { mean }, i) => sum - mean * (coefficients[i] as number), targetMean)
  return { coefficients, intercept }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number)
  return sum
}

/** Solves a symmetric positive semi-definite system, lower triangle given; unknowns with a vanishing pivot are 0. */
function solvePositive(matrix: Float64Array, right: Float64Array): Float64Array {
  const n = right.length
  const lower = matrix
  const dropped = new Uint8Array(n)
  for (let j = 0; j < n; j++) {
    const whole = lower[j * n + j] as number
    let pivot = whole
    for (let k = 0; k < j; k++) pivot -= (lower[j * n + k] as number) ** 2
    if (pivot <= 1e-12 * whole || pivot <= 0) dropped[j] = 1
    const root = dropped[j] === 1 ? 0 : Math.sqrt(pivot)
    lower[j * n + j] = root
    for (let i = j + 1; i < n; i++) {
      let sum = lower[i * n + j] as number
      for (let k = 0; k < j; k++) sum -= (lower[i * n + k] as number) * (lower[j * n + k] as number)
      lower[i * n + j] = root === 0 ? 0 : sum / root
    }
  }
  const solution = right.slice()
  for (let i = 0; i < n; i++) {
    if (dropped[i] === 1) {
      solution[i] = 0
      continue
    }
    for (let k = 0; k < i; k++) solution[i] = (solution[i] as number) - (lower[i * n + k] as number) * (solution[k] as number)
    solution[i] = (solution[i] as number) / (lower[i * n + i] as number)
  }
  for (let i = n - 1; i >= 0; i--) {
    if (dropped[i] === 1) continue
    for (let k = i + 1; k < n; k++) solution[i] = (solution[i] as number) - (lower[k * n + i] as number) * (solution[k] as number)
    solution[i] = (solution[i] as number) / (lower[i * n + i] as number)
  }
  return solution
}
