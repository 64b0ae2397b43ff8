/** The events of a pipeline. */
import type { ItemResult, PipelineStatus, StepResult } from './result'

/** Which run an event belongs to. */
export interface RunEvent {
  readonly pipeline: string
  readonly runId: string
}

/** Which step of which run an event belongs to. */
export interface StepEvent extends RunEvent {
  readonly step: string
  /** Of a map step: the position of the item in its list. Absent in events of the step as a whole. */
  readonly index?: number | undefined
}

/** Event name → what listeners receive. */
export interface PipelineEvents {
  readonly 'run-start': RunEvent & { readonly resumed: boolean }
  /** An attempt begins. */
  readonly 'step-start': StepEvent & { readonly attempt: number }
  /** An attempt failed and another follows after `delayMs`. */
  readonly 'step-retry': StepEvent & { readonly attempt: number; readonly error: unknown; readonly delayMs: number }
  readonly 'step-log': StepEvent & { readonly message: string }
  /** A step goes on with the output of its fallback. */
  readonly 'step-warning': StepEvent & { readonly message: string }
  /** An item of a map step has ended. */
  readonly 'item-end': StepEvent & { readonly result: ItemResult }
  readonly 'step-end': StepEvent & { readonly result: StepResult }
  /** The effects of a step were undone, or could not be undone because of `error`. */
  readonly 'step-compensated': StepEvent & { readonly error?: unknown }
  readonly 'run-end': RunEvent & { readonly status: PipelineStatus; readonly durationMs: number; readonly error?: unknown }
  /** An error thrown by a listener, or a damaged record found while runs are listed. */
  readonly error: unknown
}
