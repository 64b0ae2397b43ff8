/** Runs batch jobs, first come, first served. What is stored survives the process: a job that was cut short goes on after its last stored part. */
import type { Clock } from '../../core/clock'
import { isMillwrightError, MillwrightError, show } from '../../core/errors'
import { newId } from '../../core/ids'
import type { Logger } from '../../core/logger'
import { predictBatches } from '../../predictor/predict-batches'
import type { Predictor } from '../../predictor/predictor'
import type { Row } from '../../schema/table'
import type { JobSettings } from './job-options'
import { createJobStore, isEnded, type JobState, type JobStore } from './job-store'

/** What a runner needs beside its settings. */
export interface JobRunnerInit {
  readonly settings: JobSettings
  readonly models: ReadonlyMap<string, Predictor>
  readonly clock: Clock
  readonly logger: Logger
}

/** Rows whose answers are written in one file. */
const partRows = 10_000

/** Jobs of one handler. */
export class JobRunner {
  readonly store: JobStore
  readonly #init: JobRunnerInit
  readonly #waiting: string[] = []
  readonly #running = new Map<string, { readonly controller: AbortController; readonly ended: Promise<void> }>()
  readonly #watchers = new Map<string, Set<(state: JobState) => void>>()
  #resumed: Promise<void> | undefined
  #isDraining = false

  constructor(init: JobRunnerInit) {
    this.#init = init
    this.store = createJobStore(init.settings.storage, init.settings.prefix)
  }

  /** Takes up the jobs that an earlier process left. Called before anything else; does it once, or again after the storage failed. */
  resume(): Promise<void> {
    this.#resumed ??= this.#left().then(
      (ids) => {
        this.#waiting.push(...ids)
        this.#pump()
      },
      (error: unknown) => {
        this.#resumed = undefined
        throw error
      },
    )
    return this.#resumed
  }

  /** The jobs that have not ended. A job whose state cannot be read is logged and left alone. */
  async #left(): Promise<string[]> {
    const left: string[] = []
    for (const id of await this.store.ids()) {
      try {
        const state = await this.store.read(id)
        if (state !== undefined && !isEnded(state)) left.push(id)
      } catch (error) {
        if (!isMillwrightError(error, 'Corrupt')) throw error
        this.#init.logger.error(`job ${id} is not taken up: ${error.message}`)
      }
    }
    return left
  }

  /** Stores a job and queues it. @throws Unavailable when too many jobs wait or the server is shutting down */
  async submit(model: string, rows: number, lines: Uint8Array): Promise<JobState> {
    await this.resume()
    if (this.#isDraining) throw new MillwrightError('Unavailable', 'the server is shutting down')
    if (this.#waiting.length >= this.#init.settings.maxWaiting)
      throw new MillwrightError('Unavailable', `${this.#waiting.length} jobs are waiting; try again`, { details: { retryAfterMs: 5000 } })
    const id = newId()
    const state: JobState = { formatVersion: 1, id, model, state: 'waiting', rows, done: 0, parts: 0, submittedAt: this.#init.clock.now() }
    await this.store.writeInput(id, lines)
    await this.store.write(state)
    this.#waiting.push(id)
    this.#pump()
    return state
  }

  /** Ends a job that has not ended. `undefined` where there is no such job. */
  async cancel(id: string): Promise<JobState | undefined> {
    await this.resume()
    const at = this.#waiting.indexOf(id)
    if (at >= 0) this.#waiting.splice(at, 1)
    const running = this.#running.get(id)
    running?.controller.abort(new MillwrightError('InvalidState', 'the job was cancelled'))
    // What the job is writing must not come after the last state.
    await running?.ended
    const state = await this.store.read(id)
    if (state === undefined || isEnded(state)) return state
    return this.#save({ ...state, state: 'cancelled', endedAt: this.#init.clock.now() })
  }

  /** Calls `listener` at every change of a job; the returned function ends it. */
  watch(id: string, listener: (state: JobState) => void): () => void {
    const watchers = this.#watchers.get(id) ?? new Set()
    this.#watchers.set(id, watchers.add(listener))
    return () => {
      watchers.delete(listener)
      if (watchers.size === 0) this.#watchers.delete(id)
    }
  }

  /** Starts no further job and stops those that run; the next process goes on with them. */
  drain(): void {
    this.#isDraining = true
    for (const { controller } of this.#running.values()) controller.abort(new MillwrightError('Unavailable', 'the server is shutting down'))
  }

  #pump(): void {
    while (!this.#isDraining && this.#running.size < this.#init.settings.concurrency) {
      const id = this.#waiting.shift()
      if (id === undefined) return
      const controller = new AbortController()
      const ended = this.#run(id, controller.signal)
        .catch((error: unknown) =>
          this.#init.logger.error(`job ${id}: ${error instanceof Error ? (error.stack ?? error.message) : show(error)}`),
        )
        .finally(() => {
          this.#running.delete(id)
          this.#pump()
        })
      this.#running.set(id, { controller, ended })
    }
  }

  async #run(id: string, signal: AbortSignal): Promise<void> {
    const { clock, models, settings, logger } = this.#init
    const before = await this.store.read(id)
    if (before === undefined || isEnded(before)) return
    let state = await this.#save({ ...before, state: 'running', startedAt: before.startedAt ?? clock.now() })
    try {
      const predictor = models.get(state.model)
      if (predictor === undefined) throw new MillwrightError('NotFound', `the model ${show(state.model)} is not served any more`)
      let answers: string[] = []
      const flush = async (): Promise<void> => {
        const part = state.parts + 1
        await this.store.writePart(id, part, answers)
        state = await this.#save({ ...state, parts: part, done: state.done + answers.length })
        answers = []
      }
      const from = state.done
      const rows = rowsOf(this.store.readInput(id, from), from)
      for await (const { predictions } of predictBatches(predictor, rows, { size: settings.batchSize, concurrency: 2, signal })) {
        for (const prediction of predictions) answers.push(JSON.stringify(prediction))
        if (answers.length >= partRows) await flush()
        else this.#tell({ ...state, done: state.done + answers.length })
      }
      if (answers.length > 0) await flush()
      await this.#save({ ...state, state: 'done', endedAt: clock.now() })
    } catch (error) {
      if (signal.aborted) {
        // A cancelled job has its last state already; one of a server that stops goes on later.
        if (this.#isDraining) await this.#save({ ...state, state: 'waiting' })
        return
      }
      const isOurs = isMillwrightError(error) && error.code !== 'Internal'
      if (!isOurs) logger.error(`job ${id}: ${error instanceof Error ? (error.stack ?? error.message) : show(error)}`)
      const told = isOurs
        ? { code: error.code, message: error.message }
        : { code: 'Internal', message: 'the model failed; the server knows more under the id of this job' }
      await this.#save({ ...state, state: 'failed', endedAt: clock.now(), error: told })
    }
  }

  async #save(state: JobState): Promise<JobState> {
    await this.store.write(state)
    this.#tell(state)
    return state
  }

  #tell(state: JobState): void {
    for (const watcher of this.#watchers.get(state.id) ?? []) watcher(state)
  }
}

async function* rowsOf(lines: AsyncIterable<string>, from: number): AsyncGenerator<Row, void, undefined> {
  let number = from
  for await (const line of lines) {
    number++
    let row: unknown
    try {
      row = JSON.parse(line)
    } catch {
      throw new MillwrightError('InvalidArgument', `row ${number - 1} of the job is not JSON`)
    }
    if (typeof row === 'object' && row !== null) Reflect.deleteProperty(row, '__proto__')
    yield row as Row
  }
}
