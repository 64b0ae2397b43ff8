/** SHAP values of one tree for one row: the path-dependent algorithm (Lundberg, Erion and Lee 2018, algorithm 2). */
import { hasCategory, type TreeArrays } from '../forest/forest'

/** A cell of a row by feature; `NaN` is missing. */
export type CellOf = (feature: number) => number

/** The child of a node that a row goes to. */
export function childOf(tree: TreeArrays, node: number, cell: CellOf): number {
  const value = cell(tree.feature[node] as number)
  const set = tree.categories?.sets[tree.categories.set[node] as number]
  let left: boolean
  if (value !== value) left = tree.missingLeft[node] === 1
  else left = set === undefined ? value <= (tree.threshold[node] as number) : hasCategory(set, value)
  return (left ? tree.left[node] : tree.right[node]) as number
}

/** The features on the way to a node: parallel arrays; a node's own lie behind its parent's. */
interface Path {
  readonly feature: Int32Array
  /** The share of the rows that go this way when the feature is unknown. */
  readonly zero: Float64Array
  /** 1 where the explained row goes this way, else 0. */
  readonly one: Float64Array
  readonly weight: Float64Array
}

/** Explains rows by one tree. */
export interface TreeExplainer {
  /** Adds the SHAP values of a row: `values` of `features × width` numbers. */
  add(cell: CellOf, values: Float64Array): void
  /** The mean of each leaf number over the rows that gave the covers. */
  readonly mean: Float64Array
}

/** An explainer of a tree. @param cover by node: how many rows of the background reach it */
export function treeExplainer(tree: TreeArrays, cover: Float64Array): TreeExplainer {
  const depth = depthOf(tree, 0)
  const size = ((depth + 2) * (depth + 3)) / 2 + depth + 2
  const path: Path = {
    feature: new Int32Array(size),
    zero: new Float64Array(size),
    one: new Float64Array(size),
    weight: new Float64Array(size),
  }
  const { width } = tree
  const mean = new Float64Array(width)
  tree.leaf.forEach((leaf, node) => {
    for (let o = 0; leaf >= 0 && o < width; o++) {
      mean[o] = (mean[o] as number) + ((tree.values[leaf * width + o] as number) * (cover[node] as number)) / (cover[0] as number)
    }
  })

  /** `from` is where the parent's path begins, `length` how many features it has. */
  const visit = (
    node: number,
    from: number,
    length: number,
    last: { feature: number; zero: number; one: number },
    cell: CellOf,
    values: Float64Array,
  ): void => {
    const at = from + length
    for (let i = 0; i < length; i++) {
      path.feature[at + i] = path.feature[from + i] as number
      path.zero[at + i] = path.zero[from + i] as number
      path.one[at + i] = path.one[from + i] as number
      path.weight[at + i] = path.weight[from + i] as number
    }
    extend(path, at, length, last)
    const leaf = tree.leaf[node] as number
    if (leaf >= 0) {
      for (let i = 1; i <= length; i++) {
        const share = unwoundSum(path, at, length, i) * ((path.one[at + i] as number) - (path.zero[at + i] as number))
        const to = (path.feature[at + i] as number) * width
        for (let o = 0; o < width; o++) values[to + o] = (values[to + o] as number) + share * (tree.values[leaf * width + o] as number)
      }
      return
    }
    const feature = tree.feature[node] as number
    let count = length + 1
    let zero = 1
    let one = 1
    for (let i = 1; i <= length; i++) {
      if (path.feature[at + i] !== feature) continue
      zero = path.zero[at + i] as number
      one = path.one[at + i] as number
      unwind(path, at, length, i)
      count--
      break
    }
    const hot = childOf(tree, node, cell)
    for (const child of [tree.left[node] as number, tree.right[node] as number]) {
      const share = (cover[node] as number) > 0 ? (cover[child] as number) / (cover[node] as number) : 0.5
      const next = { feature, zero: zero * share, one: child === hot ? one : 0 }
      // Nothing comes this way, known or unknown.
      if (next.zero > 0 || next.one > 0) visit(child, at, count, next, cell, values)
    }
  }

  return { mean, add: (cell, values) => visit(0, 0, 0, { feature: -1, zero: 1, one: 1 }, cell, values) }
}

function depthOf(tree: TreeArrays, node: number): number {
  if ((tree.leaf[node] as number) >= 0) return 0
  return 1 + Math.max(depthOf(tree, tree.left[node] as number), depthOf(tree, tree.right[node] as number))
}

/** Adds a feature at position `d` of the path that begins at `at`. */
function extend(
  { feature, zero, one, weight }: Path,
  at: number,
  d: number,
  last: { readonly feature: number; readonly zero: number; readonly one: number },
): void {
  feature[at + d] = last.feature
  zero[at + d] = last.zero
  one[at + d] = last.one
  weight[at + d] = d === 0 ? 1 : 0
  for (let i = d - 1; i >= 0; i--) {
    weight[at + i + 1] = (weight[at + i + 1] as number) + (last.one * (weight[at + i] as number) * (i + 1)) / (d + 1)
    weight[at + i] = (last.zero * (weight[at + i] as number) * (d - i)) / (d + 1)
  }
}

/** Takes the feature at position `which` out of a path whose last position is `d`. */
function unwind({ feature, zero, one, weight }: Path, at: number, d: number, which: number): void {
  const oneShare = one[at + which] as number
  const zeroShare = zero[at + which] as number
  let next = weight[at + d] as number
  for (let i = d - 1; i >= 0; i--) {
    if (oneShare !== 0) {
      const before = weight[at + i] as number
      weight[at + i] = (next * (d + 1)) / ((i + 1) * oneShare)
      next = before - ((weight[at + i] as number) * zeroShare * (d - i)) / (d + 1)
    } else weight[at + i] = ((weight[at + i] as number) * (d + 1)) / (zeroShare * (d - i))
  }
  for (let i = which; i < d; i++) {
    feature[at + i] = feature[at + i + 1] as number
    zero[at + i] = zero[at + i + 1] as number
    one[at + i] = one[at + i + 1] as number
  }
}

/** The sum of the weights after taking out the feature at position `which`. */
function unwoundSum({ zero, one, weight }: Path, at: number, d: number, which: number): number {
  const oneShare = one[at + which] as number
  const zeroShare = zero[at + which] as number
  let next = weight[at + d] as number
  let total = 0
  for (let i = d - 1; i >= 0; i--) {
    if (oneShare !== 0) {
      const now = (next * (d + 1)) / ((i + 1) * oneShare)
      total += now
      next = (weight[at + i] as number) - (now * zeroShare * (d - i)) / (d + 1)
    } else total += ((weight[at + i] as number) * (d + 1)) / (zeroShare * (d - i))
  }
  return total
}
