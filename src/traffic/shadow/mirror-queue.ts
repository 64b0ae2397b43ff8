/** The queue before a shadowed candidate: bounded, and dropped rather than waited for. */
import type { Clock } from '../../core/clock'
import type { Emitter } from '../../core/emitter'
import type { Prediction } from '../../predictor/prediction'
import type { Predictor } from '../../predictor/predictor'
import type { Row } from '../../schema/table'
import { reasonOf } from '../routed-model'
import { createComparison, isInvalid, type ShadowComparison, type ShadowReport } from './comparison'
import type { ShadowEvents } from './shadow-options'

/** Rows of one call that wait for the candidate, with the answers that the callers got. */
export interface Mirrored {
  readonly rows: readonly Row[]
  readonly answers: readonly Prediction[]
  /** How long the primary took for the call. */
  readonly primaryMs: number
  readonly at: number
}

/** Sends rows to the candidate and compares its answers. */
export interface MirrorQueue {
  /** Never throws and never waits. */
  add(mirrored: Mirrored): void
  report(): Omit<ShadowReport, 'kind' | 'name' | 'primary' | 'candidate' | 'at' | 'startedAt' | 'rows'>
  drain(): Promise<void>
  /** Drops what waits, and waits for the calls under way. */
  close(): Promise<void>
}

/** Bounds of the queue. */
export interface MirrorSettings {
  readonly maxQueue: number
  readonly concurrency: number
  readonly deadlineMs: number
  readonly seed: number
  readonly clock: Clock
  /** The time for durations, in milliseconds. */
  readonly now: () => number
}

/** Messages of failures that are kept. */
const MAX_ERRORS = 5

/** Is told what the candidate did. */
export interface MirrorObserver {
  answered(predictions: readonly Prediction[], latencyMs: number): void
  failed(rows: number): void
}

/** An empty queue before `candidate`. */
export function createMirrorQueue(
  candidate: Predictor,
  settings: MirrorSettings,
  emitter: Emitter<ShadowEvents>,
  observer?: MirrorObserver,
): MirrorQueue {
  const { maxQueue, concurrency, deadlineMs, seed, clock, now } = settings
  const comparison = createComparison(seed)
  const waiting: Mirrored[] = []
  const errors: string[] = []
  let [mirrored, dropped, failed, queuedRows, running] = [0, 0, 0, 0, 0]
  let closed = false
  let idle: (() => void)[] = []

  const fail = (rows: number, error: unknown): void => {
    failed += rows
    observer?.failed(rows)
    errors.push(reasonOf(error))
    if (errors.length > MAX_ERRORS) errors.shift()
    emitter.emit('error', error)
  }
  const send = async (item: Mirrored): Promise<void> => {
    const left = deadlineMs - (clock.now() - item.at)
    if (left <= 0) {
      dropped += item.rows.length
      return
    }
    const start = now()
    try {
      const predictions = await candidate.predict(item.rows, { deadlineMs: left })
      const latencyMs = now() - start
      comparison.latency(item.primaryMs, latencyMs)
      observer?.answered(predictions, latencyMs)
      compareAnswers(item, predictions, comparison, emitter)
    } catch (error) {
      fail(item.rows.length, error)
    }
  }
  const pump = (): void => {
    while (running < concurrency && waiting.length > 0) {
      const item = waiting.shift() as Mirrored
      queuedRows -= item.rows.length
      running++
      void send(item).finally(() => {
        running--
        pump()
      })
    }
    if (running > 0 || waiting.length > 0) return
    for (const resolve of idle) resolve()
    idle = []
  }
  const drain = (): Promise<void> =>
    running === 0 && waiting.length === 0 ? Promise.resolve() : new Promise((resolve) => void idle.push(resolve))

  return {
    add(item) {
      mirrored += item.rows.length
      if (closed || queuedRows + item.rows.length > maxQueue) {
        dropped += item.rows.length
        return
      }
      waiting.push(item)
      queuedRows += item.rows.length
      // Not at once: the answer of the primary goes out first.
      clock.schedule(pump, 0)
    },
    report: () => ({ mirrored, dropped, failed, errors: [...errors], ...comparison.report() }),
    drain,
    async close() {
      closed = true
      dropped += queuedRows
      queuedRows = 0
      waiting.length = 0
      await drain()
    },
  }
}

/** Compares the candidate's answers with those that the callers got. */
function compareAnswers(
  { rows, answers }: Mirrored,
  predictions: readonly Prediction[],
  comparison: ShadowComparison,
  emitter: Emitter<ShadowEvents>,
): void {
  predictions.forEach((candidate, i) => {
    const primary = answers[i] as Prediction
    comparison.add(primary, candidate)
    const isLabel = typeof primary.prediction !== 'number' || primary.probabilities !== undefined
    if (isInvalid(candidate.prediction) || (isLabel && primary.prediction !== candidate.prediction))
      emitter.emit('disagreement', { row: rows[i] as Row, primary, candidate })
  })
}
