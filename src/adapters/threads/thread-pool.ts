/** Worker threads and the tasks that they run: one task a thread, the others wait in line. */
import type { Clock } from '../../core/clock'
import { errorFromJson, type MillwrightError } from '../../core/errors'
import type { StepJob, StepJobRef } from '../../ports/executor'
import type { FromWorker } from './messages'
import { type StepThread, stepThread, type WorkerHandle } from './step-thread'

/** What a task ended with. */
export type TaskResult = { readonly digest: string } | { readonly error: unknown }

/** One attempt of a step in the pool. */
export interface Task {
  readonly id: number
  readonly job: StepJob
  readonly ref: StepJobRef
  readonly settle: (result: TaskResult) => void
  /** How often its thread died. */
  lost: number
}

interface Slot {
  thread: StepThread
  isReady: boolean
  task?: Task | undefined
  cancelGrace: () => void
}

/** What a pool needs. */
export interface ThreadPoolOptions {
  readonly worker: () => WorkerHandle
  readonly size: number
  readonly abortGraceMs: number
  readonly retriesOfLost: number
  readonly clock: Clock
}

/** Threads that start when tasks wait for them. */
export class ThreadPool {
  readonly #options: ThreadPoolOptions
  readonly #slots = new Set<Slot>()
  readonly #waiting: Task[] = []
  #isClosed = false

  constructor(options: ThreadPoolOptions) {
    this.#options = options
  }

  /** Runs a task as soon as a thread is free. */
  add(task: Task): void {
    this.#waiting.push(task)
    this.#dispatch()
  }

  /** Takes a task that waits out of the line, and ends the thread of one that goes on for too long. */
  abort(task: Task): void {
    const at = this.#waiting.indexOf(task)
    if (at >= 0) {
      this.#waiting.splice(at, 1)
      task.settle({ error: task.job.signal.reason })
      return
    }
    const slot = [...this.#slots].find((each) => each.task === task)
    if (slot === undefined) return
    slot.thread.post({ kind: 'abort', job: task.id })
    slot.cancelGrace = this.#options.clock.schedule(() => {
      this.#slots.delete(slot)
      void slot.thread.end()
      task.settle({ error: task.job.signal.reason })
      this.#dispatch()
    }, this.#options.abortGraceMs)
  }

  /** Ends all threads. @returns the tasks that had not ended */
  async close(): Promise<readonly Task[]> {
    this.#isClosed = true
    const left = [...this.#waiting.splice(0), ...[...this.#slots].flatMap(({ task }) => task ?? [])]
    const threads = [...this.#slots].map(({ thread, cancelGrace }) => {
      cancelGrace()
      return thread.end()
    })
    this.#slots.clear()
    await Promise.all(threads)
    return left
  }

  #dispatch(): void {
    if (this.#isClosed) return
    for (const slot of this.#slots) {
      const task = slot.isReady && slot.task === undefined ? this.#waiting.shift() : undefined
      if (task === undefined) continue
      slot.task = task
      slot.thread.hold(true)
      slot.thread.post({ kind: 'run', job: task.id, ref: task.ref })
    }
    const starting = [...this.#slots].filter(({ isReady }) => !isReady).length
    for (let i = starting; i < this.#waiting.length && this.#slots.size < this.#options.size; i++) this.#start()
  }

  #start(): void {
    const slot = { isReady: false, cancelGrace: () => {} } as Slot
    try {
      slot.thread = stepThread(this.#options.worker(), {
        onMessage: (body) => this.#hear(slot, body),
        onEnd: (error) => this.#drop(slot, error),
      })
      this.#slots.add(slot)
    } catch (error) {
      // The function that makes workers failed: the task that waited for one is told.
      this.#waiting.shift()?.settle({ error })
    }
  }

  #hear(slot: Slot, body: FromWorker): void {
    if (body.kind === 'ready') {
      slot.isReady = true
      if (slot.task === undefined && this.#waiting.length === 0) slot.thread.hold(false)
      this.#dispatch()
      return
    }
    const { task } = slot
    if (task === undefined || body.job !== task.id) return
    if (body.kind === 'log') task.job.log(body.message)
    else if (body.kind === 'progress') task.job.progress(body.event)
    else this.#finish(slot, body.kind === 'done' ? { digest: body.digest } : { error: errorFromJson(body.error) })
  }

  #finish(slot: Slot, result: TaskResult): void {
    const { task } = slot
    slot.task = undefined
    slot.cancelGrace()
    slot.thread.hold(false)
    task?.settle(result)
    this.#dispatch()
  }

  #drop(slot: Slot, error: MillwrightError): void {
    this.#slots.delete(slot)
    slot.cancelGrace()
    const { task } = slot
    if (task !== undefined && !task.job.signal.aborted && task.lost < this.#options.retriesOfLost && !this.#isClosed) {
      task.lost += 1
      this.#waiting.unshift(task)
    } else task?.settle({ error })
    // A thread that cannot start would be started again and again: its error goes to the task that waited for it.
    if (task === undefined && !slot.isReady) this.#waiting.shift()?.settle({ error })
    this.#dispatch()
  }
}
