/** Repeats a call that failed and may succeed later, with exponential backoff and jitter. */
import type { Awaitable } from './awaitable'
import { backoffDelay } from './backoff'
import { type Clock, sleep } from './clock'
import { isMillwrightError, type MillwrightError } from './errors'
import type { Rng } from './random'

/** When and how often {@link retrying} repeats a call. */
export interface RetryPolicy {
  /** Most attempts, the first one included; at least 1. */
  readonly attempts: number
  /** Wait after the first failure; each further wait is twice as long, up to `maxDelayMs`. */
  readonly baseDelayMs: number
  readonly maxDelayMs: number
  /** Each wait is multiplied by a random number between these two. @default [0.5, 1] */
  readonly jitter?: readonly [from: number, to: number] | undefined
  /** Whether the call is repeated after an error. @default after each `retryable` error */
  readonly canRetry?: ((error: MillwrightError) => boolean) | undefined
  readonly clock: Clock
  readonly rng: Rng
}

/** Longest wait that is made because a server asked for it (`Retry-After`). */
export const longestAskedMs = 60_000

/**
 * Calls `work` until it succeeds, fails with an error after which it is not repeated, or has used all attempts. Where the error has
 * `details.retryAfterMs`, the wait is at least that long, up to a minute.
 *
 * @throws the last error of `work`; the signal's reason when it aborts during a wait
 */
export async function retrying<T>(
  { attempts, baseDelayMs, maxDelayMs, jitter = [0.5, 1], canRetry = ({ retryable }) => retryable, clock, rng }: RetryPolicy,
  work: (attempt: number) => Awaitable<T>,
  signal?: AbortSignal,
  onRetry?: (failed: { readonly attempt: number; readonly delayMs: number; readonly error: MillwrightError }) => void,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(attempt)
    } catch (error) {
      if (signal?.aborted || attempt >= attempts || !isMillwrightError(error) || !canRetry(error)) throw error
      const backoffMs = backoffDelay(attempt, { baseMs: baseDelayMs, maxMs: maxDelayMs, jitter, random: rng.next })
      const delayMs = Math.max(backoffMs, Math.min(longestAskedMs, Number(error.details.retryAfterMs ?? 0)))
      onRetry?.({ attempt, delayMs, error })
      await sleep(clock, delayMs, signal)
    }
  }
}
