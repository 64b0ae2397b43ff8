/** An object store that fails on schedule. */

import type { Awaitable } from '../core/awaitable'
import { displayPort } from '../core/display'
import { MillwrightError, show } from '../core/errors'
import type { ObjectStore } from '../ports/object-store'

/** A call for which the schedule decides. */
export interface ScheduledCall {
  readonly operation: 'head' | 'get' | 'put' | 'append' | 'list' | 'delete'
  readonly key: string
  /** Number of calls before this one, of all operations. */
  readonly index: number
}

/** The decision for a call: it works, it fails before it does anything (`before`), or it works and the answer is lost (`after`). */
export type ScheduledFailure = undefined | false | 'before' | 'after' | Error

/**
 * A store that passes calls to `store`, unless `schedule` lets them fail. `before` and `after` throw `Unavailable` (retryable); an error is thrown
 * before the call does anything.
 *
 * @example
 * const flaky = failingStore(memoryStorage(), ({ operation, index }) => operation === 'put' && index < 3 && 'before')
 */
export function failingStore(store: ObjectStore, schedule: (call: ScheduledCall) => ScheduledFailure): ObjectStore {
  let index = 0
  const call = async <T>(operation: ScheduledCall['operation'], key: string, work: () => Awaitable<T>): Promise<T> => {
    const failure = schedule({ operation, key, index: index++ })
    if (failure instanceof Error) throw failure
    if (failure === 'before') throw unavailable(operation, key, 'did not happen')
    const result = await work()
    if (failure === 'after') throw unavailable(operation, key, 'lost its answer')
    return result
  }
  return displayPort('ObjectStore', {
    portVersion: 1,
    name: `failing ${store.name}`,
    capabilities: store.capabilities,
    uri: (key) => store.uri(key),
    head: (key, options) => call('head', key, () => store.head(key, options)),
    get: (key, options) => call('get', key, () => store.get(key, options)),
    put: (key, bytes, options) => call('put', key, () => store.put(key, bytes, options)),
    append: (key, bytes, options) => call('append', key, () => store.append(key, bytes, options)),
    list: (options) => call('list', options?.prefix ?? '', () => store.list(options)),
    delete: (key, options) => call('delete', key, () => store.delete(key, options)),
    close: () => store.close(),
  })
}

function unavailable(operation: string, key: string, what: string): MillwrightError {
  return new MillwrightError('Unavailable', `scheduled failure: ${operation} of ${show(key)} ${what}`)
}
