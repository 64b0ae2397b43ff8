/** The tracker: starts runs, finds them, compares them. */
import { systemClock } from '../core/clock'
import { attachDisplay } from '../core/display'
import { createEmitter, type ListenOptions } from '../core/emitter'
import { invalidArgument, MillwrightError, show } from '../core/errors'
import { createRng } from '../core/random'
import { abortable, throwIfAborted } from '../core/signal'
import type { RunEnvironment } from '../ports/environment'
import type { ExperimentRecord, MetricPoint, RunRecord, TrackerBackend } from '../ports/tracker-backend'
import { clip } from './clip'
import type { Companions } from './companions'
import type { RunComparison } from './compare'
import type { TrackerEvents } from './events'
import type { ReproduceOptions, Reproduction } from './reproduction'
import type { Run, RunContext } from './run'
import type { StartRunOptions } from './run-options'
import { checkSearchOptions, checkStartOptions, checkTrackerOptions, type SearchRunsOptions, type TrackerOptions } from './tracker-options'

/** What new experiments are, so that MLflow's pages need not guess. */
const experimentTags = { 'mlflow.experimentKind': 'custom_model_development' } as const

/** How long the environment may take before a run starts without it, in milliseconds. */
const ENVIRONMENT_MS = 5000
const PARENT = 'mlflow.parentRunId'

/** A tracker over a backend. @throws InvalidArgument on options that cannot be */
export function createTracker(options: TrackerOptions): Tracker {
  return new Tracker(options)
}

/**
 * Records runs and finds them again.
 *
 * Writing is buffered (see {@link Run}); reading first writes what this tracker's open runs hold, as far as the backend lets it.
 */
export class Tracker {
  readonly #options: TrackerOptions
  readonly #backend: TrackerBackend
  readonly #clock
  readonly #rng
  readonly #emitter = createEmitter<TrackerEvents>()
  readonly #open = new Set<Run>()
  readonly #working = new WeakSet<Run>()
  #companions: Promise<Companions> | undefined
  #environment: Promise<RunEnvironment> | undefined
  #closed = false

  /** @internal Use {@link createTracker}. */
  constructor(options: TrackerOptions) {
    checkTrackerOptions(options)
    this.#options = options
    this.#backend = options.backend
    this.#clock = options.clock ?? systemClock()
    this.#rng = createRng(options.seed ?? (crypto.getRandomValues(new Uint32Array(1))[0] as number))
    if (options.onError !== undefined) this.#emitter.on('error', options.onError)
    attachDisplay(this, { text: () => this.toString() })
  }

  /** Subscribes to `run-start`, `metric-logged`, `run-end` or `error`; the returned function unsubscribes. */
  on<K extends keyof TrackerEvents & string>(type: K, listener: (event: TrackerEvents[K]) => void, options?: ListenOptions): () => void {
    return this.#emitter.on(type, listener, options)
  }

  /**
   * Runs `work` in a new run: `finished` when it resolves, `failed` when it throws (the error is thrown on, its message kept in tag
   * `millwright.error`), `killed` when `options.signal` aborts (the signal's reason is thrown at once; `work` is not waited for).
   *
   * A backend that fails at the end does not take the result away: the failure goes to `error`, and `flush` and `close` throw it.
   *
   * @throws what `work` throws; what the backend throws when the run cannot be made
   */
  async run<T>(options: StartRunOptions, work: (run: Run) => Promise<T> | T): Promise<T> {
    if (typeof work !== 'function') throw invalidArgument(`tracker.run takes options and a function, got ${show(work)}`)
    const run = await this.startRun(options)
    const { signal } = options
    this.#working.add(run)
    try {
      const result = await abortable(
        Promise.resolve().then(() => work(run)),
        signal,
      )
      await this.#finishQuietly(run, 'finished')
      return result
    } catch (error) {
      if (run.status === 'running') {
        try {
          run.setTag('millwright.error', clip(error instanceof Error ? `${error.name}: ${error.message}` : String(error)))
        } catch {
          // The run is ending already; the error itself is thrown on.
        }
      }
      await this.#finishQuietly(run, signal?.aborted ? 'killed' : 'failed')
      throw error
    }
  }

  /** Starts a run that the caller ends with `finish`. @throws what the backend throws */
  async startRun(options: StartRunOptions = {}): Promise<Run> {
    checkStartOptions('startRun', options)
    this.#assertOpen()
    throwIfAborted(options.signal)
    const { parent, seed, signal } = options
    const environment = await this.#capture()
    const experimentId =
      options.experiment === undefined && parent !== undefined
        ? parent.experimentId
        : (await this.#backend.ensureExperiment(options.experiment ?? 'Default', { tags: experimentTags })).experimentId
    const user = this.#options.user ?? environment.user
    const [{ environmentTags }] = await Promise.all([import('./environment-tags'), runParts()])
    const name = options.name ?? (await import('./run-names')).runName(this.#rng)
    const record = await this.#backend.createRun({
      experimentId,
      runName: name,
      startTime: Math.floor(this.#clock.now()),
      user,
      tags: {
        ...environmentTags({ ...environment, user }, seed),
        ...(parent === undefined ? {} : { [PARENT]: parent.runId }),
        ...(options.description === undefined ? {} : { 'mlflow.note.content': options.description }),
        ...(options.trace === undefined ? {} : (await import('./trace-tags')).traceTags(options.trace)),
        ...options.tags,
      },
    })
    const run = await this.#opened(record, { seed, signal })
    await this.#accompany(run, record, options.systemMetrics)
    if (Object.keys(environment).length > 0) run.logArtifact('environment.json', { ...environment, user, seed })
    return run
  }

  /** Opens a run again, whatever its status: it is `running` until it ends anew. @throws NotFound, InvalidState (deleted) */
  async resumeRun(runId: string): Promise<Run> {
    this.#assertOpen()
    for (const run of this.#open) if (run.runId === runId) return run
    const record = await this.#backend.getRun(runId)
    await this.#backend.updateRun(runId, { status: 'running' })
    const seed = record.tags['millwright.seed']
    const run = await this.#opened(record, { seed: seed === undefined ? undefined : Number(seed) })
    await this.#accompany(run, record)
    return run
  }

  /** Active experiments, oldest first; all of them with `view: 'all'`. */
  async experiments(options: { readonly view?: 'active' | 'all' | undefined } = {}): Promise<readonly ExperimentRecord[]> {
    const all = await this.#backend.listExperiments()
    return options.view === 'all' ? all : all.filter(({ lifecycleStage }) => lifecycleStage === 'active')
  }

  /**
   * Finds runs. An experiment that does not exist has none.
   *
   * @throws InvalidArgument on a filter or order that cannot be read, Unsupported where the backend cannot search
   */
  async search(options: SearchRunsOptions = {}): Promise<readonly RunRecord[]> {
    checkSearchOptions(options)
    if (!this.#backend.capabilities.search) throw new MillwrightError('Unsupported', `${this.#backend.name} cannot search runs`)
    await this.#settle()
    const { experiment, filter, orderBy, limit = 1000, view } = options
    const experimentIds = experiment === undefined ? undefined : await this.#idsOf([experiment].flat())
    if (experimentIds?.length === 0) return []
    const order = orderBy === undefined ? undefined : [orderBy].flat()
    const found: RunRecord[] = []
    let cursor: string | undefined
    do {
      const page = await this.#backend.searchRuns({
        experimentIds,
        filter,
        orderBy: order,
        limit: Math.min(1000, limit - found.length),
        cursor,
        view,
      })
      found.push(...page.items)
      cursor = page.items.length === 0 ? undefined : page.cursor
    } while (cursor !== undefined && found.length < limit)
    return found
  }

  /** @throws NotFound */
  async getRun(runId: string): Promise<RunRecord> {
    await this.#settle()
    return this.#backend.getRun(runId)
  }

  /** All points of a metric in the order of time, step and value; none where the run has no such metric. @throws NotFound (run) */
  async metricHistory(runId: string, key: string): Promise<readonly MetricPoint[]> {
    await this.#settle()
    const points: MetricPoint[] = []
    let cursor: string | undefined
    do {
      const page = await this.#backend.getMetricHistory(runId, key, { cursor })
      for (const point of page.items) points.push(point)
      cursor = page.items.length === 0 ? undefined : page.cursor
    } while (cursor !== undefined)
    return points
  }

  /** Params and last metrics of runs side by side. @throws NotFound */
  async compareRuns(runIds: readonly string[]): Promise<RunComparison> {
    if (!Array.isArray(runIds)) throw invalidArgument(`compareRuns takes an array of run ids, got ${show(runIds)}`)
    await this.#settle()
    const { compareRecords } = await import('./compare')
    return compareRecords(await Promise.all(runIds.map((runId) => this.#backend.getRun(runId))))
  }

  /**
   * What differs between where a run ran and here: code, lockfile, packages, runtime, seed, data. See {@link Reproduction}.
   *
   * @throws NotFound; InvalidArgument
   */
  async reproduce(runId: string, options: ReproduceOptions = {}): Promise<Reproduction> {
    await this.#settle()
    const { reproduce } = await import('./reproduce')
    const { environment, fingerprint } = this.#options
    return reproduce(this.#backend, runId, { environment, fingerprint, ...options })
  }

  /** Resolves when everything logged in open runs is stored. @throws the first failure, after every run was tried */
  async flush(): Promise<void> {
    const outcomes = await Promise.allSettled([...this.#open].map((run) => run.flush()))
    const failure = outcomes.find((outcome) => outcome.status === 'rejected')
    if (failure !== undefined) throw failure.reason
  }

  /** Writes what waits and closes the backend. Runs that were not ended stay `running`. Idempotent. @throws as {@link flush} */
  async close(): Promise<void> {
    if (this.#closed) return
    await this.flush()
    this.#closed = true
    ;(await this.#companions)?.close()
    await this.#backend.close()
  }

  toString(): string {
    return `Tracker (${this.#backend.name}, ${this.#open.size} open runs)`
  }

  #assertOpen(): void {
    if (this.#closed) throw new MillwrightError('InvalidState', `the tracker of ${this.#backend.name} is closed`)
  }

  async #opened(
    record: RunRecord,
    options: { readonly seed?: number | undefined; readonly signal?: AbortSignal | undefined },
  ): Promise<Run> {
    const [{ Run }, { createRunBuffer }] = await runParts()
    const { clock: _, flushIntervalMs = 2000, maxBufferedPoints = 2_000_000, maxBufferedBytes = 268_435_456 } = this.#options
    const buffer = createRunBuffer({
      backend: this.#backend,
      runId: record.runId,
      clock: this.#clock,
      flushIntervalMs,
      maxBufferedPoints,
      maxBufferedBytes,
      onError: (error) => this.#report(error),
    })
    const context: RunContext = {
      backend: this.#backend,
      buffer,
      clock: this.#clock,
      fingerprint: this.#options.fingerprint,
      onMetric: (event) => {
        if (this.#emitter.listenerCount('metric-logged') > 0) this.#emitter.emit('metric-logged', event)
      },
      onEnd: (run, endTime) => {
        this.#open.delete(run)
        void this.#companions?.then((companions) => companions.end(run))
        const { runId, experimentId, name, status } = run
        this.#emitter.emit('run-end', { runId, experimentId, name, status, endTime })
      },
      startChild: (parent, child) => this.startRun({ ...child, parent }),
      runChild: (parent, child, work) => this.run({ ...child, parent }, work),
      reproduce: (runId, options) => this.reproduce(runId, options),
    }
    const run = new Run(record, context, options)
    this.#open.add(run)
    const { runId, experimentId, name, startTime } = run
    this.#emitter.emit('run-start', { runId, experimentId, name, startTime })
    return run
  }

  /** What goes on beside a run, where it is asked for. */
  async #accompany(run: Run, record: RunRecord, measured = Boolean(this.#options.systemMetrics)): Promise<void> {
    if (!measured && this.#options.handleExit !== true) return
    this.#companions ??= import('./companions').then(({ createCompanions }) =>
      createCompanions({
        ...this.#options,
        clock: this.#clock,
        onError: (error) => this.#report(error),
        isWorking: (open) => this.#working.has(open),
      }),
    )
    await (await this.#companions).begin(run, record, measured)
  }

  async #finishQuietly(run: Run, status: 'finished' | 'failed' | 'killed'): Promise<void> {
    try {
      await run.finish(status)
    } catch (error) {
      this.#report(error)
    }
  }

  /** The environment, asked for once; what it throws is reported, and a run starts without it. */
  #capture(): Promise<RunEnvironment> {
    const { environment } = this.#options
    this.#environment ??= (async () => {
      if (environment === undefined) return {}
      let cancel = (): void => {}
      try {
        const late = new Promise<RunEnvironment>((resolve) => {
          cancel = this.#clock.schedule(() => resolve({}), ENVIRONMENT_MS)
        })
        return await Promise.race([environment(), late])
      } catch (error) {
        this.#report(error)
        return {}
      } finally {
        cancel()
      }
    })()
    return this.#environment
  }

  async #idsOf(names: readonly string[]): Promise<string[]> {
    const all = await this.#backend.listExperiments()
    return all.filter(({ name }) => names.includes(name)).map(({ experimentId }) => experimentId)
  }

  /** Writes what waits, so that reading sees it; failures are already reported. */
  async #settle(): Promise<void> {
    this.#assertOpen()
    await Promise.allSettled([...this.#open].map((run) => run.settle()))
  }

  /** A failure nobody listens for must at least be seen. */
  #report(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error)
    this.#options.logger?.error(message)
    if (this.#emitter.listenerCount('error') > 0) this.#emitter.emit('error', error)
    else if (this.#options.logger === undefined) console.warn(`millwright tracker: ${message}`)
  }
}

/** What only a run being recorded needs: a page that merely has a tracker, or reads runs, does not carry it. */
function runParts(): Promise<[typeof import('./run'), typeof import('./run-buffer')]> {
  return Promise.all([import('./run'), import('./run-buffer')])
}
