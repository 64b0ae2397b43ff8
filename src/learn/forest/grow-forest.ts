/** Grows the trees of a forest: any run of them by itself, and all of them put together. */
import { invalidArgument } from '../../core/errors'
import { createRng, type Rng } from '../../core/random'
import type { FeatureMatrix, FitSteps, FittedLearner, TargetVector } from '../learner'
import { binEdges, toBins } from './bins'
import { classLeaves, createClassCriterion, type LeafTable } from './class-criterion'
import { classCode } from './class-groups'
import { fittedForest } from './fitted-forest'
import { createTreeGrower, type GrowthLimits, type TreeGrower } from './grow-tree'
import { type BinnedData, NEAR_CELLS } from './growth-data'
import { classMemory, type MemoryOptions, numberMemory } from './growth-memory'
import { createNumberCriterion } from './number-criterion'
import { otherRows } from './other-rows'
import { createOutOfBag, type OutOfBag } from './out-of-bag'
import {
  classWeights,
  type ForestSettings,
  featuresPerSplit,
  type RandomForestClassifierOptions,
  rowsPerTree,
} from './random-forest-options'
import { rareBins } from './rare-bins'

/** A node holds its feature in 14 bits. */
const MAX_FEATURES = 16_384

/** The options that a forest is grown with. */
export interface ForestOptions {
  readonly kind: string
  readonly settings: ForestSettings
  /** Of classifiers. */
  readonly criterion?: 'gini' | 'entropy' | undefined
  readonly classWeight?: RandomForestClassifierOptions['classWeight']
}

/** Everything that trees are grown from. Plain data, which can be sent to a thread. */
export interface BinnedForest extends ForestOptions {
  readonly edges: readonly Float64Array[]
  readonly data: BinnedData
  readonly numRows: number
  readonly target: TargetVector
  readonly maxFeatures: number
  readonly rowsDrawn: number
}

/** A run of trees. */
export interface TreeRun {
  /** The nodes of each tree; leaves are rows of `leaves`. */
  readonly trees: readonly Int32Array[]
  /** What the splits of each tree gained, by feature. */
  readonly gains: readonly Float64Array[]
  /** Row-major, rows × width. Of classes, the first rows are those of pure leaves. */
  readonly leaves: Float64Array
}

/** Cuts the features into bins, and resolves the options for this data. @throws InvalidArgument */
export function binnedForest(options: ForestOptions, features: FeatureMatrix, target: TargetVector): BinnedForest {
  const { kind, settings } = options
  const { numRows } = features
  const numFeatures = features.columns.length
  if (numRows * numFeatures > 2147483647 || numFeatures > MAX_FEATURES) {
    throw invalidArgument(`${kind} takes at most 2³¹ cells and ${MAX_FEATURES} features, got ${numRows} rows × ${numFeatures} features`)
  }
  const maxFeatures = featuresPerSplit(kind, settings.maxFeatures, numFeatures)
  const rowsDrawn = rowsPerTree(kind, settings.maxSamples, numRows)
  // Refuses weights of classes that are not there before anything else is done.
  classWeights(kind, options.classWeight, new Float64Array(target.numClasses).fill(1), target.classNames)
  const edges = binEdges(features, settings.maxBins)
  const counts = Int32Array.from(edges, ({ length }) => length + 1)
  const bins = toBins(features, edges)
  const data = {
    bins,
    numRows,
    numFeatures,
    counts,
    rare: rareBins({ bins, numRows, numFeatures, counts, maxFeatures, nearRows: Math.floor(NEAR_CELLS / numFeatures) }),
  }
  return { ...options, edges, data, numRows, target, maxFeatures, rowsDrawn }
}

/** What grows runs of a forest's trees, one run after another, in one memory. */
export interface RunGrower {
  /**
   * Grows the trees from `from` up to `end`, each from random numbers of its own: the same, whoever grows the others. Fewer when a step is answered
   * by `stop`.
   *
   * @param onTree called with every tree and the leaves so far
   */
  run(from: number, end: number, onTree?: (nodes: Int32Array, leaves: LeafTable) => void): Generator<number, TreeRun, 'stop' | undefined>
}

/** What grows runs of the trees of `forest`. */
export function runGrower(forest: BinnedForest, options?: MemoryOptions): RunGrower {
  const tools = forest.target.task === 'classification' ? classTools(forest, options) : numberTools(forest, options)
  const shared = tools.leaves.size
  return {
    run(from, end, onTree) {
      tools.leaves.size = shared
      return growRun(forest, tools, { from, end, onTree })
    },
  }
}

/** A run to be grown. */
interface Run {
  readonly from: number
  readonly end: number
  readonly onTree: ((nodes: Int32Array, leaves: LeafTable) => void) | undefined
}

function* growRun(forest: BinnedForest, tools: GrowthTools, { from, end, onTree }: Run): Generator<number, TreeRun, 'stop' | undefined> {
  const { settings, numRows, data } = forest
  const { grower, leaves, width, take } = tools
  const rng = createRng(settings.seed)
  for (let tree = 0; tree < from; tree++) rng.fork()
  const drawn = new Uint8Array(numRows)
  const trees: Int32Array[] = []
  const gains: Float64Array[] = []
  for (let tree = from; tree < end; tree++) {
    const treeRng = rng.fork()
    draw(drawn, settings.bootstrap ? forest.rowsDrawn : undefined, treeRng)
    take(drawn)
    const own = new Float64Array(data.numFeatures)
    const nodes = grower.grow(treeRng, own)
    trees.push(nodes)
    gains.push(own)
    onTree?.(nodes, leaves)
    if ((yield tree + 1 - from) === 'stop') break
  }
  return { trees, gains, leaves: leaves.values.slice(0, leaves.size * width) }
}

/** Grows all trees. @param others rows that are not learned from, which every step predicts */
export function* growForest(forest: BinnedForest, others?: FeatureMatrix): FitSteps {
  const total = forest.settings.nEstimators
  const watched = others === undefined ? undefined : otherRows(forest, widthOf(forest), others)
  const steps = runGrower(forest).run(0, total, watched?.add)
  let answer: 'stop' | undefined
  for (;;) {
    const step = steps.next(answer)
    if (step.done) return joinRuns(forest, [step.value])
    const progress = { phase: 'fit', done: step.value, total, unit: 'steps' } as const
    answer = yield watched === undefined ? progress : { ...progress, predictions: watched.predictions }
  }
}

/** Puts runs together in their order. The result does not hang on where a run ends. */
export function joinRuns(forest: BinnedForest, runs: readonly TreeRun[]): FittedLearner {
  const { kind, data, settings, edges } = forest
  const width = widthOf(forest)
  const { trees, leaves } = joinedLeaves(forest, runs)
  const importance = new Float64Array(data.numFeatures)
  for (const { gains } of runs) for (const own of gains) addShares(importance, own)
  const shares = new Float64Array(importance.length)
  addShares(shares, importance)
  const outOfBagScore = settings.oobScore ? scoreOutOfBag(forest, trees, { values: leaves, size: leaves.length / width }) : undefined
  return fittedForest(
    kind,
    { edges, ...joined(trees), width, leaves },
    { importance: shares, ...(outOfBagScore === undefined ? {} : { outOfBagScore }) },
  )
}

function widthOf({ target }: BinnedForest): number {
  return target.task === 'classification' ? Math.max(1, target.numClasses) : 1
}

/** The leaves of all runs one behind the other, those of pure nodes once. */
function joinedLeaves(
  forest: BinnedForest,
  runs: readonly TreeRun[],
): { readonly trees: readonly Int32Array[]; readonly leaves: Float64Array } {
  const [only] = runs
  if (runs.length === 1 && only !== undefined) return only
  const width = widthOf(forest)
  const shared = forest.target.task === 'classification' ? width : 0
  const own = runs.map(({ leaves }) => leaves.length / width - shared)
  const leaves = new Float64Array((shared + own.reduce((sum, count) => sum + count, 0)) * width)
  let before = 0
  const trees = runs.flatMap((run, i) => {
    leaves.set(run.leaves.subarray(0, shared * width))
    leaves.set(run.leaves.subarray(shared * width), (shared + before) * width)
    const moved = before === 0 ? run.trees : run.trees.map((tree) => movedLeaves(tree, shared, before))
    before += own[i] as number
    return moved
  })
  return { trees, leaves }
}

function movedLeaves(tree: Int32Array, shared: number, by: number): Int32Array {
  return tree.map((word, i) => (i % 2 === 0 && word < 0 && ~word >= shared ? word - by : word))
}

function scoreOutOfBag(forest: BinnedForest, trees: readonly Int32Array[], leaves: LeafTable): number {
  const { settings, data, target, numRows } = forest
  const outOfBag: OutOfBag = createOutOfBag(data, target, widthOf(forest))
  const rng = createRng(settings.seed)
  const drawn = new Uint8Array(numRows)
  for (const nodes of trees) {
    draw(drawn, settings.bootstrap ? forest.rowsDrawn : undefined, rng.fork())
    outOfBag.add(nodes, leaves, drawn)
  }
  return outOfBag.score()
}

/** What trees of a task are grown with. */
interface GrowthTools {
  readonly grower: TreeGrower
  readonly leaves: LeafTable
  readonly width: number
  /** Fills the sample, given how often each row was drawn. */
  readonly take: (drawn: Uint8Array) => void
}

function classTools(forest: BinnedForest, options: MemoryOptions | undefined): GrowthTools {
  const { kind, target, data, settings, criterion = 'gini', classWeight } = forest
  const numClasses = widthOf(forest)
  const labels = target.values
  const leaves = classLeaves(numClasses)
  const memory = classMemory(data, capacityOf(forest), numClasses, options)
  const { sample } = memory
  const splitting = createClassCriterion(memory, { numClasses, criterion, minSamplesLeaf: settings.minSamplesLeaf, leaves })
  const counts = new Float64Array(numClasses)
  for (const label of labels) counts[label] = (counts[label] as number) + 1
  if (classWeight !== 'balancedSubsample') splitting.setWeights(classWeights(kind, classWeight, counts, target.classNames))
  // Gains are half of Gini's, and in nats for entropy; the option is in scikit-learn's units.
  const unit = criterion === 'gini' ? 0.5 : Math.LN2
  const grower = createTreeGrower(memory, splitting, limitsOf(forest, unit))
  const take = (drawn: Uint8Array): void => {
    sample.size = 0
    counts.fill(0)
    for (let row = 0; row < drawn.length; row++) {
      const copies = drawn[row] as number
      if (copies === 0) continue
      const label = labels[row] as number
      sample.rows[sample.size] = row
      sample.codes[sample.size++] = classCode(label, copies)
      counts[label] = (counts[label] as number) + copies
    }
    if (classWeight === 'balancedSubsample') splitting.setWeights(classWeights(kind, classWeight, counts, target.classNames))
  }
  return { grower, leaves, width: numClasses, take }
}

function numberTools(forest: BinnedForest, options: MemoryOptions | undefined): GrowthTools {
  const { target, data, settings } = forest
  const memory = numberMemory(data, capacityOf(forest), options)
  const { sample, targets, copies } = memory
  const center = meanOf(target.values)
  const leaves: LeafTable = { values: new Float64Array(1024), size: 0 }
  const splitting = createNumberCriterion(memory, { minSamplesLeaf: settings.minSamplesLeaf, center, leaves })
  const grower = createTreeGrower(memory, splitting, limitsOf(forest, 1))
  const take = (drawn: Uint8Array): void => {
    sample.size = 0
    for (let row = 0; row < drawn.length; row++) {
      if (drawn[row] === 0) continue
      targets[sample.size] = (target.values[row] as number) - center
      copies[sample.size] = drawn[row] as number
      sample.rows[sample.size] = row
      sample.codes[sample.size] = sample.size++
    }
  }
  return { grower, leaves, width: 1, take }
}

/** The most rows that a sample has. */
function capacityOf({ settings, numRows, rowsDrawn }: BinnedForest): number {
  return Math.min(numRows, settings.bootstrap ? rowsDrawn : numRows)
}

function limitsOf({ settings, maxFeatures }: BinnedForest, unit: number): GrowthLimits {
  return {
    maxDepth: settings.maxDepth ?? Number.POSITIVE_INFINITY,
    minSamplesSplit: settings.minSamplesSplit,
    maxFeatures,
    minGain: settings.minImpurityDecrease * unit,
  }
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
