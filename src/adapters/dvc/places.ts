/** Where DVC keeps content: the cache and the remotes, which have one layout. Every object is named by its hash, and is checked against it. */
import { chmod, type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { concatBytes } from '../../core/bytes'
import { MillwrightError, show } from '../../core/errors'
import { newId } from '../../core/ids'
import { throwIfAborted } from '../../core/signal'
import type { ObjectStore } from '../../ports/object-store'
import { makeFolders } from '../node/folders'
import { systemCode, translateFsError } from '../node/system-errors'
import { createMd5, type DvcHashScheme, readChunks } from './hashes'

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
  /** Keeps content whose hash is not known yet. */
  add(content: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<{ readonly hash: string; readonly size: number }>
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

/** Folder of the cache for files that are being written. */
const ASIDE = 'millwright-tmp'
/** So many objects are looked at one by one. */
const FEW = 256
/** Files aside that are older were left by a killed process. */
const LEFTOVER_MS = 3_600_000

/** Removes what killed processes left aside in a folder. */
export async function removeLeftovers(folder: string): Promise<void> {
  for (const name of (await readdir(folder).catch(nothingIfMissing)) ?? []) {
    const path = join(folder, name)
    const facts = /^[0-9a-f]{32}$/.test(name) ? await stat(path).catch(nothingIfMissing) : undefined
    if (facts !== undefined && Date.now() - facts.mtimeMs > LEFTOVER_MS) await rm(path, { force: true })
  }
}

/** The cache, or a remote that is a folder. */
export function localPlace(options: { readonly name: string; readonly root: string; readonly fsync: boolean }): LocalPlace {
  const { name, root, fsync } = options
  const pathOf = (id: ObjectId): string => join(root, keyOf(id))
  const sizeOf = async (id: ObjectId): Promise<number | undefined> => {
    const facts = await stat(pathOf(id)).catch(nothingIfMissing)
    return facts?.isFile() ? facts.size : undefined
  }
  const made = new Set<string>()
  /** Does `work` in a folder, which is made when it is not there. */
  const within = async <T>(folder: string, work: () => Promise<T>): Promise<T> => {
    if (!made.has(folder)) await makeFolders(folder)
    made.add(folder)
    try {
      return await work()
    } catch (error) {
      // Somebody removed it meanwhile, as `dvc gc` may.
      if (systemCode(error) !== 'ENOENT') throw error
      await makeFolders(folder)
      return work()
    }
  }

  /** Writes aside, so that an object is there whole or not at all, then moves it to the place that `idOf` tells. */
  const writeAside = async (content: AsyncIterable<Uint8Array>, hashing: Hashing, signal: AbortSignal | undefined): Promise<string> => {
    // Not beside the objects: there DVC would take the name for a hash.
    const aside = join(root, ASIDE, newId())
    try {
      const handle = await within(dirname(aside), () => open(aside, 'wx', 0o600))
      await writeChecked(handle, content, { hashing, fsync, signal })
      const id = hashing.finish()
      // DVC trusts an object of this mode without a look, so it comes last.
      await chmod(aside, 0o444)
      await within(dirname(pathOf(id)), () => rename(aside, pathOf(id)))
      return id.hash
    } catch (error) {
      await rm(aside, { force: true })
      throw translateFsError(error, name, 'keep', 'an object')
    }
  }

  return {
    name,
    sizeOf,
    async *chunks(id, signal) {
      try {
        yield* readChunks(pathOf(id), signal)
      } catch (error) {
        if (nothingIfMissing(error, signal) === undefined) throw missing(name, id)
      }
    },
    async write(id, content, signal) {
      await writeAside(content, hashingFor(id, name), signal)
    },
    async add(content, signal) {
      const md5 = createMd5()
      let size = 0
      const hashing: Hashing = {
        update: (chunk) => {
          md5.update(chunk)
          size += chunk.length
        },
        finish: () => ({ hash: md5.digest(), scheme: 'md5' }),
      }
      return { hash: await writeAside(content, hashing, signal), size }
    },
    sweep: () => removeLeftovers(join(root, ASIDE)),
    async present(hashes, scheme) {
      const found = new Set<string>()
      if (hashes.length <= FEW) {
        for (const hash of hashes) if ((await sizeOf({ hash, scheme })) !== undefined) found.add(hash)
        return found
      }
      // Listing the folders asks fewer questions than looking at each object.
      const top = scheme === 'md5' ? join(root, 'files', 'md5') : root
      for (const prefix of new Set(hashes.map((hash) => hash.slice(0, 2)))) {
        for (const rest of (await readdir(join(top, prefix)).catch(nothingIfMissing)) ?? []) found.add(prefix + rest)
      }
      return found
    },
  }
}

/** A remote in any object store: S3, memory, … */
export function storePlace(name: string, store: ObjectStore): ObjectPlace {
  return {
    name,
    sizeOf: async (id, signal) => (await store.head(keyOf(id), { signal }))?.sizeBytes,
    async *chunks(id, signal) {
      yield await store.get(keyOf(id), { signal })
    },
    async write(id, content, signal) {
      await store.put(keyOf(id), await readChecked(id, content, name), { signal })
    },
  }
}

/** The whole object, checked against its hash. @throws Corrupt */
export async function readChecked(id: ObjectId, content: AsyncIterable<Uint8Array>, name: string): Promise<Uint8Array> {
  const hashing = hashingFor(id, name)
  const parts: Uint8Array[] = []
  for await (const chunk of content) {
    hashing.update(chunk)
    parts.push(chunk.slice())
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

function missing(name: string, id: ObjectId): MillwrightError {
  return new MillwrightError('NotFound', `${name} has no object ${show(keyOf(id))}`, { details: { key: keyOf(id) } })
}

/** For `catch`: `undefined` where there is no such file. */
export function nothingIfMissing(error: unknown, signal?: AbortSignal): undefined {
  if (signal?.aborted || (systemCode(error) !== 'ENOENT' && systemCode(error) !== 'ENOTDIR')) throw error
}
