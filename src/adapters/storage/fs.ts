/** The object store in a folder: every object is one file, written aside and moved into place. */
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, link, lstat, open, realpath, rename, rm, unlink } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import { assertSafeKey, newId } from '../../core/ids'
import { checkOptions, nonEmptyString, ofType } from '../../core/options'
import { throwIfAborted } from '../../core/signal'
import type { ObjectInfo, ObjectStore, PutOptions } from '../../ports/object-store'
import { systemCode, translateFsError } from './_fs-errors'
import { appendOnce, exists, makeFolders, nothingIfMissing, readRange, removeEmptyFolders, removeLeftovers, writeAll } from './_fs-files'
import { createFsLocks } from './_fs-lock'
import { INTERNAL_FOLDER, type WalkItem, walk } from './_fs-walk'

/** Options of {@link fsStorage}. */
export interface FsStorageOptions {
  /** The folder. Made at the first write; relative to the working directory at the time of the call. */
  readonly root: string
  /**
   * Whether every write is flushed to the disk before it is acknowledged. Without it a write survives the end of the process,
   * but not always a power cut. @default true
   */
  readonly fsync?: boolean | undefined
}

/** Up to this size the etag is a digest of the content; above it, inode, size and time, so that listing need not read big files. */
const HASHED_BYTES = 65_536
/** Files that a listing looks at together. */
const AT_ONCE = 32

/**
 * An object store in a folder of a local file system (Node, Bun, Deno).
 *
 * - `put` writes a temporary file in `<root>/.millwright/`, flushes it, renames it into place and flushes the folder; with `ifAbsent` the
 *   complete file is hard-linked into place, which fails where there is one. Overwriting and deleting take a lock file of a few
 *   milliseconds, so that `ifMatch` also holds between processes; a lock of a dead process is broken.
 * - `append` is one `O_APPEND` write and takes no lock: do not mix it with `ifMatch` on one key.
 * - Keys never leave the root: names are checked, and symbolic links that lead out are refused. Links are not listed.
 *
 * @throws PermissionDenied, Unavailable (full disk, too many files), Conflict (a key beneath a key), Unsupported (root spans file systems)
 * @example
 * const storage = fsStorage({ root: './mlops' })
 */
export function fsStorage(options: FsStorageOptions): ObjectStore {
  checkOptions('fsStorage', options ?? {}, { root: nonEmptyString(), fsync: ofType('boolean') })
  if (options?.root === undefined) throw invalidArgument('fsStorage needs `root`, the folder to keep objects in')
  const root = resolve(options.root)
  const fsync = options.fsync ?? true
  const name = `fsStorage(${options.root})`
  const temporary = join(root, INTERNAL_FOLDER, 'tmp')
  const locks = createFsLocks(join(root, INTERNAL_FOLDER, 'locks'))
  /** In this process, who waits for a key waits in line. */
  const queues = new Map<string, Promise<unknown>>()
  let ready: Promise<void> | undefined
  let realRoot: string | undefined
  let closed = false

  /** Checks, runs and translates what one operation throws. */
  const perform = async <T>(operation: string, key: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> => {
    if (closed) throw new MillwrightError('InvalidState', `${name} is closed`)
    throwIfAborted(signal)
    try {
      return await work()
    } catch (error) {
      if (signal?.aborted) throw signal.reason
      throw translateFsError(error, name, operation, key)
    }
  }

  const pathOf = (key: string): string => {
    assertSafeKey(key)
    if (key === INTERNAL_FOLDER || key.startsWith(`${INTERNAL_FOLDER}/`)) {
      throw invalidArgument(`${name} keeps ${INTERNAL_FOLDER}/ for itself, got the key ${show(key)}`)
    }
    return join(root, key)
  }

  /** Refuses a path whose folder, after following symbolic links, lies outside the root. @throws ENOENT when the folder is missing */
  const assertInside = async (path: string, key: string): Promise<void> => {
    realRoot ??= await realpath(root)
    const real = await realpath(path)
    const way = relative(realRoot, real)
    if (way === '..' || way.startsWith(`..${sep}`) || resolve(real) !== resolve(realRoot, way)) {
      throw new MillwrightError('PermissionDenied', `${name}: ${show(key)} leads out of the root through a symbolic link`)
    }
  }

  /** Opens for reading (or appending) without following a link out of the root. */
  const openInside = async (path: string, key: string, flags: number): Promise<FileHandle> => {
    await assertInside(dirname(path), key)
    // Windows has no such flag: there the look comes first.
    if (constants.O_NOFOLLOW === undefined) await assertInside(path, key).catch(nothingIfMissing)
    try {
      return await open(path, flags | (constants.O_NOFOLLOW ?? 0), 0o666)
    } catch (error) {
      if (systemCode(error) !== 'ELOOP') throw error
      await assertInside(path, key)
      return open(path, flags)
    }
  }

  const prepare = (): Promise<void> => {
    ready ??= (async () => {
      try {
        await makeFolders(temporary)
      } catch (error) {
        const reason = translateFsError(error, name, 'use the folder', root) as Error
        if (!['ENOTDIR', 'EEXIST'].includes(systemCode(error))) throw reason
        throw invalidArgument(`${name} needs a folder as its root, but a file is in the way`, { cause: error })
      }
      await removeLeftovers(temporary)
    })()
    ready.catch(() => {
      ready = undefined
    })
    return ready
  }

  const flushFolder = async (folder: string): Promise<void> => {
    if (!fsync) return
    try {
      const handle = await open(folder, 'r')
      await handle.sync().finally(() => handle.close())
    } catch (error) {
      // Windows and some network file systems cannot flush a folder.
      if (!['EPERM', 'EISDIR', 'EINVAL', 'EACCES', 'ENOTSUP'].includes(systemCode(error))) throw error
    }
  }

  /** Makes a folder below the root, never through a link that leads out. */
  const makeFolder = async (folder: string, key: string): Promise<void> => {
    for (let there = folder; ; there = dirname(there)) {
      try {
        await assertInside(there, key)
        if (there === folder) return
        break
      } catch (error) {
        if (systemCode(error) !== 'ENOENT' || there === root) throw error
      }
    }
    const first = await makeFolders(folder)
    if (first === undefined) return
    for (let made = folder; made.length >= first.length; made = dirname(made)) await flushFolder(dirname(made))
  }

  /** Does `work` in a folder that exists: whoever deletes its last file may remove it at that moment, then it is made again. */
  const inFolder = async <T>(folder: string, key: string, work: () => Promise<T>): Promise<T> => {
    for (let attempt = 0; ; attempt++) {
      await makeFolder(folder, key)
      try {
        return await work()
      } catch (error) {
        if (systemCode(error) !== 'ENOENT' || attempt === 5) throw error
      }
    }
  }

  /** One holder of `key` at a time, in this process and among processes. */
  const exclusively = async <T>(key: string, signal: AbortSignal | undefined, work: (assertHeld: () => void) => Promise<T>): Promise<T> => {
    const before = queues.get(key) ?? Promise.resolve()
    const mine = before.then(async () => {
      const lock = await locks.acquire(createHash('sha256').update(key).digest('hex').slice(0, 32), key, signal)
      try {
        return await work(() => {
          if (!lock.isSafe()) throw new MillwrightError('Unavailable', `${name}: writing ${show(key)} was interrupted for too long`)
          throwIfAborted(signal)
        })
      } finally {
        await lock.release()
      }
    })
    const settled = mine.catch(() => {})
    queues.set(key, settled)
    void settled.then(() => queues.get(key) === settled && queues.delete(key))
    return mine
  }

  /** Moves the finished temporary file into place. */
  const place = async (key: string, from: string, to: string, conditions: PutOptions): Promise<void> => {
    const { signal, ifAbsent, ifMatch } = conditions
    throwIfAborted(signal)
    if (ifAbsent) {
      try {
        return await link(from, to)
      } catch (error) {
        if (systemCode(error) === 'EEXIST') throw conflict(`${name} already holds ${show(key)}`, { key })
        // File systems without hard links: below, under the lock.
        if (!['EPERM', 'ENOTSUP', 'ENOSYS', 'EMLINK'].includes(systemCode(error))) throw error
      }
    }
    await exclusively(key, signal, async (assertHeld) => {
      if (ifAbsent && (await exists(to))) throw conflict(`${name} already holds ${show(key)}`, { key })
      if (ifMatch !== undefined) {
        const actual = (await infoOf(key, to).catch(nothingIfMissing))?.etag
        if (actual !== ifMatch) {
          throw conflict(`${name}: ${show(key)} is no longer what was read`, { key, expected: ifMatch, actual: actual ?? null })
        }
      }
      assertHeld()
      await rename(from, to)
    })
  }

  const infoOf = async (key: string, path: string): Promise<ObjectInfo | undefined> => {
    const handle = await openInside(path, key, constants.O_RDONLY)
    return infoFrom(handle, key).finally(() => handle.close())
  }

  /** A complete, flushed file in the temporary folder. */
  const writeAside = async (aside: string, key: string, bytes: Uint8Array, signal: AbortSignal | undefined): Promise<ObjectInfo> => {
    const handle = await open(aside, 'wx').catch(async (error) => {
      if (systemCode(error) !== 'ENOENT') throw error
      // The folder went away while we were running.
      await makeFolders(temporary)
      return open(aside, 'wx')
    })
    try {
      await writeAll(handle, bytes, signal)
      // Clocks of file systems tick in milliseconds and inodes are used again: random microseconds keep etags of big files apart.
      if (bytes.length > HASHED_BYTES) {
        const seconds = Date.now() / 1000
        await handle.utimes(seconds, seconds + Number.parseInt(newId().slice(0, 6), 16) / 0x1000000 / 1000)
      }
      if (fsync) await handle.sync()
      return (await infoFrom(handle, key, bytes)) as ObjectInfo
    } finally {
      await handle.close()
    }
  }

  const write = async (key: string, path: string, bytes: Uint8Array, conditions: PutOptions): Promise<ObjectInfo> => {
    await prepare()
    const aside = join(temporary, newId())
    try {
      const info = await writeAside(aside, key, bytes, conditions.signal)
      await inFolder(dirname(path), key, () => place(key, aside, path, conditions))
      await flushFolder(dirname(path))
      return info
    } catch (error) {
      await removeEmptyFolders(dirname(path), root)
      throw error
    } finally {
      await rm(aside, { force: true })
    }
  }

  return {
    portVersion: 1,
    name,
    capabilities: { conditionalPut: true, rangeRead: true, appendAtomic: true, persistent: true, maxObjectBytes: 2 ** 31 - 1 },
    uri(key) {
      if (key === '') return pathToFileURL(root).href
      return pathToFileURL(key.endsWith('/') ? pathOf(key.slice(0, -1)) + sep : pathOf(key)).href
    },
    head: (key, { signal } = {}) => perform('look up', key, signal, async () => infoOf(key, pathOf(key)).catch(nothingIfMissing)),
    get: (key, { signal, range } = {}) =>
      perform('get', key, signal, async () => {
        const handle = await openInside(pathOf(key), key, constants.O_RDONLY).catch(nothingIfMissing)
        if (handle === undefined) throw notFound(name, key)
        try {
          const facts = await handle.stat()
          if (!facts.isFile()) throw notFound(name, key)
          return await readRange(handle, range?.start ?? 0, Math.min(range?.end ?? facts.size, facts.size), signal)
        } finally {
          await handle.close()
        }
      }),
    put: (key, bytes, conditions = {}) => perform('put', key, conditions.signal, () => write(key, pathOf(key), bytes, conditions)),
    append: (key, bytes, { signal } = {}) =>
      perform('append to', key, signal, async () => {
        const path = pathOf(key)
        await prepare()
        const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT
        const handle = await inFolder(dirname(path), key, () => openInside(path, key, flags))
        try {
          const isNew = (await handle.stat()).size === 0
          await appendOnce(handle, bytes)
          if (fsync) await handle.sync()
          if (isNew) await flushFolder(dirname(path))
        } finally {
          await handle.close()
        }
      }),
    ensureFolder: (prefix, { signal } = {}) =>
      perform('make the folder', prefix, signal, async () => {
        const folder = pathOf(prefix.replace(/\/$/, ''))
        await prepare()
        await makeFolder(folder, prefix)
      }),
    list: ({ signal, prefix = '', shallow = false, limit = 1000, cursor } = {}) =>
      perform('list', prefix, signal, async () => {
        if (!Number.isInteger(limit) || limit < 1) throw invalidArgument(`\`limit\` of list must be a whole number ≥ 1, got ${show(limit)}`)
        const folder = prefix.slice(0, Math.max(0, prefix.lastIndexOf('/')))
        if (folder !== '') await assertInside(pathOf(folder), prefix).catch(nothingIfMissing)
        const items: WalkItem[] = []
        let more = false
        for await (const item of walk({ root, prefix, shallow, after: cursor, signal })) {
          more = items.length === limit
          if (more) break
          items.push(item)
        }
        const objects = await factsOf(items, root, signal)
        const prefixes = items.filter(({ isPrefix }) => isPrefix).map(({ key }) => key)
        return { objects, prefixes, ...(more ? { cursor: items.at(-1)?.key } : {}) }
      }),
    delete: (key, { signal } = {}) =>
      perform('delete', key, signal, async () => {
        const path = pathOf(key)
        try {
          await assertInside(dirname(path), key)
          if (!(await lstat(path)).isDirectory()) {
            await exclusively(key, signal, async (assertHeld) => {
              assertHeld()
              await unlink(path)
            })
            await flushFolder(dirname(path))
          }
        } catch (error) {
          if (systemCode(error) !== 'ENOENT' && systemCode(error) !== 'ENOTDIR') throw error
        }
        await removeEmptyFolders(dirname(path), root)
      }),
    async close() {
      closed = true
      await Promise.all(queues.values())
    },
  }
}

function conflict(message: string, details: Readonly<Record<string, unknown>>): MillwrightError {
  return new MillwrightError('Conflict', message, { details })
}

function notFound(name: string, key: string): MillwrightError {
  return new MillwrightError('NotFound', `${name} has no object ${show(key)}`, { details: { key } })
}

/** Facts about an open file, `undefined` for a folder; `content` saves reading it. */
async function infoFrom(handle: FileHandle, key: string, content?: Uint8Array): Promise<ObjectInfo | undefined> {
  const facts = await handle.stat({ bigint: true })
  if (!facts.isFile()) return undefined
  const sizeBytes = Number(facts.size)
  const etag =
    sizeBytes <= HASHED_BYTES
      ? digest(content ?? (await handle.readFile()))
      : `s${facts.ino.toString(36)}-${facts.size.toString(36)}-${facts.mtimeNs.toString(36)}`
  return { key, sizeBytes, etag, modifiedAt: Number(facts.mtimeNs / 1000000n) }
}

/** Facts about what a walk found, some files at a time; what vanished meanwhile is left out. */
async function factsOf(items: readonly WalkItem[], root: string, signal: AbortSignal | undefined): Promise<ObjectInfo[]> {
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
