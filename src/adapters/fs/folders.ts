/** The folders of a file-system store: created and flushed below the root, never through a symbolic link that leads out of it. */
import { realpathSync } from 'node:fs'
import { dirname, relative, resolve, sep } from 'node:path'
import { MillwrightError, show } from '../../core/errors'
import { flushFolder, makeFlushedFolders } from '../node/folders'
import { systemCode } from '../node/system-errors'

/** Creates, checks and flushes the folders below one root. */
export interface FsFolders {
  /** Refuses a path that, after following symbolic links, lies outside the root. @throws ENOENT when it is missing */
  assertInside(path: string, key: string): Promise<void>
  /** Creates a folder and those above it. */
  make(folder: string, key: string): Promise<void>
  /** Creates the folder and runs `work`. Repeated when another call removed the folder meanwhile, because it was empty. */
  within<T>(folder: string, key: string, work: () => Promise<T>): Promise<T>
  /** Flushes the entries of the folder to the disk. Concurrent calls share a flush. */
  flush(folder: string): Promise<void>
}

/** The folders below `root`. Without `fsync` nothing is flushed. */
export function createFsFolders(root: string, name: string, fsync: boolean): FsFolders {
  let realRoot: string | undefined
  /** The running flush of a folder, and the next one, if a call waits for it. */
  const flushes = new Map<string, { readonly running: Promise<void>; next: Promise<void> | undefined }>()

  const assertInside = async (path: string, key: string): Promise<void> => {
    realRoot ??= realpathSync.native(root)
    if (!isInside(realpathSync.native(path), realRoot)) throw leadsOut(name, key)
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
    // The running flush may have begun before the caller's change.
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

/** The error of a key whose path leads out of the root through a symbolic link. */
export function leadsOut(name: string, key: string): MillwrightError {
  return new MillwrightError('PermissionDenied', `${name}: ${show(key)} leads out of the root through a symbolic link`)
}
