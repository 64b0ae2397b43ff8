/** The objects that hold waiting operations: `<prefix>/entries/<number>.json`, and `.bin` beside it for the bytes of an artifact. */
import { isMillwrightError, MillwrightError } from '../../core/errors'
import type { ObjectStore } from '../../ports/object-store'
import { listAll } from '../../ports/stored-objects'
import { decodeOperation, type QueuedOperation } from './operations'

/** An entry found on the store. */
export interface StoredEntry {
  readonly number: number
  readonly sizeBytes: number
  readonly hasBlob: boolean
}

/** Reads and writes the objects of one queue. */
export interface EntryObjects {
  /** The key of an entry, without extension. */
  keyOf(number: number): string
  /** All entries, ascending by number. Deletes blobs whose entry was never written. */
  list(): Promise<readonly StoredEntry[]>
  /** @throws InvalidState if another process wrote this number */
  write(number: number, encoded: Uint8Array, blob: Uint8Array | undefined): Promise<void>
  /** @throws Corrupt, NotFound */
  read(number: number): Promise<QueuedOperation>
  readBlob(number: number): Promise<Uint8Array>
  delete(number: number, hasBlob: boolean): Promise<void>
}

/** Digits of a number in a key, so that keys sort as numbers do. */
const digits = 12

/** The name of entry `number` in a key. */
export function entryName(number: number): string {
  return String(number).padStart(digits, '0')
}

/** The entries below `prefix` of a store. */
export function entryObjects(storage: ObjectStore, prefix: string): EntryObjects {
  const keyOf = (number: number): string => `${prefix}/entries/${entryName(number)}`
  return {
    keyOf,
    async list() {
      const found: StoredEntry[] = []
      for (const [number, { json, bin }] of await sizesOf(storage, `${prefix}/entries/`)) {
        // A blob without its entry was never acknowledged.
        if (json === undefined) await storage.delete(`${keyOf(number)}.bin`)
        else found.push({ number, sizeBytes: json + (bin ?? 0), hasBlob: bin !== undefined })
      }
      return found
    },
    async write(number, encoded, blob) {
      // The entry is written last: a blob alone does not count.
      if (blob !== undefined) await storage.put(`${keyOf(number)}.bin`, blob)
      try {
        await storage.put(`${keyOf(number)}.json`, encoded, storage.capabilities.conditionalPut ? { ifAbsent: true } : {})
      } catch (error) {
        if (!isMillwrightError(error, 'Conflict')) throw error
        throw new MillwrightError('InvalidState', `another process writes to the queue ${prefix} on ${storage.name}`, {
          cause: error,
          hint: 'give each process a prefix of its own',
        })
      }
    },
    read: async (number) => decodeOperation(await storage.get(`${keyOf(number)}.json`), `${keyOf(number)}.json`),
    readBlob: async (number) => storage.get(`${keyOf(number)}.bin`),
    async delete(number, hasBlob) {
      await storage.delete(`${keyOf(number)}.json`)
      if (hasBlob) await storage.delete(`${keyOf(number)}.bin`)
    },
  }
}

/** Sizes of the objects at a prefix by their number, ascending. */
async function sizesOf(storage: ObjectStore, prefix: string): Promise<[number, { json?: number; bin?: number }][]> {
  const sizes = new Map<number, { json?: number; bin?: number }>()
  for (const { key, sizeBytes } of await listAll(storage, prefix)) {
    const [, number, kind] = /(\d+)\.(json|bin)$/.exec(key) ?? []
    if (number !== undefined) sizes.set(Number(number), { ...sizes.get(Number(number)), [kind as string]: sizeBytes })
  }
  return [...sizes].sort(([a], [b]) => a - b)
}
