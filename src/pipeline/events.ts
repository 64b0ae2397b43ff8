/** The events of a pipeline. */
import type { PipelineStatus, StepResult } from './result'

/** Which run an event belongs to. */
export interface RunEvent {
  readonly pipeline: string
  readonly runId: string
}

/** Which step of which run an event belongs to. */
export interface StepEvent extends RunEvent {
  readonly step: string
}

/** Event name → what listeners receive. */
export interface PipelineEvents {
  readonly 'run-start': RunEvent & { readonly resumed: boolean }
  /** An attempt begins. */
  readonly 'step-start': StepEvent & { readonly attempt: number }
  /** An attempt failed and another follows after `delayMs`. */
  readonly 'step-retry': StepEvent & { readonly attempt: number; readonly error: unknown; readonly delayMs: number }
  readonly 'step-log': StepEvent & { readonly message: string }
  readonly 'step-end': StepEvent & { readonly result: StepResult }
  readonly 'run-end': RunEvent & { readonly status: PipelineStatus; readonly durationMs: number; readonly error?: unknown }
  /** An error thrown by a listener, or a damaged record found while runs are listed. */
  readonly error: unknown
}
