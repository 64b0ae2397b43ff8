/** One thread of Node that holds sessions of onnxruntime. It is started when first asked, and again after a crash. */
import { MillwrightError } from '../../core/errors'
import { workerSource } from './worker-source'

/** The part of `node:worker_threads` that is used. */
export interface Threads {
  readonly Worker: new (source: string, options: { readonly eval: true; readonly workerData: unknown; readonly name: string }) => Thread
}

/** The part of a `Worker` that is used. */
export interface Thread {
  on(event: 'message', listener: (reply: Reply) => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'exit', listener: (code: number) => void): unknown
  postMessage(message: object): void
  ref(): void
  unref(): void
  terminate(): Promise<unknown>
}

/** What a worker answers. */
export interface Reply {
  readonly id: number
  readonly result?: unknown
  readonly error?: string | undefined
}

/** A worker ended while it had a message to answer. */
export class WorkerCrash extends Error {}

/** A thread that answers one message at a time. */
export class WorkerThread {
  readonly #threads: Threads
  readonly #engine: () => Promise<string>
  #thread: Thread | undefined
  #waiting: { readonly resolve: (reply: Reply) => void; readonly reject: (error: Error) => void } | undefined
  #numMessages = 0
  /** The numbers of the models that it has a session of. */
  readonly opened = new Set<number>()

  /** @param engine gives the name or path of onnxruntime-node, for `require` */
  constructor(threads: Threads, engine: () => Promise<string>) {
    this.#threads = threads
    this.#engine = engine
  }

  /** Sends a message and waits for the answer. @throws WorkerCrash when the thread ends before it answers; Error as the worker says */
  async ask(message: Readonly<Record<string, unknown>>): Promise<unknown> {
    const thread = this.#thread ?? this.#start(await this.#engine())
    this.#numMessages++
    const reply = await new Promise<Reply>((resolve, reject) => {
      this.#waiting = { resolve, reject }
      // A thread that works keeps the process alive, an idle one does not.
      thread.ref()
      try {
        thread.postMessage({ ...message, id: this.#numMessages })
      } catch (error) {
        reject(error as Error)
      }
    }).finally(() => {
      this.#waiting = undefined
      thread.unref()
    })
    if (reply.error !== undefined) throw new Error(reply.error)
    return reply.result
  }

  /**
   * Ends the thread, which must be idle: onnxruntime-node aborts the whole process when a thread ends during a run.
   *
   * @throws Internal when it is not
   */
  async end(): Promise<void> {
    if (this.#waiting !== undefined) throw new MillwrightError('Internal', 'a busy worker of onnxRuntime must not be ended')
    const thread = this.#thread
    this.#thread = undefined
    this.opened.clear()
    await thread?.terminate()
  }

  #start(engine: string): Thread {
    const thread = new this.#threads.Worker(workerSource, { eval: true, workerData: { engine }, name: 'millwright onnx' })
    this.#thread = thread
    let reason: Error | undefined
    thread.on('message', (reply) => this.#waiting?.resolve(reply))
    thread.on('error', (error) => {
      reason = error
    })
    thread.on('exit', (code) => {
      if (this.#thread !== thread) return
      this.#thread = undefined
      this.opened.clear()
      this.#waiting?.reject(new WorkerCrash(reason?.message ?? `it ended with code ${code}`, { cause: reason }))
    })
    thread.unref()
    return thread
  }
}
