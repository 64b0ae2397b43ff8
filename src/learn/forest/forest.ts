/** A forest in memory: all trees in one array of integers, and how it predicts. */
import type { FeatureMatrix } from '../learner'
import { toBins } from './bins'
import { holdsMissing, type WalkProgram, type WalkTrees, walkAll, walkRows } from './walk'

/**
 * Trees over binned features. Nodes lie in depth-first order, two integers each, so the left child of node `i` is node `i + 1`.
 *
 * - Interior: `feature << 17 | missingLeft << 16 | (bin + missingLeft)`, index of the right child. A row goes left when
 *   `((b + missingLeft) & 65535) ≤ bin + missingLeft`, where `b` is its bin: 65535 (missing) wraps round to 0 where missing goes left.
 * - Leaf: `~leaf` (negative), 0.
 */
export interface Forest {
  /** By feature: the upper edges of its bins, ascending. */
  readonly edges: readonly Float64Array[]
  /** Where each tree's root is, then the number of nodes in all. */
  readonly roots: Int32Array
  readonly nodes: Int32Array
  /** Numbers per leaf: classes, or 1 for regression. */
  readonly width: number
  /** Row-major, leaves × width: class probabilities, or the mean. Leaves of different trees share entries. */
  readonly leaves: Float64Array
}

/** The trees of a forest in explicit form, for converters; all arrays of a tree have the same length. */
export interface TreeArrays {
  /** Feature tested, −1 in leaves. */
  readonly feature: Int32Array
  /** Go left when value ≤ threshold. `Infinity`: every value goes left, only missing may go right. 0 in leaves. */
  readonly threshold: Float64Array
  /** Node indices within the tree; 0 in leaves. */
  readonly left: Int32Array
  readonly right: Int32Array
  /** 1 where a missing value goes left. */
  readonly missingLeft: Uint8Array
  /** Row of the leaf's numbers in `values`; −1 in interior nodes. */
  readonly leaf: Int32Array
  /** Row-major leaf numbers, shared by all trees: `width` each. */
  readonly values: Float64Array
  readonly width: number
  /**
   * Of trees that split by sets of categories. `set`: by node, the number of its set, −1 where it has a threshold; a row goes left when its category
   * is in the set, or is missing and `missingLeft` is 1. `sets`: bits in words of 32, the lowest first. Categories are 0, 1, 2 …; those beyond
   * the words are in no set.
   */
  readonly categories?: { readonly set: Int32Array; readonly sets: readonly Uint32Array[] } | undefined
}

/** Whether a category is in a set. Fractions are cut off; what is no number ≥ 0 is in none. */
export function hasCategory(set: Uint32Array, value: number): boolean {
  if (!(value > -1 && value < 32 * set.length)) return false
  const category = Math.trunc(value)
  return (((set[category >>> 5] as number) >>> (category & 31)) & 1) === 1
}

/** Cells of a block of rows, half a megabyte: a tree is read from memory once for all of them. */
const BLOCK_CELLS = 262_144
const LEAST_ROWS = 1024

/** Mean over trees of the leaf numbers each row falls in: row-major, rows × width. @param walk the trees laid out for rows without missing cells */
export function predictForest(forest: Forest, features: FeatureMatrix, walk: WalkTrees): Float64Array {
  const sums = new Float64Array(features.numRows * forest.width)
  addLeaves(forest, walk, features, { sums, outputs: forest.width, cycle: 1 })
  const trees = forest.roots.length - 1
  for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] as number) / trees
  return sums
}

/** Where the numbers of leaves are added. */
export interface LeafSums {
  /** Row-major, rows × outputs. */
  readonly sums: Float64Array
  readonly outputs: number
  /** Trees of one number take turns at so many outputs: that of tree `t` is `t % cycle`. 1: every tree adds to the outputs from the first on. */
  readonly cycle: number
}

/** Adds the numbers of the leaves that each row falls in, tree after tree. */
export function addLeaves(forest: Forest, walk: WalkTrees, features: FeatureMatrix, to: LeafSums): void {
  const { roots, nodes, leaves, width } = forest
  const { sums, outputs, cycle } = to
  const { numRows } = features
  const bins = toBins(features, forest.edges)
  const stride = features.columns.length
  const trees = roots.length - 1
  const isComplete = !holdsMissing(bins)
  if (isComplete && walk.program !== undefined) {
    addByProgram(walk.program, bins, stride, numRows, to)
    return
  }
  if (isComplete && numRows < 4) {
    for (let row = 0; row < numRows; row++) addRow(forest, walk, { bins, stride, row }, to)
    return
  }
  const found = new Int32Array(4)
  const block = Math.max(LEAST_ROWS, Math.floor(BLOCK_CELLS / stride))
  for (let start = 0; start < numRows; start += block) {
    const end = Math.min(numRows, start + block)
    for (let tree = 0; tree < trees; tree++) {
      const target = cycle === 1 ? 0 : tree % cycle
      const root = roots[tree] as number
      let row = start
      for (; isComplete && row + 4 <= end; row += 4) {
        walkRows(walk.nodes, root, bins, row * stride, stride, found)
        for (let i = 0; i < 4; i++)
          addLeaf(leaves, (walk.leaves[found[i] as number] as number) * width, width, sums, (row + i) * outputs + target)
      }
      for (; row < end; row++) addLeaf(leaves, leafOf(nodes, root, bins, row * stride) * width, width, sums, row * outputs + target)
    }
  }
}

function addByProgram(program: WalkProgram, bins: Uint16Array, stride: number, numRows: number, { sums, outputs, cycle }: LeafSums): void {
  for (let start = 0; start < numRows; start += program.rows) {
    const count = Math.min(program.rows, numRows - start)
    copyCells(bins, start * stride, count * stride, program.bins, 0)
    copyCells(sums, start * outputs, count * outputs, program.sums, 0)
    program.addRows(count, outputs, cycle)
    copyCells(program.sums, 0, count * outputs, sums, start * outputs)
  }
}

/** Copies `length` cells. A few take less time one by one than a view of them. */
function copyCells<Cells extends Uint16Array | Float64Array>(from: Cells, at: number, length: number, to: Cells, place: number): void {
  if (length > 64) to.set(from.subarray(at, at + length), place)
  else for (let i = 0; i < length; i++) to[place + i] = from[at + i] as number
}

/** One of a few rows. */
interface FewRows {
  readonly bins: Uint16Array
  readonly stride: number
  readonly row: number
}

/**
 * Adds the leaves of one row. All trees are walked before the first leaf is looked up, so that the look-ups wait for memory together.
 */
function addRow({ leaves, width }: Forest, walk: WalkTrees, { bins, stride, row }: FewRows, { sums, outputs, cycle }: LeafSums): void {
  const { found, leaves: leafOfNode } = walk
  walkAll(walk, bins, row * stride)
  for (let tree = 0; tree < found.length; tree++) found[tree] = (leafOfNode[found[tree] as number] as number) * width
  const to = row * outputs
  if (cycle === 1 && width === 2) {
    let one = sums[to] as number
    let two = sums[to + 1] as number
    for (let tree = 0; tree < found.length; tree++) {
      const from = found[tree] as number
      one += leaves[from] as number
      two += leaves[from + 1] as number
    }
    sums[to] = one
    sums[to + 1] = two
    return
  }
  for (let tree = 0, target = 0; tree < found.length; tree++) {
    addLeaf(leaves, found[tree] as number, width, sums, to + target)
    if (++target === cycle) target = 0
  }
}

function addLeaf(leaves: Float64Array, from: number, width: number, sums: Float64Array, to: number): void {
  if (width === 1) sums[to] = (sums[to] as number) + (leaves[from] as number)
  else if (width === 2) {
    sums[to] = (sums[to] as number) + (leaves[from] as number)
    sums[to + 1] = (sums[to + 1] as number) + (leaves[from + 1] as number)
  } else for (let c = 0; c < width; c++) sums[to + c] = (sums[to + c] as number) + (leaves[from + c] as number)
}

/** The leaf of the row whose bins begin at `base`. */
export function leafOf(nodes: Int32Array, root: number, bins: Uint16Array, base: number): number {
  let node = root
  let word = nodes[2 * node] as number
  while (word >= 0) {
    const bin = ((bins[base + (word >>> 17)] as number) + ((word >>> 16) & 1)) & 65535
    node = bin <= (word & 65535) ? node + 1 : (nodes[2 * node + 1] as number)
    word = nodes[2 * node] as number
  }
  return ~word
}

/** The trees with thresholds and child indices, for converters. */
export function treesOf(forest: Forest): TreeArrays[] {
  return Array.from({ length: forest.roots.length - 1 }, (_, tree) => {
    const root = forest.roots[tree] as number
    return treeArrays(forest, root, (forest.roots[tree + 1] as number) - root)
  })
}

function treeArrays({ nodes, edges, leaves, width }: Forest, root: number, count: number): TreeArrays {
  const feature = new Int32Array(count).fill(-1)
  const threshold = new Float64Array(count)
  const left = new Int32Array(count)
  const right = new Int32Array(count)
  const missingLeft = new Uint8Array(count)
  const leaf = new Int32Array(count).fill(-1)
  for (let i = 0; i < count; i++) {
    const word = nodes[2 * (root + i)] as number
    if (word < 0) {
      leaf[i] = ~word
      continue
    }
    const toLeft = (word >>> 16) & 1
    feature[i] = word >>> 17
    threshold[i] = edges[word >>> 17]?.[(word & 65535) - toLeft] ?? Number.POSITIVE_INFINITY
    left[i] = i + 1
    right[i] = (nodes[2 * (root + i) + 1] as number) - root
    missingLeft[i] = toLeft
  }
  return { feature, threshold, left, right, missingLeft, leaf, values: leaves, width }
}
