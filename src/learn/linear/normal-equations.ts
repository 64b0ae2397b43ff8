/** Least squares by the normal equations, for columns that are far from dependent, or dependent outright. */
import { type Cholesky, pivotedCholesky, solveCholesky } from './cholesky'
import { gramMatrix } from './gram-matrix'
import { backSubstitute, DEPENDENT, norm, triangulate } from './householder'
import { addWeighted, type StandardMatrix, standardMatrixColumn, sumProducts } from './standard-matrix'

/**
 * A feature counts as independent of those before it when the squared share of it that is orthogonal to them is at least this. The normal equations
 * then keep half their digits, and corrections restore the others.
 */
const INDEPENDENT = 1e-9

/** Corrections at most; each restores about seven digits or more. */
const CORRECTIONS = 5

/**
 * The coefficients, of standardised features, that minimise Σ (target − Σ w x)² + Σ alpha (w ÷ scale)², of several solutions those whose w ÷ scale are
 * smallest; `undefined` where a feature is nearly dependent, so that digits would be lost.
 *
 * The Gram matrix is factored (Cholesky, pivoted), and its solution corrected by that of the residuals, computed from the features (the corrected
 * seminormal equations of Björck 1987): the error is then that of an orthogonal method. Features that the factor leaves over are checked to be
 * combinations of the others within {@link DEPENDENT}, as the orthogonal method would find.
 */
export function normalEquations(matrix: StandardMatrix, target: Float64Array, alpha: number): Float64Array | undefined {
  const size = matrix.standard.length
  // Without a penalty so many columns are dependent by their number alone.
  if (size === 0 || (alpha === 0 && matrix.numRows <= size)) return undefined
  const penalties = Float64Array.from(matrix.standard, ({ scale }) => alpha / scale / scale)
  const gram = gramMatrix(matrix)
  const units = Float64Array.from(penalties, (penalty, f) => {
    const length = (gram[f * size + f] as number) + penalty
    return length > 0 ? 1 / Math.sqrt(length) : 0
  })
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      const at = i * size + j
      gram[at] = (gram[at] as number) * (units[i] as number) * (units[j] as number)
    }
    // Constant features have nothing to solve: they come last.
    gram[i * size + i] = (units[i] as number) > 0 ? 1 : -1
  }
  const equations: Equations = { matrix, penalties, units, factor: pivotedCholesky(gram, size, INDEPENDENT) }
  const solution = corrected(equations, target)
  const over = Array.from(equations.factor.order.subarray(equations.factor.rank)).filter((f) => (units[f] as number) > 0)
  if (over.length === 0 || solution === undefined) return solution
  // With many dependent features the orthogonal method is done sooner.
  if (alpha > 0 || 3 * over.length > equations.factor.rank) return undefined
  return spread(equations, solution, over)
}

interface Equations {
  readonly matrix: StandardMatrix
  readonly penalties: Float64Array
  /** Makes the diagonal of the Gram matrix with the penalties 1. */
  readonly units: Float64Array
  readonly factor: Cholesky
}

/** The least-squares solution for `target` by the independent features; `undefined` if corrections do not become small fast. */
function corrected({ matrix, penalties, units, factor }: Equations, target: Float64Array): Float64Array | undefined {
  const size = units.length
  const solution = new Float64Array(size)
  const step = new Float64Array(size)
  const rest = target.slice()
  let before = 0
  for (let round = 0; round <= CORRECTIONS; round++) {
    sumProducts(matrix, rest, step)
    for (let f = 0; f < size; f++) {
      step[f] = ((step[f] as number) - (penalties[f] as number) * (solution[f] as number)) * (units[f] as number)
    }
    solveCholesky(factor, step)
    let largest = 0
    let most = 0
    for (let f = 0; f < size; f++) {
      largest = Math.max(largest, Math.abs(step[f] as number))
      step[f] = (step[f] as number) * (units[f] as number)
      solution[f] = (solution[f] as number) + (step[f] as number)
      // A constant feature has the unit 0, and its weight is 0.
      if ((units[f] as number) > 0) most = Math.max(most, Math.abs(solution[f] as number) / (units[f] as number))
      step[f] = -(step[f] as number)
    }
    if (!(largest < Number.POSITIVE_INFINITY)) return undefined
    // The next correction would be smaller by as much again.
    if (largest === 0 || (round > 0 && (largest * largest) / before <= Number.EPSILON * 0.1 * most)) return solution
    if (round > 0 && largest > 1e-3 * before) return round > 1 && largest <= 1e-12 * most ? solution : undefined
    before = largest
    addWeighted(matrix, step, rest)
  }
  return undefined
}

/** The smallest of all solutions: what the independent features do is spread over the dependent ones too. `undefined` if some are not dependent. */
function spread(equations: Equations, solution: Float64Array, over: readonly number[]): Float64Array | undefined {
  const { matrix } = equations
  const combinations: Float64Array[] = []
  for (const feature of over) {
    const column = standardMatrixColumn(matrix, feature)
    const combination = corrected(equations, column)
    if (combination === undefined) return undefined
    const length = norm(column, 0)
    addWeighted(
      matrix,
      combination.map((weight) => -weight),
      column,
    )
    if (norm(column, 0) > DEPENDENT * length) return undefined
    combinations.push(combination)
  }
  // Least squares again: the coefficients as they were, of independent features (solution − Σ combination × share) ÷ scale, of dependent ones share.
  const scales = matrix.standard.map(({ scale }) => scale)
  const right = solution.map((weight, f) => weight / (scales[f] as number))
  const columns = combinations.map((combination, at) => {
    const own = over[at] as number
    const column = combination.map((weight, f) => (weight * (scales[own] as number)) / (scales[f] as number))
    column[own] = -1
    return column
  })
  const { order, rank } = triangulate(columns, right)
  if (rank < over.length) return undefined
  const shares = backSubstitute(columns, order, right)
  const found = solution.slice()
  combinations.forEach((combination, at) => {
    const own = over[at] as number
    const share = (shares[at] as number) * (scales[own] as number)
    for (let f = 0; f < found.length; f++) found[f] = (found[f] as number) - share * (combination[f] as number)
    found[own] = share
  })
  return found.every(Number.isFinite) ? found : undefined
}
