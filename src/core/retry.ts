/** Repeats what may succeed later, with exponential backoff and jitter. */
import type { Awaitable } from './awaitable'
import { backoffDelay } from './backoff'
import { type Clock, sleep } from './clock'
import { isMillwrightError, type MillwrightError } from './errors'
import type { Rng } from './random'

/** How often and how long {@link retrying} tries. */
export interface RetryPolicy {
  /** Attempts in all, at least 1. */
  readonly attempts: number
  /** Wait after the first failure; each further wait is twice as long, up to `maxDelayMs`. The jitter makes it 50 to 100 % of its length. */
  readonly baseDelayMs: number
  readonly maxDelayMs: number
  readonly clock: Clock
  readonly rng: Rng
}

/** Longest wait that a server may ask for (`Retry-After`). */
const longestAskedMs = 60_000

/**
 * Calls `work` until it succeeds, fails with an error that is not `retryable`, or has used up its attempts. Where the error carries
 * `details.retryAfterMs`, the wait is at least that long, up to a minute.
 *
 * @throws the last error of `work`; the signal's reason when it aborts during a wait
 */
export async function retrying<T>(
  { attempts, baseDelayMs, maxDelayMs, clock, rng }: RetryPolicy,
  work: (attempt: number) => Awaitable<T>,
  signal?: AbortSignal,
  onRetry?: (failed: { readonly attempt: number; readonly delayMs: number; readonly error: MillwrightError }) => void,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(attempt)
    } catch (error) {
      if (signal?.aborted || attempt >= attempts || !isMillwrightError(error) || !error.retryable) throw error
      const backoffMs = backoffDelay(attempt, { baseMs: baseDelayMs, maxMs: maxDelayMs, jitter: [0.5, 1], random: rng.next })
      const delayMs = Math.max(backoffMs, Math.min(longestAskedMs, Number(error.details.retryAfterMs ?? 0)))
      onRetry?.({ attempt, delayMs, error })
      await sleep(clock, delayMs, signal)
    }
  }
}
