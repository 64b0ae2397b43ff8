/** Reads models of XGBoost. */
import { damaged } from '../../core/damage'
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import { checkForeignOptions, type ForeignCategory, type ForeignTreesOptions, modelOfTrees } from '../../learn/ensemble/model-of-trees'
import { treeEnsemble } from '../../learn/ensemble/tree-ensemble'
import type { FittedModel } from '../../learn/fitted-model'
import { baseScoresOf, countOf, type FileCategories, type FileTrees, type ModelFile, readModelFile } from './model-file'
import { marginOf, objectives } from './objectives'
import { treeReader } from './read-trees'

/**
 * Reads a model that XGBoost (1.7 or later) has saved as JSON or UBJSON: trees of `gbtree` and `dart` with their categories, of every objective
 * that gives one number per row or probabilities of classes. Its predictions are XGBoost's: sums in float32, tree after tree.
 *
 * Numbers are compared as float32, a missing one goes where the tree says; ±∞, which XGBoost refuses, are compared like any number. Up to the best
 * iteration where the file names one, as `XGBClassifier` predicts; `Booster.predict` takes all, which is `iterations: 'all'`. The classes of
 * `binary:logitraw` are gone: it is a regressor of log-odds.
 *
 * @param file the content of the file: JSON as text or bytes, or UBJSON
 * @throws Corrupt naming the place that is damaged; Unsupported for linear models, several targets and unknown objectives; InvalidArgument for options that do
 * not fit the file
 *
 * @example
 * const fitted = fromXgboost(await readFile('flights.ubj'), { target: 'late' })
 * fitted.predictProba(rows)
 */
export function fromXgboost(file: string | Uint8Array, options: ForeignTreesOptions = {}): FittedModel {
  if (typeof file !== 'string' && !(file instanceof Uint8Array)) {
    throw invalidArgument(`fromXgboost takes the content of a model file, as text or bytes, got ${show(file)}`)
  }
  checkForeignOptions('fromXgboost', options)
  const subject = 'the XGBoost model'
  const model = readModelFile(file, subject)
  const head = headOf(model, subject)
  const { trees, numFeatures, groups, perIteration } = head
  const iterations = iterationsOf(head, model, options.iterations)
  const reader = treeReader(numFeatures, subject)
  const kept = trees.trees.slice(0, iterations * perIteration)
  const arrays = kept.map((tree, t) => reader.read(tree, t, head.weightOf(t)))
  const targets = Int32Array.from(kept, (_, t) => {
    const group = trees.tree_info[t]
    if (typeof group === 'number' && Number.isInteger(group) && group >= 0 && group < groups) return group
    throw damaged(subject, ['learner', 'gradient_booster', 'model', 'tree_info', t], `a group below ${groups}`, group)
  })
  const facts = {
    numFeatures,
    outputs: groups,
    targets,
    base: head.base,
    scale: 1,
    link: head.link,
    precision: 'float32',
    zeroIsMissing: new Uint8Array(numFeatures),
  } as const
  const ensemble = treeEnsemble(arrays, facts, (t, node) =>
    damaged(
      subject,
      ['learner', 'gradient_booster', 'model', 'trees', t],
      'a tree whose every node has one parent',
      `another way to node ${node}`,
    ),
  )
  const names = model.learner.feature_names ?? []
  return modelOfTrees(
    {
      subject: 'fromXgboost',
      ensemble,
      featureNames: names.length > 0 ? names : Array.from({ length: numFeatures }, (_, f) => `f${f}`),
      categories: categoriesOf(trees, subject),
      gains: reader.gains,
      iterations,
      params: { library: 'xgboost', version: Array.from(model.version).join('.'), objective: model.learner.objective.name, iterations },
    },
    options,
  )
}

/** What the head of a file says, checked. */
interface Head {
  readonly trees: FileTrees
  readonly numFeatures: number
  /** Sums per row. */
  readonly groups: number
  readonly perIteration: number
  readonly base: Float64Array
  readonly link: (typeof objectives)[string]['link']
  /** By tree: what its leaves are multiplied by. */
  readonly weightOf: (tree: number) => number
}

function headOf({ learner }: ModelFile, subject: string): Head {
  const { gradient_booster: booster, learner_model_param: param, objective } = learner
  const trees = booster.gbtree?.model ?? booster.model
  if (trees === undefined) throw damaged(subject, ['learner', 'gradient_booster'], 'a booster of trees', booster.name)
  const known = Object.hasOwn(objectives, objective.name) ? objectives[objective.name] : undefined
  if (known === undefined)
    throw new MillwrightError('Unsupported', `${subject} has the objective ${show(objective.name)}, which is not known`)
  const head = ['learner', 'learner_model_param']
  const numFeatures = countOf(param.num_feature, [...head, 'num_feature'], subject)
  if (numFeatures < 1 || numFeatures > 2 ** 24) throw damaged(subject, [...head, 'num_feature'], 'from 1 to 16,777,216', numFeatures)
  const isSoftmax = known.link === 'softmax'
  const groups = isSoftmax ? Math.max(1, countOf(param.num_class, [...head, 'num_class'], subject)) : 1
  if (groups > 100_000) throw damaged(subject, [...head, 'num_class'], 'at most 100,000', groups)
  if (param.num_target !== undefined && countOf(param.num_target, [...head, 'num_target'], subject) > 1) {
    throw new MillwrightError('Unsupported', `${subject} predicts ${param.num_target} targets; a model here predicts one`)
  }
  const parallel = Math.max(1, countOf(trees.gbtree_model_param.num_parallel_tree ?? '1', ['num_parallel_tree'], subject))
  const scores = baseScoresOf(param.base_score, subject)
  if (scores.length !== 1 && scores.length !== groups) throw damaged(subject, [...head, 'base_score'], `${groups} numbers`, scores.length)
  const base = Float64Array.from({ length: groups }, (_, g) => marginOf(scores[scores.length === 1 ? 0 : g] as number, known.margin))
  const bad = base.findIndex((value) => !Number.isFinite(value))
  if (bad >= 0) throw damaged(subject, [...head, 'base_score'], `the answer of a number under ${objective.name}`, param.base_score)
  const weights = booster.weight_drop
  const weightOf = (tree: number): number => (weights === undefined ? 1 : Math.fround(weights[tree] ?? 1))
  return { trees, numFeatures, groups, perIteration: groups * parallel, base, link: known.link, weightOf }
}

function iterationsOf({ trees, perIteration }: Head, { learner }: ModelFile, wanted: ForeignTreesOptions['iterations'] = 'best'): number {
  const all = Math.ceil(trees.trees.length / perIteration)
  if (typeof wanted === 'number') {
    if (wanted > all) throw invalidArgument(`\`iterations\` of fromXgboost must be at most ${all}, the file has no more, got ${wanted}`)
    return wanted
  }
  const best = Number(learner.attributes?.best_iteration ?? Number.NaN)
  return wanted === 'best' && Number.isInteger(best) && best >= 0 ? Math.min(all, best + 1) : all
}

function categoriesOf({ cats }: FileTrees, subject: string): Map<number, readonly ForeignCategory[]> {
  const found = new Map<number, readonly ForeignCategory[]>()
  for (const [f, encoded] of (cats?.enc ?? []).entries()) {
    const categories = categoriesOfFeature(encoded, f, subject)
    if (categories.length > 0) found.set(f, categories)
  }
  return found
}

function categoriesOfFeature({ offsets = [], values = [] }: FileCategories, feature: number, subject: string): readonly ForeignCategory[] {
  const numbers = Array.from(values, (value) => value ?? Number.NaN)
  if (offsets.length === 0) return numbers
  const bytes = Uint8Array.from(numbers)
  return Array.from({ length: offsets.length - 1 }, (_, i) => {
    const [start, end] = [offsets[i] ?? Number.NaN, offsets[i + 1] ?? Number.NaN]
    if (start >= 0 && end >= start && end <= bytes.length) return new TextDecoder().decode(bytes.subarray(start, end))
    throw damaged(subject, ['learner', 'gradient_booster', 'model', 'cats', 'enc', feature, 'offsets', i + 1], 'a place in the values', end)
  })
}
