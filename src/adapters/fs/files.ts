/** Reading, writing and removing single files and folders. */
import { fstatSync, ftruncateSync, readSync, write, writeSync } from 'node:fs'
import { type FileHandle, lstat, readdir, rm, rmdir, stat } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { throwIfAborted } from '../../core/signal'
import { systemCode } from '../node/system-errors'

const CHUNK_BYTES = 4 * 1024 * 1024
/** So many bytes are put or appended by a synchronous call, which costs less than the thread pool; more would keep the event loop waiting. */
export const SMALL_BYTES = 65_536
/** The system's calls that append to an open file. */
export interface AppendCalls {
  /** Writes at the descriptor's position. @returns bytes that were written */
  write(descriptor: number, bytes: Uint8Array, offset: number, length: number): number | Promise<number>
  fstatSync(descriptor: number): { readonly size: number }
  ftruncateSync(descriptor: number, length: number): void
}

const calls: AppendCalls = {
  write(descriptor, bytes, offset, length) {
    if (length <= SMALL_BYTES) return writeSync(descriptor, bytes, offset, length)
    return new Promise((resolve, reject) => {
      write(descriptor, bytes, offset, length, null, (error, written) => (error === null ? resolve(written) : reject(error)))
    })
  },
  fstatSync,
  ftruncateSync,
}

/** Temporary files older than this were left by a killed process. */
export const LEFTOVER_MS = 3_600_000

/** For `catch`: returns `undefined` where there is no such file, and throws any other error. */
export function nothingIfMissing(error: unknown): undefined {
  if (systemCode(error) !== 'ENOENT' && systemCode(error) !== 'ENOTDIR') throw error
}

/** Whether anything is at `path`. */
export async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(nothingIfMissing)) !== undefined
}

/** Writes at the descriptor's position, a few megabytes at a time; stops between them when aborted. */
export async function writeAll(descriptor: number, bytes: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    throwIfAborted(signal)
    at += await calls.write(descriptor, bytes, at, Math.min(CHUNK_BYTES, bytes.length - at))
  }
}

/** Writes all of a few bytes at the descriptor's position. */
export function writeAllSync(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at, bytes.length - at)
}

/** The bytes from `start` (included) to `end` (not included), as far as the file has them. */
export function readRangeSync(descriptor: number, start: number, end: number): Uint8Array {
  const bytes = new Uint8Array(Math.max(0, end - start))
  let filled = 0
  while (filled < bytes.length) {
    const read = readSync(descriptor, bytes, filled, bytes.length - filled, start + filled)
    if (read === 0) break
    filled += read
  }
  return filled === bytes.length ? bytes : bytes.slice(0, filled)
}

/**
 * Appends with one write. When a full disk cut the write short, the written part is removed again, unless somebody else has appended since.
 *
 * @returns the size that the file had before
 */
export async function appendOnce(descriptor: number, bytes: Uint8Array, system: AppendCalls = calls): Promise<number> {
  const { size } = system.fstatSync(descriptor)
  let written = 0
  try {
    do written += await system.write(descriptor, bytes, written, bytes.length - written)
    while (written < bytes.length)
    return size
  } catch (error) {
    if (written > 0 && system.fstatSync(descriptor).size === size + written) system.ftruncateSync(descriptor, size)
    throw error
  }
}

/** The bytes from `start` (included) to `end` (not included), as far as the file has them. Stops between chunks when aborted. */
export async function readRange(handle: FileHandle, start: number, end: number, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const bytes = new Uint8Array(Math.max(0, end - start))
  let filled = 0
  while (filled < bytes.length) {
    throwIfAborted(signal)
    const { bytesRead } = await handle.read(bytes, filled, Math.min(CHUNK_BYTES, bytes.length - filled), start + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return filled === bytes.length ? bytes : bytes.slice(0, filled)
}

/** Removes empty folders from `folder` up to the root, so that a later key can have their names. */
export async function removeEmptyFolders(folder: string, root: string): Promise<void> {
  for (let at = folder; at.length > root.length && at.startsWith(root + sep); at = dirname(at)) {
    try {
      await rmdir(at)
    } catch {
      return
    }
  }
}

/** Removes old temporary files and folders of killed processes. Several processes may do so at the same time. */
export async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    const facts = await stat(path).catch(nothingIfMissing)
    if (facts !== undefined && Date.now() - facts.mtimeMs > LEFTOVER_MS) await rm(path, { force: true, recursive: true })
  }
}
