/** One worker thread, Node's or a page's, behind one form. */
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import { bodyOf, channel, type FromWorker, type ToWorker } from './messages'

/** A worker as the runtime makes it: `Worker` of `node:worker_threads`, or a Web Worker. */
export interface WorkerHandle {
  postMessage(message: unknown): void
  terminate(): unknown
}

/** What happens to a thread. */
export interface StepThreadEvents {
  readonly onMessage: (body: FromWorker) => void
  /** It ended by itself, or could not start. Called once. */
  readonly onEnd: (error: MillwrightError) => void
}

/** One thread. */
export interface StepThread {
  post(body: ToWorker): void
  /** Whether the thread keeps the process alive. */
  hold(isHeld: boolean): void
  /** Ends it; `onEnd` is not called. */
  end(): Promise<void>
}

interface NodeWorker extends WorkerHandle {
  on(type: string, listener: (value: unknown) => void): unknown
  ref(): void
  unref(): void
}

interface WebWorker extends WorkerHandle {
  addEventListener(type: string, listener: (event: { readonly data?: unknown; readonly message?: string }) => void): void
}

/** Listens to a worker. @throws InvalidArgument for what is no worker */
export function stepThread(worker: WorkerHandle, { onMessage, onEnd }: StepThreadEvents): StepThread {
  const { on, addEventListener, postMessage } = (worker ?? {}) as Partial<NodeWorker & WebWorker>
  if (typeof postMessage !== 'function' || (typeof on !== 'function' && typeof addEventListener !== 'function')) {
    throw invalidArgument(`\`worker\` of threadsExecutor must make a Worker, got ${show(worker)}`)
  }
  let isOver = false
  const ended = (why: string, cause?: unknown): void => {
    if (isOver) return
    isOver = true
    onEnd(new MillwrightError('Unavailable', `a worker thread of threadsExecutor ended: ${why}`, { cause }))
  }
  const hear = (data: unknown): void => {
    const body = bodyOf<FromWorker>(data)
    if (body !== undefined && !isOver) onMessage(body)
  }
  if (typeof on === 'function') {
    const node = worker as NodeWorker
    node.on('message', hear)
    node.on('error', (error) => ended(error instanceof Error ? error.message : show(error), error))
    node.on('exit', (code) => ended(`exit code ${code}`))
  } else {
    const web = worker as WebWorker
    web.addEventListener('message', ({ data }) => hear(data))
    web.addEventListener('error', ({ message }) => ended(message ?? 'its module could not be loaded'))
  }
  return {
    post: (body) => worker.postMessage({ channel, body }),
    hold(isHeld) {
      const { ref, unref } = worker as Partial<NodeWorker>
      if (isHeld) ref?.call(worker)
      else unref?.call(worker)
    },
    async end() {
      isOver = true
      await worker.terminate()
    },
  }
}
