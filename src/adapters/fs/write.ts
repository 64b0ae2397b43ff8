/** Writing to a file-system store: aside first, flushed, then moved into place. */
import { createHash } from 'node:crypto'
import { closeSync, fstatSync, fsync as fsyncCallback, mkdirSync, openSync, writeSync } from 'node:fs'
import { type FileHandle, link, lstat, open, rename, rm, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { MillwrightError, show } from '../../core/errors'
import { newId } from '../../core/ids'
import { throwIfAborted } from '../../core/signal'
import type { FolderContent, ObjectInfo, PutOptions } from '../../ports/object-store'
import { makeFolders } from '../node/folders'
import { systemCode } from '../node/system-errors'
import { exists, nothingIfMissing, removeEmptyFolders, writeAll } from './files'
import type { FsFolders } from './folders'
import { HASHED_BYTES, infoOfFacts } from './info'
import type { FsLocks } from './lock'

/** What {@link createFsWriter} works with. */
export interface FsWriterInit {
  readonly root: string
  /** The store's name, for messages. */
  readonly name: string
  readonly fsync: boolean
  /** Where files are written aside. */
  readonly temporary: string
  readonly folders: FsFolders
  readonly locks: FsLocks
  /** Facts of what lies at a path, for `ifMatch`. */
  readonly infoOf: (key: string, path: string) => Promise<ObjectInfo | undefined>
}

/** Writes and removes. Keys are checked, the store is prepared, errors are the system's. */
export interface FsWriter {
  put(key: string, path: string, bytes: Uint8Array, conditions: PutOptions): Promise<ObjectInfo>
  createFolder(prefix: string, path: string, content: FolderContent, signal: AbortSignal | undefined): Promise<void>
  moveFolder(from: string, fromPath: string, to: string, toPath: string, signal: AbortSignal | undefined): Promise<void>
  delete(key: string, path: string, signal: AbortSignal | undefined): Promise<void>
  /** Every write under way that holds a key is over. */
  settled(): Promise<void>
}

/** File systems without hard links say one of these. */
const NO_LINKS: readonly string[] = ['EPERM', 'ENOTSUP', 'ENOSYS', 'EMLINK']
/** Files up to this size are handed to the system in one go; only flushing them is waited for. */
const SMALL_BYTES = 65_536

const flushFile = /* @__PURE__ */ promisify(fsyncCallback)

/** A writer below `root`. */
export function createFsWriter({ root, name, fsync, temporary, folders, locks, infoOf }: FsWriterInit): FsWriter {
  /** In this process, who waits for a key waits in line. */
  const queues = new Map<string, Promise<unknown>>()

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

  const conflict = (what: string, details: Readonly<Record<string, unknown>>): MillwrightError =>
    new MillwrightError('Conflict', `${name}${what}`, { details })

  /** Links the finished file to a name that is free; `false` when it is taken, or where that cannot be done. */
  const linkIfFree = async (key: string, from: string, to: string, ifAbsent: boolean): Promise<boolean> => {
    try {
      await link(from, to)
    } catch (error) {
      const word = systemCode(error)
      if (word === 'EEXIST' && ifAbsent) throw conflict(` already holds ${show(key)}`, { key })
      if (word === 'EEXIST' || NO_LINKS.includes(word)) return false
      throw error
    }
    await unlink(from).catch(nothingIfMissing)
    return true
  }

  /** Moves the finished temporary file into place. */
  const place = async (key: string, from: string, to: string, conditions: PutOptions): Promise<void> => {
    const { signal, ifAbsent = false, ifMatch } = conditions
    throwIfAborted(signal)
    // A new name needs no lock: the link fails where there is one already.
    if (ifMatch === undefined && (await linkIfFree(key, from, to, ifAbsent))) return
    await exclusively(key, signal, async (assertHeld) => {
      if (ifAbsent && (await exists(to))) throw conflict(` already holds ${show(key)}`, { key })
      if (ifMatch !== undefined) {
        const actual = (await infoOf(key, to).catch(nothingIfMissing))?.etag
        if (actual !== ifMatch) {
          throw conflict(`: ${show(key)} is no longer what was read`, { key, expected: ifMatch, actual: actual ?? null })
        }
      }
      assertHeld()
      await rename(from, to)
    })
  }

  /** Makes the temporary folder again where it went away while we were running. */
  const orAgain = async <T>(work: () => T | Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error
      await makeFolders(temporary)
      return work()
    }
  }

  /** A complete, flushed file in the temporary folder. */
  const writeAside = async (aside: string, key: string, bytes: Uint8Array, signal: AbortSignal | undefined): Promise<ObjectInfo> => {
    if (bytes.length <= SMALL_BYTES) {
      const handle = await orAgain(() => openSync(aside, 'wx'))
      try {
        writeSmall(handle, bytes)
        if (fsync) await flushFile(handle)
        return infoOfFacts(key, fstatSync(handle, { bigint: true }), bytes)
      } finally {
        closeSync(handle)
      }
    }
    const handle: FileHandle = await orAgain(() => open(aside, 'wx'))
    try {
      await writeAll(handle, bytes, signal)
      // Clocks of file systems tick in milliseconds and inodes are used again: random microseconds keep etags of big files apart.
      if (bytes.length > HASHED_BYTES) {
        const seconds = Date.now() / 1000
        await handle.utimes(seconds, seconds + Number.parseInt(newId().slice(0, 6), 16) / 0x1000000 / 1000)
      }
      if (fsync) await handle.sync()
      return infoOfFacts(key, await handle.stat({ bigint: true }), bytes)
    } finally {
      await handle.close()
    }
  }

  /** Writes the files of a folder aside, then flushes them and the folders with something in them, side by side. */
  const fillAside = async (
    aside: string,
    { files, folders: wanted = [] }: FolderContent,
    signal: AbortSignal | undefined,
  ): Promise<void> => {
    const filled = new Set([aside])
    for (const path of wanted) mkdirSync(join(aside, path), { recursive: true })
    const handles: number[] = []
    try {
      for (const [path, bytes] of files) {
        throwIfAborted(signal)
        const file = join(aside, path)
        for (let folder = dirname(file); !filled.has(folder); folder = dirname(folder)) filled.add(folder)
        mkdirSync(dirname(file), { recursive: true })
        const handle = openSync(file, 'wx')
        handles.push(handle)
        writeSmall(handle, bytes)
      }
      // One commit of the file system's journal takes them all.
      if (fsync) await Promise.all(handles.map((handle) => flushFile(handle)))
    } finally {
      for (const handle of handles) closeSync(handle)
    }
    await Promise.all([...filled].map((folder) => folders.flush(folder)))
  }

  return {
    async put(key, path, bytes, conditions) {
      const aside = join(temporary, newId())
      try {
        const info = await writeAside(aside, key, bytes, conditions.signal)
        await folders.within(dirname(path), key, () => place(key, aside, path, conditions))
        await folders.flush(dirname(path))
        return info
      } catch (error) {
        await rm(aside, { force: true })
        await removeEmptyFolders(dirname(path), root)
        throw error
      }
    },
    async createFolder(prefix, path, content, signal) {
      const aside = join(temporary, newId())
      try {
        await orAgain(() => mkdirSync(aside))
        await fillAside(aside, content, signal)
        await folders.within(dirname(path), prefix, async () => {
          throwIfAborted(signal)
          await rename(aside, path)
        })
        await folders.flush(dirname(path))
      } catch (error) {
        await rm(aside, { force: true, recursive: true })
        await removeEmptyFolders(dirname(path), root)
        throw error
      }
    },
    async moveFolder(from, fromPath, to, toPath, signal) {
      await folders.assertInside(fromPath, from)
      // Renaming onto an empty folder would replace it, and onto a file say something else.
      if (await exists(toPath)) throw conflict(` already holds ${show(to)}`, { key: to })
      await folders.within(dirname(toPath), to, async () => {
        throwIfAborted(signal)
        await rename(fromPath, toPath)
      })
      await folders.flush(dirname(toPath))
      await folders.flush(dirname(fromPath))
    },
    async delete(key, path, signal) {
      try {
        await folders.assertInside(dirname(path), key)
        if (!(await lstat(path)).isDirectory()) {
          await exclusively(key, signal, async (assertHeld) => {
            assertHeld()
            await unlink(path)
          })
          await folders.flush(dirname(path))
        }
      } catch (error) {
        if (systemCode(error) !== 'ENOENT' && systemCode(error) !== 'ENOTDIR') throw error
      }
      await removeEmptyFolders(dirname(path), root)
    },
    async settled() {
      await Promise.all(queues.values())
    },
  }
}

function writeSmall(handle: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at, bytes.length - at)
}
