/** Creates and flushes folders of the file system. Node only. */
import { closeSync, fsync, openSync } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { systemCode } from './system-errors'

/** Flushes an open file or folder to the disk. */
export const flushDescriptor = /* @__PURE__ */ promisify(fsync)

/**
 * Creates a folder and its parents. @returns the topmost one that was created, or `undefined` when all existed
 *
 * Node's own `mkdir` with `recursive` never returns where a parent exists but refuses children with ENOENT (`/proc`), so each level is tried once.
 */
export async function makeFolders(folder: string): Promise<string | undefined> {
  const tryOne = async (path: string): Promise<boolean> => {
    try {
      await mkdir(path)
      return true
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error
      if (!(await stat(path)).isDirectory()) throw error
      return false
    }
  }
  try {
    return (await tryOne(folder)) ? folder : undefined
  } catch (error) {
    const above = dirname(folder)
    if (systemCode(error) !== 'ENOENT' || above === folder) throw error
    const first = await makeFolders(above)
    return (await tryOne(folder)) ? (first ?? folder) : first
  }
}

/** Creates a folder and its parents, and flushes them to the disk. */
export async function makeFlushedFolders(folder: string, flush = flushFolder): Promise<void> {
  const first = await makeFolders(folder)
  if (first === undefined) return
  for (let made = folder; made.length >= first.length; made = dirname(made)) await flush(dirname(made))
}

/** Flushes the entries of a folder to the disk, if the system supports it. */
export async function flushFolder(folder: string): Promise<void> {
  try {
    const descriptor = openSync(folder, 'r')
    await flushDescriptor(descriptor).finally(() => closeSync(descriptor))
  } catch (error) {
    // Windows and some network file systems cannot flush a folder.
    if (!['EPERM', 'EISDIR', 'EINVAL', 'EACCES', 'ENOTSUP'].includes(systemCode(error))) throw error
  }
}
