/** A layer that retries failed operations. */
import type { Awaitable } from '../core/awaitable'
import { type Clock, systemClock } from '../core/clock'
import { isMillwrightError, type MillwrightError } from '../core/errors'
import { anything, checkOptions, finiteNumber, ofType, wholeNumber } from '../core/options'
import { createRng } from '../core/random'
import { retrying } from '../core/retry'
import type { ObjectStore } from '../ports/object-store'
import { ownObject } from '../ports/own-object'
import { wrapStore } from './wrap-store'

/** The argument of {@link WithRetryOptions.onRetry}. */
export interface RetryEvent {
  readonly operation: 'head' | 'get' | 'put' | 'list' | 'delete'
  /** The attempt that failed, from 1. */
  readonly attempt: number
  readonly delayMs: number
  readonly error: MillwrightError
}

/** Options of {@link withRetry}. */
export interface WithRetryOptions {
  /** Attempts in all. @default 5 */
  readonly attempts?: number | undefined
  /** Wait after the first failure; each further wait is twice as long. @default 50 */
  readonly baseDelayMs?: number | undefined
  /** Longest wait. @default 5000 */
  readonly maxDelayMs?: number | undefined
  /** Seed of the jitter, which makes each wait 50 to 100 % of its length. @default 0 */
  readonly seed?: number | undefined
  /** @default the system clock */
  readonly clock?: Clock | undefined
  /** Called before each wait. */
  readonly onRetry?: ((event: RetryEvent) => void) | undefined
}

/**
 * Retries with exponential backoff after errors that are `retryable`; other errors are thrown at once.
 *
 * A conditional `put` whose answer was lost may find its own object on the second attempt: that counts as success. Therefore, when two writers put
 * exactly the same bytes at the same time, both may succeed.
 * `append` is never retried, because the failed attempt may have appended. An abort ends the wait.
 *
 * @example
 * const storage = withRetry(store, { attempts: 3 })
 */
export function withRetry(store: ObjectStore, options: WithRetryOptions = {}): ObjectStore {
  checkOptions('withRetry', options, {
    attempts: wholeNumber(1),
    baseDelayMs: finiteNumber(0),
    maxDelayMs: finiteNumber(0),
    seed: finiteNumber(),
    clock: anything(),
    onRetry: ofType('function'),
  })
  const { attempts = 5, baseDelayMs = 50, maxDelayMs = 5000, onRetry } = options
  const policy = { attempts, baseDelayMs, maxDelayMs, clock: options.clock ?? systemClock(), rng: createRng(options.seed ?? 0) }

  const retry = <T>(operation: RetryEvent['operation'], signal: AbortSignal | undefined, work: (attempt: number) => Awaitable<T>) =>
    retrying(policy, work, signal, onRetry && ((failed) => onRetry({ operation, ...failed })))

  const head: ObjectStore['head'] = (key, o) => retry('head', o?.signal, () => store.head(key, o))
  const get: ObjectStore['get'] = (key, o) => retry('get', o?.signal, () => store.get(key, o))

  return wrapStore(store, {
    head,
    get,
    list: (o) => retry('list', o?.signal, () => store.list(o)),
    ...(store.getChanged === undefined
      ? {}
      : { getChanged: (queries, o) => retry('get', o?.signal, async () => (await store.getChanged?.(queries, o)) ?? []) }),
    delete: (key, o) => retry('delete', o?.signal, () => store.delete(key, o)),
    put: (key, bytes, o) =>
      retry('put', o?.signal, async (attempt) => {
        try {
          return await store.put(key, bytes, o)
        } catch (error) {
          const own =
            attempt > 1 && isMillwrightError(error, 'Conflict') ? await ownObject({ head, get }, key, bytes, o?.signal) : undefined
          if (own === undefined) throw error
          return own
        }
      }),
  })
}
