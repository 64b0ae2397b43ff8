/** Content by its digest: each chunk is stored once, and is checked when it is read. */
import { isMillwrightError, MillwrightError } from '../../core/errors'
import { sha256Hex } from '../../core/hash'
import type { ObjectStore } from '../../ports/object-store'
import { keys } from './format'

/** SHA-256, by the platform where it has it. */
export async function digestOf(bytes: Uint8Array): Promise<string> {
  const { subtle } = (globalThis as { readonly crypto?: { readonly subtle?: SubtleCrypto } }).crypto ?? {}
  // Pages that were not loaded over https have none.
  if (subtle === undefined) return sha256Hex(bytes)
  const digest = new Uint8Array(await subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Stores a chunk unless it is there. Gives whether it was new. */
export async function putChunk(store: ObjectStore, digest: string, bytes: Uint8Array, signal: AbortSignal | undefined): Promise<boolean> {
  const key = keys.chunk(digest)
  // A size that differs: an object that was cut short by something else than this library.
  if ((await store.head(key, { signal }))?.sizeBytes === bytes.length) return false
  await store.put(key, bytes, { signal })
  return true
}

/** Reads a chunk. @throws Corrupt when it is missing or not what its digest says */
export async function getChunk(store: ObjectStore, digest: string, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const key = keys.chunk(digest)
  let bytes: Uint8Array
  try {
    bytes = await store.get(key, { signal })
  } catch (error) {
    if (!isMillwrightError(error, 'NotFound')) throw error
    throw new MillwrightError('Corrupt', `${store.name} has lost ${key}, which a version needs`, { cause: error, details: { key } })
  }
  const found = await digestOf(bytes)
  if (found === digest) return bytes
  throw new MillwrightError('Corrupt', `${key} is damaged: its SHA-256 is ${found}`, { details: { key, found } })
}
