/** The object store in a folder: every object is one file, written aside and moved into place. */

import { constants } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { dirname, join, resolve, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { displayPort } from '../../core/display'
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import { assertSafeKey } from '../../core/ids'
import { checkOptions, nonEmptyString, ofType } from '../../core/options'
import { throwIfAborted } from '../../core/signal'
import { assertUsage } from '../../core/usage'
import type { ObjectInfo, ObjectStore } from '../../ports/object-store'
import { makeFolders } from '../node/folders'
import { systemCode, translateFsError } from '../node/system-errors'
import { appendOnce, nothingIfMissing, readRange, removeLeftovers } from './files'
import { createFsFolders } from './folders'
import { createGlances } from './glance'
import { factsOf, infoFrom } from './info'
import { createFsLocks } from './lock'
import { INTERNAL_FOLDER, type WalkItem, walk } from './walk'
import { createFsWriter } from './write'

/** Options of {@link fsStorage}. */
export interface FsStorageOptions {
  /** The folder. Made at the first write; relative to the working directory at the time of the call. */
  readonly root: string
  /**
   * Whether every write is flushed to the disk before it is acknowledged. Without it a write survives the end of the process,
   * but not always a power cut. @default true
   */
  readonly fsync?: boolean | undefined
}

/**
 * An object store in a folder of a local file system (Node, Bun, Deno).
 *
 * - `put` writes a temporary file in `<root>/.millwright/`, flushes it, hard-links it into place, which fails where there is one, and flushes
 *   the folder. Overwriting (by renaming) and deleting take a lock file of a few milliseconds, so that `ifMatch` also holds between
 *   processes; a lock of a dead process is broken.
 * - `append` is one `O_APPEND` write and takes no lock: do not mix it with `ifMatch` on one key.
 * - Keys never leave the root: names are checked, and symbolic links that lead out are refused. Links are not listed.
 *
 * @throws PermissionDenied, Unavailable (full disk, too many files), Conflict (a key beneath a key), Unsupported (root spans file systems)
 * @example
 * const storage = fsStorage({ root: './mlops' })
 */
export function fsStorage(options: FsStorageOptions): ObjectStore {
  assertUsage('fsStorage', options, {
    write: (path) => `fsStorage({ root: ${path} })`,
    text: './mlops',
    renamed: { path: 'root', folder: 'root', dir: 'root', directory: 'root' },
  })
  checkOptions('fsStorage', options, { root: nonEmptyString(), fsync: ofType('boolean') })
  if (options.root === undefined)
    throw invalidArgument("fsStorage needs `root`, the folder to keep objects in: write fsStorage({ root: './mlops' })")
  const root = resolve(options.root)
  const fsync = options.fsync ?? true
  const name = `fsStorage(${options.root})`
  const temporary = join(root, INTERNAL_FOLDER, 'tmp')
  const locks = createFsLocks(join(root, INTERNAL_FOLDER, 'locks'))
  const folders = createFsFolders(root, name, fsync)
  let ready: Promise<void> | undefined
  let closed = false

  /** Checks, runs and translates what one operation throws. */
  const perform = async <T>(operation: string, key: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> => {
    if (closed) throw new MillwrightError('InvalidState', `${name} is closed`)
    throwIfAborted(signal)
    try {
      return await work()
    } catch (error) {
      if (signal?.aborted) throw signal.reason
      throw translateFsError(error, name, operation, key)
    }
  }

  const pathOf = (key: string): string => {
    assertSafeKey(key)
    if (key === INTERNAL_FOLDER || key.startsWith(`${INTERNAL_FOLDER}/`)) {
      throw invalidArgument(`${name} keeps ${INTERNAL_FOLDER}/ for itself, got the key ${show(key)}`)
    }
    return join(root, key)
  }
  const folderOf = (prefix: string): string => pathOf(prefix.replace(/\/$/, ''))

  /** Opens for reading (or appending) without following a link out of the root. */
  const openInside = async (path: string, key: string, flags: number): Promise<FileHandle> => {
    await folders.assertInside(dirname(path), key)
    // Windows has no such flag: there the look comes first.
    if (constants.O_NOFOLLOW === undefined) await folders.assertInside(path, key).catch(nothingIfMissing)
    try {
      return await open(path, flags | (constants.O_NOFOLLOW ?? 0), 0o666)
    } catch (error) {
      if (systemCode(error) !== 'ELOOP') throw error
      await folders.assertInside(path, key)
      return open(path, flags)
    }
  }

  const prepare = (): Promise<void> => {
    ready ??= (async () => {
      try {
        await makeFolders(temporary)
      } catch (error) {
        const reason = translateFsError(error, name, 'use the folder', root) as Error
        if (!['ENOTDIR', 'EEXIST'].includes(systemCode(error))) throw reason
        throw invalidArgument(`${name} needs a folder as its root, but a file is in the way`, { cause: error })
      }
      await removeLeftovers(temporary)
      await locks.sweep()
    })()
    ready.catch(() => {
      ready = undefined
    })
    return ready
  }

  const infoOf = async (key: string, path: string): Promise<ObjectInfo | undefined> => {
    const handle = await openInside(path, key, constants.O_RDONLY)
    return infoFrom(handle, key).finally(() => handle.close())
  }

  const writer = createFsWriter({ root, name, fsync, temporary, folders, locks, infoOf })
  const glances = createGlances({ root, name, pathOf })

  return displayPort('ObjectStore', {
    portVersion: 1,
    name,
    capabilities: { conditionalPut: true, rangeRead: true, appendAtomic: true, persistent: true, maxObjectBytes: 2 ** 31 - 1 },
    uri(key) {
      if (key === '') return pathToFileURL(root).href
      return pathToFileURL(key.endsWith('/') ? pathOf(key.slice(0, -1)) + sep : pathOf(key)).href
    },
    head: (key, { signal } = {}) => perform('look up', key, signal, async () => infoOf(key, pathOf(key)).catch(nothingIfMissing)),
    get: (key, { signal, range } = {}) =>
      perform('get', key, signal, async () => {
        const handle = await openInside(pathOf(key), key, constants.O_RDONLY).catch(nothingIfMissing)
        if (handle === undefined) throw notFound(name, key)
        try {
          const facts = await handle.stat()
          if (!facts.isFile()) throw notFound(name, key)
          return await readRange(handle, range?.start ?? 0, Math.min(range?.end ?? facts.size, facts.size), signal)
        } finally {
          await handle.close()
        }
      }),
    put: (key, bytes, conditions = {}) =>
      perform('put', key, conditions.signal, async () => {
        const path = pathOf(key)
        await prepare()
        return writer.put(key, path, bytes, conditions)
      }),
    append: (key, bytes, { signal } = {}) =>
      perform('append to', key, signal, async () => {
        const path = pathOf(key)
        await prepare()
        const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT
        const handle = await openInside(path, key, flags).catch((error) => {
          nothingIfMissing(error)
          return folders.within(dirname(path), key, () => openInside(path, key, flags))
        })
        try {
          const isNew = (await handle.stat()).size === 0
          await appendOnce(handle, bytes)
          if (fsync) await handle.sync()
          if (isNew) await folders.flush(dirname(path))
        } finally {
          await handle.close()
        }
      }),
    ensureFolder: (prefix, { signal } = {}) =>
      perform('make the folder', prefix, signal, async () => {
        const folder = folderOf(prefix)
        await prepare()
        await folders.make(folder, prefix)
        if (!(await stat(folder)).isDirectory()) throw conflict(`${name} cannot make ${show(prefix)}: an object has that key`, prefix)
      }),
    createFolder: (prefix, content, { signal } = {}) =>
      perform('make the folder', prefix, signal, async () => {
        const path = folderOf(prefix)
        for (const below of [...content.files.keys(), ...(content.folders ?? [])]) pathOf(`${prefix.replace(/\/$/, '')}/${below}`)
        await prepare()
        await writer.createFolder(prefix, path, content, signal)
      }),
    moveFolder: (from, to, { signal } = {}) =>
      perform('move the folder', from, signal, async () => {
        const [path, target] = [folderOf(from), folderOf(to)]
        await prepare()
        if (!(await stat(path).catch(nothingIfMissing))?.isDirectory()) {
          throw new MillwrightError('NotFound', `${name} has no folder ${show(from)}`, { details: { key: from } })
        }
        await writer.moveFolder(from, path, to, target, signal)
      }),
    async getChanged(queries, { signal } = {}) {
      let key = queries[0]?.key ?? ''
      const onKey = (next: string): void => {
        key = next
      }
      return perform('get', key, signal, async () => {
        try {
          return await glances(queries, signal, onKey)
        } catch (error) {
          throw signal?.aborted ? error : translateFsError(error, name, 'get', key)
        }
      })
    },
    list: ({ signal, prefix = '', shallow = false, limit = 1000, cursor } = {}) =>
      perform('list', prefix, signal, async () => {
        if (!Number.isInteger(limit) || limit < 1) throw invalidArgument(`\`limit\` of list must be a whole number ≥ 1, got ${show(limit)}`)
        const folder = prefix.slice(0, Math.max(0, prefix.lastIndexOf('/')))
        if (folder !== '') await folders.assertInside(pathOf(folder), prefix).catch(nothingIfMissing)
        const items: WalkItem[] = []
        let more = false
        for await (const item of walk({ root, prefix, shallow, after: cursor, signal })) {
          more = items.length === limit
          if (more) break
          items.push(item)
        }
        const objects = await factsOf(items, root, signal)
        const prefixes = items.filter(({ isPrefix }) => isPrefix).map(({ key }) => key)
        return { objects, prefixes, ...(more ? { cursor: items.at(-1)?.key } : {}) }
      }),
    delete: (key, { signal } = {}) => perform('delete', key, signal, async () => writer.delete(key, pathOf(key), signal)),
    async close() {
      closed = true
      await writer.settled()
    },
  })
}

function conflict(message: string, key: string): MillwrightError {
  return new MillwrightError('Conflict', message, { details: { key } })
}

function notFound(name: string, key: string): MillwrightError {
  return new MillwrightError('NotFound', `${name} has no object ${show(key)}`, { details: { key } })
}
