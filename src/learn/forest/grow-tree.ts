/** Grows one tree, for classification and regression, which differ in their {@link Criterion}. */
import type { Rng } from '../../core/random'
import { MISSING_BIN } from './bins'

/** The rows that a tree is grown from, reordered meanwhile so that the rows of every node are adjacent. */
export interface Sample {
  /** Where each row's bins begin: row number × features. */
  readonly rows: Int32Array
  /** A number that the criterion keeps with each row. */
  readonly codes: Int32Array
  /** How many of both are in use. */
  size: number
}

/** The best split found so far at a node, written by the criterion. */
export interface BestSplit {
  feature: number
  /** Rows of this bin and below go left. */
  bin: number
  missingLeft: boolean
  /** Gain of the split, in the criterion's unit × rows. Below 0: none found. */
  gain: number
}

/** What a tree optimises. The figures of nodes are kept in numbered slots of a stack. */
export interface Criterion {
  /** Prepares the whole sample as slot 0. */
  root(sample: Sample): void
  /** Makes the node in `slot` the current one. @returns whether it must be a leaf because it is pure */
  open(slot: number, start: number, end: number): boolean
  /** Number of samples (copies) of the current node. */
  samples(): number
  /** Tries all splits of the current node by one feature. @returns false when the feature is constant there */
  consider(feature: number, start: number, end: number, best: BestSplit): boolean
  /** Writes the figures of both children of the current node, for the best split. */
  children(leftSlot: number, rightSlot: number): void
  /** Adds the current node to the table of leaves. @returns its row there */
  leaf(): number
}

/** When to stop, and how many features to try. */
export interface GrowthLimits {
  readonly maxDepth: number
  readonly minSamplesSplit: number
  /** Features tried per node. */
  readonly maxFeatures: number
  /** Least gain, as a share of the sample. */
  readonly minGain: number
}

/**
 * Nodes of at most this many cells are copied to one place before their subtree is grown, so that they are read from the L1 cache.
 */
export const NEAR_CELLS = 8192

/** The training data. */
export interface BinnedData {
  /** Bins, row-major, and after them room for {@link NEAR_CELLS} more. */
  readonly bins: Uint16Array
  readonly numFeatures: number
  /** Bins of each feature, not counting missing. */
  readonly counts: Int32Array
}

/** Grows trees one after another over the same data, with buffers that are allocated once. */
export interface TreeGrower {
  /**
   * Grows a tree over `sample`.
   * @param importance gets the gain of every split added at its feature
   * @returns the nodes as `Forest` holds them, with right children counted from the tree's root
   */
  grow(sample: Sample, rng: Rng, importance: Float64Array): Int32Array
}

/** Numbers per slot of the stack of nodes to be grown. */
const SLOT = 5

/** A grower of trees over `data` by `criterion`, for samples of at most `capacity` rows. */
export function createTreeGrower(data: BinnedData, criterion: Criterion, limits: GrowthLimits, capacity: number): TreeGrower {
  const nodes = new Int32Array(4 * capacity)
  const nearAt = data.bins.length - NEAR_CELLS
  const nearRows = Math.floor(NEAR_CELLS / data.numFeatures)
  const buffer = { rows: new Int32Array(capacity), codes: new Int32Array(capacity) }
  const order = new Int32Array(data.numFeatures)
  // Per slot: start, end, depth, parent whose right child this is (−1: none), how many features are known to be constant there.
  let stack = new Int32Array(SLOT * 64)
  /** Features that are constant at the current node, those of the nodes above it first; and by feature whether it is one. */
  const constants = new Int32Array(data.numFeatures)
  const isConstant = new Uint8Array(data.numFeatures)
  let numConstants = 0
  const best: BestSplit = { feature: 0, bin: 0, missingLeft: false, gain: -1 }

  return {
    grow(sample, rng, importance) {
      // Every tree begins anew, so that it does not hang on the trees before it.
      for (let f = 0; f < order.length; f++) order[f] = f
      let random = 1 + rng.int(0xfffffffe) // xorshift32 of Marsaglia (2003): only to pick features, must not be 0
      let count = 0
      let top = 0
      criterion.root(sample)
      stack[0] = 0
      stack[1] = sample.size
      stack[2] = 0
      stack[3] = -1
      stack[4] = 0
      let minGain = limits.minGain
      let nearEnd = 0
      while (top >= 0) {
        const slot = SLOT * top
        const start = stack[slot] as number
        const end = stack[slot + 1] as number
        const depth = stack[slot + 2] as number
        const parent = stack[slot + 3] as number
        // Features found constant elsewhere in the tree may vary here.
        while (numConstants > (stack[slot + 4] as number)) isConstant[constants[--numConstants] as number] = 0
        const node = count++
        if (parent >= 0) nodes[2 * parent + 1] = node
        best.gain = -1
        const pure = criterion.open(top, start, end)
        const samples = criterion.samples()
        if (node === 0) minGain = limits.minGain * samples
        if (!pure && samples >= limits.minSamplesSplit && depth < limits.maxDepth) {
          if (end - start <= nearRows && start >= nearEnd) {
            bringNear(data, sample, nearAt, start, end)
            nearEnd = end
          }
          // Partial Fisher–Yates shuffle: features without replacement. Constant features count, but at least one that varies must be tried.
          for (let tried = 0, varying = 0; tried < order.length && (tried < limits.maxFeatures || varying === 0); tried++) {
            random ^= random << 13
            random ^= random >>> 17
            random ^= random << 5
            const pick = tried + Math.floor(((random >>> 0) * (order.length - tried)) / 4294967296)
            const feature = order[pick] as number
            order[pick] = order[tried] as number
            order[tried] = feature
            if (isConstant[feature] === 1) continue
            if (criterion.consider(feature, start, end, best)) varying++
            else {
              isConstant[feature] = 1
              constants[numConstants++] = feature
            }
          }
        }
        if (best.gain < 0 || best.gain + 1e-12 < minGain) {
          nodes[2 * node] = ~criterion.leaf()
          nodes[2 * node + 1] = 0
          top--
          continue
        }
        const shift = best.missingLeft ? 1 : 0
        nodes[2 * node] = (best.feature << 17) | (shift << 16) | (best.bin + shift)
        importance[best.feature] = (importance[best.feature] as number) + best.gain
        const middle = partition(data, sample, buffer, start, end, best)
        if (SLOT * (top + 2) > stack.length) stack = grown(stack)
        criterion.children(top + 1, top)
        stack[slot] = middle
        stack[slot + 1] = end
        stack[slot + 2] = depth + 1
        stack[slot + 3] = node
        stack[slot + 4] = numConstants
        top++
        stack[slot + SLOT] = start
        stack[slot + SLOT + 1] = middle
        stack[slot + SLOT + 2] = depth + 1
        stack[slot + SLOT + 3] = -1
        stack[slot + SLOT + 4] = numConstants
      }
      return nodes.slice(0, 2 * count)
    },
  }
}

/** Copies the bins of a node's rows to the end of the data and updates the rows. Subtrees are grown one after another, so there is room. */
function bringNear({ bins, numFeatures }: BinnedData, { rows }: Sample, nearAt: number, start: number, end: number): void {
  let to = nearAt
  for (let i = start; i < end; i++) {
    const from = rows[i] as number
    rows[i] = to
    for (let f = 0; f < numFeatures; f++) bins[to++] = bins[from + f] as number
  }
}

/** Moves the rows that go left before those that go right, both in their order. @returns where the right ones begin */
function partition(
  { bins }: BinnedData,
  { rows, codes }: Sample,
  buffer: { readonly rows: Int32Array; readonly codes: Int32Array },
  start: number,
  end: number,
  { feature, bin, missingLeft }: BestSplit,
): number {
  const rightRows = buffer.rows
  const rightCodes = buffer.codes
  const shift = missingLeft ? 1 : 0
  const limit = bin + shift
  let left = start
  let right = 0
  for (let i = start; i < end; i++) {
    const row = rows[i] as number
    const code = codes[i] as number
    // 1 when the bin is above the limit. Both places are written and one index moves, so that there is no branch that could be mispredicted.
    const above = (limit - (((bins[row + feature] as number) + shift) & MISSING_BIN)) >>> 31
    rows[left] = row
    codes[left] = code
    rightRows[right] = row
    rightCodes[right] = code
    left += 1 - above
    right += above
  }
  copyTo(rows, left, rightRows, right)
  copyTo(codes, left, rightCodes, right)
  return left
}

/**
 * Copies the first `length` items of `source` to `target` from `at` on. As a loop inside `partition` it made V8 throw away the compiled `partition`
 * at every node in about every third process (V8 compiled the loop before this one for the first time before this one had ever run).
 */
function copyTo(target: Int32Array, at: number, source: Int32Array, length: number): void {
  for (let i = 0; i < length; i++) target[at + i] = source[i] as number
}

/** A copy of twice the length. */
export function grown<T extends Int32Array | Float64Array>(array: T): T {
  const larger = new (array.constructor as new (length: number) => T)(array.length * 2)
  larger.set(array)
  return larger
}
