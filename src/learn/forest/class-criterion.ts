/** Splits that separate classes: Gini impurity and entropy. */
import { MISSING_BIN } from './bins'
import { classGroups, createClassCounter, cutAfter } from './class-groups'
import { type BestSplit, type BinnedData, type Criterion, grown, type Sample } from './grow-tree'

/** What a class criterion is told. */
export interface ClassCriterionOptions {
  readonly numClasses: number
  readonly criterion: 'gini' | 'entropy'
  readonly minSamplesLeaf: number
  /** Rows at most per sample. */
  readonly sample: Sample
  /** The table of leaves, shared by all trees. */
  readonly leaves: LeafTable
}

/** A criterion whose class weights can be set tree by tree. */
export interface ClassCriterion extends Criterion {
  /** One weight per class; all 1 when `undefined`. */
  setWeights(weights: Float64Array | undefined): void
}

/** Leaf numbers, row-major, added to while trees grow. */
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

/** The criterion for classes over `data`. Gains are Σ weight × impurity before − after. */
export function createClassCriterion(data: BinnedData, options: ClassCriterionOptions): ClassCriterion {
  const { numClasses: k, minSamplesLeaf, leaves } = options
  const groups = classGroups(k)
  const count = createClassCounter(data, options.sample, k, groups)
  let slots = new Int32Array(64 * k)
  const total = new Int32Array(k)
  const bestLeft = new Int32Array(k)
  let samples = 0
  let weights: Float64Array | undefined
  let before = 0
  const binary = k === 2 && options.criterion === 'gini'
  const scorer = createScorer(k, options.criterion)
  /** Best score of the scan at hand and where: position of the last group that goes left. */
  const found = { loss: 0, at: -1 }

  const scanBinary = (base0: number, base1: number, last: number): void => {
    const { counts } = groups
    const total0 = total[0] as number
    const total1 = total[1] as number
    let left0 = base0
    let left1 = base1
    let loss = found.loss
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
      }
    }
    found.loss = loss
    found.at = at
  }

  const leftNow = new Int32Array(k)
  const scanGeneral = (missingLeft: boolean, last: number): void => {
    const { counts, missing } = groups
    let left = 0
    for (let c = 0; c < k; c++) {
      leftNow[c] = missingLeft ? (missing[c] as number) : 0
      left += leftNow[c] as number
    }
    scorer.start(leftNow, total, weights)
    let loss = found.loss
    let at = -1
    for (let g = 0; g < last; g++) {
      for (let c = 0, cell = g * k; c < k; c++, cell++) {
        const moved = counts[cell] as number
        if (moved === 0) continue
        left += moved
        scorer.move(c, moved)
      }
      if (left < minSamplesLeaf) continue
      if (samples - left < minSamplesLeaf) break
      const value = scorer.loss()
      if (value < loss) {
        loss = value
        at = g
      }
    }
    found.loss = loss
    found.at = at
  }

  const scan = (missingLeft: boolean, last: number): void => {
    if (binary && weights === undefined) {
      scanBinary(missingLeft ? (groups.missing[0] as number) : 0, missingLeft ? (groups.missing[1] as number) : 0, last)
    } else scanGeneral(missingLeft, last)
  }

  const keep = (feature: number, missingLeft: boolean, best: BestSplit): void => {
    if (found.at < 0) return
    const { counts, missing, size } = groups
    let left = 0
    for (let c = 0; c < k; c++) {
      let sum = missingLeft ? (missing[c] as number) : 0
      for (let g = 0, cell = c; g <= found.at; g++, cell += k) sum += counts[cell] as number
      bestLeft[c] = sum
      left += sum
    }
    best.feature = feature
    best.bin = found.at + 1 < size ? cutAfter(groups, found.at) : MISSING_BIN - 1
    best.missingLeft = groups.hasMissing ? missingLeft : left * 2 > samples
    best.gain = Math.max(0, before - found.loss)
  }

  const lossOfNode = (): number => {
    if (binary && weights === undefined) return ((total[0] as number) * (total[1] as number)) / samples
    leftNow.fill(0)
    scorer.start(leftNow, total, weights)
    return scorer.loss()
  }

  return {
    setWeights(given) {
      weights = given
    },
    root(sample) {
      for (let c = 0; c < k; c++) slots[c] = 0
      for (let i = 0; i < sample.size; i++) {
        const code = sample.codes[i] as number
        slots[code >>> 8] = (slots[code >>> 8] as number) + (code & 255)
      }
    },
    open(slot) {
      samples = 0
      let present = 0
      for (let c = 0; c < k; c++) {
        const of = slots[slot * k + c] as number
        total[c] = of
        samples += of
        if (of > 0) present++
      }
      if (present < 2) return true
      before = lossOfNode()
      return false
    },
    samples: () => samples,
    consider(feature, start, end, best) {
      count(feature, start, end)
      if (groups.size + (groups.hasMissing ? 1 : 0) < 2) return false
      // A split that gains nothing is still a split (XOR needs it), so the first one found only has to be no worse than none.
      found.loss = best.gain < 0 ? before * (1 + 1e-9) + 1e-9 : before - best.gain
      scan(false, groups.hasMissing ? groups.size : groups.size - 1)
      keep(feature, false, best)
      if (groups.hasMissing && groups.size > 1) {
        found.loss = best.gain < 0 ? before * (1 + 1e-9) + 1e-9 : before - best.gain
        scan(true, groups.size - 1)
        keep(feature, true, best)
      }
      return true
    },
    children(leftSlot, rightSlot) {
      const needed = (Math.max(leftSlot, rightSlot) + 1) * k
      while (slots.length < needed) slots = grown(slots)
      for (let c = 0; c < k; c++) {
        slots[leftSlot * k + c] = bestLeft[c] as number
        slots[rightSlot * k + c] = (total[c] as number) - (bestLeft[c] as number)
      }
    },
    leaf() {
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
    },
  }
}

/** Keeps the loss of a split up to date while classes move from right to left. */
interface Scorer {
  start(left: Int32Array, total: Int32Array, weights: Float64Array | undefined): void
  move(label: number, copies: number): void
  /** Weighted impurity of both sides: half of Σ w·gini, or Σ w·entropy in nats. */
  loss(): number
}

function createScorer(k: number, criterion: 'gini' | 'entropy'): Scorer {
  const left = new Float64Array(k)
  const right = new Float64Array(k)
  let weights: Float64Array | undefined
  let leftSum = 0
  let rightSum = 0
  // Gini: Σ w². Entropy: Σ w ln w.
  let leftTerm = 0
  let rightTerm = 0
  const term = criterion === 'gini' ? (w: number) => w * w : (w: number) => (w > 0 ? w * Math.log(w) : 0)
  return {
    start(leftNow, total, given) {
      weights = given
      leftSum = rightSum = leftTerm = rightTerm = 0
      for (let c = 0; c < k; c++) {
        const weight = given === undefined ? 1 : (given[c] as number)
        left[c] = (leftNow[c] as number) * weight
        right[c] = ((total[c] as number) - (leftNow[c] as number)) * weight
        leftSum += left[c] as number
        rightSum += right[c] as number
        leftTerm += term(left[c] as number)
        rightTerm += term(right[c] as number)
      }
    },
    move(label, copies) {
      const weight = weights === undefined ? copies : copies * (weights[label] as number)
      const l = left[label] as number
      const r = right[label] as number
      leftTerm += term(l + weight) - term(l)
      rightTerm += term(Math.max(0, r - weight)) - term(r)
      left[label] = l + weight
      right[label] = Math.max(0, r - weight)
      leftSum += weight
      rightSum -= weight
    },
    loss() {
      if (criterion === 'gini') {
        return (leftSum > 0 ? leftSum - leftTerm / leftSum : 0) / 2 + (rightSum > 0 ? rightSum - rightTerm / rightSum : 0) / 2
      }
      return term(leftSum) - leftTerm + term(rightSum) - rightTerm
    },
  }
}
