/** Householder transformations with column pivoting: a triangular form of columns, from which least squares are solved. */

/** A column counts as a linear combination of the others when the part that is orthogonal to them is below this share of its norm. */
export const DEPENDENT = 1e-11

/**
 * Makes the columns upper triangular, in place, in the order of the pivots: below row k, column `order[k]` holds nothing of use any more. The
 * same is done to `right`. Stops at the rank.
 */
export function triangulate(columns: readonly Float64Array[], right: Float64Array): { readonly order: number[]; readonly rank: number } {
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

export function backSubstitute(columns: readonly Float64Array[], order: readonly number[], right: Float64Array): Float64Array {
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

/** The sum of products of the numbers from `start` on. */
export function dotFrom(a: Float64Array, b: Float64Array, start: number): number {
  let sum = 0
  for (let i = start; i < a.length; i++) sum += (a[i] as number) * (b[i] as number)
  return sum
}

/** The square root of the sum of squares of the numbers from `start` on. */
export function norm(values: Float64Array, start: number): number {
  return Math.sqrt(dotFrom(values, values, start))
}
