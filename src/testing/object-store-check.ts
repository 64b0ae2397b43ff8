/** Helpers that the checks of object stores share. */
import { createRng } from '../core/random'
import type { ObjectStore } from '../ports/object-store'
import type { Check, CheckContext } from './check'

/** A check of an object store. */
export function objectStoreCheck(
  name: string,
  run: (context: CheckContext<ObjectStore>) => Promise<void>,
  requires: readonly string[] = [],
): Check<ObjectStore> {
  return { name, requires, run }
}

/** Bytes that depend on the seed. */
export function randomBytes(size: number, seed: number): Uint8Array {
  const rng = createRng(seed)
  const bytes = new Uint8Array(size)
  for (let i = 0; i < size; i++) bytes[i] = rng.int(256)
  return bytes
}

/** Whether two contents are equal. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
