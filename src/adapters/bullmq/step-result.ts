/** What jobs hold and give: plain JSON in the queue. */
import type { ErrorJson } from '../../core/errors'
import type { ProgressEvent } from '../../core/progress'
import type { StepJobRef } from '../../ports/executor'

/** The data of a job. */
export interface StepJobData {
  readonly ref: StepJobRef
  /** Names the call that added the job. */
  readonly addedBy: string
  /** The process that runs the pipeline no longer wants it. */
  readonly isCancelled?: boolean | undefined
}

/** The result of a job. An error of the step is a result, too: a job fails only when its worker was lost too often. */
export type StepJobResult = { readonly digest: string } | { readonly error: ErrorJson }

/** The progress of a job: a message or a report of the step. */
export type StepJobProgress = { readonly log: string } | { readonly report: ProgressEvent }

/** Checks what came out of a queue. */
export function stepResultOf(value: unknown): StepJobResult | undefined {
  const result = (typeof value === 'string' ? parsed(value) : value) as Partial<{ digest: unknown; error: unknown }> | null | undefined
  if (typeof result?.digest === 'string') return { digest: result.digest }
  return typeof result?.error === 'object' && result.error !== null ? { error: result.error as ErrorJson } : undefined
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
