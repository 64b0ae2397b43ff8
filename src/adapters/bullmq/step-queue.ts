/** The jobs of one pipeline in its queue, and what the process that runs it waits for. */
import { type ErrorJson, errorFromJson, MillwrightError } from '../../core/errors'
import { newId } from '../../core/ids'
import type { StepJob, StepJobRef } from '../../ports/executor'
import { jobId } from '../../ports/job-runner'
import type { JobQueue, JobQueueEvents, OpenedLibrary, QueueJob } from './library'
import { type StepJobData, type StepJobProgress, type StepJobResult, stepResultOf } from './step-result'

/** How long results stay in the queue for a process that resumes the run. */
const kept = { age: 24 * 3600, count: 100_000 }
/** Events may be lost, above all before a new listener listens: what is waited for is looked up, soon at first, then this often. */
const [firstLookMs, lookMs] = [100, 5000]

interface Waiting {
  readonly id: string
  readonly data: StepJobData
  readonly jobs: Set<StepJob>
  readonly promise: Promise<string>
  readonly resolve: (digest: string) => void
  readonly reject: (error: unknown) => void
}

/** How a job ended: with the result of its worker, or without one because its workers were lost. */
type Settled = { readonly result: StepJobResult } | { readonly reason: string }

/** The queue of one pipeline. */
export class StepQueue {
  readonly #queue: JobQueue
  readonly #events: JobQueueEvents
  readonly #onError: (error: unknown) => void
  readonly #waiting = new Map<string, Waiting>()

  /** Opens the queue of `pipeline`. @throws Unavailable when the store cannot be reached */
  static async open(library: OpenedLibrary, pipeline: string, onError: (error: unknown) => void): Promise<StepQueue> {
    const opened = new StepQueue(library.queue(pipeline), library.events(pipeline), onError)
    try {
      await Promise.all([opened.#queue.waitUntilReady(), opened.#events.waitUntilReady()])
      return opened
    } catch (error) {
      await opened.close(unreachable(error))
      throw unreachable(error)
    }
  }

  private constructor(queue: JobQueue, events: JobQueueEvents, onError: (error: unknown) => void) {
    this.#queue = queue
    this.#events = events
    this.#onError = onError
    queue.on('error', onError)
    events.on('error', onError as (event: never) => void)
    this.#listen()
  }

  /** The digest of the output of an attempt; an attempt that is in the queue already is waited for. @throws the error of the step; Unavailable */
  async run(job: StepJob): Promise<string> {
    const ref = job.ref()
    const id = jobId(ref)
    const entry = this.#waiting.get(id) ?? this.#enter(id, ref)
    entry.jobs.add(job)
    const onAbort = (): void => {
      entry.jobs.delete(job)
      if (entry.jobs.size > 0) return
      this.#waiting.delete(id)
      this.#cancel(entry).catch(this.#onError)
      entry.reject(job.signal.reason)
    }
    job.signal.addEventListener('abort', onAbort, { once: true })
    try {
      return await entry.promise
    } finally {
      job.signal.removeEventListener('abort', onAbort)
    }
  }

  /** Forgets everything that is waited for, with `error`, and closes the connections. */
  async close(error: MillwrightError): Promise<void> {
    for (const entry of this.#waiting.values()) entry.reject(error)
    this.#waiting.clear()
    await Promise.allSettled([this.#queue.close(), this.#events.close()])
  }

  #enter(id: string, ref: StepJobRef): Waiting {
    const entry: Waiting = { id, data: { ref, addedBy: newId() }, jobs: new Set(), ...deferred<string>() }
    this.#waiting.set(id, entry)
    this.#ask(entry).then(
      // Only now: before, a failure that an earlier process left could be taken for this one's.
      () => this.#watch(entry, firstLookMs),
      (error: unknown) => {
        this.#waiting.delete(id)
        entry.reject(unreachable(error))
      },
    )
    return entry
  }

  /** Looks after `waitMs`, and then after longer and longer, as long as it is waited for. */
  #watch(entry: Waiting, waitMs: number): void {
    const timer = setTimeout(() => {
      if (this.#waiting.get(entry.id) !== entry) return
      this.#look(entry)
        .catch(this.#onError)
        .finally(() => this.#watch(entry, Math.min(lookMs, waitMs * 3)))
    }, waitMs)
    ;(timer as unknown as { unref?: () => void }).unref?.()
  }

  /** Adds the job. One that is there already is kept if it runs or has succeeded; a failure that a process left is made anew. */
  async #ask(entry: Waiting): Promise<void> {
    await this.#add(entry)
    const found = await this.#queue.getJob(entry.id)
    if (found === undefined || !this.#waiting.has(entry.id)) return
    const { addedBy, isCancelled } = found.data as StepJobData
    const settled = settledOf(found)
    if (addedBy !== entry.data.addedBy && (isCancelled || (settled !== undefined && !isSuccess(settled)))) {
      await this.#queue.remove(entry.id)
      await this.#add(entry)
    } else if (settled !== undefined) this.#settle(entry.id, settled)
  }

  async #add({ id, data }: Waiting): Promise<void> {
    await this.#queue.add(data.ref.step, data, { jobId: id, attempts: 1, removeOnComplete: kept, removeOnFail: kept })
  }

  /** Looks up what is waited for, in case its event was lost. */
  async #look(entry: Waiting): Promise<void> {
    const found = await this.#queue.getJob(entry.id)
    if (!this.#waiting.has(entry.id)) return
    const settled = found && settledOf(found)
    // The store was emptied, or another process took the result out.
    if (found === undefined) await this.#add(entry)
    else if (settled !== undefined) this.#settle(entry.id, settled)
  }

  #settle(id: string, settled: Settled): void {
    const entry = this.#waiting.get(id)
    if (entry === undefined) return
    this.#waiting.delete(id)
    if (isSuccess(settled)) {
      entry.resolve(settled.result.digest)
      return
    }
    const error =
      'result' in settled
        ? errorFromJson((settled.result as { readonly error: ErrorJson }).error)
        : lostTooOften(entry.data.ref, settled.reason)
    // A failure must not be found again: after a resume the attempt is made anew.
    const reject = (): void => entry.reject(error)
    this.#queue.remove(id).catch(this.#onError).then(reject, reject)
  }

  #listen(): void {
    this.#events.on('completed', ({ jobId: id, returnvalue }: { readonly jobId: string; readonly returnvalue: unknown }) => {
      const result = stepResultOf(returnvalue)
      if (result !== undefined) this.#settle(id, { result })
    })
    this.#events.on('failed', ({ jobId: id, failedReason }: { readonly jobId: string; readonly failedReason: string }) =>
      this.#settle(id, { reason: failedReason }),
    )
    this.#events.on('progress', ({ jobId: id, data }: { readonly jobId: string; readonly data: StepJobProgress }) => {
      for (const job of this.#waiting.get(id)?.jobs ?? []) {
        if ('log' in data) job.log(data.log)
        else if ('report' in data) job.progress(data.report)
      }
    })
  }

  /** A job that waits is removed; a worker that has it sees the mark. */
  async #cancel({ id, data }: Waiting): Promise<void> {
    await this.#queue.remove(id)
    const found = await this.#queue.getJob(id)
    if (found !== undefined && settledOf(found) === undefined) await found.updateData({ ...data, isCancelled: true })
  }
}

function isSuccess(settled: Settled): settled is { readonly result: { readonly digest: string } } {
  return 'result' in settled && 'digest' in settled.result
}

/** How a job in the queue ended; `undefined` while it has not. */
function settledOf({ finishedOn, returnvalue, failedReason }: QueueJob): Settled | undefined {
  if (finishedOn === undefined || finishedOn === null) return undefined
  const result = stepResultOf(returnvalue)
  return result === undefined ? { reason: failedReason ?? 'it ended without a result' } : { result }
}

function lostTooOften({ pipeline, step }: StepJobRef, reason: string): MillwrightError {
  return new MillwrightError('Unavailable', `step "${step}" of pipeline "${pipeline}" lost its workers: ${reason}`, {
    hint: 'Its workers died, or did not give the event loop a turn for longer than `leaseMs`.',
  })
}

function unreachable(cause: unknown): MillwrightError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new MillwrightError('Unavailable', `the queue cannot be reached: ${why}`, { cause })
}

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: unknown) => void } {
  let resolve: (value: T) => void = () => {}
  let reject: (error: unknown) => void = () => {}
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  promise.catch(() => {})
  return { promise, resolve, reject }
}
