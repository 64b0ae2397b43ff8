/** The index of an HTTP store: the keys that `list` gives, since HTTP cannot list. */
import { fromUtf8 } from '../../core/bytes'
import { isMillwrightError, MillwrightError, show } from '../../core/errors'
import { assertSafeKey } from '../../core/ids'

/** Options of {@link keyIndex}. */
export interface KeyIndexOptions {
  /** The store's name, for messages. */
  readonly name: string
  /** All keys, or the key of a JSON file that holds them. */
  readonly index: string | readonly string[] | undefined
  /** Reads the JSON file. */
  readonly read: (key: string, signal: AbortSignal | undefined) => Promise<Uint8Array>
}

/** A function that gives all keys, each once, ascending. The file is read once. @throws (the function) Unsupported without an index, Corrupt */
export function keyIndex({ name, index, read }: KeyIndexOptions): (signal: AbortSignal | undefined) => Promise<readonly string[]> {
  let keys: Promise<readonly string[]> | undefined
  const load = async (signal: AbortSignal | undefined): Promise<readonly string[]> => {
    if (index === undefined) {
      throw new MillwrightError('Unsupported', `${name} cannot list: HTTP has no listing of keys`, { hint: 'pass { index }, the keys' })
    }
    return sortedKeys(name, typeof index === 'string' ? parseIndex(name, index, await read(index, signal)) : index)
  }
  return (signal) => {
    // A failed or aborted read is not kept: the next call reads again.
    keys ??= load(signal).catch((error) => {
      keys = undefined
      throw error
    })
    return keys
  }
}

function parseIndex(name: string, key: string, bytes: Uint8Array): readonly unknown[] {
  let keys: unknown
  try {
    keys = JSON.parse(fromUtf8(bytes))
  } catch {
    // Refused below, as any other content that is no array.
  }
  if (!Array.isArray(keys)) throw new MillwrightError('Corrupt', `the index ${show(key)} of ${name} is not a JSON array of keys`)
  return keys
}

function sortedKeys(name: string, keys: readonly unknown[]): readonly string[] {
  try {
    for (const key of keys) assertSafeKey(key as string, `a key in the index of ${name}`)
  } catch (error) {
    if (isMillwrightError(error)) throw new MillwrightError('Corrupt', error.message, { cause: error })
    throw error
  }
  return [...new Set(keys as readonly string[])].sort()
}
