/** The result of a pipeline run. */
import { type ErrorCode, invalidArgument, isMillwrightError, MillwrightError, show } from '../core/errors'

/** How a run ended. */
export type PipelineStatus = 'finished' | 'failed' | 'cancelled'

/**
 * How a step ended: `succeeded` ran; `cached` has a stored output of the same work; `fallback` failed and has the output of its fallback;
 * `failed`; `skipped` never started (see its reason); `cancelled` was stopped while it ran.
 */
export type StepStatus = 'succeeded' | 'cached' | 'fallback' | 'failed' | 'skipped' | 'cancelled'

/** An error as it is stored in a record. */
export interface StepError {
  readonly name: string
  readonly message: string
  readonly code?: ErrorCode | undefined
}

/** The result of one item of a map step. Plain JSON; times are epoch milliseconds. */
export interface ItemResult {
  readonly status: StepStatus
  /** How often its function was called in this run; 0 when cached or skipped. */
  readonly attempts: number
  readonly startedAt: number
  readonly endedAt: number
  readonly durationMs: number
  /** Of `failed` and `cancelled`, and of `fallback` the error that led to it. */
  readonly error?: StepError | undefined
  /** Why it was skipped; why a step that may be cached ran, or was taken from the cache; what a fallback used. */
  readonly reason?: string | undefined
  /** Of a skipped step: whether it could not run because another step failed, or because the run was stopped. */
  readonly blocked?: boolean | undefined
  /** Whether the result is from the record of an earlier, interrupted execution of this run. */
  readonly restored?: boolean | undefined
  /** SHA-256 of the stored output; absent when it could not be stored. */
  readonly digest?: string | undefined
  /** Whether the effects of the step were undone after the run failed. */
  readonly compensation?: 'done' | 'failed' | undefined
}

/** The result of one step. Plain JSON; times are epoch milliseconds. */
export interface StepResult extends ItemResult {
  /** Of a map step: the results of its items, in the order of the list. */
  readonly items?: readonly ItemResult[] | undefined
}

/** The result of a run. */
export interface RunResult<Steps = Readonly<Record<string, unknown>>> {
  readonly pipeline: string
  readonly runId: string
  readonly status: PipelineStatus
  readonly startedAt: number
  readonly endedAt: number
  readonly durationMs: number
  readonly steps: { readonly [K in keyof Steps]: StepResult }
  /** Outputs by step; those of skipped, failed and cancelled steps are missing. See {@link outputOf}. */
  readonly outputs: { readonly [K in keyof Steps]?: Steps[K] }
}

/** The output of one step. @throws InvalidState when the step has none; the message says why */
export function outputOf<Steps, K extends keyof Steps & string>(result: RunResult<Steps>, step: K): Steps[K] {
  if (typeof result?.outputs !== 'object') throw invalidArgument(`outputOf takes the result of a run, got ${show(result)}`)
  if (Object.hasOwn(result.outputs, step)) return result.outputs[step] as Steps[K]
  const record = (result.steps as Readonly<Record<string, StepResult>>)[step]
  const happened = record === undefined ? 'there is no such step' : `it was ${record.status}${record.reason ? `: ${record.reason}` : ''}`
  throw new MillwrightError('InvalidState', `step ${show(step)} of pipeline ${show(result.pipeline)} has no output; ${happened}`)
}

/** An error as plain data: name, message, code. No stack. */
export function errorRecord(error: unknown): StepError {
  if (isMillwrightError(error)) return { name: error.name, message: error.message, code: error.code }
  if (error instanceof Error) return { name: error.name, message: error.message }
  return { name: 'Error', message: show(error) }
}

/** How a step or item ended, as {@link itemResultOf} takes it. */
interface Ended {
  readonly status: StepStatus
  readonly attempts: number
  readonly output?: { readonly digest?: string | undefined } | undefined
  readonly error?: unknown
  readonly reason?: string | undefined
  readonly items?: readonly ItemResult[] | undefined
}

/** The result of a step or item that ran from `startedAt` to `endedAt`. */
export function itemResultOf({ status, attempts, error, reason, output, items }: Ended, startedAt: number, endedAt: number): StepResult {
  return {
    status,
    attempts,
    startedAt,
    endedAt,
    durationMs: endedAt - startedAt,
    ...(error === undefined ? {} : { error: errorRecord(error) }),
    ...(reason === undefined ? {} : { reason }),
    ...(output?.digest === undefined ? {} : { digest: output.digest }),
    ...(items === undefined ? {} : { items }),
  }
}
