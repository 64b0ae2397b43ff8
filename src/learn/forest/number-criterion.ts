/** Splits that separate numbers: squared error. */
import { MISSING_BIN } from './bins'
import type { LeafTable } from './class-criterion'
import { cutAfter } from './class-groups'
import { type BestSplit, type Criterion, grown } from './grow-tree'
import type { GrowthProgram, NumberMemory } from './growth-memory'
import { createNumberCounter } from './number-groups'

/** Options of {@link createNumberCriterion}. */
export interface NumberCriterionOptions {
  readonly minSamplesLeaf: number
  /** What was subtracted from the targets: added to every leaf. */
  readonly center: number
  readonly leaves: LeafTable
}

/** The criterion for the numbers of the rows in `memory`. Gains are sums of squared errors before − after. */
export function createNumberCriterion(memory: NumberMemory, options: NumberCriterionOptions): Criterion {
  const { minSamplesLeaf, center, leaves } = options
  const { targets, copies, weight, value, groups, figures, program } = memory
  const { codes } = memory.sample
  const counter = createNumberCounter(memory)
  const scan = program ?? scanIn(memory)
  const node: NumberNode = { samples: 0, total: 0 }

  return {
    root() {},
    open(_slot, start, end) {
      if (program !== undefined) {
        program.openNumbers(start, end)
        node.samples = figures[0] as number
        node.total = figures[1] as number
        counter.open()
        return figures[2] === figures[3]
      }
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
      if (tryCuts(node, memory, scan, false, hasMissing ? size : size - 1, minSamplesLeaf, best)) best.feature = feature
      if (hasMissing && tryCuts(node, memory, scan, true, size - 1, minSamplesLeaf, best)) best.feature = feature
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
  memory: NumberMemory,
  scan: Pick<GrowthProgram, 'scanNumbers'>,
  missingLeft: boolean,
  last: number,
  minSamplesLeaf: number,
  best: BestSplit,
): boolean {
  const { groups, found, figures } = memory
  const before = (total * total) / samples
  // A split that gains nothing is still a split, as long as none was found.
  const least = best.gain < 0 ? -1e-9 * (1 + Math.abs(before)) : best.gain
  const at = scan.scanNumbers(samples, total, before, minSamplesLeaf, missingLeft ? groups.size : -1, last, least)
  if (at < 0) return false
  best.bin = at + 1 < groups.size ? cutAfter(groups, at) : MISSING_BIN - 1
  best.missingLeft = groups.hasMissing ? missingLeft : (found[4] as number) * 2 > samples
  best.gain = Math.max(0, figures[4] as number)
  return true
}

/** The scan in TypeScript: see growth/numbers.as.ts. */
function scanIn({ groups, found, figures }: NumberMemory): Pick<GrowthProgram, 'scanNumbers'> {
  const { counts, sums } = groups
  return {
    scanNumbers(samples, total, before, minSamplesLeaf, missingAt, last, least) {
      let gain = least
      let at = -1
      let left = missingAt >= 0 ? (counts[missingAt] as number) : 0
      let sum = missingAt >= 0 ? (sums[missingAt] as number) : 0
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
          found[4] = left
        }
      }
      figures[4] = gain
      return at
    },
  }
}
