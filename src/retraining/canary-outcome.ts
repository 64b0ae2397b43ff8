/** Waits for the end of a canary of `millwright/traffic`, as a retraining asks for it. */
import { checkOptions, ofType, requireMethods } from '../core/options'
import { throwIfAborted } from '../core/signal'
import type { Canary } from '../traffic'
import type { CanaryTrialOutcome } from './retraining-options'

/**
 * Resolves when the rollout has ended: it passed when the candidate was promoted. A canary that was opened over the record of an earlier process,
 * and had ended there, gives that end.
 *
 * @throws InvalidArgument; the signal's reason when it aborts: the rollout then stays as it is
 * @example
 * canary: async ({ challenger, signal }) => {
 *   const canary = await createCanary({ name: 'flights', stable, candidate: await load(challenger), storage, target })
 *   serveInstead(canary)
 *   return canaryOutcome(canary, { signal })
 * }
 */
export function canaryOutcome(
  canary: Pick<Canary, 'on' | 'status'>,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<CanaryTrialOutcome> {
  requireMethods('canaryOutcome', 'a canary', canary, ['on', 'status'])
  checkOptions('canaryOutcome', options, { signal: ofType('object') })
  const { signal } = options
  return new Promise((resolve, reject) => {
    throwIfAborted(signal)
    const stops: (() => void)[] = []
    const stop = (): void => {
      for (const each of stops) each()
      signal?.removeEventListener('abort', onAbort)
    }
    const onAbort = (): void => {
      stop()
      reject(signal?.reason)
    }
    const look = (): void => {
      const { phase, history } = canary.status()
      if (phase !== 'promoted' && phase !== 'rolled-back') return
      stop()
      // The decision has the numbers; what follows says only that it was carried out.
      const decided = history.findLast((entry) => entry.phase === (phase === 'promoted' ? 'promoting' : 'rolled-back'))
      resolve({ passed: phase === 'promoted', summary: decided?.reason ?? phase })
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    for (const type of ['promoted', 'rolled-back', 'step'] as const) stops.push(canary.on(type, look))
    look()
  })
}
