/** The root folder of a file-system store: paths of keys, opening files below it, and its preparation for writes. */
import { closeSync, constants, openSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import { assertSafeKey } from '../../core/ids'
import { throwIfAborted } from '../../core/signal'
import type { ObjectInfo } from '../../ports/object-store'
import { makeFolders } from '../node/folders'
import { systemCode, translateFsError } from '../node/system-errors'
import { eventLoopTurns } from '../node/turns'
import { nothingIfMissing, removeLeftovers } from './files'
import { createFsFolders, type FsFolders } from './folders'
import { infoFromDescriptor } from './info'
import { createFsLocks, type FsLocks } from './lock'
import { INTERNAL_FOLDER } from './walk'

/** The root folder of one store. */
export class RootFolder {
  /** The absolute path. */
  readonly path: string
  /** The store's name, for messages. */
  readonly name: string
  /** The folder for temporary files. */
  readonly temporary: string
  readonly folders: FsFolders
  readonly locks: FsLocks
  #ready: Promise<void> | undefined
  #isClosed = false
  readonly #turn = eventLoopTurns()

  constructor(
    folder: string,
    readonly fsync: boolean,
  ) {
    this.path = resolve(folder)
    this.name = `fsStorage(${folder})`
    this.temporary = join(this.path, INTERNAL_FOLDER, 'tmp')
    this.folders = createFsFolders(this.path, this.name, fsync)
    this.locks = createFsLocks(join(this.path, INTERNAL_FOLDER, 'locks'))
  }

  /** Runs an operation and translates its errors. @throws InvalidState after close, the signal's reason */
  async perform<T>(operation: string, key: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw new MillwrightError('InvalidState', `${this.name} is closed`)
    throwIfAborted(signal)
    await this.#turn()
    try {
      return await work()
    } catch (error) {
      if (signal?.aborted) throw signal.reason
      throw translateFsError(error, this.name, operation, key)
    }
  }

  /** The path of a key. @throws InvalidArgument */
  pathOf(key: string): string {
    assertSafeKey(key)
    if (key === INTERNAL_FOLDER || key.startsWith(`${INTERNAL_FOLDER}/`)) {
      throw invalidArgument(`${this.name} reserves the folder ${INTERNAL_FOLDER}/ for itself, got the key ${show(key)}`)
    }
    return join(this.path, key)
  }

  /** The path of a prefix, with or without a slash at its end. @throws InvalidArgument */
  folderOf(prefix: string): string {
    return this.pathOf(prefix.replace(/\/$/, ''))
  }

  /** Opens a file for reading or appending. Does not follow a symbolic link out of the root. @throws PermissionDenied */
  open(path: string, key: string, flags: number): Promise<FileHandle> {
    return this.#openBy(path, key, { flags, open: (all) => open(path, all, 0o666) })
  }

  /** As `open`, by a synchronous call. @returns a descriptor */
  openDescriptor(path: string, key: string, flags: number): Promise<number> {
    // Nothing waits here for the other end of a named pipe.
    return this.#openBy(path, key, { flags: flags | (constants.O_NONBLOCK ?? 0), open: (all) => openSync(path, all, 0o666) })
  }

  async #openBy<T>(
    path: string,
    key: string,
    { flags, open }: { readonly flags: number; readonly open: (flags: number) => T | Promise<T> },
  ): Promise<T> {
    await this.folders.assertInside(dirname(path), key)
    // Windows has no such flag, so the link is checked before.
    if (constants.O_NOFOLLOW === undefined) await this.folders.assertInside(path, key).catch(nothingIfMissing)
    try {
      return await open(flags | (constants.O_NOFOLLOW ?? 0))
    } catch (error) {
      if (systemCode(error) !== 'ELOOP') throw error
      await this.folders.assertInside(path, key)
      return open(flags)
    }
  }

  /** Facts about a file. `undefined` for a folder. */
  async infoOf(key: string, path: string): Promise<ObjectInfo | undefined> {
    const descriptor = await this.openDescriptor(path, key, constants.O_RDONLY)
    try {
      return infoFromDescriptor(descriptor, key)
    } finally {
      closeSync(descriptor)
    }
  }

  /** Creates the folder before the first write, and removes the old files of killed processes. */
  prepare(): Promise<void> {
    this.#ready ??= this.#prepare()
    this.#ready.catch(() => {
      this.#ready = undefined
    })
    return this.#ready
  }

  close(): void {
    this.#isClosed = true
  }

  async #prepare(): Promise<void> {
    try {
      await makeFolders(this.temporary)
    } catch (error) {
      const reason = translateFsError(error, this.name, 'use the folder', this.path) as Error
      if (!['ENOTDIR', 'EEXIST'].includes(systemCode(error))) throw reason
      throw invalidArgument(`${this.name} needs a folder as its root, but there is a file with that name`, { cause: error })
    }
    await removeLeftovers(this.temporary)
    await this.locks.sweep()
  }
}
