/** What a run has logged and the backend does not have yet: bounded, written in the background, kept through failures. */
import type { Clock } from '../core/clock'
import { isMillwrightError, MillwrightError } from '../core/errors'
import type { DatasetInput, MetricPoint, RunBatch, TrackerBackend } from '../ports/tracker-backend'
import { createPointQueue } from './point-queue'

/** Options of {@link createRunBuffer}. */
export interface RunBufferOptions {
  readonly backend: TrackerBackend
  readonly runId: string
  readonly clock: Clock
  readonly flushIntervalMs: number
  readonly maxBufferedPoints: number
  readonly maxBufferedBytes: number
  /** Told about every failure; must not throw. */
  readonly onError: (error: unknown) => void
}

/** What waits to be written for one run. */
export interface RunBuffer {
  metric(key: string, value: number, timestamp: number, step: number): void
  param(key: string, value: string): void
  tag(key: string, value: string): void
  dataset(input: DatasetInput): void
  outputModel(modelId: string, step: number): void
  artifact(path: string, bytes: Uint8Array): void
  /** Resolves when everything logged so far is stored. @throws the first failure; what can be kept is kept */
  flush(): Promise<void>
  /** As `flush`, but throws only what keeps the rest from being stored; what was refused is left for `flush` to throw. */
  settle(): Promise<void>
  /** Whether nothing waits. */
  isEmpty(): boolean
  /** Stops the timer. */
  stop(): void
}

/** Points in one batch at most. */
const BATCH_POINTS = 50_000
/** A timer is not waited for when this many points are waiting. */
const EAGER_POINTS = 20_000
const FIRST_RETRY_MS = 500
const LAST_RETRY_MS = 30_000

interface Pending {
  params: Record<string, string>
  tags: Record<string, string>
  datasets: DatasetInput[]
  outputModels: { modelId: string; step: number }[]
}

/**
 * A buffer of one run. One write is under way at a time; in order: batches first, then artifacts.
 *
 * A failure is told to `onError` and tried again after 0.5 s, then twice as long, up to 30 s, and at every `flush`. What the backend refuses
 * for itself (`InvalidArgument`, `Conflict`) is told apart from what it was sent with, dropped, and thrown by the next `flush`.
 */
export function createRunBuffer(options: RunBufferOptions): RunBuffer {
  const { backend, runId, clock, onError } = options
  const points = createPointQueue()
  let pending = nothing()
  const artifacts: { readonly path: string; readonly bytes: Uint8Array }[] = []
  let artifactBytes = 0
  /** A batch that failed, to be handed in again as it is. */
  let stuck: RunBatch | undefined
  let refused: unknown[] = []
  let dropped = 0
  let writing: Promise<void> | undefined
  let cancelTimer: (() => void) | undefined
  let retryMs = FIRST_RETRY_MS

  const isEmpty = (): boolean => stuck === undefined && points.length === 0 && artifacts.length === 0 && isNothing(pending)

  const nextBatch = (): RunBatch => {
    const { params, tags, datasets, outputModels } = pending
    pending = nothing()
    return { metrics: points.take(BATCH_POINTS), params, tags, datasets, outputModels }
  }

  const writeBatch = async (batch: RunBatch): Promise<void> => {
    try {
      await backend.logBatch(runId, batch)
    } catch (error) {
      if (!isRefusal(error)) throw error
      const parts = partsOf(batch)
      if (parts.length === 1) return refuse(error)
      for (const part of parts) {
        try {
          await backend.logBatch(runId, part)
        } catch (cause) {
          if (!isRefusal(cause)) throw cause
          refuse(cause)
        }
      }
    }
  }

  const refuse = (error: unknown): void => {
    if (refused.length < 100) refused.push(error)
    onError(error)
  }

  const writeArtifact = async (): Promise<void> => {
    const { path, bytes } = artifacts[0] as (typeof artifacts)[number]
    try {
      await backend.putArtifact({ runId }, path, bytes)
    } catch (error) {
      if (!isRefusal(error)) throw error
      refuse(error)
    }
    artifacts.shift()
    artifactBytes -= bytes.length
  }

  /** Everything there is now. What is logged meanwhile waits for its own turn: a writer that went on with it would never rest. */
  const writeAll = async (): Promise<void> => {
    let left = points.length
    let files = artifacts.length
    if (stuck !== undefined) await writeBatch(stuck)
    stuck = undefined
    while (left > 0 || !isNothing(pending)) {
      stuck = nextBatch()
      left -= stuck.metrics?.length ?? 0
      await writeBatch(stuck)
      stuck = undefined
      if (left <= 0) break
    }
    for (; files > 0; files--) await writeArtifact()
    retryMs = FIRST_RETRY_MS
  }

  const schedule = (delayMs: number): void => {
    cancelTimer ??= clock.schedule(() => {
      cancelTimer = undefined
      void write().catch(() => {})
    }, delayMs)
  }

  /** Starts writing, or joins what is under way. */
  const write = (): Promise<void> => {
    writing ??= writeAll()
      .catch((error: unknown) => {
        onError(error)
        schedule(retryMs)
        retryMs = Math.min(LAST_RETRY_MS, retryMs * 2)
        throw error
      })
      .finally(() => {
        writing = undefined
        if (!isEmpty()) changed()
      })
    return writing
  }

  const stopTimer = (): void => {
    cancelTimer?.()
    cancelTimer = undefined
  }

  const changed = (): void => {
    if (writing === undefined) schedule(points.length >= EAGER_POINTS && retryMs === FIRST_RETRY_MS ? 0 : options.flushIntervalMs)
  }

  const drop = (what: string): void => {
    if (dropped++ > 0) return
    onError(new MillwrightError('Unavailable', `run ${runId}: the buffer is full while ${backend.name} does not keep up; ${what}`))
  }

  const settle = async (): Promise<void> => {
    // What is under way may fail; then it is tried again at once.
    if (writing !== undefined) await writing.catch(() => {})
    stopTimer()
    await write()
    if (isEmpty()) stopTimer()
  }

  return {
    metric(key, value, timestamp, step) {
      if (points.length >= options.maxBufferedPoints) return drop('new points are dropped')
      points.push(key, value, timestamp, step)
      if (points.length === EAGER_POINTS) stopTimer()
      changed()
    },
    param(key, value) {
      define(pending.params, key, value)
      changed()
    },
    tag(key, value) {
      define(pending.tags, key, value)
      changed()
    },
    dataset(input) {
      pending.datasets.push(input)
      changed()
    },
    outputModel(modelId, step) {
      pending.outputModels.push({ modelId, step })
      changed()
    },
    artifact(path, bytes) {
      if (artifactBytes + bytes.length > options.maxBufferedBytes) return drop(`artifact ${path} is dropped`)
      artifacts.push({ path, bytes })
      artifactBytes += bytes.length
      changed()
    },
    async flush() {
      await settle()
      const lost = dropped
      const [first, ...others] = refused
      dropped = 0
      refused = []
      if (lost > 0) {
        throw new MillwrightError('Unavailable', `run ${runId}: ${lost} writes were dropped because the buffer was full`, {
          retryable: false,
        })
      }
      if (first !== undefined) throw others.length === 0 ? first : withCount(first, others.length)
    },
    settle,
    isEmpty,
    stop: stopTimer,
  }
}

function nothing(): Pending {
  return { params: {}, tags: {}, datasets: [], outputModels: [] }
}

function isNothing({ params, tags, datasets, outputModels }: Pending): boolean {
  return datasets.length === 0 && outputModels.length === 0 && Object.keys(params).length === 0 && Object.keys(tags).length === 0
}

/** Plain assignment would give `__proto__` its old meaning. */
function define(record: Record<string, string>, key: string, value: string): void {
  Object.defineProperty(record, key, { value, enumerable: true, writable: true, configurable: true })
}

/** Whether the backend says that this very data can never be stored. */
function isRefusal(error: unknown): boolean {
  return isMillwrightError(error, 'InvalidArgument') || isMillwrightError(error, 'Conflict')
}

/** A batch in pieces that fail one by one: each param, each tag, each metric's points, the rest. The points stay the same objects. */
function partsOf({ metrics = [], params = {}, tags = {}, datasets = [], outputModels = [] }: RunBatch): RunBatch[] {
  const byKey = new Map<string, MetricPoint[]>()
  for (const point of metrics) {
    const group = byKey.get(point.key)
    if (group === undefined) byKey.set(point.key, [point])
    else group.push(point)
  }
  return [
    ...Object.entries(params).map((entry) => ({ params: Object.fromEntries([entry]) })),
    ...[...byKey.values()].map((group) => ({ metrics: group })),
    ...Object.entries(tags).map((entry) => ({ tags: Object.fromEntries([entry]) })),
    ...datasets.map((input) => ({ datasets: [input] })),
    ...outputModels.map((model) => ({ outputModels: [model] })),
  ]
}

function withCount(first: unknown, others: number): unknown {
  if (!isMillwrightError(first)) return first
  return new MillwrightError(first.code, `${first.message} (and ${others} more)`, { details: first.details, cause: first })
}
