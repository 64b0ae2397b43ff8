/** The executor port: runs the steps of a pipeline. */

/** One attempt of one step. All steps that it needs have succeeded. */
export interface StepJob {
  readonly pipeline: string
  readonly runId: string
  readonly step: string
  /** The number of the attempt, from 1. `runId`, `step` and `attempt` identify the attempt; the result of an earlier attempt is ignored. */
  readonly attempt: number
  /** The input of the run. */
  readonly input: unknown
  /** Outputs of the steps that this step needs: name of the step → output. */
  readonly inputs: Readonly<Record<string, unknown>>
  /** Aborts when the run is cancelled, or when the attempt exceeds its time limit. */
  readonly signal: AbortSignal
  /** Runs the function of the step in this process. An executor that runs steps in other processes does not call it. */
  run(): Promise<unknown>
}

/**
 * Runs attempts of steps. The pipeline decides which steps are ready, how many run at a time, which attempts are repeated and which outputs are
 * cached; an executor only runs one attempt.
 *
 * Guarantees every implementation gives:
 * - **Result**: `execute` resolves with the output of the step, or rejects with the error that the step threw. An error from another process
 *   arrives as a `MillwrightError` (see `errorFromJson`).
 * - **Abort**: after `job.signal` aborts the pipeline ignores the result; the executor stops the work if it can.
 *
 * An attempt may run twice, for example when a worker is lost. A step with effects outside the pipeline should be idempotent by `runId` and
 * `step`.
 */
export interface Executor {
  readonly portVersion: 1
  /** For messages: what and where. Never a secret. */
  readonly name: string
  /** Runs one attempt and gives the output of the step. */
  execute(job: StepJob): Promise<unknown>
  /** Releases all resources. Idempotent. */
  close(): Promise<void>
}
