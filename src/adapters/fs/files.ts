/** Reading, writing and removing single files and folders. */
import { fstatSync, ftruncateSync, readSync, writeSync } from 'node:fs'
import { type FileHandle, lstat, readdir, rm, rmdir, stat } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { throwIfAborted } from '../../core/signal'
import { systemCode } from '../node/system-errors'

const CHUNK_BYTES = 4 * 1024 * 1024
/** Up to this size files are written and read by synchronous calls, which cost less than the thread pool; only flushing is asynchronous. */
export const SMALL_BYTES = 65_536
/** The system's calls that write to an open file. */
export interface WriteCalls {
  writeSync(descriptor: number, bytes: Uint8Array, offset: number, length: number): number
  fstatSync(descriptor: number): { readonly size: number }
  ftruncateSync(descriptor: number, length: number): void
}

const calls: WriteCalls = { writeSync, fstatSync, ftruncateSync }

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

/** Writes at the handle's position, a few megabytes at a time; stops between them when aborted. */
export async function writeAll(handle: FileHandle, bytes: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    throwIfAborted(signal)
    at += (await handle.write(bytes, at, Math.min(CHUNK_BYTES, bytes.length - at))).bytesWritten
  }
}

/** Writes all of a few bytes at the descriptor's position. */
export function writeAllSync(descriptor: number, bytes: Uint8Array, { writeSync: write }: WriteCalls = calls): void {
  for (let at = 0; at < bytes.length; ) at += write(descriptor, bytes, at, bytes.length - at)
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

/** Appends with one write. When a full disk cut the write short, the written part is removed again, unless another process has appended since. */
export function appendOnce(descriptor: number, bytes: Uint8Array, system: WriteCalls = calls): void {
  const written = system.writeSync(descriptor, bytes, 0, bytes.length)
  if (written === bytes.length) return
  const { size } = system.fstatSync(descriptor)
  try {
    writeAllSync(descriptor, bytes.subarray(written), system)
  } catch (error) {
    if (system.fstatSync(descriptor).size === size) system.ftruncateSync(descriptor, size - written)
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
