/** A histogram with fixed bounds, for `/metrics` and `stats()`. */

import type { HistogramSnapshot } from '../ports/metric-family'

export type { HistogramSnapshot }

/** Counts values by bucket. A value belongs to the first bucket whose bound it does not exceed. */
export interface Histogram {
  /** Adds `value`; `NaN` is ignored. */
  add(value: number): void
  snapshot(): HistogramSnapshot
}

/** Upper bounds in seconds for the duration of calls: from 0.5 ms to 60 s. */
export const durationBounds: readonly number[] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/** Upper bounds for the number of rows in a batch: powers of two. */
export const batchBounds: readonly number[] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]

/** An empty histogram. `bounds` must ascend. */
export function createHistogram(bounds: readonly number[]): Histogram {
  const counts = new Array<number>(bounds.length + 1).fill(0)
  let count = 0
  let sum = 0
  return {
    add(value) {
      if (Number.isNaN(value)) return
      let bucket = 0
      while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket++
      counts[bucket] = (counts[bucket] as number) + 1
      count++
      sum += value
    },
    snapshot: () => ({ bounds, counts: [...counts], count, sum }),
  }
}

/**
 * The value below which the share `q` of the added values lies, interpolated inside its bucket as PromQL's `histogram_quantile` does.
 * `NaN` when empty; the largest bound when the value lies beyond it.
 */
export function quantileOf({ bounds, counts, count }: HistogramSnapshot, q: number): number {
  if (count === 0) return Number.NaN
  const rank = q * count
  let below = 0
  for (let i = 0; i < bounds.length; i++) {
    const inside = counts[i] as number
    if (below + inside >= rank && inside > 0) {
      const low = i === 0 ? 0 : (bounds[i - 1] as number)
      return low + ((bounds[i] as number) - low) * Math.max(0, (rank - below) / inside)
    }
    below += inside
  }
  return bounds[bounds.length - 1] ?? Number.NaN
}
