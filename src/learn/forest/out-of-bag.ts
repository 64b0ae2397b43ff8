/** Out-of-bag scores: every row is predicted by the trees whose sample did not contain it. */
import type { TargetVector } from '../learner'
import type { LeafTable } from './class-criterion'
import { leafOf } from './forest'
import type { BinnedData } from './growth-data'

/** Collects the predictions of trees for rows outside of their samples. */
export interface OutOfBag {
  /** @param nodes one tree @param drawn how often each row was in its sample */
  add(nodes: Int32Array, leaves: LeafTable, drawn: Uint8Array): void
  /** Accuracy or R² over the rows that at least one sample did not contain; `NaN` without such rows. */
  score(): number
}

/** A collector for trees over `data`. */
export function createOutOfBag(data: BinnedData, target: TargetVector, width: number): OutOfBag {
  const numRows = target.values.length
  const sums = new Float64Array(numRows * width)
  const votes = new Int32Array(numRows)
  return {
    add(nodes, leaves, drawn) {
      for (let row = 0; row < numRows; row++) {
        if (drawn[row] !== 0) continue
        const leaf = leafOf(nodes, 0, data.bins, row * data.numFeatures)
        for (let c = 0; c < width; c++) {
          sums[row * width + c] = (sums[row * width + c] as number) + (leaves.values[leaf * width + c] as number)
        }
        votes[row] = (votes[row] as number) + 1
      }
    },
    score: () => (target.task === 'classification' ? accuracyOf(sums, votes, target.values, width) : r2Of(sums, votes, target.values)),
  }
}

function accuracyOf(sums: Float64Array, votes: Int32Array, codes: ArrayLike<number>, width: number): number {
  let judged = 0
  let right = 0
  for (let row = 0; row < votes.length; row++) {
    if (votes[row] === 0) continue
    let best = 0
    for (let c = 1; c < width; c++) if ((sums[row * width + c] as number) > (sums[row * width + best] as number)) best = c
    judged++
    if (best === codes[row]) right++
  }
  return right / judged
}

function r2Of(sums: Float64Array, votes: Int32Array, targets: ArrayLike<number>): number {
  let judged = 0
  let sum = 0
  for (let row = 0; row < votes.length; row++) {
    if (votes[row] === 0) continue
    judged++
    sum += targets[row] as number
  }
  let errors = 0
  let deviations = 0
  for (let row = 0; row < votes.length; row++) {
    if (votes[row] === 0) continue
    errors += ((targets[row] as number) - (sums[row] as number) / (votes[row] as number)) ** 2
    deviations += ((targets[row] as number) - sum / judged) ** 2
  }
  return 1 - errors / deviations
}
