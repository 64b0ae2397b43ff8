/** The folders of a file-system store: made below the root, never through a link that leads out, and flushed. */
import { realpath } from 'node:fs/promises'
import { dirname, relative, resolve, sep } from 'node:path'
import { MillwrightError, show } from '../../core/errors'
import { flushFolder, makeFlushedFolders } from '../node/folders'
import { systemCode } from '../node/system-errors'

/** Work on the folders below one root. */
export interface FsFolders {
  /** Refuses a path that, after following symbolic links, lies outside the root. @throws ENOENT when it is missing */
  assertInside(path: string, key: string): Promise<void>
  /** Makes a folder and those above it. */
  make(folder: string, key: string): Promise<void>
  /** Does `work` in a folder that exists: whoever deletes its last file may remove it at that moment, then it is made again. */
  within<T>(folder: string, key: string, work: () => Promise<T>): Promise<T>
  /** The folder's entries are on the disk. Who asks while another waits shares its flush. */
  flush(folder: string): Promise<void>
}

/** Work on the folders below `root`; without `fsync` nothing is flushed. */
export function createFsFolders(root: string, name: string, fsync: boolean): FsFolders {
  let realRoot: string | undefined
  /** Folders being flushed, and the flush that comes after it where somebody waits for one. */
  const flushes = new Map<string, { readonly running: Promise<void>; next: Promise<void> | undefined }>()

  const assertInside = async (path: string, key: string): Promise<void> => {
    realRoot ??= await realpath(root)
    if (!isInside(await realpath(path), realRoot)) throw leadsOut(name, key)
  }

  const start = (folder: string): Promise<void> => {
    const running = flushFolder(folder)
    const state = { running, next: undefined }
    flushes.set(folder, state)
    const end = (): void => void (flushes.get(folder) === state && state.next === undefined && flushes.delete(folder))
    running.then(end, end)
    return running
  }

  const flush = async (folder: string): Promise<void> => {
    if (!fsync) return
    const state = flushes.get(folder)
    if (state === undefined) return start(folder)
    // The one under way may have begun before the caller's own change.
    state.next ??= state.running.catch(() => {}).then(() => start(folder))
    return state.next
  }

  const make = async (folder: string, key: string): Promise<void> => {
    for (let there = folder; ; there = dirname(there)) {
      try {
        await assertInside(there, key)
        if (there === folder) return
        break
      } catch (error) {
        if (systemCode(error) !== 'ENOENT' || there === root) throw error
      }
    }
    await makeFlushedFolders(folder, flush)
  }

  return {
    assertInside,
    make,
    flush,
    async within(folder, key, work) {
      for (let attempt = 0; ; attempt++) {
        await make(folder, key)
        try {
          return await work()
        } catch (error) {
          if (systemCode(error) !== 'ENOENT' || attempt === 5) throw error
        }
      }
    },
  }
}

/** Whether a resolved path is the resolved root or lies below it. */
export function isInside(real: string, realRoot: string): boolean {
  const way = relative(realRoot, real)
  return way !== '..' && !way.startsWith(`..${sep}`) && resolve(real) === resolve(realRoot, way)
}

/** The error for a key whose folder is, or lies behind, a link out of the root. */
export function leadsOut(name: string, key: string): MillwrightError {
  return new MillwrightError('PermissionDenied', `${name}: ${show(key)} leads out of the root through a symbolic link`)
}
