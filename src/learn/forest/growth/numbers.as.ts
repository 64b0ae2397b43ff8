/** The best cut of a feature between numbers, by squared error. */
import { binAt, codes, MISSING_BIN, MISSING_RANGE, real, setReal, setWord, sortByBin, sourceOf, word } from './rows.as'

let targets: usize = 0
let copies: usize = 0
let weight: usize = 0
let value: usize = 0
let ranges: usize = 0
let counts: usize = 0
let sums: usize = 0
let rangeCounts: usize = 0
let rangeSums: usize = 0
let marks: usize = 0
let own: usize = 0
let keys: usize = 0
let found: usize = 0
let figures: usize = 0

/** Where the arrays of the counter of numbers begin. */
export function placeNumbers(
  targetsAt: usize,
  copiesAt: usize,
  weightAt: usize,
  valueAt: usize,
  rangesAt: usize,
  countsAt: usize,
  sumsAt: usize,
  rangeCountsAt: usize,
  rangeSumsAt: usize,
  marksAt: usize,
  ownAt: usize,
  keysAt: usize,
  foundAt: usize,
  figuresAt: usize,
): void {
  targets = targetsAt
  copies = copiesAt
  weight = weightAt
  value = valueAt
  ranges = rangesAt
  counts = countsAt
  sums = sumsAt
  rangeCounts = rangeCountsAt
  rangeSums = rangeSumsAt
  marks = marksAt
  own = ownAt
  keys = keysAt
  found = foundAt
  figures = figuresAt
}

/** Writes how often the rows of a node were drawn, and their targets that many times, side by side; to `figures` copies, sum, least and largest target. */
export function openNumbers(start: i32, end: i32): void {
  let samples = 0
  let total: f64 = 0
  let least = Infinity
  let most = -Infinity
  for (let i = start; i < end; i++) {
    const code = word(codes, i)
    const target = real(targets, code)
    const times = word(copies, code)
    const all = target * <f64>times
    setWord(weight, i - start, times)
    setReal(value, i - start, all)
    samples += times
    total += all
    if (target < least) least = target
    if (target > most) most = target
  }
  setReal(figures, 0, <f64>samples)
  setReal(figures, 1, total)
  setReal(figures, 2, least)
  setReal(figures, 3, most)
}

let base: i32 = 0
let shift: i32 = 0
let size: i32 = 0

/** Counts the bins of `feature` over the rows of a node into groups; writes to `found` how many there are, whether the next one is of missing values, base and shift. */
export function countNumbers(feature: i32, start: i32, end: i32, sortRows: i32): void {
  const source = sourceOf(feature, start)
  base = 0
  shift = 0
  let mark = MISSING_BIN
  if (end - start <= sortRows) {
    sortByBin(keys, source, start, end)
    groupSorted(end - start)
  } else {
    fillRanges(source, start, end)
    collect()
    mark = MISSING_RANGE
  }
  const hasMissing = word(ranges, size - 1) === mark
  setWord(found, 0, hasMissing ? size - 1 : size)
  setWord(found, 1, hasMissing ? 1 : 0)
  setWord(found, 2, base)
  setWord(found, 3, shift)
}

function groupSorted(rowCount: i32): void {
  let group = -1
  let last = -1
  for (let j = 0; j < rowCount; j++) {
    const key = word(keys, j)
    const i = key & 31
    if (key >>> 5 !== last) {
      last = key >>> 5
      group++
      setWord(ranges, group, last)
      setWord(counts, group, 0)
      setReal(sums, group, 0)
    }
    setWord(counts, group, word(counts, group) + word(weight, i))
    setReal(sums, group, real(sums, group) + real(value, i))
  }
  size = group + 1
}

function fillRanges(source: usize, start: i32, end: i32): void {
  let least = MISSING_BIN
  let most = 0
  for (let i = start, at = own; i < end; i++, at += 2) {
    const bin = binAt(source, i)
    store<u16>(at, bin)
    least = min(least, bin)
    most = max(most, bin === MISSING_BIN ? 0 : bin)
  }
  base = min(least, most)
  shift = most - base < 256 ? 0 : 24 - clz<i32>(most - base)
  for (let i = 0, at = own; i < end - start; i++, at += 2) {
    const bin = <i32>load<u16>(at)
    const range = bin === MISSING_BIN ? MISSING_RANGE : (bin - base) >> shift
    setWord(rangeCounts, range, word(rangeCounts, range) + word(weight, i))
    setReal(rangeSums, range, real(rangeSums, range) + real(value, i))
    store<u8>(marks + <usize>range, 1)
  }
}

function collect(): void {
  size = 0
  for (let part = 0; part < 256; part += 8) {
    let bits = load<u64>(marks + <usize>part)
    if (bits === 0) continue
    store<u64>(marks + <usize>part, 0)
    do {
      collectOne(part + <i32>(ctz<u64>(bits) >> 3))
      bits &= bits - 1
    } while (bits !== 0)
  }
  if (load<u8>(marks + 256) !== 0) {
    store<u8>(marks + 256, 0)
    collectOne(MISSING_RANGE)
  }
}

@inline
function collectOne(range: i32): void {
  setWord(ranges, size, range)
  setWord(counts, size, word(rangeCounts, range))
  setReal(sums, size, real(rangeSums, range))
  setWord(rangeCounts, range, 0)
  setReal(rangeSums, range, 0)
  size++
}

/**
 * Tries a cut after each of the first `last` groups; group `missingAt`, unless it is −1, is on the left from the beginning. Writes the copies left of the best cut behind the first four words of
 * `found`, and its gain behind the first four of `figures`.
 *
 * @returns the position of the last group that goes left; −1 when no cut gains more than `least`
 */
export function scanNumbers(samples: i32, total: f64, before: f64, minSamplesLeaf: i32, missingAt: i32, last: i32, least: f64): i32 {
  let gain = least
  let at = -1
  let left = missingAt >= 0 ? word(counts, missingAt) : 0
  let sum = missingAt >= 0 ? real(sums, missingAt) : 0
  for (let g = 0; g < last; g++) {
    left += word(counts, g)
    sum += real(sums, g)
    const right = samples - left
    if (left < minSamplesLeaf) continue
    if (right < minSamplesLeaf) break
    const now = (sum * sum) / <f64>left + ((total - sum) * (total - sum)) / <f64>right - before
    if (now > gain) {
      gain = now
      at = g
      setWord(found, 4, left)
    }
  }
  setReal(figures, 4, gain)
  return at
}
