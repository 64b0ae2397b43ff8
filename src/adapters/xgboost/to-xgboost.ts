/** Writes forests and boosted trees as models of XGBoost. */
import { utf8 } from '../../core/bytes'
import { invalidArgument, MillwrightError } from '../../core/errors'
import { checkOptions, oneOf } from '../../core/options'
import type { EnsembleLink } from '../../learn/ensemble/links'
import { oneLeaf, type WrittenModel, writtenModel } from '../../learn/ensemble/written-sum'
import type { FittedModel } from '../../learn/fitted-model'
import { writeTree } from './write-trees'
import { type WritableValue, writeUbjson } from './write-ubjson'

/** Options of {@link toXgboost}. */
export interface ToXgboostOptions {
  /** XGBoost tells them apart by the ending of the file: `.json` or `.ubj`. @default 'json' */
  readonly format?: 'json' | 'ubj' | undefined
}

/**
 * Writes a forest or boosted trees as a model file that XGBoost (1.7 or later) loads, with the same predictions for numbers that are float32: XGBoost
 * rounds numbers and sums to float32.
 *
 * Boosted trees become `binary:logistic`, `multi:softprob` or `reg:squarederror`. A forest's probabilities cannot be sums under a link: it becomes
 * `reg:squarederror` with one output per class (`Booster.predict` gives rows × classes; of two classes, XGBoost 2 or later).
 * Categories are codes, in the order of `categories` in `model.features`; XGBoost takes them as a column of type `category`, or with `feature_types` `c`.
 *
 * @throws Unsupported for a model with other transformers than codes of categories (the file holds trees alone), and for answers that XGBoost has no
 * objective for; InvalidArgument for what is no fitted model
 *
 * @example
 * await writeFile('flights.ubj', toXgboost(fitted, { format: 'ubj' }))
 */
export function toXgboost(model: FittedModel, options: ToXgboostOptions = {}): Uint8Array {
  checkOptions('toXgboost', options, { format: oneOf('json', 'ubj') })
  const document = documentOf(writtenModel('toXgboost', model))
  return options.format === 'ubj' ? writeUbjson(document) : utf8(`${jsonOf(document)}\n`)
}

/** The document as JSON: XGBoost tells floats from whole numbers by their spelling. Float32 with the fewest digits that tell them apart. */
function jsonOf(value: WritableValue): string {
  if (value instanceof Float32Array) return `[${Array.from(value, floatText).join(',')}]`
  if (ArrayBuffer.isView(value)) return `[${value.join(',')}]`
  if (Array.isArray(value)) return `[${value.map(jsonOf).join(',')}]`
  if (typeof value !== 'object') return JSON.stringify(value)
  const members = Object.entries(value as { readonly [key: string]: WritableValue })
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${jsonOf(member)}`).join(',')}}`
}

function floatText(value: number): string {
  const text = String(Number(value.toPrecision(9)))
  return /[.e]/.test(text) ? text : `${text}E0`
}

/** The objective whose answers are a link's. */
const objectives: Readonly<Partial<Record<EnsembleLink, string>>> = {
  identity: 'reg:squarederror',
  exponential: 'reg:gamma',
  sigmoid: 'reg:logistic',
  logistic: 'binary:logistic',
  step: 'binary:hinge',
  softmax: 'multi:softprob',
}

function documentOf(model: WrittenModel): WritableValue {
  const { trees, outputs, link, names, numFeatures, isCategorical, zeroIsMissing, isForest } = model
  const objective = objectives[link]
  if (objective === undefined) throw new MillwrightError('Unsupported', `toXgboost: XGBoost has no objective with the answers of ${link}`)
  if (zeroIsMissing.includes(1)) {
    throw new MillwrightError('Unsupported', 'toXgboost: zeros count as missing to this model, which XGBoost has no trees for')
  }
  if (numFeatures !== names.length) throw invalidArgument(`toXgboost: ${names.length} columns for ${numFeatures} features`)
  const written = treesOf(model)
  const isMulti = link === 'softmax'
  const number = (value: number): string => String(value)
  return {
    learner: {
      attributes: {},
      feature_names: names.map(nameOf),
      feature_types: names.map((_, f) => (isCategorical[f] === 1 ? 'c' : 'float')),
      gradient_booster: {
        model: {
          gbtree_model_param: {
            num_parallel_tree: isForest ? number(trees.length) : '1',
            num_trees: number(written.length),
            size_leaf_vector: '0',
          },
          tree_info: written.map(({ target }) => target),
          trees: written.map(({ tree }) => tree),
        },
        name: 'gbtree',
      },
      learner_model_param: {
        // What the sums begin with is in the leaves of the first trees: older versions know one score for all classes.
        base_score: link === 'sigmoid' || link === 'logistic' ? '5E-1' : link === 'exponential' ? '1E0' : '0E0',
        boost_from_average: '1',
        num_class: isMulti ? number(outputs) : '0',
        num_feature: number(numFeatures),
        num_target: isMulti ? '1' : number(outputs),
      },
      objective: objectiveOf(objective, outputs),
    },
    version: [2, 0, 0],
  }
}

function objectiveOf(name: string, outputs: number): WritableValue {
  if (name === 'multi:softprob') return { name, softmax_multiclass_param: { num_class: String(outputs) } }
  return name === 'reg:gamma' || name === 'binary:hinge' ? { name } : { name, reg_loss_param: { scale_pos_weight: '1' } }
}

/** XGBoost refuses these characters in names. */
function nameOf(name: string): string {
  return name.replace(/[[\]<]/g, '_')
}

interface WrittenTree {
  readonly tree: WritableValue
  readonly target: number
}

/** Every tree, one for each number of its leaves. The first tree of each sum holds what the sum begins with. */
function treesOf({ trees, outputs, base, scale, targetOf, numFeatures }: WrittenModel): WrittenTree[] {
  const isBegun = new Uint8Array(outputs)
  const written: WrittenTree[] = []
  const add = (tree: (typeof trees)[number], number: number, target: number): void => {
    const begin = isBegun[target] === 1 ? 0 : (base[target] as number) * scale
    isBegun[target] = 1
    written.push({ target, tree: writeTree(tree, { number, scale, begin, id: written.length, numFeatures }) })
  }
  const width = trees[0]?.width ?? 1
  // The trees of one output after those of the other, as XGBoost orders the trees of an iteration.
  for (let number = 0; number < width; number++) for (const [t, tree] of trees.entries()) add(tree, number, targetOf(t) + number)
  // Sums without a tree.
  for (let target = 0; target < outputs; target++) if (isBegun[target] === 0) add(oneLeaf(), 0, target)
  return written
}
