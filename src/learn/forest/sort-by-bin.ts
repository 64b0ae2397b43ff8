/** Sorts the few rows of a small node by the bins of one feature. */
import { type GrowthData, offsetOf, sourceOf } from './growth-data'

/** The low bits of a key hold the row's position in the node, the others its bin: at most 32 rows. */
export const POSITION_BITS = 5
/** Takes the position out of a key. */
export const POSITION_MASK = (1 << POSITION_BITS) - 1

/** What is sorted, and where the keys go. */
export interface SortBuffers {
  readonly data: GrowthData
  /** Those of the sample. */
  readonly rows: Int32Array
  readonly keys: Int32Array
}

/** Writes the keys of rows `start` … `end` − 1 to `keys`, ascending. Insertion sort. */
export function sortByBin({ data, rows, keys }: SortBuffers, feature: number, start: number, end: number): void {
  const source = sourceOf(data, rows, start)
  const offset = offsetOf(data, feature, rows, start)
  for (let i = 0; i < end - start; i++) {
    const key = ((source[(rows[start + i] as number) + offset] as number) << POSITION_BITS) | i
    let at = i - 1
    while (at >= 0 && (keys[at] as number) > key) {
      keys[at + 1] = keys[at] as number
      at--
    }
    keys[at + 1] = key
  }
}
