/** What the thread that runs a pipeline and its worker threads say to each other. */
import type { ErrorJson } from '../../core/errors'
import type { ProgressEvent } from '../../core/progress'
import type { StepJobRef } from '../../ports/executor'

/** To a worker thread. */
export type ToWorker =
  | { readonly kind: 'run'; readonly job: number; readonly ref: StepJobRef }
  | { readonly kind: 'abort'; readonly job: number }

/** From a worker thread. `ready` is said once, before anything else. */
export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly job: number; readonly digest: string }
  | { readonly kind: 'failed'; readonly job: number; readonly error: ErrorJson }
  | { readonly kind: 'log'; readonly job: number; readonly message: string }
  | { readonly kind: 'progress'; readonly job: number; readonly event: ProgressEvent }

/** Marks our messages, beside which an application may send its own. */
export const channel = 'millwright-steps'

/** A message on the wire. */
export interface Envelope<T> {
  readonly channel: typeof channel
  readonly body: T
}

/** The body of a message of ours; `undefined` for others. */
export function bodyOf<T>(data: unknown): T | undefined {
  const envelope = data as Partial<Envelope<T>> | null
  return typeof envelope === 'object' && envelope?.channel === channel ? envelope.body : undefined
}
