/** Splits that separate numbers: squared error. */
import { MISSING_BIN } from './bins'
import type { LeafTable } from './class-criterion'
import { cutAfter } from './class-groups'
import { type BestSplit, type BinnedData, type Criterion, grown, type Sample } from './grow-tree'

/** Up to this many rows are sorted by bin, at most 16 (their positions take 4 bits of a key). */
const SORT_ROWS = 12
/** The range of missing values, after all others. */
const MISSING_RANGE = 256

/** What a number criterion is told. */
export interface NumberCriterionOptions {
  readonly minSamplesLeaf: number
  readonly sample: Sample
  /** Targets of the sample's rows, by the row's code. Best near zero: subtract the mean first. */
  readonly targets: Float64Array
  /** How often each row was drawn, by the row's code. */
  readonly copies: Int32Array
  /** Added to every leaf. */
  readonly center: number
  readonly leaves: LeafTable
}

/** The criterion for numbers over `data`. Gains are sums of squared errors before − after. */
export function createNumberCriterion(data: BinnedData, options: NumberCriterionOptions): Criterion {
  const { minSamplesLeaf, targets, copies, center, leaves } = options
  const { rows, codes } = options.sample
  const { bins } = data
  const capacity = rows.length
  // Figures of the open node's rows, side by side, so that each feature reads them in order.
  const weight = new Int32Array(capacity)
  const value = new Float64Array(capacity)
  const own = new Uint16Array(capacity)
  const counts = new Int32Array(257)
  const sums = new Float64Array(257)
  const occupied = new Int32Array(9)
  const keys = new Int32Array(SORT_ROWS)
  const groups = { ranges: new Int32Array(257), base: 0, shift: 0, size: 0 }
  const groupCounts = new Int32Array(257)
  const groupSums = new Float64Array(257)
  let samples = 0
  let total = 0

  const collectSorted = (feature: number, start: number, size: number): void => {
    for (let i = 0; i < size; i++) {
      const key = ((bins[(rows[start + i] as number) + feature] as number) << 4) | i
      let at = i - 1
      while (at >= 0 && (keys[at] as number) > key) {
        keys[at + 1] = keys[at] as number
        at--
      }
      keys[at + 1] = key
    }
    groups.base = 0
    groups.shift = 0
    let group = -1
    let last = -1
    for (let j = 0; j < size; j++) {
      const key = keys[j] as number
      const i = key & 15
      if (key >>> 4 !== last) {
        last = key >>> 4
        group++
        groups.ranges[group] = last
        groupCounts[group] = 0
        groupSums[group] = 0
      }
      groupCounts[group] = (groupCounts[group] as number) + (weight[i] as number)
      groupSums[group] = (groupSums[group] as number) + (value[i] as number)
    }
    groups.size = group + 1
  }

  const collectRanges = (feature: number, start: number, size: number): void => {
    let least = MISSING_BIN
    let most = 0
    for (let i = 0; i < size; i++) {
      const bin = bins[(rows[start + i] as number) + feature] as number
      own[i] = bin
      if (bin < least) least = bin
      if (bin > most && bin !== MISSING_BIN) most = bin
    }
    const base = Math.min(least, most)
    const shift = most - base < 256 ? 0 : 24 - Math.clz32(most - base)
    groups.base = base
    groups.shift = shift
    for (let i = 0; i < size; i++) {
      const bin = own[i] as number
      const range = bin === MISSING_BIN ? MISSING_RANGE : (bin - base) >> shift
      counts[range] = (counts[range] as number) + (weight[i] as number)
      sums[range] = (sums[range] as number) + (value[i] as number)
      occupied[range >>> 5] = (occupied[range >>> 5] as number) | (1 << (range & 31))
    }
    let group = 0
    for (let part = 0; part < 9; part++) {
      let bits = occupied[part] as number
      occupied[part] = 0
      while (bits !== 0) {
        const low = bits & -bits
        bits ^= low
        const range = (part << 5) + 31 - Math.clz32(low)
        groups.ranges[group] = range
        groupCounts[group] = counts[range] as number
        groupSums[group] = sums[range] as number
        group++
        counts[range] = 0
        sums[range] = 0
      }
    }
    groups.size = group
  }

  const scan = (feature: number, best: BestSplit, baseCount: number, baseSum: number, last: number, missing: boolean): void => {
    const before = (total * total) / samples
    // A split that gains nothing is still a split, as long as none was found.
    let gain = best.gain < 0 ? -1e-9 * (1 + Math.abs(before)) : best.gain
    let at = -1
    let atCount = 0
    let left = baseCount
    let sum = baseSum
    for (let g = 0; g < last; g++) {
      left += groupCounts[g] as number
      sum += groupSums[g] as number
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
    if (at < 0) return
    best.feature = feature
    best.bin = at + 1 < groups.size ? cutAfter(groups, at) : MISSING_BIN - 1
    best.missingLeft = missing ? baseCount > 0 : atCount * 2 > samples
    best.gain = Math.max(0, gain)
  }

  return {
    root() {},
    open(_slot, start, end) {
      samples = 0
      total = 0
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
      return least === most
    },
    samples: () => samples,
    consider(feature, start, end, best) {
      const size = end - start
      if (size <= SORT_ROWS) collectSorted(feature, start, size)
      else collectRanges(feature, start, size)
      if (groups.size < 2) return false
      const mark = groups.ranges[groups.size - 1]
      const missing = mark === (size <= SORT_ROWS ? MISSING_BIN : MISSING_RANGE)
      if (!missing) {
        scan(feature, best, 0, 0, groups.size - 1, false)
        return true
      }
      const last = --groups.size
      scan(feature, best, 0, 0, last, true)
      scan(feature, best, groupCounts[last] as number, groupSums[last] as number, last - 1, true)
      return true
    },
    children() {},
    leaf() {
      const row = leaves.size++
      if (leaves.values.length <= row) leaves.values = grown(leaves.values)
      leaves.values[row] = center + total / samples
      return row
    },
  }
}
