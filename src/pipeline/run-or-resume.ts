/** Runs a pipeline under a given id, or continues the run of that id wherever another process left it. */
import { type Clock, sleep } from '../core/clock'
import { isMillwrightError } from '../core/errors'
import type { ObjectStore } from '../ports/object-store'
import type { ResumeOptions, RunOptions } from './pipeline-options'
import type { RunResult } from './result'

/** Wait before a run that another process carries on is looked at again, where its lease does not say. */
const retryMs = 5000

/** What is needed of a `Pipeline` to run it by itself. */
export interface RunnablePipeline<Input, Steps, Params> {
  readonly name: string
  run(options: RunOptions<Input, Params>): Promise<RunResult<Steps>>
  resume(runId: string, options: ResumeOptions<Input, Params>): Promise<RunResult<Steps>>
  resultOf(runId: string, options: { readonly storage?: ObjectStore | undefined }): Promise<RunResult<Steps>>
}

/**
 * The result of the run `runId`. Where it exists, waits until no process holds its lease and resumes it; where it is finished, its
 * stored result.
 *
 * @throws as `Pipeline.run`; the signal's reason
 */
export async function runOrResume<Input, Steps, Params>(
  pipeline: RunnablePipeline<Input, Steps, Params>,
  runId: string,
  options: RunOptions<Input, Params> & { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<RunResult<Steps>> {
  const { seed, ...shared } = options
  try {
    return await pipeline.run({ ...options, runId })
  } catch (error) {
    if (!isMillwrightError(error, 'AlreadyExists') || error.details.step !== undefined) throw error
  }
  for (;;) {
    try {
      return await pipeline.resume(runId, shared)
    } catch (error) {
      if (!isMillwrightError(error) || error.details.step !== undefined) throw error
      if (error.code === 'InvalidState') return pipeline.resultOf(runId, { storage: options.storage })
      if (error.code !== 'Conflict') throw error
      // The process that died, or one that still lives, holds the run. What it leaves unfinished is taken over when its lease ends.
      const { expiresAt } = error.details
      const { clock, signal } = options
      await sleep(clock, typeof expiresAt === 'number' ? Math.max(1, expiresAt - clock.now() + 1) : retryMs, signal)
    }
  }
}
