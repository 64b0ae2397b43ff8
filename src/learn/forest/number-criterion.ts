/** Splits that separate numbers: squared error. */
import { MISSING_BIN } from './bins'
import type { LeafTable } from './class-criterion'
import { cutAfter } from './class-groups'
import { type BestSplit, type Criterion, grown } from './grow-tree'
import type { GrowthData, Sample } from './growth-data'
import { createNumberCounter, type NodeRows, type NumberGroups, numberGroups } from './number-groups'

/** Options of {@link createNumberCriterion}. */
export interface NumberCriterionOptions {
  readonly minSamplesLeaf: number
  readonly sample: Sample
  /** Targets of the sample's rows, by the row's code. Best near zero: subtract the mean first. */
  readonly targets: Float64Array
  /** How often each row was drawn, by the row's code. */
  readonly copies: Int32Array
  /** What was subtracted from the targets: added to every leaf. */
  readonly center: number
  readonly leaves: LeafTable
}

/** The criterion for numbers over `data`. Gains are sums of squared errors before − after. */
export function createNumberCriterion(data: GrowthData, options: NumberCriterionOptions): Criterion {
  const { minSamplesLeaf, targets, copies, center, leaves } = options
  const { rows, codes } = options.sample
  const figures: NodeRows = { weight: new Int32Array(rows.length), value: new Float64Array(rows.length) }
  const { weight, value } = figures
  const groups = numberGroups()
  const counter = createNumberCounter(data, rows, figures, groups)
  const node: NumberNode = { samples: 0, total: 0 }

  return {
    root() {},
    open(_slot, start, end) {
      let samples = 0
      let total = 0
      let least = Number.POSITIVE_INFINITY
      let most = Number.NEGATIVE_INFINITY
      for (let i = start; i < end; i++) {
        const code = codes[i] as number
        const target = targets[code] as number
        const times = copies[code] as number
        weight[i - start] = times
        value[i - start] = target * times
        samples += times
        total += target * times
        if (target < least) least = target
        if (target > most) most = target
      }
      node.samples = samples
      node.total = total
      counter.open()
      return least === most
    },
    samples: () => node.samples,
    consider(feature, start, end, best) {
      counter.count(feature, start, end)
      const { size, hasMissing } = groups
      if (size + (hasMissing ? 1 : 0) < 2) return false
      // With missing values, a cut after the last group sends them alone to the right.
      if (tryCuts(node, groups, false, hasMissing ? size : size - 1, minSamplesLeaf, best)) best.feature = feature
      if (hasMissing && tryCuts(node, groups, true, size - 1, minSamplesLeaf, best)) best.feature = feature
      return true
    },
    children() {},
    leaf() {
      const row = leaves.size++
      if (leaves.values.length <= row) leaves.values = grown(leaves.values)
      leaves.values[row] = center + node.total / node.samples
      return row
    },
  }
}

/** The node whose splits are compared. */
interface NumberNode {
  /** Copies. */
  samples: number
  /** Sum of the targets of all copies. */
  total: number
}

/**
 * Tries a cut after each of the first `last` groups, with the missing values on the left or on the right.
 * @returns whether one was better than `best`, which then holds it
 */
function tryCuts(
  { samples, total }: NumberNode,
  groups: NumberGroups,
  missingLeft: boolean,
  last: number,
  minSamplesLeaf: number,
  best: BestSplit,
): boolean {
  const { counts, sums, size, hasMissing } = groups
  const before = (total * total) / samples
  // A split that gains nothing is still a split, as long as none was found.
  let gain = best.gain < 0 ? -1e-9 * (1 + Math.abs(before)) : best.gain
  let at = -1
  let atCount = 0
  let left = missingLeft ? (counts[size] as number) : 0
  let sum = missingLeft ? (sums[size] as number) : 0
  for (let g = 0; g < last; g++) {
    left += counts[g] as number
    sum += sums[g] as number
    const right = samples - left
    if (left < minSamplesLeaf) continue
    if (right < minSamplesLeaf) break
    const now = (sum * sum) / left + ((total - sum) * (total - sum)) / right - before
    if (now > gain) {
      gain = now
      at = g
      atCount = left
    }
  }
  if (at < 0) return false
  best.bin = at + 1 < size ? cutAfter(groups, at) : MISSING_BIN - 1
  best.missingLeft = hasMissing ? missingLeft : atCount * 2 > samples
  best.gain = Math.max(0, gain)
  return true
}
