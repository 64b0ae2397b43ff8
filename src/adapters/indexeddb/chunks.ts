/** Content in chunks of bounded length: reading a range and appending touch only the chunks that they need. */
import { CHUNK_BYTES, done } from './database'

const rangeOf = (key: string, from: number, to: number): IDBKeyRange => IDBKeyRange.bound([key, from], [key, to], false, true)

/** Writes `bytes` from `offset` on. The function only starts the requests; the transaction completes after them. */
export function writeChunks(chunks: IDBObjectStore, key: string, offset: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) chunks.put(bytes.slice(at, at + CHUNK_BYTES), [key, offset + at])
}

/** Removes all content of a key. */
export function deleteChunks(chunks: IDBObjectStore, key: string): void {
  chunks.delete(rangeOf(key, 0, Number.POSITIVE_INFINITY))
}

/** The bytes from `range.start` to `range.end`; a range that exceeds the size is clipped. */
export async function readChunks(
  chunks: IDBObjectStore,
  key: string,
  sizeBytes: number,
  range: { readonly start: number; readonly end?: number | undefined } = { start: 0 },
): Promise<Uint8Array> {
  const start = Math.min(range.start, sizeBytes)
  const end = Math.max(start, Math.min(range.end ?? sizeBytes, sizeBytes))
  const bytes = new Uint8Array(end - start)
  if (bytes.length === 0) return bytes
  // The chunk that holds `start` begins less than one chunk's length before it.
  const within = rangeOf(key, Math.max(0, start - CHUNK_BYTES + 1), end)
  const [keys, found] = await Promise.all([done(chunks.getAllKeys(within)), done<Uint8Array[]>(chunks.getAll(within))])
  found.forEach((chunk, index) => {
    const offset = (keys[index] as [string, number])[1]
    const from = Math.max(start, offset)
    const to = Math.min(end, offset + chunk.length)
    if (from < to) bytes.set(chunk.subarray(from - offset, to - offset), from - start)
  })
  return bytes
}

/** Adds to the end. A short last chunk is extended, so that many small appends do not make many small chunks. */
export async function appendChunks(chunks: IDBObjectStore, key: string, sizeBytes: number, bytes: Uint8Array): Promise<void> {
  const last =
    sizeBytes === 0 ? null : await done(chunks.openKeyCursor(rangeOf(key, Math.max(0, sizeBytes - CHUNK_BYTES), sizeBytes), 'prev'))
  const offset = last === null ? sizeBytes : (last.primaryKey as [string, number])[1]
  if (last === null || sizeBytes - offset >= JOIN_BYTES) return writeChunks(chunks, key, sizeBytes, bytes)
  const held = await done<Uint8Array>(chunks.get([key, offset]))
  const joined = new Uint8Array(held.length + bytes.length)
  joined.set(held)
  joined.set(bytes, held.length)
  writeChunks(chunks, key, offset, joined)
}

/** A last chunk shorter than this is extended. */
const JOIN_BYTES = 16 * 1024
