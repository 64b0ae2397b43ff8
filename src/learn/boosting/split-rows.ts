/** Which side of a split each row is on. */
import type { HistogramCells } from './histogram-cells'
import { MISSING_BIT, type Split } from './split'

/** By bin of a split's feature, missing last: 1 where a row goes left. */
export function leftBins({ bins }: HistogramCells, { feature, bin, missingLeft, set }: Split): Uint8Array {
  const count = bins[feature] as number
  const left = new Uint8Array(count + 1)
  for (let b = 0; b <= count; b++) {
    const bit = b === count ? MISSING_BIT : b
    if (bin < 0) left[b] = ((set[bit >>> 5] as number) >>> (bit & 31)) & 1
    else if (b === count) left[b] = missingLeft ? 1 : 0
    else left[b] = b <= bin ? 1 : 0
  }
  return left
}

/** Moves the rows that go left before those that go right, both in their order. @returns where the right ones begin */
export function splitRows(data: HistogramCells, split: Split, spare: Int32Array, start: number, end: number): number {
  const { rows } = data.kernel
  const isLeft = leftBins(data, split)
  const column = data.columns[split.feature] as Uint8Array
  let left = start
  let right = 0
  for (let i = start; i < end; i++) {
    const row = rows[i] as number
    const goesLeft = isLeft[column[row] as number] as number
    // Both places are written and one index moves, so that there is no branch that could be mispredicted.
    rows[left] = row
    spare[right] = row
    left += goesLeft
    right += 1 - goesLeft
  }
  for (let i = 0; i < right; i++) rows[left + i] = spare[i] as number
  return left
}
