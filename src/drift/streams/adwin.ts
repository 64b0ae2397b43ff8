/** ADWIN: keeps a window of adaptive length, and drops its older part when the mean has changed. Needs logarithmic memory. */
import { checkOptions, finiteNumber, wholeNumber } from '../../core/options'
import type { Detector } from '../../ports/detector'
import { QUIET, streamDetector } from './stream-detector'

/** Options of {@link adwin}. */
export interface AdwinOptions {
  /** Confidence: smaller gives fewer alarms; in (0, 1]. @default 0.002 */
  readonly delta?: number | undefined
  /** Number of values between two checks for a change: a smaller number finds it earlier and needs more time. @default 32 */
  readonly clock?: number | undefined
  /** Buckets of each size before two are merged. @default 5 */
  readonly maxBuckets?: number | undefined
  /** Values that each part of the window must have. @default 5 */
  readonly minWindow?: number | undefined
  /** Windows up to this length are not checked. @default 10 */
  readonly gracePeriod?: number | undefined
}

/** Row r holds buckets of 2^r values as [total, variance sum], oldest first. */
interface State {
  readonly [key: string]: number | number[][][]
  readonly seen: number
  readonly width: number
  readonly total: number
  readonly variance: number
  readonly rows: number[][][]
}

/** The same buckets, with their totals and variance sums in lists of numbers: no object is made for a value. */
interface Window {
  seen: number
  width: number
  total: number
  variance: number
  readonly totals: number[][]
  readonly variances: number[][]
}

/**
 * An ADWIN detector for numbers of any scale. Gives no warnings. O(log W) memory, amortised O(1) a value at the default clock.
 *
 * Alarms at the same positions as river 0.2x, which after a drift starts with an empty window.
 * Source: A. Bifet and R. Gavaldà, Learning from Time-Changing Data with Adaptive Windowing, SDM 2007.
 *
 * @throws InvalidArgument on an unknown option or a value out of range
 */
export function adwin(options: AdwinOptions = {}): Detector {
  checkOptions('adwin', options, {
    delta: finiteNumber(Number.MIN_VALUE, 1),
    clock: wholeNumber(1),
    maxBuckets: wholeNumber(1),
    minWindow: wholeNumber(1),
    gracePeriod: wholeNumber(0),
  })
  const { delta = 0.002, clock = 32, maxBuckets = 5, minWindow = 5, gracePeriod = 10 } = options
  return streamDetector<State, Window>({
    name: 'adwin',
    capabilities: { realValues: true, warnings: false, twoSided: true },
    fresh: () => ({ seen: 0, width: 0, total: 0, variance: 0, rows: [[]] }),
    live: ({ seen, width, total, variance, rows }) => ({
      ...{ seen, width, total, variance },
      totals: rows.map((row) => row.map(([bucketTotal]) => bucketTotal as number)),
      variances: rows.map((row) => row.map(([, bucketVariance]) => bucketVariance as number)),
    }),
    saved: ({ seen, width, total, variance, totals, variances }) => ({
      ...{ seen, width, total, variance },
      rows: totals.map((row, r) => row.map((bucketTotal, i) => [bucketTotal, variances[r]?.[i] as number])),
    }),
    problemOf: ({ rows, width }) =>
      holds(rows, width) ? undefined : { member: 'rows', expected: `buckets [total, variance] of ${width} values together` },
    update: (memory) => (value) => {
      const window = memory.begin(value)
      if (window === undefined) return QUIET
      window.seen++
      insert(window, value, maxBuckets)
      if (window.seen % clock !== 0 || window.width <= gracePeriod) return QUIET
      let driftDetected = false
      while (hasCut(window, delta, minWindow)) {
        driftDetected = true
        dropOldest(window)
      }
      return driftDetected ? memory.drift() : QUIET
    },
  })
}

/** Whether these are rows of buckets that hold so many values. */
function holds(rows: readonly unknown[], width: number): boolean {
  const isBucket = (bucket: unknown): boolean => Array.isArray(bucket) && bucket.length === 2 && bucket.every(Number.isFinite)
  if (rows.length === 0 || !rows.every((row) => Array.isArray(row) && row.every(isBucket))) return false
  return (rows as readonly unknown[][]).reduce((sum, row, r) => sum + row.length * 2 ** r, 0) === width
}

function insert(window: Window, value: number, maxBuckets: number): void {
  const before = window.width++
  if (before > 0) {
    const deviation = value - window.total / before
    window.variance += (before * deviation * deviation) / window.width
  }
  window.total += value
  const { totals, variances } = window
  totals[0]?.push(value)
  variances[0]?.push(0)
  for (let r = 0, size = 1; r < totals.length; r++, size *= 2) {
    const rowTotals = totals[r] as number[]
    if (rowTotals.length <= maxBuckets) return
    const rowVariances = variances[r] as number[]
    const [t1, t2] = [rowTotals[0] as number, rowTotals[1] as number]
    const difference = t1 / size - t2 / size
    const variance = (rowVariances[0] as number) + (rowVariances[1] as number) + (size / 2) * difference * difference
    dropFirst(rowTotals, 2)
    dropFirst(rowVariances, 2)
    if (r + 1 === totals.length) {
      totals.push([])
      variances.push([])
    }
    totals[r + 1]?.push(t1 + t2)
    variances[r + 1]?.push(variance)
  }
}

/** Removes the first values of a short list; `splice` would make a list of what it removes. */
function dropFirst(values: number[], count: number): void {
  for (let i = count; i < values.length; i++) values[i - count] = values[i] as number
  for (let i = 0; i < count; i++) values.pop()
}

/** Whether the mean differs on the two sides of some border between buckets, by the test with the window's variance. */
function hasCut(window: Window, delta: number, minWindow: number): boolean {
  const { width, total, totals } = window
  const variance = window.variance / width
  const confidence = Math.log((2 * Math.log(width)) / delta)
  let n0 = 0
  let u0 = 0
  for (let r = totals.length - 1, size = 2 ** r; r >= 0; r--, size /= 2) {
    const row = totals[r] as number[]
    for (let i = 0; i < row.length; i++) {
      n0 += size
      u0 += row[i] as number
      const n1 = width - n0
      if (n1 <= 0) return false
      if (n0 < minWindow || n1 < minWindow) continue
      const m = 1 / (n0 - minWindow + 1) + 1 / (n1 - minWindow + 1)
      const limit = Math.sqrt(2 * m * variance * confidence) + (2 / 3) * m * confidence
      if (Math.abs(u0 / n0 - (total - u0) / n1) > limit) return true
    }
  }
  return false
}

function dropOldest(window: Window): void {
  const r = window.totals.length - 1
  const [totals, variances] = [window.totals[r] as number[], window.variances[r] as number[]]
  const [total, variance] = [totals[0] as number, variances[0] as number]
  dropFirst(totals, 1)
  dropFirst(variances, 1)
  const size = 2 ** r
  window.width -= size
  window.total -= total
  const deviation = total / size - window.total / window.width
  window.variance -= variance + (size * window.width * deviation * deviation) / (size + window.width)
  if (totals.length > 0 || r === 0) return
  window.totals.pop()
  window.variances.pop()
}
