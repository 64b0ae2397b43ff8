/** Runs a forest of ml-random-forest on its own, without the package: on flat arrays, and with shares of votes as probabilities. */
import type { MlForest } from '../../modelfiles/ml-random-forest'
import { forestNumbers, forestVotes } from '../../modelfiles/ml-random-forest-run'
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
        return {
          [tensorNames.probabilities]: { dtype: 'float64', shape: [numRows, numClasses], data: forestVotes(forest, rows, numClasses) },
        }
      return { [tensorNames.prediction]: { dtype: 'float64', shape: [numRows], data: forestNumbers(forest, rows) } }
    },
    close: async () => {},
  }
}
