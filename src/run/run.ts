/** A run: checks what is logged and puts it into a buffer, which writes it to the backend. */
import { attachDisplay, attachDispose } from '../core/display'
import { invalidArgument, MillwrightError, show } from '../core/errors'
import { checkOptions, nonEmptyString } from '../core/options'
import type { ModelPackage, PackableModel } from '../ports/model'
import type { EndStatus, LoggedModelRecord, RunRecord, RunStatus } from '../ports/tracker-backend'
import type { Row, Table } from '../schema/table'
import { type ArtifactContent, type ArtifactFiles, logFiles } from './artifact-content'
import { type ArtifactLog, createArtifactLog } from './artifact-log'
import { type DatasetDescription, datasetInput, type LogInputOptions } from './dataset-input'
import type { LogModelOptions } from './log-model'
import { LOGGED_ARTIFACTS } from './logged-tables'
import type { Drawing, ImageContent, LogImageOptions } from './media'
import { createPendingWork, type PendingWork } from './pending-work'
import type { ReproduceOptions, Reproduction } from './reproduction'
import type { LogArtifactsOptions, LogMetricOptions, RunContext } from './run-context'
import type { ChildRunOptions } from './run-options'
import { createValueLog, type ValueLog } from './value-log'

/**
 * A run being recorded, made by a tracker.
 *
 * Everything called `log…` or `set…` (but `logModel` and `logArtifacts`) returns at once and is written in the background. A backend that fails never makes
 * them throw: the failure is emitted as the tracker's `error` event, and the write is retried; `flush` and `finish` throw.
 * Wrong arguments throw `InvalidArgument`, a param that already has another value `Conflict`, anything after the end `InvalidState`.
 */
export class Run {
  readonly runId: string
  readonly experimentId: string
  /** The name at the start. Setting the tag `mlflow.runName` changes the stored one. */
  readonly name: string
  readonly startTime: number
  readonly seed: number | undefined
  /** Aborts when the run has to be killed. */
  readonly signal: AbortSignal | undefined
  readonly #context: RunContext<Run>
  readonly #pendingWork: PendingWork
  readonly #values: ValueLog
  readonly #artifacts: ArtifactLog
  /** Points and bytes that were stored at the last call of `ready`. */
  #stored = { points: 0, bytes: 0 }
  #status: RunStatus
  #ending: Promise<void> | undefined

  /** @internal Runs are made by `tracker.startRun`, `tracker.run` and `tracker.resumeRun`. */
  constructor(
    record: RunRecord,
    context: RunContext<Run>,
    options: { readonly seed?: number | undefined; readonly signal?: AbortSignal | undefined } = {},
  ) {
    this.runId = record.runId
    this.experimentId = record.experimentId
    this.name = record.runName
    this.startTime = record.startTime
    this.seed = options.seed
    this.signal = options.signal
    this.#context = context
    this.#pendingWork = createPendingWork(context.onError)
    this.#values = createValueLog(record, context)
    this.#artifacts = createArtifactLog({
      buffer: context.buffer,
      pendingWork: this.#pendingWork,
      now: () => Math.floor(context.clock.now()),
      tables: record.tags[LOGGED_ARTIFACTS],
    })
    this.#status = 'running'
    attachDisplay(this, { text: () => this.toString() })
    attachDispose(this, () => this.finish())
  }

  /** `running` until it has ended. */
  get status(): RunStatus {
    return this.#status
  }

  /** Logs one param. Objects are flattened with dots; `undefined` logs nothing. */
  logParam(key: string, value: unknown): void {
    this.#assertOpen('logParam')
    this.#values.param(key, value)
  }

  /**
   * Logs params: numbers, texts, booleans, null, dates, arrays, nested objects and maps (flattened with dots). All of them, or none when one
   * is wrong. A text over 6,000 characters is refused.
   */
  logParams(params: object): void {
    this.#assertOpen('logParams')
    this.#values.params(params)
  }

  /** Logs one point of a metric; `value` may be NaN or infinite. */
  logMetric(key: string, value: number, options: LogMetricOptions = {}): void {
    this.#assertOpen('logMetric')
    this.#values.metric(key, value, options)
  }

  /** Logs a point of each metric, all at one step and time. All of them, or none when one is wrong. */
  logMetrics(metrics: Readonly<Record<string, number>>, options: LogMetricOptions = {}): void {
    this.#assertOpen('logMetrics')
    this.#values.metrics(metrics, options)
  }

  /** Sets a tag; setting it again replaces it. At most 8,000 characters. */
  setTag(key: string, value: string): void {
    this.setTags({ [key]: value })
  }

  /** Sets tags. All of them, or none when one is wrong. */
  setTags(tags: Readonly<Record<string, string>>): void {
    this.#assertOpen('setTags')
    this.#values.tags(tags)
  }

  /** Stores a file below the run's artifacts: bytes (copied), a Blob or File, text, or anything else as JSON. */
  logArtifact(path: string, content: ArtifactContent): void {
    this.#assertOpen('logArtifact')
    this.#artifacts.content(path, content)
  }

  /**
   * Stores many files, one after the other. Reads the next one only when the buffer has room. Resolves with their number when all of
   * them are. A folder on disk: `run.logArtifacts(folderFiles('./plots'), { under: 'plots' })`, with `folderFiles` of `millwright/node`.
   *
   * @throws what the files and the backend throw, and the signal's reason; what was logged until then stays
   */
  async logArtifacts(files: ArtifactFiles, options: LogArtifactsOptions = {}): Promise<number> {
    this.#assertOpen('logArtifacts')
    return logFiles(this, files, options)
  }

  /** Stores a text file. */
  logText(path: string, text: string): void {
    this.#assertOpen('logText')
    this.#artifacts.text(path, text)
  }

  /** Stores JSON with sorted keys; `NaN` and the infinities become strings. */
  logJson(path: string, value: unknown): void {
    this.#assertOpen('logJson')
    this.#artifacts.json(path, value)
  }

  /**
   * Stores a table, rows, or columns (`{ x: [1, 2], y: [3, 4] }`), which MLflow's pages show as a table. `path` ends in `.json`; an earlier
   * table of that path is replaced.
   */
  logTable(path: string, table: Table | readonly Row[] | Readonly<Record<string, ArrayLike<unknown>>>): void {
    this.#assertOpen('logTable')
    this.#artifacts.table(path, table)
  }

  /**
   * Stores a figure: SVG text, the bytes or a Blob of a PNG, JPEG, WebP or GIF, or an object that can be converted to one: a canvas, an SVG element (also of
   * Observable Plot), anything with `toSVG()` or `toDataURL()`. The extension of `path` is the format: `plots/roc.svg`.
   */
  logFigure(path: string, figure: string | Uint8Array | Blob | Drawing): void {
    this.#assertOpen('logFigure')
    this.#artifacts.figure(path, figure)
  }

  /** Stores an HTML page; `path` ends in `.html`. MLflow's UI shows it in a frame. */
  logHtml(path: string, page: string): void {
    this.#assertOpen('logHtml')
    this.#artifacts.page(path, page)
  }

  /**
   * Stores one image of a series over steps, which MLflow's UI shows in a grid with a slider: the bytes of a PNG (copied), a Blob of one,
   * or a canvas.
   */
  logImage(key: string, png: ImageContent, options: LogImageOptions = {}): void {
    this.#assertOpen('logImage')
    this.#artifacts.image(key, png, options)
  }

  /** Records data that the run used: a table (its digest is computed, unless `digest` is given) or a description of one. */
  logInput(data: Table | DatasetDescription, options: LogInputOptions = {}): void {
    this.#assertOpen('logInput')
    const text = nonEmptyString()
    checkOptions('logInput', options, { context: text, name: text, digest: text, source: text })
    this.#context.buffer.dataset(datasetInput(data, options, this.#context.fingerprint))
  }

  /**
   * Stores a model as a logged model of this run (MLflow 3: `models:/<modelId>`), with its files and an `MLmodel`.
   *
   * Unlike the other `log…` methods it is awaited, and throws what the backend throws; the model is then marked as failed.
   */
  async logModel(name: string, model: PackableModel | ModelPackage, options: LogModelOptions = {}): Promise<LoggedModelRecord> {
    this.#assertOpen('logModel')
    const { logModel } = await import('./log-model')
    return logModel(this, this.#context, { name, model, options })
  }

  /** Compares the environment that this run was started in with the present one; useful for a resumed run. See `tracker.reproduce`. */
  reproduce(options?: ReproduceOptions): Promise<Reproduction> {
    return this.#context.reproduce(this.runId, options)
  }

  /** Starts a run nested in this one; end it with `finish`. */
  startChild(options: ChildRunOptions = {}): Promise<Run> {
    return this.#context.startChild(this, options)
  }

  /** Runs `work` in a run nested in this one, which ends with it. */
  child<T>(options: ChildRunOptions, work: (child: Run) => Promise<T> | T): Promise<T> {
    return this.#context.runChild(this, options, work)
  }

  /** As `flush`, but leaves refusals of the backend for the next `flush` to throw. @internal */
  async settle(): Promise<void> {
    await this.#pendingWork.settle()
    await this.#context.buffer.settle()
  }

  /**
   * Resolves when there is room for more: at once while the buffer is less than half full, else when its content is stored.
   * `true` when there is room; `false` when the backend failed (the write will be retried), so that a loop can decide to slow down.
   *
   * @example for await (const batch of batches) { log(batch); await run.ready() }
   */
  async ready(): Promise<boolean> {
    const { maxBufferedPoints, maxBufferedBytes } = this.#context
    const [points, bytes] = [this.#values.points(), this.#artifacts.bytes()]
    if ((points - this.#stored.points) * 2 < maxBufferedPoints && (bytes - this.#stored.bytes) * 2 < maxBufferedBytes) return true
    try {
      await this.settle()
    } catch {
      // The failure was emitted as `error`, and the write is retried.
      return false
    }
    this.#stored = { points, bytes }
    return true
  }

  /** Resolves when everything logged so far is stored. @throws what the backend threw; data that it did not refuse stays in the buffer and is retried */
  async flush(): Promise<void> {
    await this.#pendingWork.settle()
    await this.#context.buffer.flush()
    const failure = this.#pendingWork.takeFailure()
    if (failure !== undefined) throw failure.error
  }

  /**
   * Ends the run: writes the content of the buffer, then the status. Idempotent. When it throws, the run is still open, and `finish` may be called again.
   *
   * @throws what the backend threw
   */
  finish(status: EndStatus = 'finished'): Promise<void> {
    if (!['finished', 'failed', 'killed'].includes(status)) {
      return Promise.reject(invalidArgument(`a run can end as one of "finished", "failed", "killed", got ${show(status)}`))
    }
    if (this.#status !== 'running') return Promise.resolve()
    this.#ending ??= this.#end(status).catch((error: unknown) => {
      this.#ending = undefined
      throw error
    })
    return this.#ending
  }

  toString(): string {
    return `Run ${this.name} (${this.runId}, ${this.#status})`
  }

  async #end(status: EndStatus): Promise<void> {
    const { backend, buffer, clock, onEnd } = this.#context
    let failure: unknown
    try {
      await this.flush()
    } catch (error) {
      // If the backend refused data, the run can still end. After any other failure the data is retried, so the run stays open.
      if (!buffer.isEmpty()) throw error
      failure = error
    }
    const endTime = Math.floor(clock.now())
    await backend.updateRun(this.runId, { status, endTime })
    this.#status = status
    buffer.stop()
    onEnd(this, endTime)
    if (failure !== undefined) throw failure
  }

  #assertOpen(operation: string): void {
    if (this.#status !== 'running' || this.#ending !== undefined) {
      const state = this.#status === 'running' ? 'ending' : this.#status
      throw new MillwrightError('InvalidState', `${operation}: run ${show(this.name)} (${this.runId}) is ${state}`, {
        hint: 'tracker.resumeRun(runId) opens it again',
      })
    }
  }
}
