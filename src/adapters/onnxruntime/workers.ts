/** A pool of threads of Node that run ONNX models, so that the calling thread stays free. */
import { MillwrightError } from '../../core/errors'
import { findBuiltin } from '../../core/node-builtin'
import { loadPeer } from '../../core/peer'
import { abortable, throwIfAborted } from '../../core/signal'
import type { TensorEngine } from '../../tensors/loaded-model'
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

/** Work for one thread: for any, or for `thread` alone. */
interface Job {
  readonly thread: WorkerThread | undefined
  readonly work: (thread: WorkerThread) => Promise<void>
}

interface OpenModel {
  readonly id: number
  readonly bytes: Uint8Array
}

/**
 * A pool. A call takes the first idle thread, or waits in line for one. A busy thread is never ended: an aborted call rejects at once and its thread
 * comes back when the run is over. When a thread ends by itself, its call is made once more in another, and a new thread takes its place.
 */
export function workerPool({ threads, size, sessionOptions, engine = engineFile }: PoolOptions): WorkerPool {
  const all = Array.from({ length: size }, () => new WorkerThread(threads, engine))
  const idle = new Set(all)
  const queue: Job[] = []
  const models = new Set<number>()
  let numModels = 0

  const dispatch = (): void => {
    for (const thread of idle) {
      const at = queue.findIndex((job) => job.thread === undefined || job.thread === thread)
      if (at === -1) continue
      const [job] = queue.splice(at, 1) as [Job]
      idle.delete(thread)
      void job.work(thread).finally(() => {
        idle.add(thread)
        dispatch()
      })
    }
  }
  /** Does `work` in a thread: in `only`, or in any. */
  const inThread = <T>(work: (thread: WorkerThread) => Promise<T>, only?: WorkerThread): Promise<T> =>
    new Promise((resolve, reject) => {
      queue.push({ thread: only, work: (thread) => work(thread).then(resolve, reject) })
      dispatch()
    })
  const openIn = async (thread: WorkerThread, { id, bytes }: OpenModel): Promise<void> => {
    if (thread.opened.has(id)) return
    await thread.ask({ op: 'open', model: id, bytes, options: optionsFor(sessionOptions, thread === all[0]) })
    thread.opened.add(id)
  }
  const runIn = async (
    thread: WorkerThread,
    model: OpenModel,
    message: Readonly<Record<string, unknown>>,
  ): Promise<readonly EngineTensor[]> => {
    await openIn(thread, model)
    return (await thread.ask({ op: 'run', model: model.id, ...message })) as readonly EngineTensor[]
  }
  const closeIn = async (thread: WorkerThread, id: number): Promise<void> => {
    if (thread.opened.delete(id)) await thread.ask({ op: 'close', model: id }).catch(ignoreCrash)
    if (models.size === 0) await thread.end()
  }
  const close = async (id: number): Promise<void> => {
    models.delete(id)
    await Promise.all(all.map((thread) => inThread((own) => closeIn(own, id), thread)))
  }

  return {
    async open(given, signal) {
      // Only these bytes: a view of a larger buffer would take all of it along.
      const model: OpenModel = { id: ++numModels, bytes: new Uint8Array(given) }
      models.add(model.id)
      const opening = Promise.all(all.map((thread) => inThread((own) => openIn(own, model), thread)))
      try {
        await abortable(opening, signal)
      } catch (error) {
        void opening.catch(() => {}).finally(() => close(model.id))
        throw signal?.aborted || error instanceof MillwrightError ? error : cannotOpen((error as Error).message, error)
      }
      return {
        async run(feeds, fetches, options) {
          const message = {
            feeds: Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, ownData(toEngine(tensor))])),
            fetches,
          }
          const attempt = (): Promise<readonly EngineTensor[]> =>
            inThread(async (thread) => {
              throwIfAborted(options.signal)
              return runIn(thread, model, message)
            })
          const results = await abortable(onceMore(attempt), options.signal)
          return Object.fromEntries(fetches.map((name, i) => [name, fromEngine(results[i] as EngineTensor)]))
        },
        close: () => close(model.id),
      }
    },
  }
}

/** Does it again when the thread crashed. @throws Unavailable when it crashes again */
async function onceMore<T>(attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt()
  } catch (error) {
    if (!(error instanceof WorkerCrash)) throw error
  }
  try {
    return await attempt()
  } catch (error) {
    if (!(error instanceof WorkerCrash)) throw error
    throw new MillwrightError('Unavailable', `two workers of onnxRuntime crashed in the same call: ${error.message}`, {
      retryable: false,
      cause: error,
    })
  }
}

/** Session options of a thread: one thread a session, unless the caller says otherwise; only one thread writes the optimised graph to a file. */
function optionsFor(sessionOptions: PoolOptions['sessionOptions'], first: boolean): Readonly<Record<string, unknown>> {
  const { optimizedModelFilePath, ...rest } = sessionOptions
  return { intraOpNumThreads: 1, ...rest, ...(first && optimizedModelFilePath !== undefined ? { optimizedModelFilePath } : {}) }
}

/** A copy where the values are a part of a larger buffer: messages take the whole buffer along. */
function ownData(tensor: EngineTensor): EngineTensor {
  const { data } = tensor
  return ArrayBuffer.isView(data) && data.byteLength !== data.buffer.byteLength ? { ...tensor, data: data.slice() } : tensor
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
