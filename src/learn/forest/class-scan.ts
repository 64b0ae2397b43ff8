/** Finds the best cut of one feature at a node, among the class counts of its {@link ClassGroups}. */
import { MANY_ROWS, SORT_ROWS } from './class-groups'
import { createSplitImpurity } from './class-impurity'
import type { ClassGroups, ClassMemory, GrowthProgram } from './growth-memory'

/** The node whose splits are compared. */
export interface ClassNode {
  /** Copies of each class. */
  readonly total: Int32Array
  /** Copies of all classes. */
  samples: number
  /** Weighted impurity × samples of the node as a whole. */
  impurity: number
  /** One weight per class; all 1 when `undefined`. */
  weights: Float64Array | undefined
}

/** The cut that a scan found. */
export interface ClassCut {
  /** Before a scan: the impurity that a cut must stay below. After it: the impurity of the cut found. */
  impurity: number
  /** Position of the last group that goes left; −1 when no cut is better. */
  at: number
  /** Copies of each class left of the cut found. */
  readonly left: Int32Array
}

/** What a scan needs to know. */
export interface ClassScanOptions {
  readonly numClasses: number
  readonly criterion: 'gini' | 'entropy'
  readonly minSamplesLeaf: number
}

/** Compares the cuts of a feature. */
export interface ClassScan {
  readonly cut: ClassCut
  /** Weighted impurity × samples of the node as a whole. */
  impurityOfNode(): number
  /**
   * Counts a feature and tries all its cuts at once, where that can be done, and writes the best to `cut`, whose `at` is then the last bin that goes left.
   * @returns whether the feature varies at the node; `undefined` where it must be counted first
   */
  split(feature: number, start: number, end: number): boolean | undefined
  /** Tries a cut after each of the first `last` groups, with the missing values on the left or on the right, and writes the best to `cut`. */
  scan(missingLeft: boolean, last: number): void
}

/** A scan of the groups that are in the memory when it is called, at the node that is in `node` then. */
export function createClassScan(node: ClassNode, memory: ClassMemory, options: ClassScanOptions): ClassScan {
  const { numClasses: k, criterion, minSamplesLeaf } = options
  const { groups, program } = memory
  const { rare } = memory.data
  const { total } = memory
  const isGini = criterion === 'gini'
  const binary = k === 2 && isGini
  const split = createSplitImpurity(k, criterion)
  const left = new Int32Array(k)
  const cut: ClassCut = { impurity: Number.NaN, at: -1, left: new Int32Array(k) }

  const scanAny = (missingLeft: boolean, last: number): void => {
    const { counts, missing } = groups
    const { samples } = node
    let leftSamples = 0
    for (let c = 0; c < k; c++) {
      left[c] = missingLeft ? (missing[c] as number) : 0
      leftSamples += left[c] as number
    }
    split.start(left, total, node.weights)
    let loss = cut.impurity
    let at = -1
    for (let g = 0; g < last; g++) {
      for (let c = 0, cell = g * k; c < k; c++, cell++) {
        const moved = counts[cell] as number
        if (moved === 0) continue
        leftSamples += moved
        split.move(c, moved)
      }
      if (leftSamples < minSamplesLeaf) continue
      if (samples - leftSamples < minSamplesLeaf) break
      const value = split.loss()
      if (value < loss) {
        loss = value
        at = g
      }
    }
    cut.impurity = loss
    cut.at = at
    if (at >= 0) sumLeft(groups, at, missingLeft, cut.left)
  }

  const scanGiniByProgram = (missingLeft: boolean, last: number, { scanGini }: GrowthProgram): void => {
    cut.at = scanGini(node.samples, minSamplesLeaf, missingLeft ? 1 : 0, last, cut.impurity)
    if (cut.at < 0) return
    cut.impurity = memory.foundImpurity[0] as number
    sumLeft(groups, cut.at, missingLeft, cut.left)
  }

  return {
    cut,
    impurityOfNode() {
      if (binary && node.weights === undefined) return ((total[0] as number) * (total[1] as number)) / node.samples
      left.fill(0)
      split.start(left, total, node.weights)
      return split.loss()
    },
    split(feature, start, end) {
      if (!binary || node.weights !== undefined || program === undefined) return undefined
      if (rare !== undefined && (rare.bin[feature] as number) >= 0) return undefined
      const total0 = total[0] as number
      const total1 = total[1] as number
      const bin = program.splitBinary(feature, start, end, SORT_ROWS, MANY_ROWS, total0, total1, minSamplesLeaf, cut.impurity)
      if (bin < 0) return bin === -1 ? false : undefined
      if (bin === NO_CUT) cut.at = -1
      else takeFound(memory, cut, bin)
      return true
    },
    scan(missingLeft, last) {
      if (!binary || node.weights !== undefined) {
        if (program === undefined || !isGini) scanAny(missingLeft, last)
        else scanGiniByProgram(missingLeft, last, program)
      } else if (program === undefined) scanBinary(node, groups, cut, minSamplesLeaf, missingLeft, last)
      else scanByProgram(memory, program, node, cut, minSamplesLeaf, missingLeft, last)
    },
  }
}

/** Two classes without weights, by Gini impurity: nothing but two counts changes from cut to cut. */
function scanBinary(
  { total, samples }: ClassNode,
  { counts, missing }: ClassGroups,
  cut: ClassCut,
  minSamplesLeaf: number,
  missingLeft: boolean,
  last: number,
): void {
  const total0 = total[0] as number
  const total1 = total[1] as number
  let left0 = missingLeft ? (missing[0] as number) : 0
  let left1 = missingLeft ? (missing[1] as number) : 0
  let loss = cut.impurity
  let at = -1
  for (let g = 0; g < last; g++) {
    left0 += counts[2 * g] as number
    left1 += counts[2 * g + 1] as number
    const left = left0 + left1
    const right = samples - left
    if (left < minSamplesLeaf) continue
    if (right < minSamplesLeaf) break
    // Σ left²/left + Σ right²/right is largest where this is smallest; one division instead of two.
    const value = (left0 * left1 * right + (total0 - left0) * (total1 - left1) * left) / (left * right)
    if (value < loss) {
      loss = value
      at = g
      cut.left[0] = left0
      cut.left[1] = left1
    }
  }
  cut.impurity = loss
  cut.at = at
}

/** {@link scanBinary} in WebAssembly. */
function scanByProgram(
  memory: ClassMemory,
  program: GrowthProgram,
  { total }: ClassNode,
  cut: ClassCut,
  minSamplesLeaf: number,
  missingLeft: boolean,
  last: number,
): void {
  const at = program.scanBinary(total[0] as number, total[1] as number, minSamplesLeaf, missingLeft ? 1 : 0, last, cut.impurity)
  if (at < 0) cut.at = -1
  else takeFound(memory, cut, at)
}

/** What `splitBinary` answers when no cut is better. */
const NO_CUT = 65_536

function takeFound({ found, foundImpurity }: ClassMemory, cut: ClassCut, at: number): void {
  cut.at = at
  cut.impurity = foundImpurity[0] as number
  cut.left[0] = found[4] as number
  cut.left[1] = found[5] as number
}

/** Writes the copies of each class left of a cut to `left`. */
function sumLeft({ counts, missing }: ClassGroups, at: number, missingLeft: boolean, left: Int32Array): void {
  const k = left.length
  for (let c = 0; c < k; c++) {
    let sum = missingLeft ? (missing[c] as number) : 0
    for (let g = 0, cell = c; g <= at; g++, cell += k) sum += counts[cell] as number
    left[c] = sum
  }
}
