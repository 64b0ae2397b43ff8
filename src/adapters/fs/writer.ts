/** Writes objects and folders: to a temporary file that is flushed and then moved to its place. */
import { closeSync, constants } from 'node:fs'
import { link, lstat, rename, rm, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { throwIfAborted } from '../../core/signal'
import type { FolderContent, ObjectInfo, PutOptions } from '../../ports/object-store'
import { changedObject, existingObject } from '../../ports/object-store-rules'
import { flushDescriptor } from '../node/folders'
import { systemCode } from '../node/system-errors'
import { appendOnce, exists, nothingIfMissing, removeEmptyFolders } from './files'
import type { FsFolders } from './folders'
import { KeyLocks } from './key-locks'
import type { FsLocks } from './lock'
import { TemporaryFiles } from './temporary-files'

/** What an {@link FsWriter} works with. */
export interface FsWriterOptions {
  readonly root: string
  /** The store's name, for messages. */
  readonly name: string
  readonly fsync: boolean
  /** The folder for temporary files. */
  readonly temporary: string
  readonly folders: FsFolders
  readonly locks: FsLocks
  /** Facts about the file at a path, for `ifMatch`. */
  readonly infoOf: (key: string, path: string) => Promise<ObjectInfo | undefined>
}

/** A key (or the prefix of a folder), and its path. */
export interface Located {
  readonly key: string
  readonly path: string
}

/** The error codes of file systems without hard links. */
const NO_LINKS: readonly string[] = ['EPERM', 'ENOTSUP', 'ENOSYS', 'EMLINK']

/** Writes and removes files. The caller has checked the keys and prepared the store. @throws the system's errors, Conflict */
export class FsWriter {
  readonly #options: FsWriterOptions
  readonly #temporary: TemporaryFiles
  readonly #locks: KeyLocks

  constructor(options: FsWriterOptions) {
    this.#options = options
    this.#temporary = new TemporaryFiles({ ...options, folder: options.temporary })
    this.#locks = new KeyLocks(options.name, options.locks)
  }

  async put({ key, path }: Located, bytes: Uint8Array, conditions: PutOptions): Promise<ObjectInfo> {
    const { folders, root } = this.#options
    const temporary = this.#temporary.newPath()
    try {
      const info = await this.#temporary.writeFile(temporary, key, bytes, conditions.signal)
      await folders.within(dirname(path), key, () => this.#moveIntoPlace(temporary, { key, path }, conditions))
      await folders.flush(dirname(path))
      return info
    } catch (error) {
      await rm(temporary, { force: true })
      await removeEmptyFolders(dirname(path), root)
      throw error
    }
  }

  /** @param open opens the file with these flags */
  async append({ key, path }: Located, bytes: Uint8Array, open: (flags: number) => Promise<number>): Promise<void> {
    const { folders, fsync } = this.#options
    const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT
    const descriptor = await open(flags).catch((error) => {
      nothingIfMissing(error)
      return folders.within(dirname(path), key, () => open(flags))
    })
    try {
      const before = await appendOnce(descriptor, bytes)
      if (fsync) await flushDescriptor(descriptor)
      if (before === 0) await folders.flush(dirname(path))
    } finally {
      closeSync(descriptor)
    }
  }

  async createFolder({ key, path }: Located, content: FolderContent, signal: AbortSignal | undefined): Promise<void> {
    const { folders, root } = this.#options
    const temporary = this.#temporary.newPath()
    try {
      await this.#temporary.writeFolder(temporary, content, signal)
      await folders.within(dirname(path), key, async () => {
        throwIfAborted(signal)
        await rename(temporary, path)
      })
      await folders.flush(dirname(path))
    } catch (error) {
      await rm(temporary, { force: true, recursive: true })
      await removeEmptyFolders(dirname(path), root)
      throw error
    }
  }

  async moveFolder(from: Located, to: Located, signal: AbortSignal | undefined): Promise<void> {
    const { folders } = this.#options
    await folders.assertInside(from.path, from.key)
    // `rename` would replace an empty folder, and gives another error for a file.
    if (await exists(to.path)) throw existingObject(this.#options.name, to.key)
    await folders.within(dirname(to.path), to.key, async () => {
      throwIfAborted(signal)
      await rename(from.path, to.path)
    })
    await folders.flush(dirname(to.path))
    await folders.flush(dirname(from.path))
  }

  async delete({ key, path }: Located, signal: AbortSignal | undefined): Promise<void> {
    const { folders, root } = this.#options
    try {
      await folders.assertInside(dirname(path), key)
      if (!(await lstat(path)).isDirectory()) {
        await this.#locks.exclusively(key, signal, async (assertHeld) => {
          assertHeld()
          await unlink(path)
        })
        await folders.flush(dirname(path))
      }
    } catch (error) {
      nothingIfMissing(error)
    }
    await removeEmptyFolders(dirname(path), root)
  }

  /** Resolves when no write holds a lock. */
  settled(): Promise<void> {
    return this.#locks.settled()
  }

  async #moveIntoPlace(temporary: string, { key, path }: Located, conditions: PutOptions): Promise<void> {
    const { signal, ifAbsent = false, ifMatch } = conditions
    throwIfAborted(signal)
    // A new key needs no lock: linking fails if the file exists.
    if (ifMatch === undefined && (await this.#linkIfFree(temporary, { key, path }, ifAbsent))) return
    await this.#locks.exclusively(key, signal, async (assertHeld) => {
      if (ifAbsent && (await exists(path))) throw existingObject(this.#options.name, key)
      if (ifMatch !== undefined) await this.#assertMatches({ key, path }, ifMatch)
      assertHeld()
      await rename(temporary, path)
    })
  }

  /** Links the temporary file to its place. Returns `false` if there is a file already, or the file system has no hard links. */
  async #linkIfFree(temporary: string, { key, path }: Located, ifAbsent: boolean): Promise<boolean> {
    try {
      await link(temporary, path)
    } catch (error) {
      const code = systemCode(error)
      if (code === 'EEXIST' && ifAbsent) throw existingObject(this.#options.name, key)
      if (code === 'EEXIST' || NO_LINKS.includes(code)) return false
      throw error
    }
    await unlink(temporary).catch(nothingIfMissing)
    return true
  }

  async #assertMatches({ key, path }: Located, expected: string): Promise<void> {
    const actual = (await this.#options.infoOf(key, path).catch(nothingIfMissing))?.etag
    if (actual === expected) return
    throw changedObject(this.#options.name, key, { expected, actual: actual ?? null })
  }
}
