/** Exponential backoff: how long to wait before the next attempt. */

/** How the waits between attempts grow. */
export interface BackoffOptions {
  /** The wait after the first failed attempt, in milliseconds. */
  readonly baseMs: number
  /** Each wait is this many times as long as the one before. @default 2 */
  readonly factor?: number | undefined
  /** The longest wait, before jitter is applied. @default no limit */
  readonly maxMs?: number | undefined
  /** Jitter: the wait is multiplied by a random number between these two. @default no jitter */
  readonly jitter?: readonly [from: number, to: number] | undefined
  /** Random numbers in [0, 1) for the jitter. Required where `jitter` is given. */
  readonly random?: (() => number) | undefined
}

/** The wait in milliseconds after attempt number `attempt` (from 1) has failed. */
export function backoffDelay(attempt: number, options: BackoffOptions): number {
  const { baseMs, factor = 2, maxMs = Number.POSITIVE_INFINITY, jitter, random } = options
  // The power overflows to Infinity after about a thousand attempts, and 0 × Infinity is NaN.
  const delayMs = baseMs === 0 ? 0 : Math.min(maxMs, baseMs * factor ** (attempt - 1))
  if (jitter === undefined || random === undefined) return delayMs
  const [from, to] = jitter
  return delayMs * (from + (to - from) * random())
}
