/** What an arm of a canary did during a step: counted in each process, stored as JSON, added up over all. */
import * as z from 'zod/mini'
import { createHistogram, durationBounds, type HistogramSnapshot } from '../../predictor/histogram'
import type { Prediction } from '../../predictor/prediction'
import { addMoment, emptyMoments, type Moments, mergeMoments } from '../../stats/running-moments'
import { isInvalid } from '../shadow/comparison'

/** Counts of one arm during one step. */
export interface ArmCounts {
  /** Rows that it was asked for. */
  readonly rows: number
  /** Rows on which it failed. */
  readonly failed: number
  /** Answers that were `NaN`, infinite or `null`. */
  readonly invalid: number
  /** Time of its calls, in seconds. */
  readonly latency: HistogramSnapshot
  /** How often each label was predicted; numbers by intervals of a quarter octave. At most 200 keys, the rest under `other`. */
  readonly predictions: Readonly<Record<string, number>>
  /** Recorded outcomes by metric. */
  readonly outcomes: Readonly<Record<string, Moments>>
}

/** Counts while they grow. */
export interface ArmMeter {
  answered(predictions: readonly Prediction[], latencyMs: number): void
  failed(rows: number): void
  outcome(metric: string, value: number): void
  snapshot(): ArmCounts
}

const MAX_KEYS = 200

/** The stored form of {@link ArmCounts}. */
export function storedArmCounts(): z.ZodMiniType<ArmCounts> {
  const moments = z.looseObject({ count: z.number(), mean: z.number(), m2: z.number(), min: z.number(), max: z.number() })
  return z.looseObject({
    ...{ rows: z.number(), failed: z.number(), invalid: z.number() },
    latency: z.looseObject({ bounds: z.array(z.number()), counts: z.array(z.number()), count: z.number(), sum: z.number() }),
    predictions: z.record(z.string(), z.number()),
    outcomes: z.record(z.string(), moments),
  })
}

/** A meter at zero. */
export function createArmMeter(): ArmMeter {
  const latency = createHistogram(durationBounds)
  const predictions = new Map<string, number>()
  const outcomes = new Map<string, Moments>()
  let [rows, failed, invalid] = [0, 0, 0]
  return {
    answered(answers, latencyMs) {
      rows += answers.length
      latency.add(latencyMs / 1000)
      for (const { prediction } of answers) {
        if (isInvalid(prediction)) invalid++
        const key = keyOf(prediction)
        const place = predictions.has(key) || predictions.size < MAX_KEYS ? key : 'other'
        predictions.set(place, (predictions.get(place) ?? 0) + 1)
      }
    },
    failed(count) {
      rows += count
      failed += count
    },
    outcome: (metric, value) => void outcomes.set(metric, addMoment(outcomes.get(metric) ?? emptyMoments(), value)),
    snapshot: () => ({
      ...{ rows, failed, invalid, latency: latency.snapshot() },
      ...{ predictions: Object.fromEntries(predictions), outcomes: Object.fromEntries(outcomes) },
    }),
  }
}

/** The sum of counts. */
export function mergeCounts(all: readonly ArmCounts[]): ArmCounts {
  return all.reduce(mergePair, createArmMeter().snapshot())
}

function mergePair(a: ArmCounts, b: ArmCounts): ArmCounts {
  const sum = (x: Readonly<Record<string, number>>, y: Readonly<Record<string, number>>): Record<string, number> =>
    Object.fromEntries([...new Set([...Object.keys(x), ...Object.keys(y)])].map((key) => [key, (x[key] ?? 0) + (y[key] ?? 0)]))
  const metrics = new Set([...Object.keys(a.outcomes), ...Object.keys(b.outcomes)])
  const outcome = (name: string): Moments => mergeMoments(a.outcomes[name] ?? emptyMoments(), b.outcomes[name] ?? emptyMoments())
  return {
    rows: a.rows + b.rows,
    failed: a.failed + b.failed,
    invalid: a.invalid + b.invalid,
    latency: {
      bounds: a.latency.bounds,
      counts: a.latency.counts.map((count, i) => count + (b.latency.counts[i] ?? 0)),
      count: a.latency.count + b.latency.count,
      sum: a.latency.sum + b.latency.sum,
    },
    predictions: sum(a.predictions, b.predictions),
    outcomes: Object.fromEntries([...metrics].map((name) => [name, outcome(name)])),
  }
}

function keyOf(prediction: Prediction['prediction']): string {
  if (typeof prediction !== 'number') return String(prediction)
  if (!Number.isFinite(prediction)) return 'invalid'
  // Whole numbers below 100 may be labels or counts.
  if (Number.isInteger(prediction) && Math.abs(prediction) < 100) return String(prediction)
  return `${prediction < 0 ? '-' : ''}2^${Math.round(4 * Math.log2(Math.abs(prediction))) / 4}`
}
