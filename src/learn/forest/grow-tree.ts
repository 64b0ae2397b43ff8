/** Grows one tree, for classification and regression, which differ in their {@link Criterion}. */
import type { Rng } from '../../core/random'
import { MISSING_BIN } from './bins'
import { NEAR_CELLS, offsetOf, type Sample, sourceOf } from './growth-data'
import type { GrowthMemory } from './growth-memory'

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

/** Grows trees one after another over the same data, with buffers that are allocated once. */
export interface TreeGrower {
  /**
   * Grows a tree over the sample in the grower's memory.
   * @param importance gets the gain of every split added at its feature
   * @returns the nodes as `Forest` holds them, with right children counted from the tree's root
   */
  grow(rng: Rng, importance: Float64Array): Int32Array
}

/** Numbers per slot of the stack of nodes to be grown. */
const SLOT = 5

/** A grower of trees by `criterion` in `memory`. */
export function createTreeGrower(memory: GrowthMemory, criterion: Criterion, limits: GrowthLimits): TreeGrower {
  const { data, other } = memory
  const nodes = new Int32Array(4 * other.rows.length)
  const nearRows = Math.floor(NEAR_CELLS / data.numFeatures)
  // All features; those known to be constant at a node, and so at every node below it, are at the end, in the order in which they were found.
  const order = new Int32Array(data.numFeatures)
  const triesAll = limits.maxFeatures >= order.length
  // Per slot: start, end, depth, parent whose right child this is (−1: none), how many features are known to be constant there.
  let stack = new Int32Array(SLOT * 64)
  const best: BestSplit = { feature: 0, bin: 0, missingLeft: false, gain: -1 }

  return {
    grow(rng, importance) {
      const { sample } = memory
      // Every tree begins anew, so that it does not hang on the trees before it.
      for (let f = 0; f < order.length; f++) order[f] = f
      let random = 1 + rng.int(0xfffffffe) // Only to pick features; must not be 0.
      let count = 0
      let top = 0
      criterion.root(sample)
      putSlot(stack, 0, 0, sample.size, 0, -1, 0)
      let minGain = limits.minGain
      let nearEnd = 0
      while (top >= 0) {
        const slot = SLOT * top
        const start = stack[slot] as number
        const end = stack[slot + 1] as number
        const depth = stack[slot + 2] as number
        const parent = stack[slot + 3] as number
        let varyingEnd = order.length - (stack[slot + 4] as number)
        const node = count++
        if (parent >= 0) nodes[2 * parent + 1] = node
        best.gain = -1
        const pure = criterion.open(top, start, end)
        const samples = criterion.samples()
        if (node === 0) minGain = limits.minGain * samples
        if (!pure && samples >= limits.minSamplesSplit && depth < limits.maxDepth) {
          if (end - start <= nearRows && start >= nearEnd) {
            bringNear(memory, start, end)
            nearEnd = end
          }
          // Partial Fisher–Yates shuffle: features without replacement. Constant features count, but at least one that varies must be tried.
          let constants = triesAll ? 0 : order.length - varyingEnd
          for (let at = 0, tried = 0; at < varyingEnd && (tried < limits.maxFeatures || at === 0); tried++) {
            random = xorshift(random)
            const pick = Math.floor((random >>> 0) * (varyingEnd - at + constants) * 2 ** -32)
            if (pick >= varyingEnd - at) {
              constants--
              continue
            }
            const feature = order[at + pick] as number
            order[at + pick] = order[at] as number
            if (criterion.consider(feature, start, end, best)) order[at++] = feature
            else {
              varyingEnd--
              order[at] = order[varyingEnd] as number
              order[varyingEnd] = feature
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
        const middle = divide(memory, start, end, best)
        if (SLOT * (top + 2) > stack.length) stack = grown(stack)
        criterion.children(top + 1, top)
        const constants = order.length - varyingEnd
        putSlot(stack, top, middle, end, depth + 1, node, constants)
        putSlot(stack, ++top, start, middle, depth + 1, -1, constants)
      }
      return nodes.slice(0, 2 * count)
    },
  }
}

/** Puts a node to be grown on the stack. */
function putSlot(stack: Int32Array, top: number, start: number, end: number, depth: number, parent: number, constants: number): void {
  const slot = SLOT * top
  stack[slot] = start
  stack[slot + 1] = end
  stack[slot + 2] = depth
  stack[slot + 3] = parent
  stack[slot + 4] = constants
}

/** The next number of xorshift32 (Marsaglia 2003). */
function xorshift(state: number): number {
  let next = state ^ (state << 13)
  next ^= next >>> 17
  return next ^ (next << 5)
}

/** Copies the bins of a node's rows near to each other and updates the rows. Subtrees are grown one after another, so there is room. */
function bringNear({ data, sample, program }: GrowthMemory, start: number, end: number): void {
  const { bins, near, numRows, numFeatures, rare } = data
  const { rows } = sample
  if (rare !== undefined) for (let i = start; i < end; i++) rare.near[i - start] = rows[i] as number
  if (program !== undefined) {
    program.bringNear(start, end)
    return
  }
  let to = 0
  for (let i = start; i < end; i++) {
    const row = rows[i] as number
    rows[i] = numRows + to
    const from = row * numFeatures
    for (let f = 0; f < numFeatures; f++) near[to++] = bins[from + f] as number
  }
}

/** Divides the rows of a node by a split. @returns where the right ones begin */
function divide(memory: GrowthMemory, start: number, end: number, { feature, bin, missingLeft }: BestSplit): number {
  // Rows go right whose bin is above the limit, both plus 1 where missing values go left: their bin is then 0.
  const shift = missingLeft ? 1 : 0
  const { program } = memory
  if (program !== undefined) return program.partition(feature, start, end, bin + shift, shift)
  return partition(memory, feature, start, end, bin + shift, shift)
}

/** Moves the rows that go left before those that go right, both in their order. @returns where the right ones begin */
function partition(memory: GrowthMemory, feature: number, start: number, end: number, limit: number, shift: number): number {
  const { data, other } = memory
  const { rows, codes } = memory.sample
  const source = sourceOf(data, rows, start)
  const offset = offsetOf(data, feature, rows, start)
  const rightRows = other.rows
  const rightCodes = other.codes
  let left = start
  let right = 0
  for (let i = start; i < end; i++) {
    const row = rows[i] as number
    const code = codes[i] as number
    const bin = source[row + offset] as number
    // 1 when the bin is above the limit. Both places are written and one index moves, so that there is no branch that could be mispredicted.
    const above = (limit - ((bin + shift) & MISSING_BIN)) >>> 31
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
