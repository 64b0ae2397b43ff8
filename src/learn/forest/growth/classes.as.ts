/** Counting the classes of a node's rows. */
import { binAt, codes, MISSING_BIN, MISSING_RANGE, numFeatures, numRows, RANGES, rows, setWord, sortByBin, sourceOf, word } from './rows.as'

let ranges: usize = 0
export let counts: usize = 0
export let missing: usize = 0
export let histogram: usize = 0
export let marks: usize = 0
let own: usize = 0
export let keys: usize = 0
export let found: usize = 0
export let numClasses: i32 = 0

/** Where the arrays of the counter of classes begin. */
export function placeClasses(
  rangesAt: usize,
  countsAt: usize,
  missingAt: usize,
  histogramAt: usize,
  marksAt: usize,
  ownAt: usize,
  keysAt: usize,
  foundAt: usize,
  classCount: i32,
): void {
  ranges = rangesAt
  counts = countsAt
  missing = missingAt
  histogram = histogramAt
  marks = marksAt
  own = ownAt
  keys = keysAt
  found = foundAt
  numClasses = classCount
}

// What was counted last, beside the arrays: written to `found`, too.
export let base: i32 = 0
export let shift: i32 = 0
let size: i32 = 0
let hasMissing: i32 = 0

/** Counts the classes of `feature` over the rows of a node into groups. */
export function countClasses(feature: i32, start: i32, end: i32, sortRows: i32, manyRows: i32): void {
  const source = sourceOf(feature, start)
  if (end - start <= sortRows) {
    sortByBin(keys, source, start, end)
    groupSorted(start, end - start)
    splitOffMissing(MISSING_BIN)
  } else {
    if (end - start > manyRows) {
      fillCoarse(source, feature, start, end)
      memory.fill(marks, 1, RANGES)
    } else fillFine(source, start, end, true)
    collect()
    splitOffMissing(MISSING_RANGE)
  }
  setWord(found, 0, size)
  setWord(found, 1, hasMissing)
  setWord(found, 2, base)
  setWord(found, 3, shift)
}

function groupSorted(start: i32, rowCount: i32): void {
  base = 0
  shift = 0
  let group = -1
  let last = -1
  let cells = counts - (<usize>numClasses << 2)
  for (let i = 0; i < rowCount; i++) {
    const key = word(keys, i)
    const bin = key >>> 5
    if (bin !== last) {
      group++
      setWord(ranges, group, bin)
      cells += <usize>numClasses << 2
      for (let c = 0; c < numClasses; c++) setWord(cells, c, 0)
      last = bin
    }
    addCode(cells, word(codes, start + (key & 31)))
  }
  size = group + 1
}

/** Adds a row, given as its class and how often it was drawn, to the counts of a range. */
@inline
function addCode(cells: usize, code: i32): void {
  const cell = cells + (<usize>(code >>> 8) << 2)
  store<i32>(cell, load<i32>(cell) + (code & 255))
}

export function fillCoarse(source: usize, feature: i32, start: i32, end: i32): void {
  const last = word(found, feature + 8)
  shift = last < 256 ? 0 : 24 - clz<i32>(last)
  base = 0
  const width = numClasses << 2
  for (let i = start; i < end; i++) {
    const bin = binAt(source, i)
    const range = bin === MISSING_BIN ? MISSING_RANGE : bin >> shift
    addCode(histogram + <usize>(range * width), word(codes, i))
  }
}

/** @returns the number of ranges, without that of missing values */
export function fillFine(source: usize, start: i32, end: i32, isMarked: bool): i32 {
  let least = MISSING_BIN
  let most = -1
  for (let i = start, at = own; i < end; i++, at += 2) {
    const bin = binAt(source, i)
    store<u16>(at, bin)
    least = min(least, bin)
    most = max(most, bin === MISSING_BIN ? -1 : bin)
  }
  base = least
  shift = most - least < 256 ? 0 : 24 - clz<i32>(most - least)
  const width = numClasses << 2
  for (let i = start, at = own; i < end; i++, at += 2) {
    const bin = <i32>load<u16>(at)
    const range = bin === MISSING_BIN ? MISSING_RANGE : (bin - base) >> shift
    addCode(histogram + <usize>(range * width), word(codes, i))
    if (isMarked) store<u8>(marks + <usize>range, 1)
  }
  return most < 0 ? 0 : ((most - least) >> shift) + 1
}

/** Collects the marked ranges, of which empty ones are passed over, and clears them. */
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
  let from = histogram + ((<usize>range * <usize>numClasses) << 2)
  let to = counts + ((<usize>size * <usize>numClasses) << 2)
  let any = 0
  for (const stop = from + (<usize>numClasses << 2); from < stop; from += 4, to += 4) {
    const count = load<i32>(from)
    store<i32>(to, count)
    store<i32>(from, 0)
    any |= count
  }
  setWord(ranges, size, range)
  size += any === 0 ? 0 : 1
}

/** Separates the last group from the others if it is that of missing values. */
function splitOffMissing(mark: i32): void {
  hasMissing = 0
  if (word(ranges, size - 1) !== mark) return
  hasMissing = 1
  size--
  for (let c = 0; c < numClasses; c++) setWord(missing, c, word(counts, size * numClasses + c))
}

let rareStarts: usize = 0
let rareFeatures: usize = 0
let rareNear: usize = 0
let rareCounts: usize = 0
let rareAll: usize = 0
let rareTouched: usize = 0
let touchedCount: i32 = 0

/** Where the lists of rare cells begin, and their counts. `touchedAt` is 0 where counts are cleared as a whole. */
export function placeRare(startsAt: usize, featuresAt: usize, nearAt: usize, countsAt: usize, allAt: usize, touchedAt: usize): void {
  rareStarts = startsAt
  rareFeatures = featuresAt
  rareNear = nearAt
  rareCounts = countsAt
  rareAll = allAt
  rareTouched = touchedAt
}

/** Counts the classes of all rare cells of a node, and of all its rows. */
export function countRareClasses(start: i32, end: i32): void {
  const width = <usize>numClasses << 2
  if (rareTouched === 0) memory.fill(rareCounts, 0, <usize>numFeatures * width)
  else for (let i = 0; i < touchedCount; i++) store<i32>(<usize>word(rareTouched, i), 0)
  memory.fill(rareAll, 0, width)
  let size = 0
  const isNear = word(rows, start) >= numRows
  for (let i = start; i < end; i++) {
    // Copied rows are in the order of the copies.
    const row = isNear ? word(rareNear, (word(rows, i) - numRows) / numFeatures) : word(rows, i)
    const code = word(codes, i)
    addCode(rareAll, code)
    const counted = rareCounts + (<usize>(code >>> 8) << 2)
    const copies = code & 255
    const stop = rareFeatures + (<usize>word(rareStarts, row + 1) << 1)
    for (let at = rareFeatures + (<usize>word(rareStarts, row) << 1); at < stop; at += 2) {
      const cell = counted + <usize>load<u16>(at) * width
      const before = load<i32>(cell)
      if (rareTouched !== 0 && before === 0) setWord(rareTouched, size++, <i32>cell)
      store<i32>(cell, before + copies)
    }
  }
  touchedCount = size
}
