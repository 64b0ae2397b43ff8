/** Writes complete, flushed files and folders to the temporary folder of a store, from where they are moved to their place. */
import { closeSync, fstatSync, mkdirSync, openSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { newId } from '../../core/ids'
import { throwIfAborted } from '../../core/signal'
import type { FolderContent, ObjectInfo } from '../../ports/object-store'
import { flushDescriptor, makeFolders } from '../node/folders'
import { systemCode } from '../node/system-errors'
import { SMALL_BYTES, writeAll, writeAllSync } from './files'
import type { FsFolders } from './folders'
import { HASHED_BYTES, infoOfFacts } from './info'

/** What {@link TemporaryFiles} works with. */
export interface TemporaryFilesOptions {
  /** The temporary folder. */
  readonly folder: string
  /** Whether files are flushed to the disk. */
  readonly fsync: boolean
  readonly folders: FsFolders
}

/** Writes temporary files and folders. The caller removes them when something fails. */
export class TemporaryFiles {
  readonly #options: TemporaryFilesOptions

  constructor(options: TemporaryFilesOptions) {
    this.#options = options
  }

  /** A new path in the temporary folder. */
  newPath(): string {
    return join(this.#options.folder, newId())
  }

  /** Writes a file. Returns the facts about it, for `key`. */
  async writeFile(path: string, key: string, bytes: Uint8Array, signal: AbortSignal | undefined): Promise<ObjectInfo> {
    return bytes.length <= SMALL_BYTES ? this.#writeSmall(path, key, bytes) : this.#writeLarge(path, key, bytes, signal)
  }

  /** Writes a folder with files and folders in it. */
  async writeFolder(path: string, { files, folders = [] }: FolderContent, signal: AbortSignal | undefined): Promise<void> {
    await this.#withFolder(() => mkdirSync(path))
    const filled = new Set([path])
    for (const folder of folders) mkdirSync(join(path, folder), { recursive: true })
    const handles: number[] = []
    try {
      for (const [name, bytes] of files) {
        throwIfAborted(signal)
        const file = join(path, name)
        for (let folder = dirname(file); !filled.has(folder); folder = dirname(folder)) filled.add(folder)
        mkdirSync(dirname(file), { recursive: true })
        const handle = openSync(file, 'wx')
        handles.push(handle)
        await writeAll(handle, bytes, signal)
      }
      // Flushed in parallel, so that one commit of the file system's journal covers all files.
      if (this.#options.fsync) await Promise.all(handles.map((handle) => flushDescriptor(handle)))
    } finally {
      for (const handle of handles) closeSync(handle)
    }
    await Promise.all([...filled].map((folder) => this.#options.folders.flush(folder)))
  }

  async #writeSmall(path: string, key: string, bytes: Uint8Array): Promise<ObjectInfo> {
    const handle = await this.#withFolder(() => openSync(path, 'wx'))
    try {
      writeAllSync(handle, bytes)
      if (this.#options.fsync) await flushDescriptor(handle)
      return infoOfFacts(key, fstatSync(handle, { bigint: true }), bytes)
    } finally {
      closeSync(handle)
    }
  }

  async #writeLarge(path: string, key: string, bytes: Uint8Array, signal: AbortSignal | undefined): Promise<ObjectInfo> {
    const handle: FileHandle = await this.#withFolder(() => open(path, 'wx'))
    try {
      await writeAll(handle.fd, bytes, signal)
      // Clocks of file systems tick in milliseconds and inodes are reused: random microseconds make the etags of large files differ.
      if (bytes.length > HASHED_BYTES) {
        const seconds = Date.now() / 1000
        await handle.utimes(seconds, seconds + Number.parseInt(newId().slice(0, 6), 16) / 0x1000000 / 1000)
      }
      if (this.#options.fsync) await handle.sync()
      return infoOfFacts(key, await handle.stat({ bigint: true }), bytes)
    } finally {
      await handle.close()
    }
  }

  /** Runs `work` again after creating the temporary folder, if another program removed it. */
  async #withFolder<T>(work: () => T | Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error
      await makeFolders(this.#options.folder)
      return work()
    }
  }
}
