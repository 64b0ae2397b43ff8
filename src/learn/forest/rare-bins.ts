/**
 * Features of two bins of which one is rare, such as one category of many. All of them are counted at once, from lists of the rare cells of each row: a node
 * then costs its rare cells, and not its rows times these features.
 */
import { MISSING_BIN } from './bins'

/** A bin is rare when at most this share of the rows has it. */
const RARE = 1 / 8

/** The rare cells of the training data. */
export interface RareBins {
  /** By feature: its rare bin, 0 or 1; −1 where it has none. */
  readonly bin: Int8Array
  /** Row `r` has the rare bin of the features at `starts[r]` … `starts[r + 1] − 1` of `features`. */
  readonly starts: Int32Array
  readonly features: Uint16Array
  /** Rows whose bins were copied near to each other: the number of each row, in the order of the copies. Written while trees grow. */
  readonly near: Int32Array
  readonly numRows: number
}

/** What is looked for, and in what. */
export interface RareBinsOptions {
  readonly bins: Uint16Array
  readonly numRows: number
  readonly numFeatures: number
  /** Bins of each feature, not counting missing. */
  readonly counts: Int32Array
  /** Features tried at each node. */
  readonly maxFeatures: number
  /** How many rows may be copied. */
  readonly nearRows: number
}

/** The rare cells; `undefined` where counting the features that are tried, one by one, is less work. */
export function rareBins({ bins, numRows, numFeatures, counts, maxFeatures, nearRows }: RareBinsOptions): RareBins | undefined {
  const bin = new Int8Array(numFeatures).fill(-1)
  let cells = 0
  let rare = 0
  for (let f = 0; f < numFeatures; f++) {
    if (counts[f] !== 2) continue
    let [ones, missing] = [0, 0]
    for (let row = 0, at = f; row < numRows; row++, at += numFeatures) {
      if (bins[at] === 1) ones++
      else if (bins[at] === MISSING_BIN) missing++
    }
    const fewer = Math.min(ones, numRows - ones)
    if (missing > 0 || fewer > RARE * numRows) continue
    bin[f] = ones === fewer ? 1 : 0
    cells += fewer
    rare++
  }
  if (rare === 0 || cells / numRows > (maxFeatures * rare) / numFeatures) return undefined
  const starts = new Int32Array(numRows + 1)
  const features = new Uint16Array(cells)
  for (let row = 0, at = 0; row < numRows; row++) {
    for (let f = 0; f < numFeatures; f++) if (bins[row * numFeatures + f] === bin[f]) features[at++] = f
    starts[row + 1] = at
  }
  return { bin, starts, features, near: new Int32Array(nearRows), numRows }
}

/** The number of a row, given what `Sample.rows` says of it. */
export function rowAt({ near, numRows }: RareBins, row: number, numFeatures: number): number {
  return row < numRows ? row : (near[(row - numRows) / numFeatures] as number)
}

/** Counts of up to this many cells are cleared as a whole; of more, only those that were touched are. */
export const CLEARED_WHOLE = 4096
