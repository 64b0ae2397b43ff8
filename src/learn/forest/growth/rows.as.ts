/** The rows of a sample and where their bins are; copying and dividing them. */

let columns: usize = 0
let bins: usize = 0
let near: usize = 0
export let rows: usize = 0
export let codes: usize = 0
let otherRows: usize = 0
let otherCodes: usize = 0
export let numRows: i32 = 0
export let numFeatures: i32 = 0

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

export const MISSING_BIN: i32 = 65535
export const MISSING_RANGE: i32 = 256
export const RANGES: i32 = 257

@inline
export function word(array: usize, index: i32): i32 {
  return load<i32>(array + (<usize>index << 2))
}

@inline
export function setWord(array: usize, index: i32, value: i32): void {
  store<i32>(array + (<usize>index << 2), value)
}

@inline
export function real(array: usize, index: i32): f64 {
  return load<f64>(array + (<usize>index << 3))
}

@inline
export function setReal(array: usize, index: i32, value: f64): void {
  store<f64>(array + (<usize>index << 3), value)
}

/** Where the bins of a feature are, so that the bin of a row is at twice its number in `rows` behind it. */
@inline
export function sourceOf(feature: i32, start: i32): usize {
  return word(rows, start) < numRows ? columns + ((<usize>feature * <usize>numRows) << 1) : near + ((<usize>feature - <usize>numRows) << 1)
}

@inline
export function binAt(source: usize, i: i32): i32 {
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

/** Sorts the few rows of a node by their bins: writes bin × 32 + place in the node to `keys`, ascending. */
export function sortByBin(keys: usize, source: usize, start: i32, end: i32): void {
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
