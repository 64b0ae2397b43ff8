/** Isotonic regression: the non-decreasing step function that is nearest to the data, with lines between the steps. */

/** A non-decreasing piecewise linear function by its corners; constant beyond the ends. */
export interface Isotonic {
  /** Ascending. */
  readonly x: readonly number[]
  readonly y: readonly number[]
}

/** Scores nearer than this are one, as in scikit-learn. */
const SAME = 1e-15

/**
 * Fits by pooling adjacent violators (Barlow, Bartholomew, Bremner and Brunk 1972), as scikit-learn's `IsotonicRegression`: equal scores are
 * averaged first; neighbours that decrease are merged into their mean until none does. O(n log n).
 */
export function fitIsotonic(scores: Float64Array, values: ArrayLike<number>): Isotonic {
  const order = Array.from(scores, (_, i) => i).sort((a, b) => (scores[a] as number) - (scores[b] as number))
  const points: { x: number; sum: number; weight: number }[] = []
  for (const i of order) {
    const x = scores[i] as number
    const last = points.at(-1)
    if (last !== undefined && x - last.x < SAME) {
      last.sum += values[i] as number
      last.weight++
    } else points.push({ x, sum: values[i] as number, weight: 1 })
  }
  const blocks: { sum: number; weight: number; from: number; to: number }[] = []
  points.forEach(({ sum, weight }, at) => {
    let block = { sum, weight, from: at, to: at }
    for (
      let before = blocks.at(-1);
      before !== undefined && before.sum / before.weight >= block.sum / block.weight;
      before = blocks.at(-1)
    ) {
      blocks.pop()
      block = { sum: before.sum + block.sum, weight: before.weight + block.weight, from: before.from, to: block.to }
    }
    blocks.push(block)
  })
  // Of each step only its two ends are needed.
  const corners = blocks.flatMap(({ sum, weight, from, to }) =>
    [...new Set([from, to])].map((at) => [(points[at] as { x: number }).x, sum / weight] as const),
  )
  return { x: corners.map(([x]) => x), y: corners.map(([, y]) => y) }
}

/** The value at a score. */
export function isotonicAt({ x, y }: Isotonic, score: number): number {
  const last = x.length - 1
  if (!(score > (x[0] as number))) return y[0] as number
  if (score >= (x[last] as number)) return y[last] as number
  let [low, high] = [0, last]
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((x[middle] as number) <= score) low = middle
    else high = middle
  }
  const slope = ((y[high] as number) - (y[low] as number)) / ((x[high] as number) - (x[low] as number))
  return slope * (score - (x[low] as number)) + (y[low] as number)
}
