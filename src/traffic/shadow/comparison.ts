/** What a shadow's answers have in common with those of the model in charge. */
import { createRng, type Rng } from '../../core/random'
import type { Prediction } from '../../predictor/prediction'
import { quantile } from '../../stats/elementary'
import { ksTest } from '../../stats/ks'
import { addMoment, emptyMoments, type Moments } from '../../stats/running-moments'

/** The comparison of a candidate with the primary on the same rows. */
export interface ShadowReport {
  readonly kind: 'shadow'
  readonly name: string
  readonly primary: string
  readonly candidate: string
  /** Epoch milliseconds. */
  readonly at: number
  readonly startedAt: number
  /** Rows that the primary answered, and those of them that were chosen for the candidate. */
  readonly rows: number
  readonly mirrored: number
  /** Rows that both answered. */
  readonly compared: number
  /** Rows not sent because the queue was full or the deadline passed, and rows on which the candidate failed. */
  readonly dropped: number
  readonly failed: number
  /** Answers of the candidate that are `NaN`, infinite or `null` where the primary's are not. */
  readonly invalid: number
  /** Of classifiers: the rows with another label, and how often each pair of labels occurred, the most frequent first. */
  readonly disagreements: number
  readonly flips: readonly { readonly primary: string; readonly candidate: string; readonly count: number }[]
  /** The absolute difference of scores: of the prediction, or of the primary label's probability; `NaN` without any. */
  readonly scoreDistance: { readonly mean: number; readonly p99: number; readonly max: number }
  /** Kolmogorov–Smirnov test of the two distributions of scores; absent below 20 rows. */
  readonly scoreTest?: { readonly statistic: number; readonly pValue: number } | undefined
  /** Mean time of a call, in milliseconds. */
  readonly latencyMs: { readonly primary: number; readonly candidate: number }
  /** The last failures of the candidate, the newest last. */
  readonly errors: readonly string[]
}

/** Adds up pairs of answers. */
export interface ShadowComparison {
  add(primary: Prediction, candidate: Prediction): void
  latency(primaryMs: number, candidateMs: number): void
  report(): Pick<ShadowReport, 'compared' | 'invalid' | 'disagreements' | 'flips' | 'scoreDistance' | 'scoreTest' | 'latencyMs'>
}

/** Pairs of scores kept for the p99 and the test: a random sample of all, of this size. */
const SAMPLE = 2000
/** Different pairs of labels that are counted by name. */
const MAX_FLIPS = 100

/** A comparison of no answers. `seed` decides which pairs stay in the sample. */
export function createComparison(seed: number): ShadowComparison {
  const rng = createRng(seed)
  const flips = new Map<string, { primary: string; candidate: string; count: number }>()
  const pairs: (readonly [number, number])[] = []
  let distance: Moments = emptyMoments()
  const latencies = { primary: emptyMoments(), candidate: emptyMoments() }
  let [compared, invalid, disagreements] = [0, 0, 0]
  const addScores = (a: number, b: number): void => {
    distance = addMoment(distance, Math.abs(a - b))
    keep(pairs, [a, b], distance.count, rng)
  }
  return {
    add(primary, candidate) {
      compared++
      if (isInvalid(candidate.prediction) && !isInvalid(primary.prediction)) {
        invalid++
        return
      }
      const [a, b] = [primary.prediction, candidate.prediction]
      if (typeof a === 'number' && typeof b === 'number' && primary.probabilities === undefined) {
        addScores(a, b)
        return
      }
      if (a !== b) {
        disagreements++
        countFlip(flips, String(a), String(b))
      }
      const [p, q] = [primary.probabilities?.[String(a)], candidate.probabilities?.[String(a)]]
      if (p !== undefined && q !== undefined && !Number.isNaN(p) && !Number.isNaN(q)) addScores(p, q)
    },
    latency(primaryMs, candidateMs) {
      latencies.primary = addMoment(latencies.primary, primaryMs)
      latencies.candidate = addMoment(latencies.candidate, candidateMs)
    },
    report() {
      const gaps = pairs.map(([a, b]) => Math.abs(a - b))
      const isEmpty = gaps.length === 0
      return {
        ...{ compared, invalid, disagreements },
        flips: [...flips.values()].sort((a, b) => b.count - a.count),
        scoreDistance: {
          mean: isEmpty ? Number.NaN : distance.mean,
          p99: isEmpty ? Number.NaN : quantile(gaps, 0.99),
          max: isEmpty ? Number.NaN : distance.max,
        },
        scoreTest: pairs.length < 20 ? undefined : testOf(pairs),
        latencyMs: { primary: meanOf(latencies.primary), candidate: meanOf(latencies.candidate) },
      }
    },
  }
}

function testOf(pairs: readonly (readonly [number, number])[]): ShadowReport['scoreTest'] {
  const { statistic, pValue } = ksTest(
    pairs.map(([a]) => a),
    pairs.map(([, b]) => b),
  )
  return { statistic, pValue }
}

/** Reservoir sampling (Vitter 1985, algorithm R). */
function keep<T>(sample: T[], item: T, seen: number, rng: Rng): void {
  if (sample.length < SAMPLE) sample.push(item)
  else {
    const place = rng.int(seen)
    if (place < SAMPLE) sample[place] = item
  }
}

function countFlip(flips: Map<string, { primary: string; candidate: string; count: number }>, primary: string, candidate: string): void {
  const key = JSON.stringify([primary, candidate])
  const held = flips.get(key)
  if (held !== undefined) held.count++
  else if (flips.size < MAX_FLIPS) flips.set(key, { primary, candidate, count: 1 })
}

/** Whether a prediction is none. */
export function isInvalid(prediction: Prediction['prediction']): boolean {
  return prediction === null || (typeof prediction === 'number' && !Number.isFinite(prediction))
}

function meanOf({ count, mean }: Moments): number {
  return count === 0 ? Number.NaN : mean
}
