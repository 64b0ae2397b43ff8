/** The executor port: where one ready step of a pipeline runs. */

/** One attempt at one step, all of whose needs are met. */
export interface StepJob {
  readonly pipeline: string
  readonly runId: string
  readonly step: string
  /** Counted from 1. With `runId` and `step` it names this attempt for ever: a late answer of an earlier one is not taken. */
  readonly attempt: number
  /** What the run was started with. */
  readonly input: unknown
  /** Outputs of the needed steps by name. */
  readonly inputs: Readonly<Record<string, unknown>>
  /** Aborted when the run is cancelled or the attempt's time is up. */
  readonly signal: AbortSignal
  /** Runs the step's function here and now. An executor that works elsewhere does not call it. */
  run(): Promise<unknown>
}

/**
 * Runs steps. The pipeline decides what is ready, how many run at once, what is retried and what is remembered; an executor
 * only carries out one attempt.
 *
 * - It gives the step's output, or rejects with what the step threw; an error that crossed a process boundary arrives as a
 *   `MillwrightError` (see `errorFromJson`).
 * - After `job.signal` aborts nobody waits for the answer any more; the executor should stop the work if it can.
 * - An attempt may run twice (a lost worker); steps that write elsewhere should be idempotent by `runId` and `step`.
 */
export interface Executor {
  readonly portVersion: 1
  /** For messages: what and where. Never a secret. */
  readonly name: string
  /** Runs one attempt. */
  execute(job: StepJob): Promise<unknown>
  /** Releases what is held. Idempotent. */
  close(): Promise<void>
}
