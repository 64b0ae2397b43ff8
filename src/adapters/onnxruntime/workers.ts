/** A pool of threads of Node that run ONNX models, so that the calling thread stays free. */
import { MillwrightError } from '../../core/errors'
import { findBuiltin } from '../../core/node-builtin'
import { loadPeer } from '../../core/peer'
import { abortable } from '../../core/signal'
import type { ModelTensor } from '../../ports/model'
import type { TensorEngine } from '../../tensors/loaded-model'
import { type Call, type CallMessage, groupSize, isCall, type Job, makeCalls, type OpenModel, sizeClassOf } from './calls'
import { type EngineTensor, fromEngine, toEngine } from './engine-tensor'
import { cannotOpen } from './session'
import { type Threads, WorkerCrash, WorkerThread } from './worker-thread'

/** What a pool is made of. */
export interface PoolOptions {
  readonly threads: Threads
  /** How many threads. */
  readonly size: number
  readonly sessionOptions: Readonly<Record<string, unknown>>
  /** Finds the engine that the threads load. @default the onnxruntime-node that the calling thread loads */
  readonly engine?: (() => Promise<string>) | undefined
  /** A monotonic clock, in milliseconds. @default `performance.now` */
  readonly now?: (() => number) | undefined
}

/** Runs models in threads. */
export interface WorkerPool {
  /** Opens a model in every thread. @throws Corrupt, MissingDependency */
  open(bytes: Uint8Array, signal: AbortSignal | undefined): Promise<TensorEngine>
}

/** Threads of Node; `undefined` in a runtime that has none. */
export function findWorkers(): Threads | undefined {
  return findBuiltin<Threads>('node:worker_threads')
}

/**
 * A pool. A call takes the first idle thread, or waits in line for one; short calls that wait go together, and those that the thread did not come to wait
 * again, first in line. A busy thread is never ended: an aborted call
 * rejects at once and its thread comes back when the run is over. When a thread ends by itself, its calls are made once more, each alone, and a new thread takes its place.
 */
export function workerPool(options: PoolOptions): WorkerPool {
  const { threads, size, sessionOptions, engine = engineFile, now = () => performance.now() } = options
  const all = Array.from({ length: size }, () => new WorkerThread(threads, engine))
  const idle = new Set(all)
  const queue: (Job | Call)[] = []
  const models = new Set<number>()
  let numModels = 0

  const dispatch = (): void => {
    for (const thread of idle) {
      const at = queue.findIndex((entry) => isCall(entry) || entry.thread === thread)
      if (at === -1) continue
      const taken = queue.splice(at, groupSize(queue, at, size))
      const [first] = taken as [Job | Call]
      idle.delete(thread)
      void (isCall(first) ? run(thread, taken as Call[]) : first.work(thread)).finally(() => {
        idle.add(thread)
        dispatch()
      })
    }
  }
  const run = async (thread: WorkerThread, calls: readonly Call[]): Promise<void> => {
    const { id } = (calls[0] as Call).model
    const isClosed = !models.has(id) && !thread.opened.has(id)
    const again = await makeCalls(thread, calls, { open: openIn, now })
    if (again[0]?.isRetry === true) queue.push(...again)
    else queue.unshift(...again)
    // It was opened once more for calls that began after it was closed here.
    if (isClosed) await closeIn(thread, id).catch(() => {})
  }
  const inThread = <T>(thread: WorkerThread, work: (thread: WorkerThread) => Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      queue.push({ thread, work: (own) => work(own).then(resolve, reject) })
      dispatch()
    })
  const openIn = async (thread: WorkerThread, { id, bytes }: OpenModel): Promise<void> => {
    if (thread.opened.has(id)) return
    await thread.ask({ op: 'open', model: id, bytes, options: optionsFor(sessionOptions, thread === all[0]) }).catch(notOpened)
    thread.opened.add(id)
  }
  const closeIn = async (thread: WorkerThread, id: number): Promise<void> => {
    if (thread.opened.delete(id)) await thread.ask({ op: 'close', model: id }).catch(ignoreCrash)
    if (models.size === 0) await thread.end()
  }
  const close = async (id: number): Promise<void> => {
    models.delete(id)
    await Promise.all(all.map((thread) => inThread(thread, (own) => closeIn(own, id))))
  }

  return {
    async open(given, signal) {
      // Only these bytes: a view of a larger buffer would take all of it along.
      const model: OpenModel = { id: ++numModels, bytes: new Uint8Array(given), callMs: new Map() }
      models.add(model.id)
      const opening = Promise.all(all.map((thread) => inThread(thread, (own) => openIn(own, model))))
      try {
        await abortable(opening, signal)
      } catch (error) {
        void opening.catch(() => {}).finally(() => close(model.id))
        throw signal?.aborted || error instanceof MillwrightError ? error : cannotOpen((error as Error).message, error)
      }
      return {
        async run(feeds, fetches, { signal }) {
          const message = messageOf(feeds, fetches)
          const running = new Promise<readonly EngineTensor[]>((resolve, reject) => {
            queue.push({ model, message, sizeClass: sizeClassOf(message), signal, isRetry: false, resolve, reject })
            dispatch()
          })
          const results = await abortable(running, signal)
          return Object.fromEntries(fetches.map((name, i) => [name, fromEngine(results[i] as EngineTensor)]))
        },
        close: () => close(model.id),
      }
    },
  }
}

/** Session options of a thread: one thread a session, unless the caller says otherwise; only one thread writes the optimised graph to a file. */
function optionsFor(sessionOptions: PoolOptions['sessionOptions'], first: boolean): Readonly<Record<string, unknown>> {
  const { optimizedModelFilePath, ...rest } = sessionOptions
  return { intraOpNumThreads: 1, ...rest, ...(first && optimizedModelFilePath !== undefined ? { optimizedModelFilePath } : {}) }
}

function messageOf(feeds: Readonly<Record<string, ModelTensor>>, fetches: readonly string[]): CallMessage {
  return { feeds: Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, ownData(toEngine(tensor))])), fetches }
}

/** A copy where the values are a part of a larger buffer: messages take the whole buffer along. */
function ownData(tensor: EngineTensor): EngineTensor {
  const { data } = tensor
  return ArrayBuffer.isView(data) && data.byteLength !== data.buffer.byteLength ? { ...tensor, data: data.slice() } : tensor
}

/** @throws Corrupt for what onnxruntime says of the model; other errors as they are */
function notOpened(error: Error): never {
  throw error instanceof WorkerCrash || error instanceof MillwrightError ? error : cannotOpen(error.message, error)
}

function ignoreCrash(error: unknown): void {
  if (!(error instanceof WorkerCrash)) throw error
}

/** The file of the onnxruntime-node that this library loads, so that the threads load the same one. */
async function engineFile(): Promise<string> {
  const name = 'onnxruntime-node'
  const engine = await loadPeer<object>(name, { needed: 'onnxRuntime with `workers`' })
  const { createRequire } = findBuiltin<typeof import('node:module')>('node:module') ?? {}
  const loaded = createRequire?.(`${globalThis.process.cwd()}/`).cache ?? {}
  return Object.keys(loaded).find((file) => loaded[file]?.exports === engine) ?? name
}
