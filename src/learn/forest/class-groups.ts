/** Class counts over ranges of one feature's bins at a node: three ways of counting, each the fastest for its size of node. */
import { MISSING_BIN } from './bins'
import { type GrowthData, offsetOf, sourceOf } from './growth-data'
import type { ClassGroups, ClassMemory, RareCountArrays } from './growth-memory'
import { type RareBins, rowAt } from './rare-bins'
import { POSITION_BITS, POSITION_MASK, sortByBin } from './sort-by-bin'

/** Classes of more rows than this are counted in ranges of the whole feature. */
export const MANY_ROWS = 1000
/** Up to this many rows are sorted. */
export const SORT_ROWS = 20
/** The range of missing values, after all others. */
const MISSING_RANGE = 256

/** Counts the classes of a node's rows. */
export interface ClassCounter {
  /** Forgets what was counted at the node before. */
  open(): void
  /** Counts the classes of `feature` over rows `start` … `end` − 1 into the groups. */
  count(feature: number, start: number, end: number): void
}

/** The code of a row: its class and how often it was drawn (at most 255 times). */
export function classCode(label: number, copies: number): number {
  return (label << 8) | copies
}

/** The bin to cut after, so that group `at` goes left and the next one right: half way between them. */
export function cutAfter({ ranges, base, shift }: Pick<ClassGroups, 'ranges' | 'base' | 'shift'>, at: number): number {
  const last = base + (((ranges[at] as number) + 1) << shift) - 1
  const next = base + ((ranges[at + 1] as number) << shift)
  return (last + next) >> 1
}

/** A counter of the rows of the sample, with their {@link classCode}s, into the groups of `memory`. */
export function createClassCounter(memory: ClassMemory, numClasses: number): ClassCounter {
  const { data, groups, found, program } = memory
  const countHere = program === undefined ? counterInTypeScript(memory, numClasses) : undefined
  const { rare } = data
  const rareCounts = rare === undefined ? undefined : createRareClassCounts(memory, numClasses)
  return {
    open: () => rareCounts?.open(),
    count(feature, start, end) {
      if (rareCounts !== undefined && (rare?.bin[feature] as number) >= 0) rareCounts.fill(feature, start, end, groups)
      else if (program === undefined) countHere?.(feature, start, end)
      else {
        program.countClasses(feature, start, end, SORT_ROWS, MANY_ROWS)
        groups.size = found[0] as number
        groups.hasMissing = found[1] === 1
        groups.base = found[2] as number
        groups.shift = found[3] as number
      }
    },
  }
}

function counterInTypeScript({ data, sample, groups }: ClassMemory, numClasses: number): ClassCounter['count'] {
  const buffers: CountBuffers = {
    counts: data.counts,
    data,
    rows: sample.rows,
    codes: sample.codes,
    numClasses,
    // One range more than 256, for missing values.
    histogram: new Int32Array(257 * numClasses),
    occupied: new Int32Array(9),
    keys: new Int32Array(SORT_ROWS),
    own: new Uint16Array(sample.rows.length),
  }
  return (feature, start, end) => {
    if (end - start <= SORT_ROWS) {
      sortByBin(buffers, feature, start, end)
      groupSorted(buffers, start, end - start, groups)
      splitOffMissing(groups, numClasses, MISSING_BIN)
    } else if (end - start > MANY_ROWS || fillFine(buffers, feature, start, end, groups)) {
      if (end - start > MANY_ROWS) fillCoarse(buffers, feature, start, end, groups)
      collect(buffers.histogram, buffers.occupied, numClasses, groups)
      splitOffMissing(groups, numClasses, MISSING_RANGE)
    }
  }
}

/** Class counts of all rare bins of a node, counted when the first of them is asked for. */
interface RareClassCounts {
  open(): void
  fill(feature: number, start: number, end: number, groups: ClassGroups): void
}

function createRareClassCounts({ data, sample, program, rareCounts }: ClassMemory, numClasses: number): RareClassCounts {
  const { numFeatures } = data
  const { rows, codes } = sample
  const rare = data.rare as RareBins
  const { counts, all, touched } = rareCounts as RareCountArrays
  const isLarge = touched.length > 0
  let numTouched = 0
  let isCounted = false
  const countNode = (start: number, end: number): void => {
    const { starts, features } = rare
    if (!isLarge) counts.fill(0)
    else for (let i = 0; i < numTouched; i++) counts[touched[i] as number] = 0
    all.fill(0)
    let size = 0
    for (let i = start; i < end; i++) {
      const row = rowAt(rare, rows[i] as number, numFeatures)
      const code = codes[i] as number
      const label = code >>> 8
      const times = code & 255
      all[label] = (all[label] as number) + times
      const last = starts[row + 1] as number
      for (let at = starts[row] as number; at < last; at++) {
        const cell = (features[at] as number) * numClasses + label
        const before = counts[cell] as number
        if (isLarge && before === 0) touched[size++] = cell
        counts[cell] = before + times
      }
    }
    numTouched = size
  }
  return {
    open() {
      isCounted = false
    },
    fill(feature, start, end, groups) {
      if (!isCounted && program !== undefined) program.countRareClasses(start, end)
      else if (!isCounted) countNode(start, end)
      isCounted = true
      const isFirst = rare.bin[feature] === 0
      groups.base = 0
      groups.shift = 0
      groups.hasMissing = false
      let isRare = 0
      let isOther = 0
      for (let c = 0, cell = feature * numClasses; c < numClasses; c++, cell++) {
        const own = counts[cell] as number
        const others = (all[c] as number) - own
        groups.counts[c] = isFirst ? own : others
        groups.counts[numClasses + c] = isFirst ? others : own
        isRare |= own
        isOther |= others
      }
      groups.ranges[0] = 0
      groups.ranges[1] = 1
      // Where one of the bins is empty, the feature is constant.
      groups.size = isRare === 0 || isOther === 0 ? 1 : 2
    },
  }
}

/** The arrays used in counting. Each function destructures it, so that its loops use local variables. */
interface CountBuffers {
  readonly counts: Int32Array
  readonly data: GrowthData
  readonly rows: Int32Array
  readonly codes: Int32Array
  readonly numClasses: number
  readonly histogram: Int32Array
  readonly occupied: Int32Array
  readonly keys: Int32Array
  readonly own: Uint16Array
}

/** One pass, in ranges of the whole feature: precise enough for many rows. */
function fillCoarse(buffers: CountBuffers, feature: number, start: number, end: number, groups: ClassGroups): void {
  const { data, rows, codes, numClasses, histogram } = buffers
  const last = (buffers.counts[feature] as number) - 1
  const shift = last < 256 ? 0 : 24 - Math.clz32(last)
  groups.base = 0
  groups.shift = shift
  const source = sourceOf(data, rows, start)
  const offset = offsetOf(data, feature, rows, start)
  for (let i = start; i < end; i++) {
    const code = codes[i] as number
    const bin = source[(rows[i] as number) + offset] as number
    const cell = (bin === MISSING_BIN ? MISSING_RANGE : bin >> shift) * numClasses + (code >>> 8)
    histogram[cell] = (histogram[cell] as number) + (code & 255)
  }
  buffers.occupied.fill(-1)
}

/** Two passes, in ranges of the node's own bins. @returns false when all rows are in one bin; `groups.size` is then 1 */
function fillFine(buffers: CountBuffers, feature: number, start: number, end: number, groups: ClassGroups): boolean {
  const { data, rows, codes, numClasses, histogram, occupied, own } = buffers
  const source = sourceOf(data, rows, start)
  const offset = offsetOf(data, feature, rows, start)
  const size = end - start
  let least = MISSING_BIN
  let most = -1
  for (let i = 0; i < size; i++) {
    const bin = source[(rows[start + i] as number) + offset] as number
    own[i] = bin
    if (bin < least) least = bin
    if (bin > most && bin !== MISSING_BIN) most = bin
  }
  groups.base = least
  groups.shift = most - least < 256 ? 0 : 24 - Math.clz32(most - least)
  groups.size = 1
  groups.hasMissing = false
  if (most < 0) return false
  const { base, shift } = groups
  for (let i = 0; i < size; i++) {
    const code = codes[start + i] as number
    const bin = own[i] as number
    const range = bin === MISSING_BIN ? MISSING_RANGE : (bin - base) >> shift
    const cell = range * numClasses + (code >>> 8)
    histogram[cell] = (histogram[cell] as number) + (code & 255)
    occupied[range >>> 5] = (occupied[range >>> 5] as number) | (1 << (range & 31))
  }
  return true
}

function groupSorted({ keys, codes, numClasses }: CountBuffers, start: number, size: number, groups: ClassGroups): void {
  const { ranges, counts } = groups
  groups.base = 0
  groups.shift = 0
  let group = -1
  let last = -1
  for (let i = 0; i < size; i++) {
    const key = keys[i] as number
    const bin = key >>> POSITION_BITS
    if (bin !== last) {
      group++
      ranges[group] = bin
      for (let c = 0; c < numClasses; c++) counts[group * numClasses + c] = 0
      last = bin
    }
    const code = codes[start + (key & POSITION_MASK)] as number
    const cell = group * numClasses + (code >>> 8)
    counts[cell] = (counts[cell] as number) + (code & 255)
  }
  groups.size = group + 1
}

/** Collects the ranges marked in `occupied` (empty ones are passed over) and clears both. */
function collect(histogram: Int32Array, occupied: Int32Array, numClasses: number, groups: ClassGroups): void {
  const { ranges, counts } = groups
  let group = 0
  for (let part = 0; part < 9; part++) {
    let bits = part === 8 ? (occupied[part] as number) & 1 : (occupied[part] as number)
    occupied[part] = 0
    while (bits !== 0) {
      const low = bits & -bits
      bits ^= low
      const range = (part << 5) + 31 - Math.clz32(low)
      let any = 0
      for (let c = 0, from = range * numClasses, to = group * numClasses; c < numClasses; c++, from++, to++) {
        const count = histogram[from] as number
        counts[to] = count
        histogram[from] = 0
        any |= count
      }
      ranges[group] = range
      group += any === 0 ? 0 : 1
    }
  }
  groups.size = group
}

/** Separates the last group from the others if it is that of missing values. */
function splitOffMissing(groups: ClassGroups, numClasses: number, mark: number): void {
  const last = groups.size - 1
  groups.hasMissing = groups.ranges[last] === mark
  if (!groups.hasMissing) return
  groups.size = last
  for (let c = 0; c < numClasses; c++) groups.missing[c] = groups.counts[last * numClasses + c] as number
}
