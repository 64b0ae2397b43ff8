/** Where DVC keeps content: the cache and the remotes, which have one layout. Every object is named by its hash, and is checked against it. */
import type { FileHandle } from 'node:fs/promises'
import { concatBytes } from '../../core/bytes'
import { isMillwrightError, MillwrightError, show } from '../../core/errors'
import { throwIfAborted } from '../../core/signal'
import { systemCode } from '../node/system-errors'
import { createMd5, type DvcHashScheme } from './hashes'
import type { LinkType } from './links'

/** Names one object: 32 hexadecimal digits, and `.dir` behind them for a manifest. */
export interface ObjectId {
  readonly hash: string
  readonly scheme: DvcHashScheme
}

/** A cache or a remote. */
export interface ObjectPlace {
  /** For messages. */
  readonly name: string
  /** Bytes of the object; `undefined` where there is none. */
  sizeOf(id: ObjectId, signal?: AbortSignal): Promise<number | undefined>
  /** The content, not yet checked. @throws NotFound */
  chunks(id: ObjectId, signal?: AbortSignal): AsyncIterable<Uint8Array>
  /** Keeps an object. Nothing is left when the content is not what its hash says. @throws Corrupt */
  write(id: ObjectId, content: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<void>
}

/** A place in a folder of the file system. */
export interface LocalPlace extends ObjectPlace {
  /** Keeps content whose hash is not known yet. @throws the system's errors: only the caller can name the content */
  add(content: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<{ readonly hash: string; readonly size: number }>
  readonly root: string
  /** How it shares content with the working tree. */
  readonly types: readonly LinkType[]
  /** {@link ObjectPlace.sizeOf}, without giving other work a turn: for many objects that takes a fraction of the time. */
  sizeNow(id: ObjectId): number | undefined
  /** The path of an object. */
  pathOf(id: ObjectId): string
  /** Removes an object. */
  remove(id: ObjectId): void
  /** Removes what killed processes left. */
  sweep(): Promise<void>
  /** Which of the hashes are there. */
  present(hashes: readonly string[], scheme: DvcHashScheme): Promise<ReadonlySet<string>>
}

/** Key of an object below the cache or remote; DVC 2 and older kept theirs at the top. */
export function keyOf({ hash, scheme }: ObjectId): string {
  const tail = `${hash.slice(0, 2)}/${hash.slice(2)}`
  return scheme === 'md5' ? `files/md5/${tail}` : tail
}

/** The whole object, checked against its hash. @throws Corrupt */
export async function readChecked(id: ObjectId, content: AsyncIterable<Uint8Array>, name: string): Promise<Uint8Array> {
  const hashing = hashingFor(id, name)
  const parts: Uint8Array[] = []
  for await (const chunk of content) {
    hashing.update(chunk)
    // A copy, for the chunk is only valid until the next one; `slice` of a Buffer would share its memory.
    parts.push(new Uint8Array(chunk))
  }
  hashing.finish()
  return concatBytes(parts)
}

/** Follows content that goes by, and says in the end which object it was. */
export interface Hashing {
  update(chunk: Uint8Array): void
  /** @throws Corrupt when it is not the object that was expected */
  finish(): ObjectId
}

/** Expects the object `id` of the place `name`. */
export function hashingFor(id: ObjectId, name: string): Hashing {
  const expected = id.hash.replace('.dir', '')
  // A manifest has no line ends to convert.
  const md5 = createMd5(id.hash === expected ? id.scheme : 'md5')
  return {
    update: md5.update,
    finish() {
      const found = md5.digest()
      if (found === expected) return id
      throw new MillwrightError('Corrupt', `${name}: the object ${show(keyOf(id))} is damaged: its MD5 is ${found}`, {
        details: { key: keyOf(id), found },
        hint: 'delete the object and take it from the remote again',
      })
    },
  }
}

/** Reads an object and compares it with its hash. @throws Corrupt, NotFound */
export async function readThrough(place: ObjectPlace, id: ObjectId, signal: AbortSignal | undefined): Promise<void> {
  const hashing = hashingFor(id, place.name)
  for await (const chunk of place.chunks(id, signal)) hashing.update(chunk)
  hashing.finish()
}

/** What is wrong with an object, which is read for that. */
export async function problemOf(
  place: ObjectPlace,
  id: ObjectId,
  signal: AbortSignal | undefined,
): Promise<'missing' | 'damaged' | undefined> {
  try {
    await readThrough(place, id, signal)
    return undefined
  } catch (error) {
    if (isMillwrightError(error, 'NotFound')) return 'missing'
    if (isMillwrightError(error, 'Corrupt')) return 'damaged'
    throw error
  }
}

/** Writes a new file, flushes and closes it; whoever calls moves it into place or removes it. */
export async function writeChecked(
  handle: FileHandle,
  content: AsyncIterable<Uint8Array>,
  options: {
    readonly hashing: Pick<Hashing, 'update'>
    readonly fsync: boolean
    readonly signal: AbortSignal | undefined
  },
): Promise<void> {
  try {
    for await (const chunk of content) {
      throwIfAborted(options.signal)
      options.hashing.update(chunk)
      for (let at = 0; at < chunk.length; ) at += (await handle.write(chunk, at, chunk.length - at)).bytesWritten
    }
    if (options.fsync) await handle.sync()
  } finally {
    await handle.close()
  }
}

/** The error for an object that a place does not have. */
export function missingObject(name: string, id: ObjectId): MillwrightError {
  return new MillwrightError('NotFound', `${name} has no object ${show(keyOf(id))}`, { details: { key: keyOf(id) } })
}

/** For `catch`: `undefined` where there is no such file. */
export function nothingIfMissing(error: unknown, signal?: AbortSignal): undefined {
  if (signal?.aborted || (systemCode(error) !== 'ENOENT' && systemCode(error) !== 'ENOTDIR')) throw error
}
