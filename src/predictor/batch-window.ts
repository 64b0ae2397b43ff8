/** How long a batch waits for further rows, learnt from what executions take and how often rows come. */

/** The cost of executions and the rate of arrivals, and what follows from them. */
export interface BatchWindow {
  /** Rows came at a time, in milliseconds. */
  arrived(now: number): void
  /** An execution of so many rows took so long. */
  executed(rows: number, milliseconds: number): void
  /**
   * How long the oldest request may wait, in milliseconds: as long as the fixed part of an execution takes, at most the maximum, if at least one more
   * request is expected in that time; else 0, for the wait would cost more than it saves.
   */
  readonly delayMs: number
  /** The time that `batches` executions of `rows` rows in all will take, in milliseconds; 0 while too few were measured. */
  predict(rows: number, batches: number): number
}

/** Weight of the past at each new measurement: that of some 50 measurements is left. */
const decay = 0.98
/** So many executions are measured before the window is taken from them. */
const learning = 8

/** A window of at most `maxDelayMs`. With `adaptive: false` it is always that long; the costs are measured all the same. */
export function createBatchWindow({ maxDelayMs, adaptive }: { readonly maxDelayMs: number; readonly adaptive: boolean }): BatchWindow {
  // Sums of a least-squares fit of duration = perRow × rows + fixed, the older the lighter.
  let [weight, sumRows, sumRows2, sumTime, sumBoth] = [0, 0, 0, 0, 0]
  let count = 0
  let gap = Number.POSITIVE_INFINITY
  let last = Number.NaN

  const costs = (): { readonly perRow: number; readonly fixed: number } => {
    const variance = sumRows2 * weight - sumRows * sumRows
    // Batches of one size tell nothing about the cost of a row.
    if (variance < 1e-6 * sumRows2 * weight) return { perRow: 0, fixed: sumTime / weight }
    const perRow = Math.max(0, (sumBoth * weight - sumRows * sumTime) / variance)
    return { perRow, fixed: Math.max(0, (sumTime - perRow * sumRows) / weight) }
  }
  return {
    arrived(now) {
      if (!Number.isNaN(last)) gap = gap === Number.POSITIVE_INFINITY ? now - last : gap + (now - last - gap) / 16
      last = now
    },
    executed(rows, milliseconds) {
      count++
      weight = weight * decay + 1
      sumRows = sumRows * decay + rows
      sumRows2 = sumRows2 * decay + rows * rows
      sumTime = sumTime * decay + milliseconds
      sumBoth = sumBoth * decay + rows * milliseconds
    },
    get delayMs() {
      if (!adaptive || count < learning) return maxDelayMs
      const wait = Math.min(maxDelayMs, costs().fixed)
      return wait >= gap ? wait : 0
    },
    predict(rows, batches) {
      if (count < learning) return 0
      const { perRow, fixed } = costs()
      return rows * perRow + batches * fixed
    },
  }
}
