/** Counts what a predictor does. */
import { batchBounds, createHistogram, durationBounds } from './histogram'
import type { PredictorStats } from './prediction'

/** The part of the statistics that is counted. */
export type UsageSnapshot = Omit<
  PredictorStats,
  'name' | 'version' | 'queueRows' | 'batchDelayMs' | 'queueLimit' | 'inFlight' | 'loadSeconds'
>

/** Counters of one predictor. Durations are passed in milliseconds. */
export interface Usage {
  /** How a call ended. */
  ended(outcome: 'answered' | 'rejected' | 'failed' | 'aborted' | 'shed', milliseconds: number, rows: number): void
  executed(rows: number, milliseconds: number): void
  waited(milliseconds: number): void
  looked(hits: number, misses: number): void
  shed(reason: string): void
  problems(byCode: ReadonlyMap<string, number>): void
  snapshot(): UsageSnapshot
}

/** Counters at zero. */
export function createUsage(): Usage {
  const ends: Record<string, number> = { answered: 0, rejected: 0, failed: 0, aborted: 0, shed: 0 }
  const shed = new Map<string, number>()
  const problems = new Map<string, number>()
  const latency = createHistogram(durationBounds)
  const queueWait = createHistogram(durationBounds)
  const execution = createHistogram(durationBounds)
  const batchRows = createHistogram(batchBounds)
  let rowsAnswered = 0
  let cacheHits = 0
  let cacheMisses = 0
  return {
    ended(outcome, milliseconds, rows) {
      ends[outcome] = (ends[outcome] as number) + 1
      latency.add(milliseconds / 1000)
      if (outcome === 'answered') rowsAnswered += rows
    },
    executed(rows, milliseconds) {
      batchRows.add(rows)
      execution.add(milliseconds / 1000)
    },
    waited: (milliseconds) => queueWait.add(milliseconds / 1000),
    looked(hits, misses) {
      cacheHits += hits
      cacheMisses += misses
    },
    shed: (reason) => void shed.set(reason, (shed.get(reason) ?? 0) + 1),
    problems(byCode) {
      for (const [code, count] of byCode) problems.set(code, (problems.get(code) ?? 0) + count)
    },
    snapshot() {
      const latencies = latency.snapshot()
      const batches = batchRows.snapshot()
      return {
        requests: latencies.count,
        rejected: ends.rejected as number,
        failed: ends.failed as number,
        aborted: ends.aborted as number,
        rows: rowsAnswered,
        batches: batches.count,
        cacheHits,
        cacheMisses,
        shed: Object.fromEntries(shed),
        problems: Object.fromEntries(problems),
        latency: latencies,
        queueWait: queueWait.snapshot(),
        execution: execution.snapshot(),
        batchRows: batches,
      }
    },
  }
}
