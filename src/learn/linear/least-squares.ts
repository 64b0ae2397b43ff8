/** Least squares; if the solution is not unique, the one with the smallest coefficients. */
import { backSubstitute, dotFrom, norm, triangulate } from './householder'
import { normalEquations } from './normal-equations'
import { type Standard, standardColumn, unstandard } from './standard-columns'
import { type StandardMatrix, standardMatrix, standardMatrixColumn } from './standard-matrix'

/**
 * The coefficients w and intercept b that minimise Σ (y − b − Σ w x)² + alpha Σ w². Of several solutions the one with the smallest Σ w², as
 * LAPACK's least-squares solvers and scikit-learn give it.
 *
 * By the normal equations of standardised columns with corrections from the residuals, which is as exact where the columns are far from dependent;
 * elsewhere by Householder transformations with column pivoting: about as many digits are lost as the condition number has, not twice as many.
 * O(rows × columns²); with columns that are mostly 0, O(rows × cells other than 0 of a row × columns).
 */
export function leastSquares(
  features: readonly Float64Array[],
  target: Float64Array,
  alpha: number,
): { readonly coefficients: number[]; readonly intercept: number } {
  const { values, mean, scale } = standardColumn(target)
  const matrix = standardMatrix(features, target.length)
  const solution = normalEquations(matrix, values, alpha) ?? byTransformations(matrix, values, alpha)
  return unstandard(
    matrix.standard,
    solution.map((value) => value * scale),
    mean,
  )
}

/** The same for a standardised target and coefficients of standardised columns, by orthogonal transformations, whatever the columns. */
export function byTransformations(matrix: StandardMatrix, target: Float64Array, alpha: number): Float64Array {
  const n = target.length
  const { standard } = matrix
  const right = padded(target, alpha > 0 ? n + standard.length : n)
  const columns = standard.map(({ scale }, f) => {
    const values = standardMatrixColumn(matrix, f)
    if (alpha === 0) return values
    // The penalty as one more row for each column, on the coefficient of the column as it was.
    const column = padded(values, n + standard.length)
    column[n + f] = Math.sqrt(alpha) / scale
    return column
  })
  const { order, rank } = triangulate(columns, right)
  return rank === columns.length ? backSubstitute(columns, order, right) : smallest(columns, standard, { order, rank, right })
}

function padded(values: Float64Array, length: number): Float64Array {
  const longer = new Float64Array(length)
  longer.set(values)
  return longer
}

/**
 * Of all solutions of the `rank` triangular equations the one whose coefficients, in the units of the columns as they were, have the smallest
 * sum of squares: it is a combination of the equations' rows, found by triangulating these as columns.
 */
function smallest(
  columns: readonly Float64Array[],
  standard: readonly Standard[],
  { order, rank, right }: { readonly order: readonly number[]; readonly rank: number; readonly right: Float64Array },
): Float64Array {
  const width = columns.length
  const unit = standard.reduce((most, { scale }) => Math.max(most, scale), 0)
  const units = standard.map(({ scale }) => scale / unit)
  const equations = Array.from({ length: rank }, (_, k) => {
    const equation = new Float64Array(width)
    for (let j = k; j < width; j++) {
      const f = order[j] as number
      equation[f] = ((columns[f] as Float64Array)[k] as number) * (units[f] as number)
    }
    return equation
  })
  // Equations of length 1, by way of their largest part, whose square neither overflows nor vanishes.
  const wanted = equations.map((equation, k) => {
    const most = equation.reduce((max, value) => Math.max(max, Math.abs(value)), 0)
    const length = norm(
      equation.map((value) => value / most),
      0,
    )
    for (let f = 0; f < width; f++) equation[f] = (equation[f] as number) / most / length
    return (right[k] as number) / most / length
  })
  const basis = orthonormal(equations)
  const weights = new Float64Array(width)
  const shares: number[] = []
  equations.forEach((equation, k) => {
    let rest = wanted[k] as number
    for (let j = 0; j < k; j++) rest -= dotFrom(equation, basis[j] as Float64Array, 0) * (shares[j] as number)
    shares.push(rest / dotFrom(equation, basis[k] as Float64Array, 0))
  })
  basis.forEach((axis, k) => {
    for (let f = 0; f < width; f++) weights[f] = (weights[f] as number) + (shares[k] as number) * (axis[f] as number)
  })
  return weights.map((weight, f) => weight * (units[f] as number))
}

/** Gram and Schmidt, twice over, so that rounding leaves the axes orthogonal. */
function orthonormal(vectors: readonly Float64Array[]): Float64Array[] {
  const axes: Float64Array[] = []
  for (const vector of vectors) {
    const axis = vector.slice()
    for (let pass = 0; pass < 2; pass++) {
      for (const other of axes) {
        const share = dotFrom(axis, other, 0)
        for (let f = 0; f < axis.length; f++) axis[f] = (axis[f] as number) - share * (other[f] as number)
      }
    }
    const length = norm(axis, 0)
    axes.push(axis.map((value) => value / length))
  }
  return axes
}
