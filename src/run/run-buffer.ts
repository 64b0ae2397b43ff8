/** The buffer of a run: holds what was logged until the backend has stored it. Bounded; written in the background, retried after failures. */
import type { Clock } from '../core/clock'
import { MillwrightError } from '../core/errors'
import type { DatasetInput, MetricPoint, RunBatch, TrackerBackend } from '../ports/tracker-backend'
import { firstOf, isRefusal, partsOf } from './batch-parts'

/** Options of a {@link RunBuffer}. */
export interface RunBufferOptions {
  readonly backend: TrackerBackend
  readonly runId: string
  readonly clock: Clock
  readonly flushIntervalMs: number
  readonly maxBufferedPoints: number
  readonly maxBufferedBytes: number
  /** Called with every failure; must not throw. */
  readonly onError: (error: unknown) => void
}

/** The most points in one batch. */
const BATCH_POINTS = 50_000
/** With this many points the buffer is written at once, without waiting for the timer. */
const EAGER_POINTS = 20_000
const FIRST_RETRY_MS = 500
const LAST_RETRY_MS = 30_000

/** What has not been written yet, except points and artifacts. */
interface Values {
  readonly params: Record<string, string>
  readonly tags: Record<string, string>
  readonly datasets: DatasetInput[]
  readonly outputModels: { readonly modelId: string; readonly step: number }[]
}

/**
 * The buffer of one run. One write is under way at a time: batches first, then artifacts.
 *
 * A failure is passed to `onError` and retried after 0.5 s, then after twice as long, up to 30 s, and at every `flush`. Data that the backend
 * refuses (`InvalidArgument`, `Conflict`) is separated from the rest of its batch and dropped; the next `flush` throws the refusal.
 */
export class RunBuffer {
  readonly #options: RunBufferOptions
  readonly #points = createPointQueue()
  #values = noValues()
  readonly #artifacts: { readonly path: string; readonly bytes: Uint8Array }[] = []
  #artifactBytes = 0
  /** A batch that failed. It is retried unchanged, so that the backend recognises the part that it has already stored. */
  #failedBatch: RunBatch | undefined
  #refusals: unknown[] = []
  /** Writes dropped because the buffer was full. */
  #dropped = 0
  #writing: Promise<void> | undefined
  #cancelTimer: (() => void) | undefined
  #retryMs = FIRST_RETRY_MS

  constructor(options: RunBufferOptions) {
    this.#options = options
  }

  metric(key: string, value: number, timestamp: number, step: number): void {
    if (this.#points.length >= this.#options.maxBufferedPoints) {
      this.#drop('new points are dropped')
      return
    }
    this.#points.push(key, value, timestamp, step)
    if (this.#points.length === EAGER_POINTS) this.stop()
    this.#scheduleWrite()
  }

  param(key: string, value: string): void {
    define(this.#values.params, key, value)
    this.#scheduleWrite()
  }

  tag(key: string, value: string): void {
    define(this.#values.tags, key, value)
    this.#scheduleWrite()
  }

  dataset(input: DatasetInput): void {
    this.#values.datasets.push(input)
    this.#scheduleWrite()
  }

  outputModel(modelId: string, step: number): void {
    this.#values.outputModels.push({ modelId, step })
    this.#scheduleWrite()
  }

  artifact(path: string, bytes: Uint8Array): void {
    if (this.#artifactBytes + bytes.length > this.#options.maxBufferedBytes) {
      this.#drop(`artifact ${path} is dropped`)
      return
    }
    this.#artifacts.push({ path, bytes })
    this.#artifactBytes += bytes.length
    this.#scheduleWrite()
  }

  /** Resolves when everything logged so far is stored. @throws the first failure; what was not refused stays in the buffer */
  async flush(): Promise<void> {
    await this.settle()
    const dropped = this.#dropped
    const refusals = this.#refusals
    this.#dropped = 0
    this.#refusals = []
    if (dropped > 0) {
      const message = `run ${this.#options.runId}: ${dropped} writes were dropped because the buffer was full`
      throw new MillwrightError('Unavailable', message, { retryable: false })
    }
    if (refusals.length > 0) throw firstOf(refusals)
  }

  /** As `flush`, but leaves refusals and dropped writes for `flush` to throw. @throws what keeps the rest from being stored */
  async settle(): Promise<void> {
    // A write that is under way may fail; then it is retried at once.
    if (this.#writing !== undefined) await this.#writing.catch(() => {})
    this.stop()
    await this.#write()
    if (this.isEmpty()) this.stop()
  }

  /** Whether everything has been written. */
  isEmpty(): boolean {
    return this.#failedBatch === undefined && this.#points.length === 0 && this.#artifacts.length === 0 && isNothing(this.#values)
  }

  /** Cancels the timer of the next write. */
  stop(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }

  /** Starts writing, or joins the write that is under way. */
  #write(): Promise<void> {
    this.#writing ??= this.#writeAll()
      .catch((error: unknown) => {
        this.#options.onError(error)
        this.#schedule(this.#retryMs)
        this.#retryMs = Math.min(LAST_RETRY_MS, this.#retryMs * 2)
        throw error
      })
      .finally(() => {
        this.#writing = undefined
        if (!this.isEmpty()) this.#scheduleWrite()
      })
    return this.#writing
  }

  /** Writes what is in the buffer now. Values logged during the write are left for the next one, so that this one ends. */
  async #writeAll(): Promise<void> {
    let points = this.#points.length
    let files = this.#artifacts.length
    if (this.#failedBatch !== undefined) await this.#writeBatch(this.#failedBatch)
    this.#failedBatch = undefined
    while (points > 0 || !isNothing(this.#values)) {
      const batch: RunBatch = { metrics: this.#points.take(BATCH_POINTS), ...this.#values }
      this.#values = noValues()
      this.#failedBatch = batch
      points -= batch.metrics?.length ?? 0
      await this.#writeBatch(batch)
      this.#failedBatch = undefined
      if (points <= 0) break
    }
    for (; files > 0; files--) await this.#writeArtifact()
    this.#retryMs = FIRST_RETRY_MS
  }

  async #writeBatch(batch: RunBatch): Promise<void> {
    const { backend, runId } = this.#options
    try {
      await backend.logBatch(runId, batch)
    } catch (error) {
      if (!isRefusal(error)) throw error
      const parts = partsOf(batch)
      if (parts.length === 1) return this.#refuse(error)
      for (const part of parts) {
        try {
          await backend.logBatch(runId, part)
        } catch (cause) {
          if (!isRefusal(cause)) throw cause
          this.#refuse(cause)
        }
      }
    }
  }

  async #writeArtifact(): Promise<void> {
    const { path, bytes } = this.#artifacts[0] as { readonly path: string; readonly bytes: Uint8Array }
    try {
      await this.#options.backend.putArtifact({ runId: this.#options.runId }, path, bytes)
    } catch (error) {
      if (!isRefusal(error)) throw error
      this.#refuse(error)
    }
    this.#artifacts.shift()
    this.#artifactBytes -= bytes.length
  }

  #scheduleWrite(): void {
    if (this.#writing !== undefined) return
    const isEager = this.#points.length >= EAGER_POINTS && this.#retryMs === FIRST_RETRY_MS
    this.#schedule(isEager ? 0 : this.#options.flushIntervalMs)
  }

  #schedule(delayMs: number): void {
    this.#cancelTimer ??= this.#options.clock.schedule(() => {
      this.#cancelTimer = undefined
      void this.#write().catch(() => {})
    }, delayMs)
  }

  #refuse(error: unknown): void {
    if (this.#refusals.length < 100) this.#refusals.push(error)
    this.#options.onError(error)
  }

  #drop(consequence: string): void {
    if (this.#dropped++ > 0) return
    const { runId, backend, onError } = this.#options
    onError(new MillwrightError('Unavailable', `run ${runId}: the buffer is full because ${backend.name} is too slow; ${consequence}`))
  }
}

function noValues(): Values {
  return { params: {}, tags: {}, datasets: [], outputModels: [] }
}

function isNothing({ params, tags, datasets, outputModels }: Values): boolean {
  return datasets.length === 0 && outputModels.length === 0 && Object.keys(params).length === 0 && Object.keys(tags).length === 0
}

/** Sets a member. Assigning to `__proto__` would change the prototype instead. */
function define(record: Record<string, string>, key: string, value: string): void {
  Object.defineProperty(record, key, { value, enumerable: true, writable: true, configurable: true })
}

/** Metric points in the order they were logged, 28 bytes each instead of an object each. */
export interface PointQueue {
  readonly length: number
  push(key: string, value: number, timestamp: number, step: number): void
  /** Removes and returns the oldest `count` points, or all if there are fewer. */
  take(count: number): MetricPoint[]
}

/** Creates an empty queue. */
export function createPointQueue(): PointQueue {
  const keys: string[] = []
  const keyIds = new Map<string, number>()
  let ids = new Int32Array(64)
  // value, timestamp, step of each point
  let numbers = new Float64Array(3 * 64)
  let start = 0
  let end = 0

  const makeRoom = (): void => {
    const length = end - start
    // Shift down when at least half is free, else double.
    const capacity = start >= ids.length / 2 ? ids.length : ids.length * 2
    const newIds = new Int32Array(capacity)
    const newNumbers = new Float64Array(3 * capacity)
    newIds.set(ids.subarray(start, end))
    newNumbers.set(numbers.subarray(3 * start, 3 * end))
    ids = newIds
    numbers = newNumbers
    start = 0
    end = length
  }

  return {
    get length() {
      return end - start
    },
    push(key, value, timestamp, step) {
      if (end === ids.length) makeRoom()
      let id = keyIds.get(key)
      if (id === undefined) {
        id = keys.push(key) - 1
        keyIds.set(key, id)
      }
      ids[end] = id
      numbers[3 * end] = value
      numbers[3 * end + 1] = timestamp
      numbers[3 * end + 2] = step
      end++
    },
    take(count) {
      const points: MetricPoint[] = []
      for (const stop = Math.min(end, start + count); start < stop; start++) {
        points.push({
          key: keys[ids[start] as number] as string,
          value: numbers[3 * start] as number,
          timestamp: numbers[3 * start + 1] as number,
          step: numbers[3 * start + 2] as number,
        })
      }
      if (start === end) start = end = 0
      return points
    },
  }
}
