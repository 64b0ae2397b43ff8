/** Eigenvalues and eigenvectors of symmetric matrices by Jacobi's rotations: short, and accurate for small eigenvalues. */

/** Eigenvalues in descending order, and their vectors of length 1. */
export interface SymmetricEigen {
  readonly values: Float64Array
  /** `vectors[i]` belongs to `values[i]`. */
  readonly vectors: readonly Float64Array[]
}

/** Most sweeps over all pairs; about ten are enough for any size. */
const MAX_SWEEPS = 60

/**
 * Eigen-decomposition of a symmetric matrix. O(d³) a sweep.
 *
 * @param matrix d rows of d finite numbers; only read
 */
export function symmetricEigen(matrix: readonly ArrayLike<number>[]): SymmetricEigen {
  const d = matrix.length
  const a = matrix.map((row) => Float64Array.from(row))
  const v = matrix.map((_, i) => Float64Array.from({ length: d }, (_unused, j) => (i === j ? 1 : 0)))
  for (let sweep = 0; sweep < MAX_SWEEPS && rotateAll(a, v); sweep++);
  const order = Array.from({ length: d }, (_, i) => i).sort((i, j) => at(a, j, j) - at(a, i, i))
  return {
    values: Float64Array.from(order, (i) => at(a, i, i)),
    vectors: order.map((i) => Float64Array.from(v, (row) => row[i] as number)),
  }
}

function at(rows: readonly Float64Array[], i: number, j: number): number {
  return (rows[i] as Float64Array)[j] as number
}

/** One sweep; whether anything was rotated. */
function rotateAll(a: readonly Float64Array[], v: readonly Float64Array[]): boolean {
  let rotated = false
  for (let p = 0; p < a.length - 1; p++) {
    for (let q = p + 1; q < a.length; q++) {
      const off = at(a, p, q)
      // Below the last digit of both diagonal members a rotation changes nothing.
      if (Math.abs(off) <= 1e-17 * Math.sqrt(Math.abs(at(a, p, p) * at(a, q, q))) || off === 0) continue
      rotate(a, v, p, q)
      rotated = true
    }
  }
  return rotated
}

/** Rotates rows and columns p and q so that their common member becomes 0 (Golub and Van Loan, 8.5.2). */
function rotate(a: readonly Float64Array[], v: readonly Float64Array[], p: number, q: number): void {
  const tau = (at(a, q, q) - at(a, p, p)) / (2 * at(a, p, q))
  const t = (tau >= 0 ? 1 : -1) / (Math.abs(tau) + Math.hypot(1, tau))
  const c = 1 / Math.hypot(1, t)
  const s = t * c
  const [rowP, rowQ] = [a[p] as Float64Array, a[q] as Float64Array]
  for (const row of a) turn(row, p, q, c, s)
  for (let k = 0; k < a.length; k++) {
    const [x, y] = [rowP[k] as number, rowQ[k] as number]
    rowP[k] = c * x - s * y
    rowQ[k] = s * x + c * y
  }
  rowP[q] = 0
  rowQ[p] = 0
  for (const row of v) turn(row, p, q, c, s)
}

function turn(row: Float64Array, p: number, q: number, c: number, s: number): void {
  const [x, y] = [row[p] as number, row[q] as number]
  row[p] = c * x - s * y
  row[q] = s * x + c * y
}
