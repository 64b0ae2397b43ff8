/** Looks up a reference at intervals and loads the model that it leads to. */
import type { Clock } from '../core/clock'
import { isMillwrightError, MillwrightError, show } from '../core/errors'
import { checkOptions, finiteNumber, ofType } from '../core/options'
import { throwIfAborted } from '../core/signal'
import type { FollowOptions } from './prediction'

/** The members of a predictor that following uses. */
export interface FollowTarget {
  readonly clock: Clock
  /** The reference; `undefined` when the predictor was not loaded from a registry. */
  readonly reference: string | undefined
  readonly isFollowing: boolean
  /** Name and version of the model in use. */
  subject(): string
  /** Looks up the reference and replaces the model when it has moved. */
  refresh(signal: AbortSignal): Promise<unknown>
  onError(error: unknown): void
  onStop(): void
}

/** Starts to look up; the returned function stops it. The first look-up is after `everyMs`. */
export function startFollowing(options: FollowOptions, target: FollowTarget): () => void {
  const { reference, refresh } = target
  checkOptions('follow', options ?? null, { everyMs: finiteNumber(1), signal: ofType('object'), clock: ofType('object') })
  const { everyMs, signal, clock = target.clock } = options
  if (typeof everyMs !== 'number')
    throw new MillwrightError('InvalidArgument', '`everyMs` of follow must be a finite number ≥ 1, got nothing')
  if (reference === undefined) {
    const message = `cannot follow with ${target.subject()}: it was not loaded from a registry, so it has no alias`
    throw new MillwrightError('InvalidState', message, { hint: "Predictor.load(registry, 'name@alias')" })
  }
  if (target.isFollowing) throw new MillwrightError('InvalidState', `cannot follow ${show(reference)}: the predictor follows it already`)
  throwIfAborted(signal)
  const stopping = new AbortController()
  let cancel = (): void => {}
  const stop = (): void => {
    if (stopping.signal.aborted) return
    stopping.abort()
    cancel()
    signal?.removeEventListener('abort', stop)
    target.onStop()
  }
  const look = async (): Promise<void> => {
    try {
      await refresh(stopping.signal)
    } catch (error) {
      if (!stopping.signal.aborted) target.onError(followError(error, reference, target.subject()))
    }
    if (!stopping.signal.aborted) cancel = clock.schedule(look, everyMs)
  }
  signal?.addEventListener('abort', stop, { once: true })
  cancel = clock.schedule(look, everyMs)
  return stop
}

/** An error that names the failed look-up and the model that stays in use. */
function followError(error: unknown, reference: string, subject: string): MillwrightError {
  const code = isMillwrightError(error) ? error.code : 'Internal'
  const reason = error instanceof Error ? error.message : show(error)
  return new MillwrightError(code, `could not follow ${show(reference)}, ${subject} goes on answering: ${reason}`, { cause: error })
}
