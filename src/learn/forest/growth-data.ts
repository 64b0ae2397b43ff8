/** What trees are grown from, and where a node's bins are. */
import type { RareBins } from './rare-bins'

/** The rows that a tree is grown from, reordered meanwhile so that the rows of every node are adjacent. */
export interface Sample {
  /** The number of each row; of rows that were copied near to each other, the number of all rows + where the row's bins begin in the copy. */
  readonly rows: Int32Array
  /** A number that the criterion keeps with each row. */
  readonly codes: Int32Array
  /** How many of both are in use. */
  size: number
}

/**
 * Nodes of at most this many cells are copied to one place before their subtree is grown, so that they are read from the L1 cache.
 */
export const NEAR_CELLS = 8192

/** The training data. */
export interface BinnedData {
  /** Bins, row-major. */
  readonly bins: Uint16Array
  readonly numRows: number
  readonly numFeatures: number
  /** Bins of each feature, not counting missing. */
  readonly counts: Int32Array
  /** Features that are counted all at once, if that is less work. */
  readonly rare?: RareBins | undefined
}

/** The training data, and its copies. */
export interface GrowthData extends BinnedData {
  /** The bins column-major: of a node of many rows, a column stays in the cache. */
  readonly columns: Uint16Array
  /** Room for the bins of a node's rows, row-major: {@link NEAR_CELLS}. */
  readonly near: Uint16Array
}

/** Where the bins of the node that begins at `start` are. */
export function sourceOf({ columns, near, numRows }: GrowthData, rows: Int32Array, start: number): Uint16Array {
  return (rows[start] as number) < numRows ? columns : near
}

/** The bin of a row is in {@link sourceOf} at its number in {@link Sample.rows} plus this. */
export function offsetOf({ numRows }: BinnedData, feature: number, rows: Int32Array, start: number): number {
  return (rows[start] as number) < numRows ? feature * numRows : feature - numRows
}
