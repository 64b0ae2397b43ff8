/** The executor port: runs the steps of a pipeline. */
import type { Json } from '../core/json'

/**
 * One attempt of a step, or of one item of a map step, as plain JSON: what a worker in another process needs besides the pipeline and its
 * storage. Values are given by reference: the worker reads them from the storage.
 */
export interface StepJobRef {
  readonly pipeline: string
  readonly runId: string
  readonly step: string
  /** Of a map step: the position of the item in its list, from 0. */
  readonly index?: number | undefined
  /** The number of the attempt, from 1. */
  readonly attempt: number
  /** The version of the step's code in the process that runs the pipeline. */
  readonly version: string
  /** The seed of the run. */
  readonly seed: number
  /** The parameters that the step reads, as stored by the default codec. */
  readonly params: Readonly<Record<string, Json>>
  /** Digest of the stored input of the run. */
  readonly input?: string | undefined
  /** Steps that this step needs → digests of their stored outputs. A needed step without an output is missing. */
  readonly inputs: Readonly<Record<string, string>>
  /** Results of the needed steps, for steps whose trigger rule lets a needed step fail. */
  readonly upstream?: Readonly<Record<string, Json>> | undefined
}

/** One attempt of one step. All steps that it needs have ended. */
export interface StepJob {
  readonly pipeline: string
  readonly runId: string
  readonly step: string
  /** Of a map step: the position of the item in its list, from 0. */
  readonly index?: number | undefined
  /** The number of the attempt, from 1. `runId`, `step`, `index` and `attempt` identify the attempt; the result of an earlier attempt is ignored. */
  readonly attempt: number
  /** The input of the run. */
  readonly input: unknown
  /** Outputs of the steps that this step needs: name of the step → output. */
  readonly inputs: Readonly<Record<string, unknown>>
  /** Aborts when the run is cancelled, or when the attempt exceeds its time limit. */
  readonly signal: AbortSignal
  /** Runs the function of the step in this process. An executor that runs steps in other processes does not call it. */
  run(): Promise<unknown>
  /**
   * The attempt as plain JSON, for `Pipeline.runStep` in another process.
   *
   * @throws InvalidState when the run has no storage; InvalidArgument when the input of the run or of the step cannot be stored
   */
  ref(): StepJobRef
  /** The output to resolve `execute` with when another process has stored it: the pipeline reads the value of this digest from its storage. */
  stored(digest: string): unknown
  /** Passes on a message that the step logged in another process. */
  log(message: string): void
  /** Passes on progress that the step reported in another process. */
  progress(event: {
    readonly phase?: string | undefined
    readonly done: number
    readonly total?: number | undefined
    readonly unit: 'bytes' | 'rows' | 'batches' | 'steps'
  }): void
}

/**
 * Runs attempts of steps. The pipeline decides which steps are ready, how many run at a time, which attempts are repeated and which outputs are
 * cached; an executor only runs one attempt.
 *
 * Guarantees every implementation gives:
 * - **Result**: `execute` resolves with the output of the step or with `job.stored(digest)`, or rejects with the error that the step threw. An
 *   error from another process arrives as a `MillwrightError` (see `errorFromJson`).
 * - **Abort**: after `job.signal` aborts the pipeline ignores the result; the executor stops the work if it can.
 *
 * An attempt may run twice, for example when a worker is lost. A step with effects outside the pipeline should be idempotent by `runId`,
 * `step` and `index`.
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
