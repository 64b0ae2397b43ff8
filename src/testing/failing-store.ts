/** An object store that fails on schedule. */

import type { Awaitable } from '../core/awaitable'
import { displayPort } from '../core/display'
import { MillwrightError, show } from '../core/errors'
import type { ObjectStore } from '../ports/object-store'

/** A call that the schedule decides on. */
export interface ScheduledCall {
  readonly operation: 'head' | 'get' | 'put' | 'append' | 'list' | 'delete'
  readonly key: string
  /** Calls before this one, of any operation. */
  readonly index: number
}

/** What becomes of a call: nothing special, failing before it does anything, or doing it and losing the answer. */
export type ScheduledFailure = undefined | false | 'before' | 'after' | Error

/**
 * A store that passes calls on to `store`, except where `schedule` says otherwise. `before` and `after` fail with `Unavailable`
 * (retryable); an error of one's own is thrown before anything happens.
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
