/** The facts of files, as the object store port has them. */
import { createHash } from 'node:crypto'
import { constants, fstatSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { throwIfAborted } from '../../core/signal'
import type { ObjectInfo } from '../../ports/object-store'
import { nothingIfMissing, readRangeSync } from './files'
import type { WalkItem } from './walk'

/** Up to this size, the etag is a digest of the content. Above it, it is made of inode, size and time, so that a listing does not read large files. */
export const HASHED_BYTES = 65_536
/** Most files that a listing reads at a time. */
const AT_ONCE = 32

/** The facts that the file system gives about a file. Times are whole nanoseconds. */
export interface FileFacts {
  readonly ino: bigint
  readonly size: bigint
  readonly mtimeNs: bigint
}

/** The facts of an open file; `undefined` for a folder. */
export function infoFromDescriptor(descriptor: number, key: string): ObjectInfo | undefined {
  const facts = fstatSync(descriptor, { bigint: true })
  if (!facts.isFile()) return undefined
  return infoOfFacts(key, facts, facts.size <= BigInt(HASHED_BYTES) ? readRangeSync(descriptor, 0, Number(facts.size)) : undefined)
}

/** The facts of an open file; `undefined` for a folder. */
export async function infoFrom(handle: FileHandle, key: string): Promise<ObjectInfo | undefined> {
  const facts = await handle.stat({ bigint: true })
  if (!facts.isFile()) return undefined
  return infoOfFacts(key, facts, facts.size <= BigInt(HASHED_BYTES) ? await handle.readFile() : undefined)
}

/** The facts of a file. `content` is required up to 64 KiB. */
export function infoOfFacts(key: string, facts: FileFacts, content: Uint8Array | undefined): ObjectInfo {
  const sizeBytes = Number(facts.size)
  const etag =
    sizeBytes <= HASHED_BYTES
      ? digest(content ?? new Uint8Array(0))
      : `s${facts.ino.toString(36)}-${facts.size.toString(36)}-${facts.mtimeNs.toString(36)}`
  return { key, sizeBytes, etag, modifiedAt: Number(facts.mtimeNs / 1000000n) }
}

/** The facts of the files that a walk found. Files that were deleted meanwhile are left out. */
export async function factsOf(items: readonly WalkItem[], root: string, signal: AbortSignal | undefined): Promise<ObjectInfo[]> {
  const objects: ObjectInfo[] = []
  const keys = items.filter(({ isPrefix }) => !isPrefix).map(({ key }) => key)
  const factOf = async (key: string): Promise<ObjectInfo | undefined> => {
    const handle = await open(join(root, key), constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0))
    return infoFrom(handle, key).finally(() => handle.close())
  }
  for (let at = 0; at < keys.length; at += AT_ONCE) {
    throwIfAborted(signal)
    const facts = await Promise.all(keys.slice(at, at + AT_ONCE).map((key) => factOf(key).catch(nothingIfMissing)))
    for (const fact of facts) if (fact !== undefined) objects.push(fact)
  }
  return objects
}

function digest(bytes: Uint8Array): string {
  return `h${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}`
}
