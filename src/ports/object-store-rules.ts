/** The checks that every object store makes, and the errors it throws, so that all stores answer alike. */
import { invalidArgument, MillwrightError, show } from '../core/errors'
import { assertSafeKey } from '../core/ids'
import { throwIfAborted } from '../core/signal'
import type { ListOptions, PutOptions } from './object-store'

/** Whether a store is open, and what each of its calls checks before it begins. */
export interface StoreState {
  /** Checks that the store is open, that the call is not aborted, and the key. @throws InvalidState, the signal's reason, InvalidArgument */
  assertCall(signal: AbortSignal | undefined, key?: string): void
  /** From now on `assertCall` throws `InvalidState`. */
  close(): void
}

/** The state of a store that has just been made; `name` is the store's name, for messages. */
export function storeState(name: string): StoreState {
  let isClosed = false
  return {
    assertCall(signal, key) {
      if (isClosed) throw new MillwrightError('InvalidState', `${name} is closed`)
      throwIfAborted(signal)
      if (key !== undefined) assertSafeKey(key)
    },
    close() {
      isClosed = true
    },
  }
}

/** Checks `prefix` and `limit` of `list`. @throws InvalidArgument */
export function assertListOptions({ prefix = '', limit = 1 }: ListOptions): void {
  if (!Number.isInteger(limit) || limit < 1) throw invalidArgument(`\`limit\` of list must be a whole number ≥ 1, got ${show(limit)}`)
  if (prefix.includes('/')) assertSafeKey(prefix.slice(0, prefix.lastIndexOf('/')))
}

/** Checks what `uri` takes: a key, a prefix that ends in `/`, or '' for the store itself. @throws InvalidArgument */
export function assertUriKey(key: string): void {
  if (key !== '') assertSafeKey(key.endsWith('/') ? key.slice(0, -1) : key)
}

/**
 * Checks the condition of a `put` in a store that compares and writes in one step.
 *
 * @param held the etag of the object; `undefined` where there is none
 * @throws Conflict when the condition does not hold
 */
export function assertPutCondition(name: string, key: string, held: string | undefined, { ifAbsent, ifMatch }: PutOptions): void {
  if (ifAbsent && held !== undefined) throw existingObject(name, key, { actual: held })
  if (ifMatch !== undefined && held !== ifMatch) throw changedObject(name, key, { expected: ifMatch, actual: held ?? null })
}

/** The folders above a key, the nearest first: `a/b/c` lies in `a/b` and in `a`. */
export function foldersAbove(key: string): string[] {
  const folders: string[] = []
  for (let at = key.lastIndexOf('/'); at > 0; at = key.lastIndexOf('/', at - 1)) folders.push(key.slice(0, at))
  return folders
}

/** The error of reading a key that has no object. */
export function missingObject(name: string, key: string): MillwrightError {
  return new MillwrightError('NotFound', `${name} has no object ${show(key)}`, { details: { key } })
}

/** The error of creating what exists. */
export function existingObject(
  name: string,
  key: string,
  { actual, cause }: { readonly actual?: string | undefined; readonly cause?: unknown } = {},
): MillwrightError {
  const details = actual === undefined ? { key } : { key, actual }
  return new MillwrightError('Conflict', `${name} already holds ${show(key)}`, { details, cause })
}

/** The error of replacing an object that has another etag than `expected`. */
export function changedObject(
  name: string,
  key: string,
  details: { readonly expected: string; readonly actual: string | null },
): MillwrightError {
  return new MillwrightError('Conflict', `${name}: ${show(key)} has changed since it was read`, { details: { key, ...details } })
}

/** The error of a key below the key of an object (`parent`). */
export function keyBelowObject(name: string, key: string, parent: string): MillwrightError {
  return new MillwrightError('Conflict', `${name} cannot hold ${show(key)}: ${show(parent)} is an object, not a folder`)
}

/** The error of a key that is a folder: other keys lie below it. */
export function keyOfFolder(name: string, key: string): MillwrightError {
  return new MillwrightError('Conflict', `${name} cannot hold ${show(key)}: there are longer keys beneath it`)
}
