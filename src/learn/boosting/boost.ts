/** The iterations of gradient boosting: derivatives, a tree, its values added, the loss on rows held back. */

import { invalidArgument } from '../../core/errors'
import { createRng, permutation, type Rng } from '../../core/random'
import { classWeights } from '../forest/random-forest-options'
import type { FeatureMatrix, FitSteps, TargetVector } from '../learner'
import { type BoostingSettings, directionsOf, type GradientBoostingClassifierOptions } from './boosting-options'
import { scaleDerivatives } from './exact-sums'
import { fittedBoosting } from './fitted-boosting'
import { type BoostingLimits, createBoostedTreeGrower, type GrownNode } from './grow-boosted-tree'
import { type HistogramCells, histogramCells } from './histogram-cells'
import { holdBack } from './hold-back'
import type { BoostingLoss, LossRows } from './losses'
import { addByCells, otherRows } from './other-rows'
import { treeWriter } from './tree-writer'

/** The data and options that trees are boosted with. */
export interface BoostingJob {
  readonly kind: string
  readonly settings: BoostingSettings
  readonly features: FeatureMatrix
  readonly target: TargetVector
  readonly classWeight?: GradientBoostingClassifierOptions['classWeight']
  readonly lossOf: (rows: LossRows) => BoostingLoss
  /** Rows that are not learned from, which every step predicts. */
  readonly others?: FeatureMatrix | undefined
}

/** A word of a node has 14 bits for the feature; features of categories take two numbers. */
const MOST_FIELDS = 16_384

/** Fits boosted trees. */
export function* boost(job: BoostingJob): FitSteps {
  const { kind, settings, features, target } = job
  assertSize(kind, features)
  const directions = directionsOf(kind, settings.monotonicConstraints, features)
  if (directions.some((direction) => direction !== 0) && target.numClasses > 2) {
    throw invalidArgument(`\`monotonicConstraints\` of ${kind} needs two classes, the target has ${target.numClasses}`)
  }
  const rng = createRng(settings.seed)
  const { learned, held } = holdBack(kind, target, settings.validationFraction, rng)
  const weights = weightsOfRows(job, learned)
  const loss = job.lossOf({ target, weights, rows: learned })
  const data = histogramCells(features, settings.maxBins, settings.seed)
  const n = data.numRows
  const { rows, derivatives } = data.kernel
  const units = { gradientUnit: 1, curvatureUnit: 1, countUnit: 1 }
  const grower = createBoostedTreeGrower(data, units, limitsOf(settings, data, directions))
  const writer = treeWriter(data, settings.learningRate)
  const others = job.others === undefined ? undefined : otherRows(data, loss, job.others)
  const sums = new Float64Array(n * loss.outputs)
  for (let o = 0; o < loss.outputs; o++) sums.fill(loss.base[o] as number, o * n, (o + 1) * n)
  const gradient = new Float64Array(n)
  const curvature = new Float64Array(n)
  const best = { loss: held.length > 0 ? loss.mean(sums, held) : 0, iterations: 0 }
  let drawn = learned
  let iteration = 0
  while (iteration < settings.nEstimators) {
    iteration++
    loss.prepare(sums)
    if (settings.subsample < 1) drawn = drawRows(learned, settings.subsample, rng)
    for (let output = 0; output < loss.outputs; output++) {
      loss.derive(output, sums, gradient, curvature)
      scaleDerivatives(units, derivatives, gradient, curvature)
      rows.set(drawn)
      const own = sums.subarray(output * n, (output + 1) * n)
      const tree = grower.grow(drawn.length, rng, writer.gains)
      if (loss.leafValue !== undefined) setLeafValues(tree, (start, end) => loss.leafValue?.(own, rows, start, end) ?? 0)
      writer.add(tree)
      others?.add(tree, output, settings.learningRate)
      addToRows(tree, rows, own, settings.learningRate)
      if (held.length > 0) addByCells(data, tree, held, own, settings.learningRate)
      if (settings.subsample < 1) addByCells(data, tree, restOf(learned, drawn, n), own, settings.learningRate)
    }
    const now = held.length > 0 ? loss.mean(sums, held) : 0
    if (now < best.loss - (settings.tolerance ?? 0)) Object.assign(best, { loss: now, iterations: iteration })
    const stops = held.length > 0 && iteration - best.iterations >= (settings.patience ?? 0)
    const total = stops ? iteration : settings.nEstimators
    const step = { phase: 'fit', done: iteration, total, unit: 'steps' } as const
    const answer = yield others === undefined ? step : { ...step, predictions: others.predictions }
    if (stops || answer === 'stop') break
  }
  const iterations = held.length > 0 ? Math.max(1, best.iterations) : iteration
  const { link, outputs, base } = loss
  const { trees, importance } = writer.finish(iterations * outputs)
  return fittedBoosting(kind, { ...trees, link, outputs, base }, { importance, iterations })
}

function assertSize(kind: string, { numRows, columns, categorical }: FeatureMatrix): void {
  const most = categorical === undefined ? MOST_FIELDS : MOST_FIELDS / 2
  if (numRows * columns.length <= 2_147_483_647 && columns.length <= most) return
  throw invalidArgument(`${kind} takes at most 2³¹ cells and ${most} features here, got ${numRows} rows × ${columns.length} features`)
}

/** Sample weights times class weights. */
function weightsOfRows({ kind, target, classWeight }: BoostingJob, learned: Int32Array): Float64Array | undefined {
  const { weights } = target
  if (classWeight === undefined) return weights
  const counts = new Float64Array(target.numClasses)
  for (const row of learned) {
    const label = target.values[row] as number
    counts[label] = (counts[label] as number) + 1
  }
  const ofClass = classWeights(kind, classWeight, counts, target.classNames) as Float64Array
  return Float64Array.from(
    target.values,
    (label, row) => (ofClass[label] as number) * (weights === undefined ? 1 : (weights[row] as number)),
  )
}

function limitsOf(settings: BoostingSettings, { numFeatures }: HistogramCells, directions: Int8Array): BoostingLimits {
  return {
    maxLeafNodes: settings.maxLeafNodes,
    maxDepth: settings.maxDepth ?? Number.POSITIVE_INFINITY,
    minSamplesLeaf: settings.minSamplesLeaf,
    maxFeatures: Math.max(1, Math.round(settings.maxFeatures * numFeatures)),
    l2: settings.l2Regularization,
    minGain: settings.minSplitGain,
    directions,
    monotonic: directions.some((direction) => direction !== 0),
  }
}

/** Rows drawn without replacement, in ascending order. */
function drawRows(rows: Int32Array, share: number, rng: Rng): Int32Array {
  const order = permutation(rows.length, rng).subarray(0, Math.max(1, Math.round(share * rows.length)))
  return order.map((place) => rows[place] as number).sort()
}

/** The learned rows that are not among those drawn. */
function restOf(learned: Int32Array, drawn: Int32Array, numRows: number): Int32Array {
  const isDrawn = new Uint8Array(numRows)
  for (const row of drawn) isDrawn[row] = 1
  return learned.filter((row) => isDrawn[row] === 0)
}

function setLeafValues(node: GrownNode, valueOfRows: (start: number, end: number) => number): void {
  if (node.left === undefined || node.right === undefined) {
    const value = valueOfRows(node.start, node.end)
    node.value = value < node.lower ? node.lower : value > node.upper ? node.upper : value
    return
  }
  setLeafValues(node.left, valueOfRows)
  setLeafValues(node.right, valueOfRows)
}

/** Adds the leaf values to the rows that the tree was grown from, which lie leaf by leaf. */
function addToRows(node: GrownNode, rows: Int32Array, sums: Float64Array, rate: number): void {
  if (node.left === undefined || node.right === undefined) {
    const value = node.value * rate
    for (let i = node.start; i < node.end; i++) sums[rows[i] as number] = (sums[rows[i] as number] as number) + value
    return
  }
  addToRows(node.left, rows, sums, rate)
  addToRows(node.right, rows, sums, rate)
}
