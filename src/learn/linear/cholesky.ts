/** The Cholesky factor of a symmetric matrix, with pivoting. */

/** A triangle R with RᵀR = the matrix, its rows and columns in the given order, as far as pivots are large enough. */
export interface Cholesky {
  /** The order of rows and columns: the largest pivot first. */
  readonly order: Int32Array
  /** How many pivots were large enough. Rows of the triangle from here on are not computed. */
  readonly rank: number
  /** Row-major, size × size; columns in the given order. */
  readonly triangle: Float64Array
}

/**
 * The factor of a symmetric matrix with ones on its diagonal, up to the first pivot below `least`.
 *
 * @param matrix row-major, size × size
 */
export function pivotedCholesky(matrix: Float64Array, size: number, least: number): Cholesky {
  const order = Int32Array.from({ length: size }, (_, i) => i)
  const left = Float64Array.from(order, (i) => matrix[i * size + i] as number)
  const triangle = new Float64Array(size * size)
  for (let k = 0; k < size; k++) {
    let pivot = k
    for (let j = k + 1; j < size; j++) if ((left[j] as number) > (left[pivot] as number)) pivot = j
    if (!((left[pivot] as number) >= least)) return { order, rank: k, triangle }
    exchange(order, k, pivot)
    exchange(left, k, pivot)
    for (let i = 0; i < k; i++) exchange(triangle, i * size + k, i * size + pivot)
    const line = (order[k] as number) * size
    const start = k * size
    for (let j = k + 1; j < size; j++) triangle[start + j] = matrix[line + (order[j] as number)] as number
    subtractRows(triangle, size, k)
    const diagonal = Math.sqrt(left[k] as number)
    triangle[start + k] = diagonal
    for (let j = k + 1; j < size; j++) {
      const value = (triangle[start + j] as number) / diagonal
      triangle[start + j] = value
      left[j] = (left[j] as number) - value * value
    }
  }
  return { order, rank: size, triangle }
}

/** Takes from row `k`, right of the diagonal, the rows above it times their entries in column `k`: four rows at a time. */
function subtractRows(triangle: Float64Array, size: number, k: number): void {
  const start = k * size
  let i = 0
  for (; i + 4 <= k; i += 4) {
    const [one, two, three, four] = [i * size, (i + 1) * size, (i + 2) * size, (i + 3) * size]
    const a = triangle[one + k] as number
    const b = triangle[two + k] as number
    const c = triangle[three + k] as number
    const d = triangle[four + k] as number
    for (let j = k + 1; j < size; j++) {
      const left = a * (triangle[one + j] as number) + b * (triangle[two + j] as number)
      const right = c * (triangle[three + j] as number) + d * (triangle[four + j] as number)
      triangle[start + j] = (triangle[start + j] as number) - (left + right)
    }
  }
  for (; i < k; i++) {
    const a = triangle[i * size + k] as number
    for (let j = k + 1; j < size; j++) triangle[start + j] = (triangle[start + j] as number) - a * (triangle[i * size + j] as number)
  }
}

function exchange(numbers: Int32Array | Float64Array, a: number, b: number): void {
  const kept = numbers[a] as number
  numbers[a] = numbers[b] as number
  numbers[b] = kept
}

/** Solves the equations of the first `rank` rows and columns. Reads and writes `numbers`, by the matrix's own order; the others become 0. */
export function solveCholesky({ order, rank, triangle }: Cholesky, numbers: Float64Array): void {
  const size = order.length
  const found = Float64Array.from(order.subarray(0, rank), (at) => numbers[at] as number)
  for (let i = 0; i < rank; i++) {
    const value = (found[i] as number) / (triangle[i * size + i] as number)
    found[i] = value
    for (let j = i + 1; j < rank; j++) found[j] = (found[j] as number) - value * (triangle[i * size + j] as number)
  }
  for (let i = rank - 1; i >= 0; i--) {
    let sum = found[i] as number
    for (let j = i + 1; j < rank; j++) sum -= (triangle[i * size + j] as number) * (found[j] as number)
    found[i] = sum / (triangle[i * size + i] as number)
  }
  numbers.fill(0)
  for (let i = 0; i < rank; i++) numbers[order[i] as number] = found[i] as number
}
