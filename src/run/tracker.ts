/** The tracker: starts runs, finds them, compares them. */
import { systemClock } from '../core/clock'
import { attachDisplay, attachDispose } from '../core/display'
import { createEmitter, type ListenOptions } from '../core/emitter'
import { invalidArgument, MillwrightError, show } from '../core/errors'
import { createRng } from '../core/random'
import type { ArtifactInfo, ArtifactOwner, ExperimentRecord, MetricPoint, RunRecord } from '../ports/tracker-backend'
import type { RunComparison } from './compare'
import type { TrackerEvents } from './events'
import type { ExperimentUpdate, RunUpdate } from './manage'
import type { ReproduceOptions, Reproduction } from './reproduction'
import type { Run } from './run'
import type { StartRunOptions } from './run-options'
import type { TrackerCore } from './tracker-core'
import { type BareTrackerOptions, checkTrackerOptions, type SearchRunsOptions } from './tracker-options'

/**
 * A tracker over a backend, with nothing bound: no environment is captured, tables need a `digest`, open runs do not end with the process.
 * For small bundles; `createTracker` is the one with defaults.
 *
 * @throws InvalidArgument for invalid options
 */
export function createBareTracker(options: BareTrackerOptions): Tracker {
  return new Tracker(options)
}

/**
 * Records runs and finds them again.
 *
 * Writing is buffered (see {@link Run}). Every read first writes the buffers of this tracker's open runs, if the backend accepts them.
 */
export class Tracker {
  readonly #core: TrackerCore
  #closed = false

  /** @internal Use `createTracker`. */
  constructor(options: BareTrackerOptions) {
    checkTrackerOptions(options)
    const { backend, clock = systemClock(), seed, onError } = options
    this.#core = {
      options,
      backend,
      clock,
      rng: createRng(seed ?? (crypto.getRandomValues(new Uint32Array(1))[0] as number)),
      emitter: createEmitter<TrackerEvents>(),
      open: new Set(),
      working: new WeakSet(),
      backgroundTasks: undefined,
      environment: undefined,
      assertOpen: () => {
        if (this.#closed) throw new MillwrightError('InvalidState', `the tracker of ${backend.name} is closed`)
      },
      report: (error) => this.#report(error),
      settle: async () => {
        this.#core.assertOpen()
        await Promise.allSettled([...this.#core.open].map((run) => run.settle()))
      },
    }
    if (onError !== undefined) this.#core.emitter.on('error', onError)
    attachDisplay(this, { text: () => this.toString() })
    attachDispose(this, () => this.close())
  }

  /** Subscribes to `run-start`, `metric-logged`, `run-end` or `error`; the returned function unsubscribes. */
  on<K extends keyof TrackerEvents & string>(type: K, listener: (event: TrackerEvents[K]) => void, options?: ListenOptions): () => void {
    return this.#core.emitter.on(type, listener, options)
  }

  /**
   * Runs `work` in a new run: `finished` when it resolves, `failed` when it throws (the error is thrown on, its message kept in tag
   * `millwright.error`), `killed` when `options.signal` aborts (the signal's reason is thrown at once; `work` is not waited for).
   *
   * When the backend fails at the end, the result is still returned: the failure is emitted as `error`, and `flush` and `close` throw it.
   *
   * @throws what `work` throws; what the backend throws when the run cannot be created
   */
  async run<T>(options: StartRunOptions, work: (run: Run) => Promise<T> | T): Promise<T> {
    if (typeof options === 'function') throw invalidArgument('tracker.run takes options, then a function: tracker.run({}, (run) => …)')
    return (await opening()).runWork(this.#core, options, work)
  }

  /** Starts a run that the caller ends with `finish` (or `await using`). @throws what the backend throws */
  async startRun(options: StartRunOptions = {}): Promise<Run> {
    return (await opening()).startRun(this.#core, options)
  }

  /** Resumes a run, whatever its status: it is `running` until it is ended again. @throws NotFound, InvalidState (deleted) */
  async resumeRun(runId: string): Promise<Run> {
    return (await opening()).resumeRun(this.#core, runId)
  }

  /** Active experiments, oldest first; all of them with `view: 'all'`. */
  async experiments(options: { readonly view?: 'active' | 'all' | undefined } = {}): Promise<readonly ExperimentRecord[]> {
    const all = await this.#core.backend.listExperiments()
    return options.view === 'all' ? all : all.filter(({ lifecycleStage }) => lifecycleStage === 'active')
  }

  /**
   * Renames, describes, tags, deletes (with its runs) or restores an experiment; a deleted one can only be restored.
   *
   * @throws NotFound naming the experiments that exist; AlreadyExists (name taken, also by a deleted one); InvalidState; Unsupported where
   * the backend cannot
   */
  async updateExperiment(name: string, update: ExperimentUpdate): Promise<ExperimentRecord> {
    return (await import('./manage')).updateExperiment(this.#core, name, update)
  }

  /**
   * Finds runs. An experiment that does not exist has none.
   *
   * @throws InvalidArgument on a filter or order that cannot be read, Unsupported where the backend cannot search
   */
  async search(options: SearchRunsOptions = {}): Promise<readonly RunRecord[]> {
    return (await import('./queries')).searchRuns(this.#core, options)
  }

  /** @throws NotFound */
  async getRun(runId: string): Promise<RunRecord> {
    await this.#core.settle()
    const { displayRun } = await import('./display-runs')
    return displayRun(await this.#core.backend.getRun(runId))
  }

  /** Renames, describes or tags a run, ended or not. @throws NotFound; InvalidState (deleted); Unsupported where tags cannot be removed */
  async updateRun(runId: string, update: RunUpdate): Promise<RunRecord> {
    return (await import('./manage')).updateRun(this.#core, runId, update)
  }

  /** Marks a run as deleted; its data stays, and `view: 'deleted'` finds it. @throws NotFound; InvalidState while this tracker records it */
  async deleteRun(runId: string): Promise<void> {
    return (await import('./manage')).deleteRun(this.#core, runId)
  }

  /** Restores a deleted run. @throws NotFound; Unsupported where the backend cannot */
  async restoreRun(runId: string): Promise<void> {
    return (await import('./manage')).restoreRun(this.#core, runId)
  }

  /** All points of a metric in the order of time, step and value; none where the run has no such metric. @throws NotFound (run) */
  async metricHistory(runId: string, key: string): Promise<readonly MetricPoint[]> {
    return (await import('./queries')).metricHistory(this.#core, runId, key)
  }

  /** The files and folders of a run (or of a logged model: `{ modelId }`), one level below `path`. @throws NotFound */
  async listArtifacts(owner: string | ArtifactOwner, path?: string): Promise<readonly ArtifactInfo[]> {
    await this.#core.settle()
    return this.#core.backend.listArtifacts(typeof owner === 'string' ? { runId: owner } : owner, path)
  }

  /** One file of a run, or of a logged model: `{ modelId }`. @throws NotFound */
  async readArtifact(owner: string | ArtifactOwner, path: string): Promise<Uint8Array> {
    await this.#core.settle()
    return this.#core.backend.getArtifact(typeof owner === 'string' ? { runId: owner } : owner, path)
  }

  /** Compares the params and last metrics of runs. @throws NotFound */
  async compareRuns(runIds: readonly string[]): Promise<RunComparison> {
    if (!Array.isArray(runIds)) throw invalidArgument(`compareRuns takes an array of run ids, got ${show(runIds)}`)
    await this.#core.settle()
    const [{ compareRecords }, { displayComparison }] = await Promise.all([import('./compare'), import('./display-runs')])
    return displayComparison(compareRecords(await Promise.all(runIds.map((runId) => this.#core.backend.getRun(runId)))))
  }

  /**
   * Compares the environment of a run with the present one: code, lockfile, packages, runtime, seed, data. See {@link Reproduction}.
   *
   * @throws NotFound; InvalidArgument
   */
  async reproduce(runId: string, options: ReproduceOptions = {}): Promise<Reproduction> {
    await this.#core.settle()
    const { reproduce } = await import('./reproduce')
    const { environment, fingerprint } = this.#core.options
    return reproduce(this.#core.backend, runId, { environment, fingerprint, ...options })
  }

  /** Resolves when everything logged in open runs is stored. @throws the first failure, after every run was tried */
  async flush(): Promise<void> {
    const outcomes = await Promise.allSettled([...this.#core.open].map((run) => run.flush()))
    const failure = outcomes.find((outcome) => outcome.status === 'rejected')
    if (failure !== undefined) throw failure.reason
  }

  /** Writes the buffers of open runs and closes the backend. Runs that were not ended stay `running`. Idempotent. @throws as {@link flush} */
  async close(): Promise<void> {
    if (this.#closed) return
    await this.flush()
    this.#closed = true
    ;(await this.#core.backgroundTasks)?.close()
    await this.#core.backend.close()
  }

  toString(): string {
    return `Tracker (${this.#core.backend.name}, ${this.#core.open.size} open runs)`
  }

  /** Without a listener the failure is printed, so that it is not lost. */
  #report(error: unknown): void {
    const { emitter, options } = this.#core
    const message = error instanceof Error ? error.message : String(error)
    options.logger?.error(message)
    if (emitter.listenerCount('error') > 0) emitter.emit('error', error)
    else if (options.logger === undefined) console.warn(`millwright tracker: ${message}`)
  }
}

/** Loads the code that only recording needs. A page that only reads runs does not load it. */
function opening(): Promise<typeof import('./open-run')> {
  return import('./open-run')
}
