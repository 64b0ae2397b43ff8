/** A layer that reports every call of a store and its duration. */
import type { Awaitable } from '../core/awaitable'
import { type Clock, systemClock } from '../core/clock'
import { invalidArgument, isMillwrightError } from '../core/errors'
import { anything, checkOptions, ofType } from '../core/options'
import type { ObjectStore } from '../ports/object-store'
import { wrapStore } from './wrap-store'

/** One call of a store. */
export interface StoreCall {
  readonly operation: 'head' | 'get' | 'put' | 'append' | 'list' | 'delete'
  /** The key; of `list`, the prefix. */
  readonly key: string
  /** Epoch milliseconds. */
  readonly startedAt: number
  readonly durationMs: number
  /** Bytes written or read; 0 for calls without content and for failed ones. */
  readonly sizeBytes: number
  /** The error's code where the call failed (`unknown` for errors that are not the library's, such as an abort). */
  readonly error?: string | undefined
}

/** Options of {@link withTrace}. */
export interface WithTraceOptions {
  /** Called after each call. What it throws is ignored. */
  readonly onCall: (call: StoreCall) => void
  /** @default the system clock */
  readonly clock?: Clock | undefined
}

/**
 * Reports every call of the store.
 *
 * @example
 * const storage = withTrace(store, { onCall: ({ operation, key, durationMs }) => console.log(operation, key, durationMs) })
 */
export function withTrace(store: ObjectStore, options: WithTraceOptions): ObjectStore {
  checkOptions('withTrace', options, { onCall: ofType('function'), clock: anything() })
  if (options?.onCall === undefined) throw invalidArgument('withTrace needs `onCall`, a function')
  const { onCall, clock = systemClock() } = options

  const traced = async <T>(operation: StoreCall['operation'], key: string, work: () => Awaitable<T>, sizeOf: (result: T) => number) => {
    const startedAt = clock.now()
    const report = (sizeBytes: number, error?: string): void => {
      try {
        const call = { operation, key, startedAt, durationMs: clock.now() - startedAt, sizeBytes }
        onCall(error === undefined ? call : { ...call, error })
      } catch {
        // A listener never breaks the operation.
      }
    }
    try {
      const result = await work()
      report(sizeOf(result))
      return result
    } catch (error) {
      report(0, isMillwrightError(error) ? error.code : 'unknown')
      throw error
    }
  }
  const none = (): number => 0

  return wrapStore(store, {
    head: (key, o) => traced('head', key, () => store.head(key, o), none),
    get: (key, o) =>
      traced(
        'get',
        key,
        () => store.get(key, o),
        (bytes) => bytes.length,
      ),
    put: (key, bytes, o) =>
      traced(
        'put',
        key,
        () => store.put(key, bytes, o),
        () => bytes.length,
      ),
    append: (key, bytes, o) =>
      traced(
        'append',
        key,
        () => store.append(key, bytes, o),
        () => bytes.length,
      ),
    list: (o) => traced('list', o?.prefix ?? '', () => store.list(o), none),
    delete: (key, o) => traced('delete', key, () => store.delete(key, o), none),
  })
}
