/** Random forests (Breiman 2001) over histogram splits. */
import { invalidArgument } from '../../core/errors'
import { either, oneOf } from '../../core/options'
import type { ProgressEvent } from '../../core/progress'
import { createRng, type Rng } from '../../core/random'
import { type Classifier, makeEstimator, type Regressor } from '../estimator'
import type { FeatureMatrix, FittedLearner, Learner, TargetVector } from '../learner'
import { paramsOf } from '../params'
import { binEdges, toBins } from './bins'
import { classLeaves, createClassCriterion, type LeafTable } from './class-criterion'
import { classCode } from './class-groups'
import { fittedForest } from './fitted-forest'
import { type BinnedData, createTreeGrower, type GrowthLimits, NEAR_CELLS, type Sample, type TreeGrower } from './grow-tree'
import { createNumberCriterion } from './number-criterion'
import { createOutOfBag, type OutOfBag } from './out-of-bag'
import {
  classWeights,
  type ForestSettings,
  featuresPerSplit,
  forestSettings,
  type RandomForestClassifierOptions,
  type RandomForestRegressorOptions,
  rowsPerTree,
  weightRecord,
} from './random-forest-options'

/**
 * A random forest that predicts labels. Probabilities are the mean of the class shares in the leaves a row falls in, as in
 * scikit-learn. Missing values need no imputer: each split learns to which side they go (where it saw none, to the larger).
 *
 * The search for splits uses histograms of at most 256 ranges of the node's own values, so small nodes are split exactly. Text columns need
 * an encoder. Memory: two bytes per cell, and 8 bytes per node.
 *
 * @throws InvalidArgument on unknown options or values out of range
 *
 * @example
 * const fitted = randomForestClassifier({ nEstimators: 200, seed: 1 }).fit(train, { target: 'species' })
 */
export function randomForestClassifier(options: RandomForestClassifierOptions = {}): Classifier {
  const kind = 'randomForestClassifier'
  const rules = { criterion: oneOf('gini', 'entropy'), classWeight: either(oneOf('balanced', 'balancedSubsample'), weightRecord()) }
  const settings = forestSettings(kind, options, { maxFeatures: 'sqrt', rules })
  const { criterion = 'gini', classWeight } = options
  const learner: Learner = {
    kind,
    task: 'classification',
    options: paramsOf({ ...settings, criterion, classWeight }),
    withOptions: (changes) => randomForestClassifier({ ...options, ...changes }).learner,
    steps: (features, target) => growClassifier({ kind, settings, features, target }, criterion, classWeight),
  }
  return makeEstimator(kind, [], learner, learner.options)
}

/**
 * A random forest that predicts numbers: the mean over trees of the mean of the leaf a row falls in. Splits lower the squared error.
 * Otherwise as {@link randomForestClassifier}.
 *
 * @throws InvalidArgument on unknown options or values out of range
 */
export function randomForestRegressor(options: RandomForestRegressorOptions = {}): Regressor {
  const kind = 'randomForestRegressor'
  const settings = forestSettings(kind, options, { maxFeatures: 'all' })
  const learner: Learner = {
    kind,
    task: 'regression',
    options: paramsOf(settings),
    withOptions: (changes) => randomForestRegressor({ ...options, ...changes }).learner,
    steps: (features, target) => growRegressor({ kind, settings, features, target }),
  }
  return makeEstimator(kind, [], learner, learner.options)
}

/** A node holds its feature in 14 bits. */
const MAX_FEATURES = 16_384

/** The data and options that a forest is grown with. */
interface ForestJob {
  readonly kind: string
  readonly settings: ForestSettings
  readonly features: FeatureMatrix
  readonly target: TargetVector
}

type Steps = Generator<ProgressEvent<'fit'>, FittedLearner>

function* growClassifier(job: ForestJob, criterion: 'gini' | 'entropy', classWeight: RandomForestClassifierOptions['classWeight']): Steps {
  const { kind, target } = job
  const numClasses = Math.max(1, target.numClasses)
  const labels = target.values
  const plan = planOf(job)
  const leaves = classLeaves(numClasses)
  const { data, sample, settings } = plan
  const splitting = createClassCriterion(data, { numClasses, criterion, minSamplesLeaf: settings.minSamplesLeaf, sample, leaves })
  const counts = new Float64Array(numClasses)
  for (const label of labels) counts[label] = (counts[label] as number) + 1
  if (classWeight !== 'balancedSubsample') splitting.setWeights(classWeights(kind, classWeight, counts, target.classNames))
  // Gains are half of Gini's, and in nats for entropy; the option is in scikit-learn's units.
  const unit = criterion === 'gini' ? 0.5 : Math.LN2
  const grower = createTreeGrower(data, splitting, limitsOf(plan, unit), sample.rows.length)
  return yield* growAll(plan, { grower, leaves, width: numClasses }, (drawn) => {
    sample.size = 0
    counts.fill(0)
    for (let row = 0; row < drawn.length; row++) {
      const copies = drawn[row] as number
      if (copies === 0) continue
      const label = labels[row] as number
      sample.rows[sample.size] = row * data.numFeatures
      sample.codes[sample.size++] = classCode(label, copies)
      counts[label] = (counts[label] as number) + copies
    }
    if (classWeight === 'balancedSubsample') splitting.setWeights(classWeights(kind, classWeight, counts, target.classNames))
  })
}

function* growRegressor(job: ForestJob): Steps {
  const { target } = job
  const plan = planOf(job)
  const { data, sample, settings } = plan
  const center = meanOf(target.values)
  const targets = new Float64Array(sample.rows.length)
  const copies = new Int32Array(sample.rows.length)
  const leaves: LeafTable = { values: new Float64Array(1024), size: 0 }
  const splitting = createNumberCriterion(data, { minSamplesLeaf: settings.minSamplesLeaf, sample, targets, copies, center, leaves })
  const grower = createTreeGrower(data, splitting, limitsOf(plan, 1), sample.rows.length)
  return yield* growAll(plan, { grower, leaves, width: 1 }, (drawn) => {
    sample.size = 0
    for (let row = 0; row < drawn.length; row++) {
      if (drawn[row] === 0) continue
      targets[sample.size] = (target.values[row] as number) - center
      copies[sample.size] = drawn[row] as number
      sample.rows[sample.size] = row * data.numFeatures
      sample.codes[sample.size] = sample.size++
    }
  })
}

/** A job with binned data, and options resolved for this data. */
interface ForestPlan extends ForestJob {
  readonly edges: readonly Float64Array[]
  readonly data: BinnedData
  readonly sample: Sample
  readonly maxFeatures: number
  readonly rowsDrawn: number
}

function planOf(job: ForestJob): ForestPlan {
  const { kind, settings, features } = job
  const numFeatures = features.columns.length
  if (features.numRows * numFeatures > 2147483647 || numFeatures > MAX_FEATURES) {
    throw invalidArgument(
      `${kind} takes at most 2³¹ cells and ${MAX_FEATURES} features, got ${features.numRows} rows × ${numFeatures} features`,
    )
  }
  const maxFeatures = featuresPerSplit(kind, settings.maxFeatures, numFeatures)
  const rowsDrawn = rowsPerTree(kind, settings.maxSamples, features.numRows)
  const edges = binEdges(features, settings.maxBins)
  const counts = Int32Array.from(edges, ({ length }) => length + 1)
  const data = { bins: toBins(features, edges, NEAR_CELLS), numFeatures, counts }
  const capacity = Math.min(features.numRows, settings.bootstrap ? rowsDrawn : features.numRows)
  const sample = { rows: new Int32Array(capacity), codes: new Int32Array(capacity), size: 0 }
  return { ...job, edges, data, sample, maxFeatures, rowsDrawn }
}

function limitsOf({ settings, maxFeatures }: ForestPlan, unit: number): GrowthLimits {
  return {
    maxDepth: settings.maxDepth ?? Number.POSITIVE_INFINITY,
    minSamplesSplit: settings.minSamplesSplit,
    maxFeatures,
    minGain: settings.minImpurityDecrease * unit,
  }
}

interface GrowthTools {
  readonly grower: TreeGrower
  readonly leaves: LeafTable
  readonly width: number
}

/** Grows all trees. `take` fills the sample of the plan, given how often each row was drawn. */
function* growAll(plan: ForestPlan, { grower, leaves, width }: GrowthTools, take: (drawn: Uint8Array) => void): Steps {
  const { settings, features, data, target, sample } = plan
  const total = settings.nEstimators
  const rng = createRng(settings.seed)
  const trees: Int32Array[] = []
  const importance = new Float64Array(data.numFeatures)
  const drawn = new Uint8Array(features.numRows)
  const outOfBag: OutOfBag | undefined = settings.oobScore ? createOutOfBag(data, target, width) : undefined
  for (let tree = 0; tree < total; tree++) {
    const treeRng = rng.fork()
    draw(drawn, settings.bootstrap ? plan.rowsDrawn : undefined, treeRng)
    take(drawn)
    const gains = new Float64Array(data.numFeatures)
    const nodes = grower.grow(sample, treeRng, gains)
    trees.push(nodes)
    addShares(importance, gains)
    outOfBag?.add(nodes, leaves, drawn)
    yield { phase: 'fit', done: tree + 1, total, unit: 'steps' }
  }
  const shares = new Float64Array(importance.length)
  addShares(shares, importance)
  const forest = { edges: plan.edges, ...joined(trees), width, leaves: leaves.values.slice(0, leaves.size * width) }
  const outOfBagScore = outOfBag?.score()
  return fittedForest(plan.kind, forest, { importance: shares, ...(outOfBagScore === undefined ? {} : { outOfBagScore }) })
}

/** How often each row is in the sample: drawn with replacement, or once each. */
function draw(drawn: Uint8Array, rows: number | undefined, rng: Rng): void {
  if (rows === undefined) {
    drawn.fill(1)
    return
  }
  drawn.fill(0)
  for (let i = 0; i < rows; i++) {
    const row = rng.int(drawn.length)
    // Row codes can hold 255 copies of one row; more do not occur in practice.
    if ((drawn[row] as number) < 255) drawn[row] = (drawn[row] as number) + 1
  }
}

/** Adds `gains`, normalised to sum 1, to `shares`. Does nothing when there is no gain. */
function addShares(shares: Float64Array, gains: Float64Array): void {
  const sum = gains.reduce((all, gain) => all + gain, 0)
  if (sum <= 0) return
  for (let f = 0; f < shares.length; f++) shares[f] = (shares[f] as number) + (gains[f] as number) / sum
}

/** All trees in one array, right children counted from its start. */
function joined(trees: readonly Int32Array[]): { readonly roots: Int32Array; readonly nodes: Int32Array } {
  const roots = new Int32Array(trees.length + 1)
  for (let t = 0; t < trees.length; t++) roots[t + 1] = (roots[t] as number) + (trees[t] as Int32Array).length / 2
  const nodes = new Int32Array(2 * (roots[trees.length] as number))
  for (let t = 0; t < trees.length; t++) {
    const root = roots[t] as number
    const tree = trees[t] as Int32Array
    nodes.set(tree, 2 * root)
    for (let i = 0; i < tree.length; i += 2) if ((tree[i] as number) >= 0) nodes[2 * root + i + 1] = (tree[i + 1] as number) + root
  }
  return { roots, nodes }
}

function meanOf(values: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i] as number
  return sum / values.length
}
