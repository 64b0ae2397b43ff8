/** Runs a forest of ml-random-forest on its own, without the package: on flat arrays, and with shares of votes as probabilities. */
import type { MlForest, MlTree } from '../../modelfiles/ml-random-forest'
import type { ModelTensor } from '../../ports/model'
import type { ModelGraph } from '../../tensors/graph'
import type { TensorEngine } from '../../tensors/loaded-model'

/** The names of the tensors. */
export const tensorNames = { input: 'X', probabilities: 'probabilities', prediction: 'prediction' } as const

/** The forest as a model of tensors. */
export function forestGraph({ selection }: MlForest, numFeatures: number, numClasses: number): ModelGraph {
  const output =
    selection === 'votes'
      ? { name: tensorNames.probabilities, dtype: 'float64' as const, shape: [-1, numClasses] }
      : { name: tensorNames.prediction, dtype: 'float64' as const, shape: [-1] }
  return {
    subject: 'the ml-random-forest model',
    maker: 'mlRandomForestModel',
    inputs: [{ name: tensorNames.input, dtype: 'float64', shape: [-1, numFeatures] }],
    outputs: [{ ...output, rowByRow: true }],
    classes: undefined,
  }
}

/** Runs the forest. */
export function forestEngine(forest: MlForest, numClasses: number): TensorEngine {
  return {
    async run({ [tensorNames.input]: input }) {
      const { shape, data } = input as ModelTensor
      const [numRows = 0, width = 0] = shape
      const rows = { values: data as Float64Array, width, numRows }
      if (forest.selection === 'votes')
        return { [tensorNames.probabilities]: { dtype: 'float64', shape: [numRows, numClasses], data: votes(forest, rows, numClasses) } }
      return { [tensorNames.prediction]: { dtype: 'float64', shape: [numRows], data: numbers(forest, rows) } }
    },
    close: async () => {},
  }
}

/** A row-major matrix. */
interface Rows {
  readonly values: Float64Array
  readonly width: number
  readonly numRows: number
}

/** For each row, the share of the trees that vote for each class. */
function votes({ trees }: MlForest, rows: Rows, numClasses: number): Float64Array {
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
function numbers({ trees, selection }: MlForest, rows: Rows): Float64Array {
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

function answerOf(tree: MlTree, { values, width }: Rows, row: number): number {
  const { feature, threshold, left, right } = tree
  let node = 0
  for (let tested = feature[0] as number; tested >= 0; tested = feature[node] as number) {
    // A missing value is not smaller, so it goes right, as in ml-random-forest.
    node = ((values[row * width + tested] as number) < (threshold[node] as number) ? left : right)[node] as number
  }
  return tree.answer[node] as number
}
