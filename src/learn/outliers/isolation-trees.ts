/** Isolation trees (Liu, Ting and Zhou 2008): random cuts, until a row is alone. Outliers are alone soon. */
import { permutation, type Rng } from '../../core/random'
import type { TreeArrays } from '../forest/forest'
import type { FeatureMatrix } from '../learner'

const EULER = 0.5772156649015329

/** The mean path to a leaf of a random tree over `rows` rows: how much farther a leaf of so many rows would have gone. */
export function meanPath(rows: number): number {
  if (rows <= 1) return 0
  if (rows === 2) return 1
  return 2 * (Math.log(rows - 1) + EULER) - (2 * (rows - 1)) / rows
}

/** How a tree is grown. */
export interface IsolationPlan {
  /** Rows of a tree, drawn without replacement. */
  readonly samples: number
  /** Features of a tree. */
  readonly features: number
}

/** Grows a tree. A leaf holds the length of the path to it, and the mean path of the rows that it has left together. */
export function growIsolationTree(matrix: FeatureMatrix, { samples, features }: IsolationPlan, rng: Rng): TreeArrays {
  const { columns, numRows } = matrix
  const rows = permutation(numRows, rng).slice(0, samples)
  const own = permutation(columns.length, rng).slice(0, features)
  const deepest = Math.ceil(Math.log2(Math.max(samples, 2)))
  const nodes: { readonly feature: number; readonly threshold: number; readonly path: number; left: number; right: number }[] = []
  const grow = (start: number, end: number, depth: number): number => {
    const place = nodes.length
    const cut = depth < deepest && end - start > 1 ? drawCut(columns, own, rows.subarray(start, end), rng) : undefined
    if (cut === undefined) {
      nodes.push({ feature: -1, threshold: 0, path: depth + meanPath(end - start), left: 0, right: 0 })
      return place
    }
    const node = { ...cut, path: 0, left: 0, right: 0 }
    nodes.push(node)
    const column = columns[cut.feature] as Float64Array
    const middle = partition(rows, { start, end }, column, cut.threshold)
    node.left = grow(start, middle, depth + 1)
    node.right = grow(middle, end, depth + 1)
    return place
  }
  grow(0, rows.length, 0)
  return {
    feature: Int32Array.from(nodes, ({ feature }) => feature),
    threshold: Float64Array.from(nodes, ({ threshold }) => threshold),
    left: Int32Array.from(nodes, ({ left }) => left),
    right: Int32Array.from(nodes, ({ right }) => right),
    missingLeft: new Uint8Array(nodes.length),
    leaf: Int32Array.from(nodes, ({ feature }, i) => (feature < 0 ? i : -1)),
    values: Float64Array.from(nodes, ({ path }) => path),
    width: 1,
  }
}

/** Moves the rows up to a threshold before the others. @returns where the others begin */
function partition(
  rows: Int32Array,
  { start, end }: { readonly start: number; readonly end: number },
  column: Float64Array,
  threshold: number,
): number {
  let left = start
  for (let i = start; i < end; i++) {
    const row = rows[i] as number
    if (!((column[row] as number) <= threshold)) continue
    rows[i] = rows[left] as number
    rows[left++] = row
  }
  return left
}

/** A random cut between the least and the greatest value of a random feature that is not constant. */
function drawCut(
  columns: readonly Float64Array[],
  features: Int32Array,
  rows: Int32Array,
  rng: Rng,
): { readonly feature: number; readonly threshold: number } | undefined {
  const order = Int32Array.from(features)
  for (let left = order.length; left > 0; left--) {
    const at = rng.int(left)
    const feature = order[at] as number
    order[at] = order[left - 1] as number
    const column = columns[feature] as Float64Array
    let low = Number.POSITIVE_INFINITY
    let high = Number.NEGATIVE_INFINITY
    for (const row of rows) {
      const value = column[row] as number
      if (value < low) low = value
      if (value > high) high = value
    }
    if (!(low < high)) continue
    const threshold = low + rng.next() * (high - low)
    // Rounding must not put all rows on one side.
    return { feature, threshold: threshold < high && threshold >= low ? threshold : low }
  }
  return undefined
}
