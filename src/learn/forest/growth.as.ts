/**
 * The innermost loops of forests, in AssemblyScript, a language with TypeScript's syntax that becomes WebAssembly. `npm run generate:growth` writes what it becomes to growth-code.ts.
 * Each function does exactly what its namesake in TypeScript does. All positions are in bytes.
 */

let columns: usize = 0
let bins: usize = 0
let near: usize = 0
let rows: usize = 0
let codes: usize = 0
let otherRows: usize = 0
let otherCodes: usize = 0
let numRows: i32 = 0
let numFeatures: i32 = 0

/** Where the arrays of the tree grower begin. */
export function place(
  columnsAt: usize,
  binsAt: usize,
  nearAt: usize,
  rowsAt: usize,
  codesAt: usize,
  otherRowsAt: usize,
  otherCodesAt: usize,
  rowCount: i32,
  featureCount: i32,
): void {
  columns = columnsAt
  bins = binsAt
  near = nearAt
  rows = rowsAt
  codes = codesAt
  otherRows = otherRowsAt
  otherCodes = otherCodesAt
  numRows = rowCount
  numFeatures = featureCount
}

let ranges: usize = 0
let counts: usize = 0
let missing: usize = 0
let histogram: usize = 0
let marks: usize = 0
let own: usize = 0
let keys: usize = 0
let found: usize = 0
let numClasses: i32 = 0

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

@inline
function word(array: usize, index: i32): i32 {
  return load<i32>(array + (<usize>index << 2))
}

@inline
function setWord(array: usize, index: i32, value: i32): void {
  store<i32>(array + (<usize>index << 2), value)
}

/** Where the bins of a feature are, so that the bin of a row is at twice its number in `rows` behind it. */
@inline
function sourceOf(feature: i32, start: i32): usize {
  return word(rows, start) < numRows ? columns + ((<usize>feature * <usize>numRows) << 1) : near + ((<usize>feature - <usize>numRows) << 1)
}

@inline
function binAt(source: usize, i: i32): i32 {
  return <i32>load<u16>(source + (<usize>word(rows, i) << 1))
}

export function bringNear(start: i32, end: i32): void {
  const width = <usize>numFeatures << 1
  let to = near
  let row = numRows
  for (let i = start; i < end; i++) {
    let from = bins + <usize>word(rows, i) * width
    setWord(rows, i, row)
    row += numFeatures
    const stop = to + width
    // Whole words; what a word writes too much is written over by the next row, or is room behind the last one.
    for (let at = to; at < stop; at += 8, from += 8) store<u64>(at, load<u64>(from))
    to = stop
  }
}

export function partition(feature: i32, start: i32, end: i32, limit: i32, shift: i32): i32 {
  const source = sourceOf(feature, start)
  let left = start
  let right = 0
  for (let i = start; i < end; i++) {
    const row = word(rows, i)
    const code = word(codes, i)
    const above = (limit - ((<i32>load<u16>(source + (<usize>row << 1)) + shift) & 0xffff)) >>> 31
    setWord(rows, left, row)
    setWord(codes, left, code)
    setWord(otherRows, right, row)
    setWord(otherCodes, right, code)
    left += 1 - above
    right += above
  }
  for (let i = 0; i < right; i++) setWord(rows, left + i, word(otherRows, i))
  for (let i = 0; i < right; i++) setWord(codes, left + i, word(otherCodes, i))
  return left
}

const MISSING_BIN: i32 = 65535
const MISSING_RANGE: i32 = 256
const RANGES: i32 = 257

// What was counted last, beside the arrays: written to `found`, too.
let base: i32 = 0
let shift: i32 = 0
let size: i32 = 0
let hasMissing: i32 = 0

/** Counts the classes of `feature` over the rows of a node into groups. */
export function countClasses(feature: i32, start: i32, end: i32, sortRows: i32, manyRows: i32): void {
  const source = sourceOf(feature, start)
  if (end - start <= sortRows) {
    sortByBin(source, start, end)
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

function sortByBin(source: usize, start: i32, end: i32): void {
  for (let i = 0; i < end - start; i++) {
    const key = (binAt(source, start + i) << 5) | i
    let at = i - 1
    while (at >= 0 && word(keys, at) > key) {
      setWord(keys, at + 1, word(keys, at))
      at--
    }
    setWord(keys, at + 1, key)
  }
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

function fillCoarse(source: usize, feature: i32, start: i32, end: i32): void {
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
function fillFine(source: usize, start: i32, end: i32, isMarked: bool): i32 {
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

/** Twice the impurity of a cut × its rows, of two classes by Gini: as `scanBinary` of class-scan.ts has it. */
@inline
function impurityOf(left0: i32, left1: i32, total0: i32, total1: i32): f64 {
  const left = <f64>(left0 + left1)
  const right = <f64>(total0 + total1 - left0 - left1)
  return (<f64>left0 * <f64>left1 * right + <f64>(total0 - left0) * <f64>(total1 - left1) * left) / (left * right)
}

// The best cut of a scan, and where its rows end; −1 when there is none.
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
    sortByBin(source, start, end)
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
