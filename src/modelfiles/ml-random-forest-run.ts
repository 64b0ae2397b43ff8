/** The answers of a forest of ml-random-forest. */
import type { MlForest, MlTree } from './ml-random-forest'

/** A row-major matrix. */
export interface ForestRows {
  readonly values: Float64Array
  readonly width: number
  readonly numRows: number
}

/** For each row, the share of the trees that vote for each class. */
export function forestVotes({ trees }: MlForest, rows: ForestRows, numClasses: number): Float64Array {
  const counts = new Float64Array(rows.numRows * numClasses)
  for (const tree of trees) {
    for (let row = 0; row < rows.numRows; row++) {
      const at = row * numClasses + answerOf(tree, rows, row)
      counts[at] = (counts[at] as number) + 1
    }
  }
  return counts.map((count) => count / trees.length)
}

/** For each row, the mean or the median of the trees' numbers. */
export function forestNumbers({ trees, selection }: MlForest, rows: ForestRows): Float64Array {
  const answers = new Float64Array(trees.length)
  return Float64Array.from({ length: rows.numRows }, (_, row) => {
    for (let t = 0; t < trees.length; t++) answers[t] = answerOf(trees[t] as MlTree, rows, row)
    return selection === 'median' ? medianOf(answers) : answers.reduce((sum, answer) => sum + answer, 0) / answers.length
  })
}

/** Of an even number of values the lower of the two in the middle, as ml-random-forest has it. */
function medianOf(values: Float64Array): number {
  return values.slice().sort()[(values.length - 1) >> 1] as number
}

function answerOf(tree: MlTree, { values, width }: ForestRows, row: number): number {
  const { feature, threshold, left, right } = tree
  let node = 0
  for (let tested = feature[0] as number; tested >= 0; tested = feature[node] as number) {
    // A missing value is not smaller, so it goes right, as in ml-random-forest.
    node = ((values[row * width + tested] as number) < (threshold[node] as number) ? left : right)[node] as number
  }
  return tree.answer[node] as number
}
