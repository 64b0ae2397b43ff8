/**
 * Threads that run a program given as text, and answer messages: workers of Node, or Web Workers. The program is a bundle that calls `serveMessages`
 * (core/thread-program.ts); scripts/thread-programs.mjs makes it.
 */
import { findBuiltin } from './node-builtin'

/** What the calling side of a worker of Node or of a browser has in common, as far as it is used. */
interface Port {
  send(message: unknown, transfer: readonly Transferable[]): void
  /** Whether a thread at work keeps the process alive. */
  hold(busy: boolean): void
  end(): void
}

interface Listeners {
  readonly onMessage: (message: unknown) => void
  readonly onFailure: (error: Error) => void
}

/** What a thread sends back. */
export interface ThreadReply {
  readonly id: number
  readonly result?: unknown
  /** What the work threw, as text. */
  readonly error?: string | undefined
}

/** A thread could not start, or ended before it answered; or its work threw. */
export class ThreadFailure extends Error {}

/** A thread that answers messages in order. */
export class ProgramThread {
  readonly #port: Port
  readonly #waiting = new Map<number, { readonly resolve: (result: unknown) => void; readonly reject: (error: Error) => void }>()
  #numMessages = 0
  #failure: Error | undefined

  constructor(port: (listeners: Listeners) => Port) {
    this.#port = port({ onMessage: (message) => this.#settle(message as ThreadReply), onFailure: (error) => this.#fail(error) })
    this.#port.hold(false)
  }

  /** Whether it can take another message. */
  get isAlive(): boolean {
    return this.#failure === undefined
  }

  /** Whether an answer is missing. */
  get isBusy(): boolean {
    return this.#waiting.size > 0
  }

  /** Sends a message and waits for the answer. `transfer` as in `postMessage`. @throws ThreadFailure */
  ask(message: object, transfer: readonly Transferable[] = []): Promise<unknown> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    const id = ++this.#numMessages
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#port.hold(true)
      try {
        this.#port.send({ id, message }, transfer)
      } catch (error) {
        this.#fail(error as Error)
      }
    })
  }

  /** Ends the thread at once; what it was asked fails. */
  end(): void {
    this.#fail(new Error('the thread was ended'))
  }

  #settle({ id, result, error }: ThreadReply): void {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (this.#waiting.size === 0) this.#port.hold(false)
    if (error === undefined) waiting?.resolve(result)
    else waiting?.reject(new ThreadFailure(error))
  }

  #fail(cause: Error): void {
    if (this.#failure !== undefined) return
    this.#failure = new ThreadFailure(cause.message, { cause })
    for (const { reject } of this.#waiting.values()) reject(this.#failure)
    this.#waiting.clear()
    this.#port.end()
  }
}

/** How long an idle thread is kept for the next work, in milliseconds. */
const keepMs = 5000

/** Idle threads by program, with the timer that ends each. */
let idle: Map<string, Map<ProgramThread, Timer>> | undefined

type Timer = ReturnType<typeof setTimeout>

/** `count` threads of a program, idle ones first; fewer, or none, where the runtime has or allows no threads. Give them back with {@link giveBack}. */
export function takeThreads(program: string, count: number, name: string): ProgramThread[] {
  const kept = idle?.get(program) ?? new Map<ProgramThread, Timer>()
  const threads: ProgramThread[] = []
  for (const [thread, timer] of kept) {
    if (threads.length === count) break
    kept.delete(thread)
    clearTimeout(timer)
    if (thread.isAlive) threads.push(thread)
  }
  while (threads.length < count) {
    const thread = startThread(program, name)
    if (thread === undefined) break
    threads.push(thread)
  }
  return threads
}

/** Keeps idle threads for the next work, for some seconds. Those still at work are ended. */
export function giveBack(program: string, threads: readonly ProgramThread[]): void {
  idle ??= new Map()
  const kept = idle.get(program) ?? new Map<ProgramThread, Timer>()
  idle.set(program, kept)
  for (const thread of threads) {
    if (thread.isBusy || !thread.isAlive) {
      thread.end()
      continue
    }
    const timer = setTimeout(() => {
      kept.delete(thread)
      thread.end()
    }, keepMs)
    ;(timer as { unref?(): void }).unref?.()
    kept.set(thread, timer)
  }
}

/** How many threads can run at the same time. */
export function availableThreads(): number {
  const { navigator } = globalThis as { readonly navigator?: { readonly hardwareConcurrency?: number } }
  return findBuiltin<{ availableParallelism?(): number }>('node:os')?.availableParallelism?.() ?? navigator?.hardwareConcurrency ?? 1
}

/** A thread; `undefined` where the runtime has or allows none. */
function startThread(program: string, name: string): ProgramThread | undefined {
  const threads = findBuiltin<NodeThreads>('node:worker_threads')
  try {
    if (threads !== undefined) return new ProgramThread((listeners) => nodePort(threads, { program, name, listeners }))
    if (typeof Worker === 'function') return new ProgramThread((listeners) => webPort({ program, name, listeners }))
  } catch {
    // The process or page has no right to start threads.
  }
  return undefined
}

interface Start {
  readonly program: string
  readonly name: string
  readonly listeners: Listeners
}

/** The part of `node:worker_threads` that is used. */
interface NodeThreads {
  readonly Worker: new (source: string, options: { readonly eval: true; readonly name: string }) => NodeThread
}

interface NodeThread {
  on(event: 'message', listener: (message: unknown) => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'exit', listener: (code: number) => void): unknown
  postMessage(message: unknown, transfer: readonly Transferable[]): void
  ref(): void
  unref(): void
  terminate(): Promise<unknown>
}

function nodePort(threads: NodeThreads, { program, name, listeners }: Start): Port {
  const thread = new threads.Worker(program, { eval: true, name })
  thread.on('message', listeners.onMessage)
  thread.on('error', listeners.onFailure)
  thread.on('exit', (code) => listeners.onFailure(new Error(`the thread ended with code ${code}`)))
  return {
    send: (message, transfer) => thread.postMessage(message, transfer),
    hold: (busy) => (busy ? thread.ref() : thread.unref()),
    end: () => void thread.terminate(),
  }
}

function webPort({ program, name, listeners }: Start): Port {
  const url = URL.createObjectURL(new Blob([program], { type: 'text/javascript' }))
  const thread = new Worker(url, { name })
  thread.onmessage = ({ data }) => listeners.onMessage(data)
  thread.onmessageerror = () => listeners.onFailure(new Error('a message could not be read'))
  thread.onerror = (event) => {
    event.preventDefault()
    listeners.onFailure(new Error(event.message || 'the thread could not start'))
  }
  return {
    send: (message, transfer) => thread.postMessage(message, [...transfer]),
    hold: () => {},
    end: () => {
      thread.terminate()
      URL.revokeObjectURL(url)
    },
  }
}
