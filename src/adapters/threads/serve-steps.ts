/** The worker thread's side: runs the jobs that a `threadsExecutor` sends. */
import { findBuiltin } from '../../core/node-builtin'
import type { StepJobRef } from '../../ports/executor'
import { type JobRunner, jobErrorJson, runnerOf, runnersByName } from '../../ports/job-runner'
import { bodyOf, channel, type FromWorker, type ToWorker } from './messages'

/** The end of the channel in a worker thread: Node's `parentPort`, or the global object of a Web Worker. */
interface Port {
  postMessage(message: unknown): void
  on?(type: 'message', listener: (data: unknown) => void): unknown
  addEventListener?(type: 'message', listener: (event: { readonly data: unknown }) => void): void
}

/**
 * Runs steps of `pipelines` in this worker thread for a {@link threadsExecutor}. Call it once, at the top level of the worker's module. The
 * pipelines need a storage that they share with the thread that runs them.
 *
 * @throws InvalidArgument
 * @example
 * // worker.ts
 * serveSteps([pipeline])
 */
export function serveSteps(pipelines: readonly JobRunner[]): void {
  const runners = runnersByName('serveSteps', pipelines)
  const port = ownPort()
  const running = new Map<number, AbortController>()
  const say = (body: FromWorker): void => port.postMessage({ channel, body })
  const run = async (job: number, ref: StepJobRef): Promise<void> => {
    const controller = new AbortController()
    running.set(job, controller)
    try {
      const { digest } = await runnerOf(runners, ref).runJob(ref, {
        signal: controller.signal,
        onLog: (message) => say({ kind: 'log', job, message }),
        onProgress: (event) => say({ kind: 'progress', job, event }),
      })
      say({ kind: 'done', job, digest })
    } catch (error) {
      say({ kind: 'failed', job, error: jobErrorJson(error) })
    } finally {
      running.delete(job)
    }
  }
  const hear = (data: unknown): void => {
    const body = bodyOf<ToWorker>(data)
    if (body?.kind === 'run') void run(body.job, body.ref)
    else if (body?.kind === 'abort') running.get(body.job)?.abort(new DOMException('the attempt was aborted', 'AbortError'))
  }
  if (typeof port.on === 'function') port.on('message', hear)
  else port.addEventListener?.('message', ({ data }) => hear(data))
  say({ kind: 'ready' })
}

function ownPort(): Port {
  const { parentPort } = findBuiltin<{ readonly parentPort?: Port | null }>('node:worker_threads') ?? {}
  return parentPort ?? (globalThis as unknown as Port)
}
