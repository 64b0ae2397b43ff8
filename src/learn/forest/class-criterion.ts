/** Splits that separate classes: Gini impurity and entropy. */
import { MISSING_BIN } from './bins'
import { createClassCounter, cutAfter } from './class-groups'
import { type ClassCut, type ClassNode, type ClassScanOptions, createClassScan } from './class-scan'
import { type BestSplit, type Criterion, grown } from './grow-tree'
import type { ClassMemory } from './growth-memory'

/** Options of {@link createClassCriterion}. */
export interface ClassCriterionOptions extends ClassScanOptions {
  /** The table of leaves, shared by all trees. */
  readonly leaves: LeafTable
}

/** A criterion whose class weights can be set tree by tree. */
export interface ClassCriterion extends Criterion {
  /** One weight per class; all 1 when `undefined`. */
  setWeights(weights: Float64Array | undefined): void
}

/** Leaf values, row-major; rows are added while trees grow. */
export interface LeafTable {
  values: Float64Array
  /** Rows in use. */
  size: number
}

/** A table whose first rows are the pure leaves, one per class. */
export function classLeaves(numClasses: number): LeafTable {
  const values = new Float64Array(numClasses * Math.max(64, numClasses))
  for (let c = 0; c < numClasses; c++) values[c * numClasses + c] = 1
  return { values, size: numClasses }
}

/** The criterion for the classes of the rows in `memory`. Gains are Σ weight × impurity before − after. */
export function createClassCriterion(memory: ClassMemory, options: ClassCriterionOptions): ClassCriterion {
  const { numClasses: k, leaves } = options
  const { groups } = memory
  const counter = createClassCounter(memory, k)
  const node: ClassNode = { total: memory.total, samples: 0, impurity: Number.NaN, weights: undefined }
  const { cut, impurityOfNode, scan, split } = createClassScan(node, memory, options)
  const bestLeft = new Int32Array(k)
  const found = { node, cut, bestLeft }
  /** Copies of each class at the nodes still to be grown, row-major: slots × classes. */
  let slots = new Int32Array(64 * k)

  const tryCuts = (feature: number, missingLeft: boolean, last: number, best: BestSplit): void => {
    // A split that gains nothing is still a split (XOR needs it), so the first one found only has to be no worse than none.
    cut.impurity = impurityToBeat(best)
    scan(missingLeft, last)
    if (cut.at < 0) return
    const bin = cut.at + 1 < groups.size ? cutAfter(groups, cut.at) : MISSING_BIN - 1
    takeCut(found, feature, bin, groups.hasMissing ? missingLeft : undefined, best)
  }

  const impurityToBeat = (best: BestSplit): number => (best.gain < 0 ? node.impurity * (1 + 1e-9) + 1e-9 : node.impurity - best.gain)

  return {
    setWeights(weights) {
      node.weights = weights
      for (let c = 0; c < k; c++) memory.weights[c] = weights === undefined ? 1 : (weights[c] as number)
    },
    root(sample) {
      for (let c = 0; c < k; c++) slots[c] = 0
      for (let i = 0; i < sample.size; i++) {
        const code = sample.codes[i] as number
        slots[code >>> 8] = (slots[code >>> 8] as number) + (code & 255)
      }
    },
    open(slot) {
      node.samples = 0
      let present = 0
      for (let c = 0; c < k; c++) {
        const copies = slots[slot * k + c] as number
        node.total[c] = copies
        node.samples += copies
        if (copies > 0) present++
      }
      if (present < 2) return true
      node.impurity = impurityOfNode()
      counter.open()
      return false
    },
    samples: () => node.samples,
    consider(feature, start, end, best) {
      cut.impurity = impurityToBeat(best)
      const varies = split(feature, start, end)
      if (varies !== undefined) {
        if (varies && cut.at >= 0) takeCut(found, feature, cut.at, undefined, best)
        return varies
      }
      counter.count(feature, start, end)
      if (groups.size + (groups.hasMissing ? 1 : 0) < 2) return false
      tryCuts(feature, false, groups.hasMissing ? groups.size : groups.size - 1, best)
      if (groups.hasMissing && groups.size > 1) tryCuts(feature, true, groups.size - 1, best)
      return true
    },
    children(leftSlot, rightSlot) {
      const needed = (Math.max(leftSlot, rightSlot) + 1) * k
      while (slots.length < needed) slots = grown(slots)
      for (let c = 0; c < k; c++) {
        slots[leftSlot * k + c] = bestLeft[c] as number
        slots[rightSlot * k + c] = (node.total[c] as number) - (bestLeft[c] as number)
      }
    },
    leaf: () => addLeaf(leaves, node),
  }
}

/** Makes the cut that was found the best split. @param missingLeft `undefined`: missing values, of which there are none, go where more rows go */
function takeCut(
  { node, cut, bestLeft }: { readonly node: ClassNode; readonly cut: ClassCut; readonly bestLeft: Int32Array },
  feature: number,
  bin: number,
  missingLeft: boolean | undefined,
  best: BestSplit,
): void {
  let left = 0
  for (let c = 0; c < bestLeft.length; c++) {
    bestLeft[c] = cut.left[c] as number
    left += bestLeft[c] as number
  }
  best.feature = feature
  best.bin = bin
  best.missingLeft = missingLeft ?? left * 2 > node.samples
  best.gain = Math.max(0, node.impurity - cut.impurity)
}

/** Adds the class shares of a node to the leaves. A pure node uses one of the leaves that every table starts with. @returns its row */
function addLeaf(leaves: LeafTable, { total, weights }: ClassNode): number {
  const k = total.length
  let only = -1
  let present = 0
  let sum = 0
  for (let c = 0; c < k; c++) {
    if (total[c] === 0) continue
    present++
    only = c
    sum += (total[c] as number) * (weights === undefined ? 1 : (weights[c] as number))
  }
  if (present === 1) return only
  const row = leaves.size++
  while (leaves.values.length < (row + 1) * k) leaves.values = grown(leaves.values)
  for (let c = 0; c < k; c++) {
    leaves.values[row * k + c] = ((total[c] as number) * (weights === undefined ? 1 : (weights[c] as number))) / sum
  }
  return row
}
