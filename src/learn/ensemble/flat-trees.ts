/** Trees in one block of memory, 16 bytes a node, so that a step of a prediction reads one cache line. */
import { hasCategory, type TreeArrays } from '../forest/forest'

/**
 * Trees over numbers. Nodes lie in depth-first order, so the left child of node `i` is node `i + 1`.
 *
 * - Interior: `ints[4 i]` is `feature << 2 | isSet << 1 | missingLeft`, `ints[4 i + 1]` the right child; `floats[2 i + 1]` is the threshold (go left
 *   when value ≤ threshold), or the number of a set of categories (go left when the category is in it).
 * - Leaf: `ints[4 i]` is −1, `ints[4 i + 1]` is 0; `floats[2 i + 1]` is the leaf's number.
 */
export interface FlatTrees {
  /** Where each tree's root is, then the number of nodes in all. */
  readonly roots: Int32Array
  readonly ints: Int32Array
  /** The same memory. */
  readonly floats: Float64Array
  /** Bits in words of 32, the lowest first; categories beyond the words are in no set. */
  readonly sets: readonly Uint32Array[]
}

/** Room for nodes. */
export function nodeMemory(nodes: number): { readonly ints: Int32Array; readonly floats: Float64Array } {
  const memory = new ArrayBuffer(16 * nodes)
  return { ints: new Int32Array(memory), floats: new Float64Array(memory) }
}

/** The leaf that a row ends in: its node. The row's cells begin at `base`; `NaN` is missing. */
export function leafNode({ ints, floats, sets }: FlatTrees, root: number, cells: Float64Array, base: number): number {
  let node = root
  let test = ints[4 * node] as number
  while (test >= 0) {
    const value = cells[base + (test >> 2)] as number
    const limit = floats[2 * node + 1] as number
    let left: boolean
    if ((test & 2) !== 0) left = value !== value ? (test & 1) === 1 : hasCategory(sets[limit] as Uint32Array, value)
    // A comparison with NaN is false, so the negated one sends missing values left.
    else left = (test & 1) === 0 ? value <= limit : !(value > limit)
    node = left ? node + 1 : (ints[4 * node + 1] as number)
    test = ints[4 * node] as number
  }
  return node
}

/** A place among trees that cannot be: a node that is reached twice, or is not there. */
export type LayoutProblem = (tree: number, node: number) => Error

/**
 * Lays trees out depth first. Nodes that no way from the root reaches are left out.
 *
 * @param trees trees of one number per leaf
 * @param problem the error for a tree whose nodes do not form one
 */
export function flatTrees(trees: readonly TreeArrays[], problem: LayoutProblem): FlatTrees {
  const orders = trees.map((tree, t) => depthFirst(tree, (node) => problem(t, node)))
  const roots = new Int32Array(trees.length + 1)
  orders.forEach((order, t) => {
    roots[t + 1] = (roots[t] as number) + order.length
  })
  const { ints, floats } = nodeMemory(roots[trees.length] as number)
  const sets: Uint32Array[] = []
  trees.forEach((tree, t) => {
    const order = orders[t] as Int32Array
    const placeOf = new Int32Array(tree.feature.length)
    order.forEach((node, place) => {
      placeOf[node] = place
    })
    order.forEach((node, place) => {
      const at = (roots[t] as number) + place
      const leaf = tree.leaf[node] as number
      if (leaf >= 0) {
        ints[4 * at] = -1
        floats[2 * at + 1] = tree.values[leaf * tree.width] as number
        return
      }
      const set = tree.categories?.sets[tree.categories.set[node] as number]
      ints[4 * at] = ((tree.feature[node] as number) << 2) | (set === undefined ? 0 : 2) | (tree.missingLeft[node] as number)
      ints[4 * at + 1] = (roots[t] as number) + (placeOf[tree.right[node] as number] as number)
      floats[2 * at + 1] = set === undefined ? (tree.threshold[node] as number) : sets.push(set) - 1
    })
  })
  return { roots, ints, floats, sets }
}

/** The nodes of a tree in depth-first order, without recursion: a file can hold a tree deeper than the stack. */
function depthFirst(tree: TreeArrays, problem: (node: number) => Error): Int32Array {
  const count = tree.feature.length
  const isSeen = new Uint8Array(count)
  const order: number[] = []
  const open = [0]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (!(node >= 0 && node < count) || isSeen[node] === 1) throw problem(node)
    isSeen[node] = 1
    order.push(node)
    if ((tree.leaf[node] as number) < 0) open.push(tree.right[node] as number, tree.left[node] as number)
  }
  return Int32Array.from(order)
}

/** The trees with child indices of their own, for converters. */
export function flatTreeArrays({ roots, ints, floats, sets }: FlatTrees): TreeArrays[] {
  return Array.from({ length: roots.length - 1 }, (_, t) => {
    const root = roots[t] as number
    const count = (roots[t + 1] as number) - root
    const test = (node: number): number => ints[4 * (root + node)] as number
    const number = (node: number): number => floats[2 * (root + node) + 1] as number
    const isLeaf = (node: number): boolean => test(node) < 0
    const isSet = (node: number): boolean => !isLeaf(node) && (test(node) & 2) !== 0
    const ofNodes = (of: (node: number) => number): Int32Array => Int32Array.from({ length: count }, (_, node) => of(node))
    const floatsOf = (of: (node: number) => number): Float64Array => Float64Array.from({ length: count }, (_, node) => of(node))
    const set = sets.length === 0 ? undefined : ofNodes((node) => (isSet(node) ? number(node) : -1))
    return {
      feature: ofNodes((node) => (isLeaf(node) ? -1 : test(node) >> 2)),
      threshold: floatsOf((node) => (isLeaf(node) || isSet(node) ? 0 : number(node))),
      left: ofNodes((node) => (isLeaf(node) ? 0 : node + 1)),
      right: ofNodes((node) => (isLeaf(node) ? 0 : (ints[4 * (root + node) + 1] as number) - root)),
      missingLeft: Uint8Array.from({ length: count }, (_, node) => (isLeaf(node) ? 0 : test(node) & 1)),
      leaf: ofNodes((node) => (isLeaf(node) ? node : -1)),
      values: floatsOf((node) => (isLeaf(node) ? number(node) : 0)),
      width: 1,
      ...(set === undefined ? {} : { categories: { set, sets } }),
    }
  })
}
