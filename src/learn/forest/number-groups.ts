/** Counts and sums of targets over ranges of one feature's bins at a node: two ways of counting, each the faster for its size of node. */
import { MISSING_BIN } from './bins'
import { type GrowthData, offsetOf, sourceOf } from './growth-data'
import type { NumberGroups, NumberMemory } from './growth-memory'
import { CLEARED_WHOLE, type RareBins, rowAt } from './rare-bins'
import { POSITION_BITS, POSITION_MASK, sortByBin } from './sort-by-bin'

/** Up to this many rows are sorted. */
const SORT_ROWS = 12
/** The range of missing values, after all others. */
const MISSING_RANGE = 256

/** Counts the bins of a node's rows. */
export interface NumberCounter {
  /** Forgets what was counted at the node before. */
  open(): void
  /** Counts the bins of `feature` over rows `start` … `end` − 1 into the groups. */
  count(feature: number, start: number, end: number): void
}

/** A counter of the open node's rows in `memory` into its groups. */
export function createNumberCounter(memory: NumberMemory): NumberCounter {
  const { data, sample, groups, found, program } = memory
  const { counts: binsOf, rare } = data
  const buffers: CountBuffers = {
    data,
    rows: sample.rows,
    weight: memory.weight,
    value: memory.value,
    counts: new Int32Array(257),
    sums: new Float64Array(257),
    occupied: new Int32Array(9),
    keys: new Int32Array(SORT_ROWS),
    own: new Uint16Array(program === undefined ? sample.rows.length : 0),
  }
  const rareCounts = rare === undefined ? undefined : createRareNumberCounts(rare, memory)
  return {
    open: () => rareCounts?.open(),
    count(feature, start, end) {
      if (rareCounts !== undefined && (rare?.bin[feature] as number) >= 0) {
        rareCounts.fill(feature, start, end, groups)
        return
      }
      const size = end - start
      if (binsOf[feature] === 2 && fillTwo(buffers, feature, start, size, groups)) return
      if (program !== undefined) {
        program.countNumbers(feature, start, end, SORT_ROWS)
        groups.size = found[0] as number
        groups.hasMissing = found[1] === 1
        groups.base = found[2] as number
        groups.shift = found[3] as number
      } else if (size <= SORT_ROWS) {
        sortByBin(buffers, feature, start, end)
        groupSorted(buffers, size, groups)
        splitOffMissing(groups, MISSING_BIN)
      } else {
        fillRanges(buffers, feature, start, size, groups)
        collect(buffers, groups)
        splitOffMissing(groups, MISSING_RANGE)
      }
    },
  }
}

/** Copies and sums of all rare bins of a node, counted when the first of them is asked for. */
interface RareNumberCounts {
  open(): void
  fill(feature: number, start: number, end: number, groups: NumberGroups): void
}

function createRareNumberCounts(rare: RareBins, { data, sample, weight, value }: NumberMemory): RareNumberCounts {
  const { numFeatures } = data
  const { rows } = sample
  const copies = new Int32Array(numFeatures)
  const sums = new Float64Array(numFeatures)
  const isLarge = numFeatures > CLEARED_WHOLE
  const touched = new Int32Array(isLarge ? numFeatures : 0)
  let numTouched = 0
  const all = { isCounted: false, copies: 0, sum: 0 }
  const countNode = (start: number, end: number): void => {
    const { starts, features } = rare
    if (!isLarge) copies.fill(0)
    else for (let i = 0; i < numTouched; i++) copies[touched[i] as number] = 0
    let size = 0
    let allCopies = 0
    let allSum = 0
    for (let i = start; i < end; i++) {
      const row = rowAt(rare, rows[i] as number, numFeatures)
      const times = weight[i - start] as number
      const target = value[i - start] as number
      allCopies += times
      allSum += target
      const last = starts[row + 1] as number
      for (let cell = starts[row] as number; cell < last; cell++) {
        const feature = features[cell] as number
        const before = copies[feature] as number
        if (isLarge && before === 0) touched[size++] = feature
        copies[feature] = before + times
        sums[feature] = before === 0 ? target : (sums[feature] as number) + target
      }
    }
    numTouched = size
    all.isCounted = true
    all.copies = allCopies
    all.sum = allSum
  }
  return {
    open() {
      all.isCounted = false
    },
    fill(feature, start, end, groups) {
      if (!all.isCounted) countNode(start, end)
      const count = copies[feature] as number
      const sum = count === 0 ? 0 : (sums[feature] as number)
      if (rare.bin[feature] === 0) groupTwo(groups, count, sum, all.copies - count, all.sum - sum)
      else groupTwo(groups, all.copies - count, all.sum - sum, count, sum)
    },
  }
}

/** The arrays used in counting. Each function destructures it, so that its loops use local variables. */
interface CountBuffers extends Pick<NumberMemory, 'weight' | 'value'> {
  readonly data: GrowthData
  readonly rows: Int32Array
  readonly counts: Int32Array
  readonly sums: Float64Array
  readonly occupied: Int32Array
  readonly keys: Int32Array
  readonly own: Uint16Array
}

/** Of a feature with two bins, such as one category of many: both at once, without a branch. @returns false when a value is missing */
function fillTwo({ data, rows, weight, value }: CountBuffers, feature: number, start: number, size: number, groups: NumberGroups): boolean {
  const source = sourceOf(data, rows, start)
  const offset = offsetOf(data, feature, rows, start)
  let [count, countOfFirst, sum, sumOfFirst, most] = [0, 0, 0, 0, 0]
  for (let i = 0; i < size; i++) {
    const bin = source[(rows[start + i] as number) + offset] as number
    const isFirst = 1 - bin
    most |= bin
    count += bin * (weight[i] as number)
    countOfFirst += isFirst * (weight[i] as number)
    sum += bin * (value[i] as number)
    sumOfFirst += isFirst * (value[i] as number)
  }
  if (most > 1) return false
  groupTwo(groups, countOfFirst, sumOfFirst, count, sum)
  return true
}

/** The groups of a feature with two bins, of which one may be empty. */
function groupTwo(groups: NumberGroups, countOfFirst: number, sumOfFirst: number, countOfSecond: number, sumOfSecond: number): void {
  const { ranges, counts, sums } = groups
  groups.base = 0
  groups.shift = 0
  groups.hasMissing = false
  let group = 0
  if (countOfFirst > 0) {
    ranges[group] = 0
    counts[group] = countOfFirst
    sums[group++] = sumOfFirst
  }
  if (countOfSecond > 0) {
    ranges[group] = 1
    counts[group] = countOfSecond
    sums[group++] = sumOfSecond
  }
  groups.size = group
}

function groupSorted({ keys, weight, value }: CountBuffers, size: number, groups: NumberGroups): void {
  const { ranges, counts, sums } = groups
  groups.base = 0
  groups.shift = 0
  let group = -1
  let last = -1
  for (let j = 0; j < size; j++) {
    const key = keys[j] as number
    const i = key & POSITION_MASK
    if (key >>> POSITION_BITS !== last) {
      last = key >>> POSITION_BITS
      group++
      ranges[group] = last
      counts[group] = 0
      sums[group] = 0
    }
    counts[group] = (counts[group] as number) + (weight[i] as number)
    sums[group] = (sums[group] as number) + (value[i] as number)
  }
  groups.size = group + 1
}

/** Two passes, in ranges of the node's own bins. */
function fillRanges(buffers: CountBuffers, feature: number, start: number, size: number, groups: NumberGroups): void {
  const { data, rows, weight, value, counts, sums, occupied, own } = buffers
  const source = sourceOf(data, rows, start)
  const offset = offsetOf(data, feature, rows, start)
  let least = MISSING_BIN
  let most = 0
  for (let i = 0; i < size; i++) {
    const bin = source[(rows[start + i] as number) + offset] as number
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
}

/** Collects the ranges marked in `occupied` and clears all three. */
function collect({ counts, sums, occupied }: CountBuffers, groups: NumberGroups): void {
  let group = 0
  for (let part = 0; part < 9; part++) {
    let bits = occupied[part] as number
    occupied[part] = 0
    while (bits !== 0) {
      const low = bits & -bits
      bits ^= low
      const range = (part << 5) + 31 - Math.clz32(low)
      groups.ranges[group] = range
      groups.counts[group] = counts[range] as number
      groups.sums[group] = sums[range] as number
      group++
      counts[range] = 0
      sums[range] = 0
    }
  }
  groups.size = group
}

/** Separates the last group from the others if it is that of missing values. */
function splitOffMissing(groups: NumberGroups, mark: number): void {
  const last = groups.size - 1
  groups.hasMissing = groups.ranges[last] === mark
  if (groups.hasMissing) groups.size = last
}
