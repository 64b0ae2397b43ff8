/** Least squares by orthogonal transformations; if the solution is not unique, the one with the smallest coefficients. */
import { type StandardColumn, standardColumn, unstandard } from './standard-columns'

/** A column counts as a linear combination of the others when the part that is orthogonal to them is below this share of its norm. */
const DEPENDENT = 1e-11

/**
 * The coefficients w and intercept b that minimise Σ (y − b − Σ w x)² + alpha Σ w². Of several solutions the one with the smallest Σ w², as
 * LAPACK's least-squares solvers and scikit-learn give it.
 *
 * Householder transformations with column pivoting on standardised columns: about as many digits are lost as the condition number has, not
 * twice as many as by the normal equations. O(rows × columns²).
 */
export function leastSquares(
  features: readonly Float64Array[],
  target: Float64Array,
  alpha: number,
): { readonly coefficients: number[]; readonly intercept: number } {
  const n = target.length
  const standard = features.map(standardColumn)
  const { values: residual, mean: targetMean, scale: targetScale } = standardColumn(target)
  const right = padded(residual, alpha > 0 ? n + standard.length : n)
  const columns = standard.map(({ values, scale }, f) => {
    if (alpha === 0) return values.slice()
    // The penalty as one more row for each column, on the coefficient of the column as it was.
    const column = padded(values, n + standard.length)
    column[n + f] = Math.sqrt(alpha) / scale
    return column
  })
  const { order, rank } = triangulate(columns, right)
  const solution = rank === columns.length ? backSubstitute(columns, order, right) : smallest(columns, standard, { order, rank, right })
  return unstandard(
    standard,
    solution.map((value) => value * targetScale),
    targetMean,
  )
}

function padded(values: Float64Array, length: number): Float64Array {
  const longer = new Float64Array(length)
  longer.set(values)
  return longer
}

/**
 * Makes the columns upper triangular, in place, in the order of the pivots: below row k, column `order[k]` holds nothing of use any more. The
 * same is done to `right`. Stops at the rank.
 */
function triangulate(columns: readonly Float64Array[], right: Float64Array): { readonly order: number[]; readonly rank: number } {
  const order = columns.map((_, f) => f)
  const lengths = columns.map((column) => norm(column, 0))
  // Squares of what is left of each column below row k; brought up to date step by step, and counted anew once digits are lost.
  const left = lengths.map((length) => length ** 2)
  const counted = [...left]
  const rows = columns[0]?.length ?? 0
  const most = Math.min(rows, columns.length)
  for (let k = 0; k < most; k++) {
    let pivot = k
    let largest = -1
    for (let j = k; j < order.length; j++) {
      const f = order[j] as number
      if ((left[f] as number) < 1e-8 * (counted[f] as number)) {
        left[f] = norm(columns[f] as Float64Array, k) ** 2
        counted[f] = left[f] as number
      }
      const share = lengths[f] === 0 ? 0 : Math.sqrt(Math.max(0, left[f] as number)) / (lengths[f] as number)
      if (share > largest) [largest, pivot] = [share, j]
    }
    if (largest <= DEPENDENT) return { order, rank: k }
    ;[order[k], order[pivot]] = [order[pivot] as number, order[k] as number]
    const column = columns[order[k] as number] as Float64Array
    const length = norm(column, k)
    const head = column[k] as number
    const diagonal = head > 0 ? -length : length
    // The reflection: v = column below k, with its head changed; v·v = −2 · diagonal · v[k].
    column[k] = head - diagonal
    const scale = -1 / (diagonal * (column[k] as number))
    const reflect = (other: Float64Array): void => {
      const share = scale * dotFrom(column, other, k)
      for (let row = k; row < other.length; row++) other[row] = (other[row] as number) - share * (column[row] as number)
    }
    for (let j = k + 1; j < order.length; j++) {
      const f = order[j] as number
      const other = columns[f] as Float64Array
      reflect(other)
      left[f] = (left[f] as number) - (other[k] as number) ** 2
    }
    reflect(right)
    column[k] = diagonal
  }
  return { order, rank: most }
}

function backSubstitute(columns: readonly Float64Array[], order: readonly number[], right: Float64Array): Float64Array {
  const solution = new Float64Array(columns.length)
  for (let k = order.length - 1; k >= 0; k--) {
    const f = order[k] as number
    let sum = right[k] as number
    for (let j = k + 1; j < order.length; j++) {
      const g = order[j] as number
      sum -= ((columns[g] as Float64Array)[k] as number) * (solution[g] as number)
    }
    solution[f] = sum / ((columns[f] as Float64Array)[k] as number)
  }
  return solution
}

/**
 * Of all solutions of the `rank` triangular equations the one whose coefficients, in the units of the columns as they were, have the smallest
 * sum of squares: it is a combination of the equations' rows, found by triangulating these as columns.
 */
function smallest(
  columns: readonly Float64Array[],
  standard: readonly StandardColumn[],
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

function dotFrom(a: Float64Array, b: Float64Array, start: number): number {
  let sum = 0
  for (let i = start; i < a.length; i++) sum += (a[i] as number) * (b[i] as number)
  return sum
}

function norm(values: Float64Array, start: number): number {
  return Math.sqrt(dotFrom(values, values, start))
}
