/** Splits by sets of categories: in the order of their gradients, the best set is a run from one end (Fisher 1958). */
import { type CellRun, gainOf, LEAST_CURVATURE, MISSING_BIT, type ScanTools, type SplitNode, sidesOf } from './split'

/** Added to the curvature of a category before they are ordered, so that rare ones do not come first. LightGBM's `cat_smooth`. */
const SMOOTH = 10
/** A category with fewer rows at a node stays on the right. */
const LEAST_ROWS = 10
/** Added to the L2 penalty of both sides: sets are chosen more freely than cuts. LightGBM's `cat_l2`. */
const EXTRA_L2 = 10
/** Most categories of a set. LightGBM's `max_cat_threshold`. */
const MOST_CATEGORIES = 32

/** Tries sets of categories, the missing values being one more, as the left side. */
export function scanCategories(histogram: Float64Array, run: CellRun, node: SplitNode, { units, limits, best }: ScanTools): void {
  const { start, bins, feature } = run
  const l2 = limits.l2 + EXTRA_L2
  const order: { readonly bin: number; readonly rank: number }[] = []
  for (let bin = 0; bin <= bins; bin++) {
    const at = 2 * (start + bin)
    const { gradient, curvature, count } = sidesOf(histogram[at] as number, histogram[at + 1] as number, units)
    if (count >= LEAST_ROWS) order.push({ bin, rank: gradient / (curvature + SMOOTH) })
  }
  if (order.length === 0) return
  order.sort((a, b) => a.rank - b.rank || a.bin - b.bin)
  const all = sidesOf(node.gradient, node.packed, units)
  const before = gainOf(all.gradient, all.curvature, l2, node)
  const most = Math.min(MOST_CATEGORIES, order.length)
  let found: { readonly fromEnd: boolean; readonly size: number } | undefined
  for (const fromEnd of [false, true]) {
    let leftGradient = 0
    let leftPacked = 0
    for (let size = 1; size <= most; size++) {
      const { bin } = order[fromEnd ? order.length - size : size - 1] as { bin: number }
      leftGradient += histogram[2 * (start + bin)] as number
      leftPacked += histogram[2 * (start + bin) + 1] as number
      const left = sidesOf(leftGradient, leftPacked, units)
      const right = sidesOf(node.gradient - leftGradient, node.packed - leftPacked, units)
      if (right.count < limits.minSamplesLeaf || right.curvature < LEAST_CURVATURE) break
      if (left.count < limits.minSamplesLeaf || left.curvature < LEAST_CURVATURE) continue
      const gain = gainOf(left.gradient, left.curvature, l2, node) + gainOf(right.gradient, right.curvature, l2, node) - before
      if (gain <= best.gain) continue
      found = { fromEnd, size }
      best.gain = gain
      best.leftGradient = leftGradient
      best.leftPacked = leftPacked
    }
  }
  if (found === undefined) return
  best.feature = feature
  best.bin = -1
  best.missingLeft = false
  best.set.fill(0)
  for (let i = 0; i < found.size; i++) {
    const { bin } = order[found.fromEnd ? order.length - 1 - i : i] as { bin: number }
    const bit = bin === bins ? MISSING_BIT : bin
    best.set[bit >>> 5] = (best.set[bit >>> 5] as number) | (1 << (bit & 31))
  }
  // A missing value where there was none goes to the larger side.
  if (histogram[2 * (start + bins) + 1] !== 0) return
  const sides = sidesOf(best.leftGradient, best.leftPacked, units)
  if (2 * sides.count > all.count) best.set[MISSING_BIT >>> 5] = (best.set[MISSING_BIT >>> 5] as number) | (1 << (MISSING_BIT & 31))
}
