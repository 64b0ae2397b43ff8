/** What the writers of other libraries' files need of a model: its trees, and its columns as those libraries see them. */
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import type { Label } from '../../metrics/label'
import { isFittedBoosting } from '../boosting/fitted-boosting'
import type { FittedModel } from '../fitted-model'
import { isFittedForest } from '../forest/fitted-forest'
import type { TreeArrays } from '../forest/forest'
import { type TreeSum, treeSumOf } from './tree-sum'

/** A model to write. */
export interface WrittenModel extends TreeSum {
  /** The learner's columns. */
  readonly names: readonly string[]
  /** By feature: its categories in the order of their codes, where the model encodes some. */
  readonly categories: ReadonlyMap<number, readonly string[]>
  /** By feature: 1 where trees split it by sets of categories. */
  readonly isCategorical: Uint8Array
  readonly classes: readonly Label[]
  /** Whether the sums are averaged over the trees (forests). */
  readonly isForest: boolean
}

/**
 * The trees of a model, and its columns.
 *
 * @param subject the function that writes, for messages
 * @throws Unsupported for a model that is not made of trees, or has transformers besides codes of categories: the file holds trees alone
 */
export function writtenModel(subject: string, model: FittedModel): WrittenModel {
  if (typeof model !== 'object' || model === null || !('parts' in model)) {
    throw invalidArgument(`${subject} takes a fitted model, got ${show(model)}`, { hint: 'fit it first' })
  }
  const { learner, transformers, matrixNames } = model.parts
  const sum = treeSumOf(learner)
  if (sum === undefined) {
    throw new MillwrightError('Unsupported', `${subject} writes forests and boosted trees, not ${learner.kind}`, {
      hint: 'toOnnx writes every model',
    })
  }
  const [first, second] = transformers
  const isEncoder = first === undefined || (first.kind === 'ordinalEncoder' && second === undefined)
  if (!isEncoder) {
    const kinds = transformers.map(({ kind }) => kind).join(' → ')
    throw new MillwrightError('Unsupported', `${subject} writes trees alone, and the model transforms its columns first: ${kinds}`, {
      hint: 'toOnnx writes the whole chain',
    })
  }
  const isCategorical = new Uint8Array(sum.numFeatures)
  for (const { feature, categories } of sum.trees) {
    categories?.set.forEach((set, node) => {
      if (set >= 0) isCategorical[feature[node] as number] = 1
    })
  }
  if (isFittedBoosting(learner)) for (const [f, is] of learner.boosted.categorical.entries()) if (is === 1) isCategorical[f] = 1
  return {
    ...sum,
    names: matrixNames,
    categories: first === undefined ? new Map() : encodedCategories(first.state(), matrixNames),
    isCategorical,
    classes: model.classes ?? [],
    isForest: isFittedForest(learner),
  }
}

/** The categories of an ordinal encoder. Rare ones share the last code. */
function encodedCategories(state: Readonly<Record<string, unknown>>, names: readonly string[]): ReadonlyMap<number, readonly string[]> {
  const columns = state.columns as readonly {
    readonly name: string
    readonly categories: readonly string[]
    readonly infrequent?: readonly string[]
  }[]
  return new Map(
    columns
      .filter(({ infrequent }) => infrequent === undefined)
      .map(({ name, categories }) => [names.indexOf(name), categories] as const)
      .filter(([f]) => f >= 0),
  )
}

/** A tree that gives 0 to every row. */
export function oneLeaf(): TreeArrays {
  const zero = (): Int32Array => new Int32Array(1)
  const values = new Float64Array(1)
  return {
    feature: zero().fill(-1),
    threshold: new Float64Array(1),
    left: zero(),
    right: zero(),
    missingLeft: new Uint8Array(1),
    leaf: zero(),
    values,
    width: 1,
  }
}
