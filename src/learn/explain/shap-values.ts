/** SHAP values of models made of trees. */
import { invalidArgument, MillwrightError } from '../../core/errors'
import { checkOptions } from '../../core/options'
import { assertTable, isTable, type Table } from '../../schema/table'
import { withMissingZeros } from '../ensemble/tree-ensemble'
import { treeSumOf } from '../ensemble/tree-sum'
import { type FittedModel, matrixFor, type PredictionInput } from '../fitted-model'
import type { TreeArrays } from '../forest/forest'
import type { FeatureMatrix } from '../learner'
import { childOf, treeExplainer } from './tree-shap'

/** Options of {@link shapValues}. */
export interface ShapOptions {
  /** The rows that say how often each way through a tree is taken: the training table, or a sample of it. */
  readonly background: Table
}

/** How much each feature moves each prediction from the mean. */
export interface ShapValues {
  /** The learner's columns: the features after the transformers. */
  readonly features: readonly string[]
  /** Numbers explained per row: 1, or one per class. */
  readonly outputs: number
  /** By output: the mean over the background. */
  readonly baseValues: Float64Array
  /** Row-major, rows × features × outputs. Those of a row add up to what is explained minus the base value. */
  readonly values: Float64Array
}

/**
 * SHAP values of a forest, of boosted trees, or of trees of another library: TreeSHAP, path-dependent, as the package `shap` computes them from the same covers. Explained are a
 * forest's probabilities or numbers, and boosted trees' sums before the link: log-odds of two classes, one score per class of more, numbers.
 *
 * O(rows × leaves × depth²) per tree.
 *
 * @throws Unsupported for a model that is not made of trees; InvalidArgument for an empty background; SchemaMismatch as `predict`
 *
 * @example
 * const { features, values } = shapValues(fitted, test.head(1), { background: train })
 */
export function shapValues(model: FittedModel, data: PredictionInput, options: ShapOptions): ShapValues {
  checkOptions('shapValues', options, { background: { allowed: 'a table', test: isTable } })
  assertTable(options?.background, 'shapValues with `background`')
  if (options.background.numRows === 0) throw invalidArgument('shapValues needs a `background` of at least one row')
  const sum = treeSumOf(model.parts.learner)
  if (sum === undefined) {
    throw new MillwrightError('Unsupported', `shapValues explains models made of trees, not ${model.parts.learner.kind}`, {
      hint: 'permutationImportance works on every model',
    })
  }
  const { trees, outputs, base, scale, targetOf } = sum
  const background = withMissingZeros(matrixFor(model.parts, options.background), sum)
  const rows = withMissingZeros(matrixFor(model.parts, data), sum)
  const width = rows.columns.length
  const values = new Float64Array(rows.numRows * width * outputs)
  const baseValues = base.map((value) => value * scale)
  trees.forEach((tree, t) => {
    const explainer = treeExplainer(tree, coversOf(tree, background))
    const first = targetOf(t)
    explainer.mean.forEach((mean, o) => {
      baseValues[first + o] = (baseValues[first + o] as number) + mean * scale
    })
    const own = new Float64Array(width * tree.width)
    for (let row = 0; row < rows.numRows; row++) {
      own.fill(0)
      explainer.add(cellsOf(rows, row), own)
      for (let i = 0; i < own.length; i++) {
        const to = (row * width + Math.floor(i / tree.width)) * outputs + first + (i % tree.width)
        values[to] = (values[to] as number) + (own[i] as number) * scale
      }
    }
  })
  return { features: model.parts.matrixNames, outputs, baseValues, values }
}

/** By node: how many rows reach it. */
export function coversOf(tree: TreeArrays, rows: FeatureMatrix): Float64Array {
  const cover = new Float64Array(tree.feature.length)
  for (let row = 0; row < rows.numRows; row++) {
    const cell = cellsOf(rows, row)
    let node = 0
    cover[0] = (cover[0] as number) + 1
    while ((tree.leaf[node] as number) < 0) {
      node = childOf(tree, node, cell)
      cover[node] = (cover[node] as number) + 1
    }
  }
  return cover
}

function cellsOf({ columns }: FeatureMatrix, row: number): (feature: number) => number {
  return (feature) => (columns[feature] as Float64Array)[row] as number
}
