/** Grows one boosted tree, best leaf first. */
import type { Rng } from '../../core/random'
import type { ExactUnits } from './exact-sums'
import { createSplitFinder } from './find-split'
import type { HistogramCells } from './histogram-cells'
import { subtract } from './histogram-kernel'
import { clippedValue, noSplit, type Split, type SplitLimits, type SplitNode, sidesOf } from './split'
import { splitRows } from './split-rows'

/** When to stop. */
export interface BoostingLimits extends SplitLimits {
  readonly maxLeafNodes: number
  readonly maxDepth: number
  /** Features tried per split. */
  readonly maxFeatures: number
}

/** A node of a tree that was grown: a leaf, or a split with two children. */
export interface GrownNode extends SplitNode {
  /** Its rows: `start` … `end` − 1 of the rows the tree was grown from. */
  readonly start: number
  readonly end: number
  readonly depth: number
  /** Its value as a leaf. */
  value: number
  split: Split | undefined
  left: GrownNode | undefined
  right: GrownNode | undefined
}

/** A node that is still a leaf, and may be split. */
interface OpenNode {
  readonly node: GrownNode
  readonly split: Split
  readonly histogram: Float64Array
}

/** Grows trees one after another over the same data. */
export interface BoostedTreeGrower {
  /** Grows a tree from the first `size` rows of the kernel, and reorders them so that those of every leaf are adjacent. @param importance gets the gain of every split added at its feature */
  grow(size: number, rng: Rng, importance: Float64Array): GrownNode
}

/** A grower of trees over `data`, with the gradients that the kernel and `units` hold at the time. */
export function createBoostedTreeGrower(data: HistogramCells, units: ExactUnits, limits: BoostingLimits): BoostedTreeGrower {
  const findSplit = createSplitFinder(data, units, limits)
  const { kernel } = data
  const order = Int32Array.from({ length: data.numFeatures }, (_, f) => f)
  const spare = new Int32Array(data.numRows)

  /** The best split of a node, if it has one and may be split. The histogram goes back to the pool if not. */
  const open = (node: GrownNode, histogram: Float64Array, rng: Rng): OpenNode | undefined => {
    const split = noSplit()
    findSplit(histogram, node, drawFeatures(order, limits.maxFeatures, rng), split)
    if (split.feature >= 0) return { node, split, histogram }
    kernel.give(histogram)
    return undefined
  }
  const mayBeSplit = ({ start, end, depth }: GrownNode): boolean => end - start >= 2 * limits.minSamplesLeaf && depth < limits.maxDepth

  return {
    grow(numRows, rng, importance) {
      const root = rootOf(data, numRows, units, limits)
      const leaves: OpenNode[] = []
      const put = (entry: OpenNode | undefined): void => {
        if (entry !== undefined) leaves.push(entry)
      }
      if (mayBeSplit(root)) {
        const histogram = kernel.take()
        kernel.add(histogram, root.start, root.end)
        put(open(root, histogram, rng))
      }
      for (let size = 1; size < limits.maxLeafNodes && leaves.length > 0; ) {
        const { node, split, histogram } = takeBest(leaves)
        const { left, right } = splitNode(data, units, limits, { node, split, spare })
        importance[split.feature] = (importance[split.feature] as number) + split.gain
        size++
        const [small, large] = left.end - left.start <= right.end - right.start ? [left, right] : [right, left]
        if (size === limits.maxLeafNodes || !mayBeSplit(large)) {
          kernel.give(histogram)
          continue
        }
        const part = kernel.take()
        kernel.add(part, small.start, small.end)
        subtract(histogram, part)
        // The left child is looked at first, so that equal gains are split in one order.
        for (const child of [left, right]) {
          const own = child === small ? part : histogram
          if (mayBeSplit(child)) put(open(child, own, rng))
          else kernel.give(own)
        }
      }
      for (const { histogram } of leaves) kernel.give(histogram)
      return root
    },
  }
}

function rootOf({ kernel: { derivatives, rows } }: HistogramCells, numRows: number, units: ExactUnits, { l2 }: BoostingLimits): GrownNode {
  let gradient = 0
  let packed = 0
  for (let i = 0; i < numRows; i++) {
    const at = 2 * (rows[i] as number)
    gradient += derivatives[at] as number
    packed += derivatives[at + 1] as number
  }
  const bounds = { lower: Number.NEGATIVE_INFINITY, upper: Number.POSITIVE_INFINITY }
  return nodeOf({ gradient, packed, ...bounds, start: 0, end: numRows, depth: 0 }, units, l2)
}

type NodeFacts = Omit<GrownNode, 'value' | 'split' | 'left' | 'right'>

function nodeOf(facts: NodeFacts, units: ExactUnits, l2: number): GrownNode {
  const { gradient, curvature } = sidesOf(facts.gradient, facts.packed, units)
  const value = gradient === 0 ? 0 : clippedValue(gradient, curvature, l2, facts)
  return { ...facts, value, split: undefined, left: undefined, right: undefined }
}

/** The features that a split tries, at the start of `order`. */
function drawFeatures(order: Int32Array, count: number, rng: Rng): Int32Array {
  if (count === order.length) return order
  for (let i = 0; i < count; i++) {
    const pick = i + rng.int(order.length - i)
    const feature = order[pick] as number
    order[pick] = order[i] as number
    order[i] = feature
  }
  return order.subarray(0, count)
}

/** Takes out the leaf whose split gains most; of equal ones the first. */
function takeBest(leaves: OpenNode[]): OpenNode {
  let best = 0
  for (let i = 1; i < leaves.length; i++) if ((leaves[i] as OpenNode).split.gain > (leaves[best] as OpenNode).split.gain) best = i
  return leaves.splice(best, 1)[0] as OpenNode
}

/** Splits a node and its rows. */
function splitNode(
  data: HistogramCells,
  units: ExactUnits,
  limits: BoostingLimits,
  { node, split, spare }: { readonly node: GrownNode; readonly split: Split; readonly spare: Int32Array },
): { readonly left: GrownNode; readonly right: GrownNode } {
  const middle = splitRows(data, split, spare, node.start, node.end)
  const depth = node.depth + 1
  const own = { lower: node.lower, upper: node.upper, depth }
  const leftSums = { gradient: split.leftGradient, packed: split.leftPacked, start: node.start, end: middle }
  const rightSums = { gradient: node.gradient - split.leftGradient, packed: node.packed - split.leftPacked, start: middle, end: node.end }
  let left = nodeOf({ ...leftSums, ...own }, units, limits.l2)
  let right = nodeOf({ ...rightSums, ...own }, units, limits.l2)
  const direction = limits.directions[split.feature] as number
  if (direction !== 0) {
    // No value below the left child may pass any below the right one: both stay on their side of the middle.
    const between = (left.value + right.value) / 2
    left = nodeOf({ ...leftSums, ...own, ...(direction > 0 ? { upper: between } : { lower: between }) }, units, limits.l2)
    right = nodeOf({ ...rightSums, ...own, ...(direction > 0 ? { lower: between } : { upper: between }) }, units, limits.l2)
  }
  node.split = split
  node.left = left
  node.right = right
  return { left, right }
}
