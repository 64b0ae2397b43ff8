/** The best cut of a feature between two classes without weights, by Gini impurity. */
import { base, counts, fillCoarse, fillFine, found, histogram, keys, marks, missing, shift } from './classes.as'
import { codes, MISSING_BIN, MISSING_RANGE, RANGES, setWord, sortByBin, sourceOf, word } from './rows.as'

/** Half of Gini's impurity of both sides × their rows: as `scanBinary` of class-scan.ts has it. */
@inline
function impurityOf(left0: i32, left1: i32, total0: i32, total1: i32): f64 {
  const left = <f64>(left0 + left1)
  const right = <f64>(total0 + total1 - left0 - left1)
  return (<f64>left0 * <f64>left1 * right + <f64>(total0 - left0) * <f64>(total1 - left1) * left) / (left * right)
}

// The best cut of a scan: its impurity, the copies of both classes left of it, and its place, which is −1 when there is none.
let bestLoss: f64 = 0
let best0: i32 = 0
let best1: i32 = 0
let bestAt: i32 = -1

/**
 * Tries the cuts between the groups counted last, of two classes without weights, by Gini impurity. Writes the copies of both classes left of the best one behind the first four words of
 * `found`, and its impurity behind those.
 *
 * @returns the position of the last group that goes left; −1 when no cut is better than `loss`
 */
export function scanBinary(total0: i32, total1: i32, minSamplesLeaf: i32, missingLeft: i32, last: i32, loss: f64): i32 {
  let left0 = missingLeft ? word(missing, 0) : 0
  let left1 = missingLeft ? word(missing, 1) : 0
  begin(loss)
  for (let g = 0, cell = counts; g < last; g++, cell += 8) {
    left0 += load<i32>(cell)
    left1 += load<i32>(cell, 4)
    tryCut(left0, left1, total0, total1, minSamplesLeaf, g)
  }
  writeBest()
  return bestAt
}

@inline
function begin(loss: f64): void {
  bestLoss = loss
  bestAt = -1
}

@inline
function tryCut(left0: i32, left1: i32, total0: i32, total1: i32, minSamplesLeaf: i32, at: i32): void {
  if (left0 + left1 < minSamplesLeaf || total0 + total1 - left0 - left1 < minSamplesLeaf) return
  const loss = impurityOf(left0, left1, total0, total1)
  if (loss < bestLoss) {
    bestLoss = loss
    best0 = left0
    best1 = left1
    bestAt = at
  }
}

function writeBest(): void {
  setWord(found, 4, best0)
  setWord(found, 5, best1)
  store<f64>(found, bestLoss, 24)
}

/**
 * Counts a feature and tries its cuts at once, of two classes without weights, by Gini impurity. Of a feature with missing values at the node nothing is tried: `countClasses` and
 * `scanBinary` do it.
 *
 * @returns −2 when values are missing, −1 when the feature is constant; else the last bin that goes left, or 65,536 when no cut is better than `loss`. What `scanBinary` writes is written, too
 */
export function splitBinary(
  feature: i32,
  start: i32,
  end: i32,
  sortRows: i32,
  manyRows: i32,
  total0: i32,
  total1: i32,
  minSamplesLeaf: i32,
  loss: f64,
): i32 {
  const source = sourceOf(feature, start)
  begin(loss)
  let cut: i32
  if (end - start <= sortRows) {
    sortByBin(keys, source, start, end)
    cut = scanSorted(start, end - start, total0, total1, minSamplesLeaf)
  } else {
    // Few rows leave most ranges empty: those that are not are marked. Of many rows, all are read.
    const isMarked = end - start <= MARKED_ROWS
    let rangeCount = 256
    if (end - start > manyRows) fillCoarse(source, feature, start, end)
    else rangeCount = fillFine(source, start, end, isMarked)
    const missingCell = histogram + (<usize>MISSING_RANGE << 3)
    if (load<u64>(missingCell) !== 0) {
      clearHistogram()
      return -2
    }
    cut = isMarked ? scanMarked(total0, total1, minSamplesLeaf) : scanRanges(rangeCount, total0, total1, minSamplesLeaf)
  }
  if (bestAt >= 0) writeBest()
  return cut < 0 ? cut : bestAt < 0 ? NO_CUT : bestAt
}

const MARKED_ROWS: i32 = 160
const NO_CUT: i32 = 65536

function clearHistogram(): void {
  memory.fill(histogram, 0, RANGES << 3)
  memory.fill(marks, 0, RANGES)
}

/** @returns −2 when values are missing, −1 when all rows are in one bin, else 0 */
function scanSorted(start: i32, rowCount: i32, total0: i32, total1: i32, minSamplesLeaf: i32): i32 {
  const last = word(keys, rowCount - 1) >>> 5
  if (last === MISSING_BIN) return -2
  let key = word(keys, 0)
  let bin = key >>> 5
  if (bin === last) return -1
  let left0 = 0
  let left1 = 0
  for (let i = 1; i < rowCount; i++) {
    const code = word(codes, start + (key & 31))
    const copies = code & 255
    const second = -(code >>> 8)
    left1 += copies & second
    left0 += copies & ~second
    key = word(keys, i)
    const next = key >>> 5
    if (next === bin) continue
    tryCut(left0, left1, total0, total1, minSamplesLeaf, (bin + next) >> 1)
    bin = next
  }
  return 0
}

// The scan of ranges: the range before, −1 at the beginning, and what is left of its end.
let range: i32 = -1
let sum0: i32 = 0
let sum1: i32 = 0

/** Takes the next range that is not empty. The bin to cut after is half way between two ranges. */
@inline
function scanRange(next: i32, cell: usize, total0: i32, total1: i32, minSamplesLeaf: i32): void {
  if (range >= 0) {
    const last = base + ((range + 1) << shift) - 1
    tryCut(sum0, sum1, total0, total1, minSamplesLeaf, (last + base + (next << shift)) >> 1)
  }
  range = next
  sum0 += load<i32>(cell)
  sum1 += load<i32>(cell, 4)
  store<u64>(cell, 0)
}

function scanRanges(rangeCount: i32, total0: i32, total1: i32, minSamplesLeaf: i32): i32 {
  range = -1
  sum0 = sum1 = 0
  let first = -1
  for (let next = 0, cell = histogram; next < rangeCount; next++, cell += 8) {
    if (load<u64>(cell) === 0) continue
    if (first < 0) first = next
    scanRange(next, cell, total0, total1, minSamplesLeaf)
  }
  return range === first ? -1 : 0
}

function scanMarked(total0: i32, total1: i32, minSamplesLeaf: i32): i32 {
  range = -1
  sum0 = sum1 = 0
  let first = -1
  for (let part = 0; part < 256; part += 8) {
    let bits = load<u64>(marks + <usize>part)
    if (bits === 0) continue
    store<u64>(marks + <usize>part, 0)
    do {
      const next = part + <i32>(ctz<u64>(bits) >> 3)
      if (first < 0) first = next
      scanRange(next, histogram + (<usize>next << 3), total0, total1, minSamplesLeaf)
      bits &= bits - 1
    } while (bits !== 0)
  }
  return range === first ? -1 : 0
}
