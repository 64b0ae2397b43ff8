/** Work on single files and folders that the file-system store is made of. */
import { type FileHandle, lstat, readdir, rm, rmdir, stat } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { throwIfAborted } from '../../core/signal'
import { systemCode } from '../node/system-errors'

const CHUNK_BYTES = 4 * 1024 * 1024
/** Temporary files older than this were left by a killed process. */
export const LEFTOVER_MS = 3_600_000

/** For `catch`: `undefined` where there is no such file. */
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

/** One write; what a full disk cut short is taken back, unless somebody has appended behind it. */
export async function appendOnce(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  const { bytesWritten } = await handle.write(bytes, 0, bytes.length)
  if (bytesWritten === bytes.length) return
  const { size } = await handle.stat()
  try {
    await writeAll(handle, bytes.subarray(bytesWritten), undefined)
  } catch (error) {
    if ((await handle.stat()).size === size) await handle.truncate(size - bytesWritten)
    throw error
  }
}

/** Bytes `start` (included) to `end` (not included), fewer where the file ends; stops between chunks when aborted. */
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

/** Folders that hold nothing any more go, up to the root: a later key may want the name. */
export async function removeEmptyFolders(folder: string, root: string): Promise<void> {
  for (let at = folder; at.length > root.length && at.startsWith(root + sep); at = dirname(at)) {
    try {
      await rmdir(at)
    } catch {
      return
    }
  }
}

/** Removes temporary files and folders that a killed process left long ago. Others may do the same at the same time. */
export async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    const facts = await stat(path).catch(nothingIfMissing)
    if (facts !== undefined && Date.now() - facts.mtimeMs > LEFTOVER_MS) await rm(path, { force: true, recursive: true })
  }
}
