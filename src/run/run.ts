/** One run: what is logged goes into a buffer and from there to the backend. */
import { utf8 } from '../core/bytes'
import type { Clock } from '../core/clock'
import { attachDisplay } from '../core/display'
import { invalidArgument, MillwrightError, show } from '../core/errors'
import { assertSafeKey } from '../core/ids'
import { canonicalJson } from '../core/json'
import { anything, checkOptions, nonEmptyString, ofType, wholeNumber } from '../core/options'
import type { ModelPackage, PackableModel } from '../ports/model'
import { assertModelName, assertPoint, assertRunKey, assertText, paramConflict, runLimits } from '../ports/run-keys'
import type { LoggedModelRecord, RunRecord, RunStatus, TrackerBackend } from '../ports/tracker-backend'
import { isTable, type Row, type Table } from '../schema/table'
import { type DatasetDescription, datasetInput, type LogInputOptions } from './dataset-input'
import type { MetricEvent } from './events'
import type { LogModelOptions } from './log-model'
import { assertFigure, assertHtml, imageFiles, type LogImageOptions } from './media'
import { flattenParams } from './params'
import type { ReproduceOptions, Reproduction } from './reproduction'
import type { RunBuffer } from './run-buffer'
import type { ChildRunOptions } from './run-options'
import { tableJson } from './table-json'

/** Options of `run.logMetric` and `run.logMetrics`. */
export interface LogMetricOptions {
  /** A whole number, may be negative. @default 0 */
  readonly step?: number | undefined
  /** Epoch milliseconds. @default now */
  readonly timestamp?: number | undefined
}

/** How a run can end. */
export type EndStatus = 'finished' | 'failed' | 'killed'

/** What a run needs of the tracker that made it. */
export interface RunContext {
  readonly backend: TrackerBackend
  readonly buffer: RunBuffer
  readonly clock: Clock
  readonly fingerprint: ((table: Table) => string) | undefined
  readonly onMetric: (event: MetricEvent) => void
  readonly onEnd: (run: Run, endTime: number) => void
  readonly startChild: (run: Run, options: ChildRunOptions) => Promise<Run>
  readonly reproduce: (runId: string, options: ReproduceOptions | undefined) => Promise<Reproduction>
  readonly runChild: <T>(run: Run, options: ChildRunOptions, work: (child: Run) => Promise<T> | T) => Promise<T>
}

/** An entry of MLflow's list of tables. */
interface LoggedTable {
  readonly path: string
  readonly type: 'table'
}

const LOGGED_ARTIFACTS = 'mlflow.loggedArtifacts'

/**
 * A run being recorded, made by a tracker.
 *
 * Everything called `log…` or `set…` (but `logModel`) returns at once and is written in the background. A backend that fails never makes
 * them throw: the failure goes to the tracker's `error` event, what was logged is kept and tried again; `flush` and `finish` throw.
 * Wrong arguments throw `InvalidArgument`, a param that already has another value `Conflict`, anything after the end `InvalidState`.
 */
export class Run {
  readonly runId: string
  readonly experimentId: string
  /** As it was given or made up; `mlflow.runName` as a tag changes the stored one. */
  readonly name: string
  readonly startTime: number
  readonly seed: number | undefined
  /** Aborts when the run is to be killed. */
  readonly signal: AbortSignal | undefined
  readonly #context: RunContext
  readonly #params: Map<string, string>
  readonly #metricKeys: Set<string>
  readonly #tables: LoggedTable[]
  #status: RunStatus
  #ending: Promise<void> | undefined

  /** @internal Runs are made by `tracker.startRun`, `tracker.run` and `tracker.resumeRun`. */
  constructor(
    record: RunRecord,
    context: RunContext,
    options: { readonly seed?: number | undefined; readonly signal?: AbortSignal | undefined } = {},
  ) {
    this.runId = record.runId
    this.experimentId = record.experimentId
    this.name = record.runName
    this.startTime = record.startTime
    this.seed = options.seed
    this.signal = options.signal
    this.#context = context
    this.#params = new Map(Object.entries(record.params))
    this.#metricKeys = new Set(Object.keys(record.metrics))
    this.#tables = tablesOf(record.tags[LOGGED_ARTIFACTS])
    this.#status = 'running'
    attachDisplay(this, { text: () => this.toString() })
  }

  /** `running` until it has ended. */
  get status(): RunStatus {
    return this.#status
  }

  /** Logs one param. Objects are flattened with dots; `undefined` is nothing. */
  logParam(key: string, value: unknown): void {
    this.#assertOpen('logParam')
    assertRunKey(key, 'param')
    this.#addParams(flattenParams(value, key))
  }

  /**
   * Logs params: numbers, texts, booleans, null, dates, arrays, nested objects (flattened with dots). All of them, or none when one is
   * wrong. A text over 6,000 characters is refused.
   */
  logParams(params: object): void {
    this.#assertOpen('logParams')
    this.#addParams(flattenParams(params))
  }

  /** Logs one point of a metric; `value` may be NaN or infinite. */
  logMetric(key: string, value: number, options: LogMetricOptions = {}): void {
    this.#assertOpen('logMetric')
    const { step = 0, timestamp = Math.floor(this.#context.clock.now()) } = options
    this.#assertMetric(key, value, step, timestamp)
    this.#addPoint(key, value, step, timestamp)
  }

  /** Logs a point of each metric, all at one step and time. All of them, or none when one is wrong. */
  logMetrics(metrics: Readonly<Record<string, number>>, options: LogMetricOptions = {}): void {
    this.#assertOpen('logMetrics')
    const { step = 0, timestamp = Math.floor(this.#context.clock.now()) } = options
    if (typeof metrics !== 'object' || metrics === null) throw invalidArgument(`metrics must be an object, got ${show(metrics)}`)
    const entries = Object.entries(metrics)
    for (const [key, value] of entries) this.#assertMetric(key, value, step, timestamp)
    for (const [key, value] of entries) this.#addPoint(key, value, step, timestamp)
  }

  /** Sets a tag; setting it again replaces it. At most 8,000 characters. */
  setTag(key: string, value: string): void {
    this.setTags({ [key]: value })
  }

  /** Sets tags. All of them, or none when one is wrong. */
  setTags(tags: Readonly<Record<string, string>>): void {
    this.#assertOpen('setTags')
    const entries = Object.entries(tags)
    for (const [key, value] of entries) {
      assertRunKey(key, 'tag')
      assertText(value, runLimits.tagValue, `the value of tag ${show(key)}`)
    }
    for (const [key, value] of entries) this.#context.buffer.tag(key, value)
  }

  /** Stores a file below the run's artifacts: bytes (copied), text, or anything else as JSON. */
  logArtifact(path: string, content: Uint8Array | string | object): void {
    this.#assertOpen('logArtifact')
    assertSafeKey(path, 'an artifact path')
    const bytes =
      content instanceof Uint8Array ? content.slice() : utf8(typeof content === 'string' ? content : `${canonicalJson(content)}\n`)
    this.#context.buffer.artifact(path, bytes)
  }

  /** Stores a text file. */
  logText(path: string, text: string): void {
    if (typeof text !== 'string') throw invalidArgument(`the text of artifact ${show(path)} must be a string, got ${show(text)}`)
    this.logArtifact(path, text)
  }

  /** Stores JSON with sorted keys; numbers that JSON cannot spell become strings. */
  logJson(path: string, value: unknown): void {
    this.logArtifact(path, utf8(`${canonicalJson(value)}\n`))
  }

  /** MLflow's word for {@link logJson}. */
  logDict(path: string, value: Readonly<Record<string, unknown>>): void {
    this.logJson(path, value)
  }

  /** Stores a table, or rows, that MLflow's pages show as one. `path` ends in `.json`; an earlier table of that path is replaced. */
  logTable(path: string, table: Table | readonly Row[]): void {
    this.#assertOpen('logTable')
    if (typeof path !== 'string' || !path.endsWith('.json'))
      throw invalidArgument(`the path of a table must end in .json, got ${show(path)}`)
    if (!isTable(table) && !Array.isArray(table)) throw invalidArgument(`logTable takes a table or rows, got ${show(table)}`)
    const text = tableJson(table)
    const listed = this.#tables.some((entry) => entry.path === path) ? this.#tables : [...this.#tables, { path, type: 'table' as const }]
    const tag = JSON.stringify(listed)
    assertText(tag, runLimits.tagValue, 'the list of logged tables')
    this.logArtifact(path, text)
    if (listed !== this.#tables) this.#tables.push({ path, type: 'table' })
    this.#context.buffer.tag(LOGGED_ARTIFACTS, tag)
  }

  /**
   * Stores a figure: SVG text, or the bytes of a PNG, JPEG, WebP or GIF (of a Blob: `new Uint8Array(await blob.arrayBuffer())`).
   * `path` ends in what it is: `plots/roc.svg`.
   */
  logFigure(path: string, figure: string | Uint8Array): void {
    assertFigure(path, figure)
    this.logArtifact(path, figure)
  }

  /** Stores an HTML page; `path` ends in `.html`. MLflow's pages show it in a frame. */
  logHtml(path: string, page: string): void {
    assertHtml(path)
    this.logText(path, page)
  }

  /** Stores one image of a series over steps, which MLflow's pages show in a grid with a slider: the bytes of a PNG (copied). */
  logImage(key: string, png: Uint8Array, options: LogImageOptions = {}): void {
    this.#assertOpen('logImage')
    const timestamp = options.timestamp ?? Math.floor(this.#context.clock.now())
    for (const [path, bytes] of imageFiles(key, png, { ...options, timestamp })) this.logArtifact(path, bytes)
    this.#context.buffer.tag('mlflow.loggedImages', 'True')
  }

  /** Records data the run used: a table (digested, unless `digest` is given) or a description of one. */
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
    assertModelName(name)
    checkOptions('logModel', options, { step: wholeNumber(), modelType: nonEmptyString(), tags: ofType('object'), params: anything() })
    const params = options.params === undefined ? undefined : Object.fromEntries(flattenParams(options.params))
    const { backend, buffer, clock } = this.#context
    const { packageOf, writeModel } = await import('./log-model')
    const record = await writeModel(backend, await packageOf(model), {
      experimentId: this.experimentId,
      runId: this.runId,
      name,
      modelType: options.modelType,
      tags: options.tags,
      params,
      now: Math.floor(clock.now()),
    })
    buffer.outputModel(record.modelId, options.step ?? 0)
    await buffer.flush()
    return record
  }

  /** What differs between where this run was started and here; for a run that is opened again: see `tracker.reproduce`. */
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

  /** As `flush`, but keeps what the backend refuses for the next `flush` to throw. @internal */
  settle(): Promise<void> {
    return this.#context.buffer.settle()
  }

  /** Resolves when everything logged so far is stored. @throws what the backend threw; what can be kept is kept and tried again */
  flush(): Promise<void> {
    return this.#context.buffer.flush()
  }

  /**
   * Ends the run: writes what waits, then the status. Idempotent. When it throws the run is still open, and `finish` may be called again.
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
      await buffer.flush()
    } catch (error) {
      // What the backend refused for good is no reason to leave the run open; anything else may still come.
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

  #addParams(params: ReadonlyMap<string, string>): void {
    for (const [key, value] of params) {
      const held = this.#params.get(key)
      if (held !== undefined && held !== value) throw paramConflict(this.runId, key, held, value)
    }
    for (const [key, value] of params) {
      if (this.#params.has(key)) continue
      this.#params.set(key, value)
      this.#context.buffer.param(key, value)
    }
  }

  #assertMetric(key: string, value: number, step: number, timestamp: number): void {
    if (!this.#metricKeys.has(key)) assertRunKey(key, 'metric')
    assertPoint(key, value, step, timestamp)
  }

  #addPoint(key: string, value: number, step: number, timestamp: number): void {
    this.#metricKeys.add(key)
    this.#context.buffer.metric(key, value, timestamp, step)
    this.#context.onMetric({ runId: this.runId, key, value, step, timestamp })
  }
}

function tablesOf(tag: string | undefined): LoggedTable[] {
  try {
    const listed: unknown = JSON.parse(tag ?? '[]')
    return Array.isArray(listed) ? listed : []
  } catch {
    return []
  }
}
