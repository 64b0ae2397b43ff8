/** The signals of a run: a failure stops most steps, a cancellation all but `always`, and the end of the run everything. */
import type { StepSpec } from './step'

/** The signals of a run. */
export interface RunSignals {
  /** The signal that stops a step. */
  of(spec: Pick<StepSpec, 'trigger'>): AbortSignal
  /** Stops the steps that do not run after a failure. */
  stop(reason: unknown): void
  /** Calls `listener` whenever steps were stopped. */
  onStop(listener: () => void): void
  dispose(): void
}

/**
 * The signals of a run that the caller can cancel by `signal`, and that cannot go on after `ended` aborts. Steps with the trigger rules
 * `one-failed` and `all-done` go on after a failure, `always` after a cancellation, too.
 */
export function runSignals(signal: AbortSignal | undefined, ended: AbortSignal): RunSignals {
  const [normal, lasting] = [new AbortController(), new AbortController()]
  const listeners: (() => void)[] = []
  const stop = (reason: unknown, ...controllers: AbortController[]): void => {
    for (const controller of controllers) controller.abort(reason)
    for (const listener of listeners) listener()
  }
  const onCancel = (): void => stop(signal?.reason, normal, lasting)
  const onEnd = (): void => stop(ended.reason, normal, lasting)
  if (signal?.aborted) onCancel()
  signal?.addEventListener('abort', onCancel, { once: true })
  if (ended.aborted) onEnd()
  ended.addEventListener('abort', onEnd, { once: true })
  return {
    of: ({ trigger }) =>
      trigger === 'always' ? ended : trigger === 'one-failed' || trigger === 'all-done' ? lasting.signal : normal.signal,
    stop: (reason) => stop(reason, normal),
    onStop: (listener) => void listeners.push(listener),
    dispose() {
      signal?.removeEventListener('abort', onCancel)
      ended.removeEventListener('abort', onEnd)
    },
  }
}
