/** ADWIN: keeps a window of adaptive length, and drops its older part when the mean has changed. Needs logarithmic memory. */
import { checkOptions, finiteNumber, wholeNumber } from '../../core/options'
import type { Detector } from '../../ports/detector'
import { DRIFT, QUIET, streamDetector } from './stream-detector'

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

type Window = { -readonly [K in keyof State]: State[K] }

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
  return streamDetector<State>({
    name: 'adwin',
    capabilities: { realValues: true, warnings: false, twoSided: true },
    fresh: () => ({ seen: 0, width: 0, total: 0, variance: 0, rows: [[]] }),
    problemOf: ({ rows, width }) =>
      holds(rows, width) ? undefined : { member: 'rows', expected: `buckets [total, variance] of ${width} values together` },
    step(state, value) {
      state.seen++
      insert(state, value, maxBuckets)
      let driftDetected = false
      if (state.seen % clock === 0 && state.width > gracePeriod) {
        while (hasCut(state, delta, minWindow)) {
          driftDetected = true
          dropOldest(state)
        }
      }
      return driftDetected ? DRIFT : QUIET
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
  window.width++
  if (window.width > 1) {
    const before = window.width - 1
    const deviation = value - window.total / before
    window.variance += (before * deviation * deviation) / window.width
  }
  window.total += value
  window.rows[0]?.push([value, 0])
  for (let r = 0; r < window.rows.length; r++) {
    const row = window.rows[r] as number[][]
    if (row.length <= maxBuckets) break
    const [[t1, v1], [t2, v2]] = row.splice(0, 2) as [[number, number], [number, number]]
    const size = 2 ** r
    const merged = [t1 + t2, v1 + v2 + (size / 2) * (t1 / size - t2 / size) ** 2]
    if (r + 1 === window.rows.length) window.rows.push([])
    window.rows[r + 1]?.push(merged)
  }
}

/** Whether the mean differs on the two sides of some border between buckets, by the test with the window's variance. */
function hasCut(window: Window, delta: number, minWindow: number): boolean {
  const { width, total } = window
  const variance = window.variance / width
  const confidence = Math.log((2 * Math.log(width)) / delta)
  let n0 = 0
  let u0 = 0
  for (let r = window.rows.length - 1; r >= 0; r--) {
    for (const bucket of window.rows[r] as number[][]) {
      n0 += 2 ** r
      u0 += bucket[0] as number
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
  const r = window.rows.length - 1
  const row = window.rows[r] as number[][]
  const [total, variance] = row.shift() as [number, number]
  const size = 2 ** r
  window.width -= size
  window.total -= total
  const deviation = total / size - window.total / window.width
  window.variance -= variance + (size * window.width * deviation * deviation) / (size + window.width)
  if (row.length === 0 && r > 0) window.rows.pop()
}
