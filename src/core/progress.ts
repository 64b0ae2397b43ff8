/** Progress of long work, as one kind of event everywhere. */
import { type Clock, systemClock } from './clock'

/** How far some work has come. */
export interface ProgressEvent<Phase extends string = string> {
  readonly phase: Phase
  /** Units finished so far. */
  readonly done: number
  /** Units in all, when known. */
  readonly total?: number | undefined
  readonly unit: 'bytes' | 'rows' | 'batches' | 'steps'
}

/** A callback for progress. What it throws is ignored: it must never break the work. */
export type OnProgress<Phase extends string = string> = (event: ProgressEvent<Phase>) => void

/**
 * A reporter that calls `onProgress` at most once per `everyMs`, and always for the last event of a phase
 * (where `done` equals `total`).
 */
export function progressReporter<Phase extends string>(
  onProgress: OnProgress<Phase> | undefined,
  options: { readonly everyMs?: number | undefined; readonly clock?: Clock | undefined } = {},
): OnProgress<Phase> {
  if (onProgress === undefined) return () => {}
  const clock = options.clock ?? systemClock()
  const everyMs = options.everyMs ?? 100
  let last = Number.NEGATIVE_INFINITY
  return (event) => {
    const now = clock.now()
    // Before the last report: the clock was set back.
    if (event.done !== event.total && now >= last && now - last < everyMs) return
    last = now
    try {
      onProgress(event)
    } catch {
      // A progress listener must never break the work it watches.
    }
  }
}
