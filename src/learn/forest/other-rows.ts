/** Sums of the leaves of trees for rows that the trees were not grown from. */
import type { FeatureMatrix } from '../learner'
import { type BinEdges, toBins } from './bins'
import type { LeafTable } from './class-criterion'
import { leafOf } from './forest'

/** Rows that follow a fit tree by tree. */
export interface OtherRows {
  add(nodes: Int32Array, leaves: LeafTable): void
  /** The mean over the trees so far: row-major, rows × width. */
  predictions(): Float64Array
}

/** Rows of the same features, before the first tree. */
export function otherRows({ edges }: { readonly edges: readonly BinEdges[] }, width: number, features: FeatureMatrix): OtherRows {
  const bins = toBins(features, edges)
  const stride = features.columns.length
  const sums = new Float64Array(features.numRows * width)
  let trees = 0
  return {
    add(nodes, leaves) {
      trees++
      for (let row = 0; row < features.numRows; row++) {
        const leaf = leafOf(nodes, 0, bins, row * stride) * width
        for (let c = 0; c < width; c++) sums[row * width + c] = (sums[row * width + c] as number) + (leaves.values[leaf + c] as number)
      }
    },
    predictions: () => sums.map((sum) => sum / trees),
  }
}
