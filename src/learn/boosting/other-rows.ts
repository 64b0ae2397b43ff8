/** Sums of trees for rows that the trees were not grown from. */
import type { FeatureMatrix } from '../learner'
import { linkedSums } from './boosted-trees'
import type { GrownNode } from './grow-boosted-tree'
import { type HistogramCells, otherCells } from './histogram-cells'
import type { BoostingLoss } from './losses'
import { leftBins } from './split-rows'

/** Rows that follow a fit tree by tree. */
export interface OtherRows {
  /** Adds a tree to the sums of one output. */
  add(tree: GrownNode, output: number, rate: number): void
  /** What all trees so far predict: row-major probabilities, or numbers. */
  predictions(): Float64Array
}

/** Rows of the same features, before the first tree. */
export function otherRows(data: HistogramCells, { outputs, base, link }: BoostingLoss, features: FeatureMatrix): OtherRows {
  const n = features.numRows
  const cells = { ...data, columns: otherCells(data, features) }
  const all = Int32Array.from({ length: n }, (_, row) => row)
  const sums = Array.from({ length: outputs }, (_, output) => new Float64Array(n).fill(base[output] as number))
  return {
    add: (tree, output, rate) => addByCells(cells, tree, all, sums[output] as Float64Array, rate),
    predictions: () =>
      linkedSums(
        link,
        outputs,
        Float64Array.from({ length: n * outputs }, (_, at) => sums[at % outputs]?.[Math.floor(at / outputs)] as number),
      ),
  }
}

/** Adds the leaf values to other rows, which go through the tree by their cells. */
export function addByCells(data: HistogramCells, node: GrownNode, rows: Int32Array, sums: Float64Array, rate: number): void {
  const { split, left, right } = node
  if (split === undefined || left === undefined || right === undefined) {
    const value = node.value * rate
    for (const row of rows) sums[row] = (sums[row] as number) + value
    return
  }
  const isLeft = leftBins(data, split)
  const column = data.columns[split.feature] as Uint8Array
  const side = (row: number): number => isLeft[column[row] as number] as number
  addByCells(
    data,
    left,
    rows.filter((row) => side(row) === 1),
    sums,
    rate,
  )
  addByCells(
    data,
    right,
    rows.filter((row) => side(row) === 0),
    sums,
    rate,
  )
}
