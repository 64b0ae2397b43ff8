/** Finds the best split of a node by its histogram. */
import type { ExactUnits } from './exact-sums'
import type { HistogramCells } from './histogram-cells'
import { scanCategories } from './scan-categories'
import {
  type CellRun,
  clippedValue,
  gainOf,
  LEAST_CURVATURE,
  type ScanTools,
  type Split,
  type SplitLimits,
  type SplitNode,
  sidesOf,
} from './split'

/** Finds the best split of a node among `features`; writes it to `best`. */
export type SplitFinder = (histogram: Float64Array, node: SplitNode, features: Int32Array, best: Split) => void

/** A finder of splits over `data`. */
export function createSplitFinder(data: HistogramCells, units: ExactUnits, limits: SplitLimits): SplitFinder {
  const scan = limits.monotonic ? scanBounded : scanNumbers
  return (histogram, node, features, best) => {
    best.gain = Math.max(limits.minGain, 1e-12)
    best.feature = -1
    for (let i = 0; i < features.length; i++) {
      const feature = features[i] as number
      const start = data.first[feature] as number
      const bins = data.bins[feature] as number
      if (data.categorical[feature] === 1) {
        scanCategories(histogram, { start, bins, feature }, node, { units, limits, best })
        continue
      }
      const run = { start, bins, feature }
      const missing = data.hasMissing[feature] === 1 && (histogram[2 * (start + bins) + 1] as number) > 0
      scan(histogram, run, node, { units, limits, best }, missing, false)
      if (missing) scan(histogram, run, node, { units, limits, best }, true, true)
    }
    if (best.feature < 0) best.gain = 0
  }
}

/** Tries a cut after each bin; missing values, where there are some, are on the left or on the right. */
function scanNumbers(
  histogram: Float64Array,
  { feature, start, bins }: CellRun,
  { gradient, packed }: SplitNode,
  { units, limits, best }: ScanTools,
  missing: boolean,
  missingLeft: boolean,
): void {
  const { gradientUnit, curvatureUnit, countUnit } = units
  const { minSamplesLeaf, l2 } = limits
  const perCount = 1 / countUnit
  const samples = Math.floor(packed * perCount)
  const allGradient = gradient * gradientUnit
  const allCurvature = (packed - samples * countUnit) * curvatureUnit
  const before = (allGradient * allGradient) / (allCurvature + l2)
  const missingCell = 2 * (start + bins)
  let leftGradient = missingLeft ? (histogram[missingCell] as number) : 0
  let leftPacked = missingLeft ? (histogram[missingCell + 1] as number) : 0
  let bestGain = best.gain
  let bestBin = -1
  let bestGradient = 0
  let bestPacked = 0
  // With missing values on the right, a cut after the last bin sends them there alone.
  const last = missing && !missingLeft ? bins : bins - 1
  const leastPacked = minSamplesLeaf * countUnit
  const mostPacked = (samples - minSamplesLeaf + 1) * countUnit
  for (let bin = 0, cell = 2 * start; bin < last; bin++, cell += 2) {
    leftGradient += histogram[cell] as number
    leftPacked += histogram[cell + 1] as number
    if (leftPacked < leastPacked) continue
    if (leftPacked >= mostPacked) break
    const count = Math.floor(leftPacked * perCount)
    const curvature = (leftPacked - count * countUnit) * curvatureUnit
    const otherCurvature = allCurvature - curvature
    if (curvature < LEAST_CURVATURE || otherCurvature < LEAST_CURVATURE) continue
    const sum = leftGradient * gradientUnit
    const other = allGradient - sum
    const gain = (sum * sum) / (curvature + l2) + (other * other) / (otherCurvature + l2) - before
    if (gain > bestGain) {
      bestGain = gain
      bestBin = bin
      bestGradient = leftGradient
      bestPacked = leftPacked
    }
  }
  if (bestBin < 0) return
  best.feature = feature
  best.gain = bestGain
  best.bin = bestBin
  best.leftGradient = bestGradient
  best.leftPacked = bestPacked
  best.missingLeft = missing ? missingLeft : 2 * Math.floor(bestPacked * perCount) > samples
}

/** The same where values have bounds or must rise or fall: gains are those of the values after clipping. */
function scanBounded(
  histogram: Float64Array,
  { feature, start, bins }: CellRun,
  node: SplitNode,
  { units, limits, best }: ScanTools,
  missing: boolean,
  missingLeft: boolean,
): void {
  const direction = limits.directions[feature] as number
  const all = sidesOf(node.gradient, node.packed, units)
  const before = gainOf(all.gradient, all.curvature, limits.l2, node)
  const missingCell = 2 * (start + bins)
  let leftGradient = missingLeft ? (histogram[missingCell] as number) : 0
  let leftPacked = missingLeft ? (histogram[missingCell + 1] as number) : 0
  const last = missing && !missingLeft ? bins : bins - 1
  for (let bin = 0, cell = 2 * start; bin < last; bin++, cell += 2) {
    leftGradient += histogram[cell] as number
    leftPacked += histogram[cell + 1] as number
    const left = sidesOf(leftGradient, leftPacked, units)
    const right = sidesOf(node.gradient - leftGradient, node.packed - leftPacked, units)
    if (left.count < limits.minSamplesLeaf || right.count < limits.minSamplesLeaf) continue
    if (left.curvature < LEAST_CURVATURE || right.curvature < LEAST_CURVATURE) continue
    const leftValue = clippedValue(left.gradient, left.curvature, limits.l2, node)
    const rightValue = clippedValue(right.gradient, right.curvature, limits.l2, node)
    if (direction * (rightValue - leftValue) < 0) continue
    const gain = gainOf(left.gradient, left.curvature, limits.l2, node) + gainOf(right.gradient, right.curvature, limits.l2, node) - before
    if (gain <= best.gain) continue
    best.feature = feature
    best.gain = gain
    best.bin = bin
    best.leftGradient = leftGradient
    best.leftPacked = leftPacked
    best.missingLeft = missing ? missingLeft : left.count > right.count
  }
}
