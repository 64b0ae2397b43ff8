/** Writes forests and boosted trees as models of LightGBM. */
import { MillwrightError } from '../../core/errors'
import { checkOptions } from '../../core/options'
import type { EnsembleLink } from '../../learn/ensemble/links'
import { oneLeaf, type WrittenModel, writtenModel } from '../../learn/ensemble/written-sum'
import type { FittedModel } from '../../learn/fitted-model'
import type { TreeArrays } from '../../learn/forest/forest'
import { writeTree } from './write-trees'

/**
 * Writes a forest or boosted trees as a model file that LightGBM (3 or later) loads, with the same predictions: both compute in double precision.
 *
 * A forest of classes has no objective in LightGBM: its file has none, and `Booster.predict` gives rows × classes, averaged over the trees. Columns whose
 * categories are texts are columns of type `category` to LightGBM, which the file says; other categories are codes.
 *
 * @throws Unsupported for a model with other transformers than codes of categories (the file holds trees alone); InvalidArgument for what is no fitted model
 *
 * @example
 * await writeFile('flights.txt', toLightgbm(fitted))
 */
export function toLightgbm(model: FittedModel, options: Readonly<Record<string, never>> = {}): string {
  checkOptions('toLightgbm', options, {})
  return textOf(writtenModel('toLightgbm', model))
}

/** The objective whose answers are a link's; of forests and averages none. */
const objectives: Readonly<Record<EnsembleLink, string | undefined>> = {
  identity: 'regression',
  exponential: 'poisson',
  sigmoid: 'cross_entropy',
  softplus: 'cross_entropy_lambda',
  signedSquare: 'regression sqrt',
  logistic: 'binary sigmoid:1',
  softmax: 'multiclass',
  oneVersusRest: 'multiclassova',
  step: undefined,
}

function textOf(model: WrittenModel): string {
  const { outputs, link, names, isForest } = model
  if (link === 'step') throw new MillwrightError('Unsupported', 'toLightgbm: LightGBM has no objective that gives 0 or 1')
  const trees = treesOf(model).map((tree, t) => `Tree=${t}\n${tree}\n\n`)
  const objective = outputs > 1 && link === 'identity' ? undefined : objectives[link]
  const isMulti = link === 'softmax' || link === 'oneVersusRest'
  const suffix = isMulti ? ` num_class:${outputs}${link === 'oneVersusRest' ? ' sigmoid:1' : ''}` : ''
  const categorical = categoriesOf(model)
  const head = [
    'tree',
    'version=v4',
    `num_class=${outputs}`,
    `num_tree_per_iteration=${outputs}`,
    'label_index=0',
    `max_feature_idx=${names.length - 1}`,
    ...(objective === undefined ? [] : [`objective=${objective}${suffix}`]),
    ...(isForest ? ['average_output'] : []),
    `feature_names=${namesOf(names).join(' ')}`,
    `feature_infos=${names.map((_, f) => infoOf(model, f)).join(' ')}`,
    `tree_sizes=${trees.map(({ length }) => length).join(' ')}`,
  ]
  return `${head.join('\n')}\n\n${trees.join('')}end of trees\n\nfeature_importances:\n\nparameters:\nend of parameters\n\npandas_categorical:${categorical}\n`
}

/** One tree for each sum and iteration, in LightGBM's order. The first tree of each sum holds what the sum begins with. */
function treesOf({ trees, outputs, base, scale, targetOf, isForest, zeroIsMissing }: WrittenModel): string[] {
  const ofTarget: { readonly tree: TreeArrays; readonly number: number }[][] = Array.from({ length: outputs }, () => [])
  const width = trees[0]?.width ?? 1
  for (const [t, tree] of trees.entries())
    for (let number = 0; number < width; number++) ofTarget[targetOf(t) + number]?.push({ tree, number })
  const iterations = Math.max(1, ...ofTarget.map(({ length }) => length))
  // LightGBM averages a forest itself.
  const factor = isForest ? 1 : scale
  return Array.from({ length: iterations * outputs }, (_, i) => {
    const target = i % outputs
    const place = Math.floor(i / outputs)
    const { tree, number } = ofTarget[target]?.[place] ?? { tree: oneLeaf(), number: 0 }
    const begin = place === 0 ? (base[target] as number) * factor : 0
    return writeTree(tree, { number, scale: factor, begin, zeroIsMissing })
  })
}

/** LightGBM cuts names at blanks, and takes each once. */
function namesOf(names: readonly string[]): string[] {
  const taken = new Set<string>()
  return names.map((name) => {
    let free = name.replace(/[\s"',:[\]{}]/g, '_') || '_'
    while (taken.has(free)) free += '_'
    taken.add(free)
    return free
  })
}

/** The values of a feature: a range, or categories. */
function infoOf({ isCategorical, categories }: WrittenModel, feature: number): string {
  if (isCategorical[feature] !== 1) return '[-1.7976931348623157e+308:1.7976931348623157e+308]'
  const count = categories.get(feature)?.length ?? 0
  return count === 0 ? '0' : Array.from({ length: count }, (_, code) => code).join(':')
}

/** pandas' categories of the categorical columns, in their order: only if all are known, since the list names no columns. */
function categoriesOf({ isCategorical, categories }: WrittenModel): string {
  const columns = [...isCategorical.keys()].filter((f) => isCategorical[f] === 1)
  if (columns.length === 0 || columns.some((f) => !categories.has(f))) return 'null'
  return JSON.stringify(columns.map((f) => categories.get(f)))
}
