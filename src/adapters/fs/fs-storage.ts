/** The object store in a folder of a file system: each object is one file. */

import { constants } from 'node:fs'
import { stat } from 'node:fs/promises'
import { sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { displayPort } from '../../core/display'
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import { checkOptions, nonEmptyString, ofType } from '../../core/options'
import { assertUsage } from '../../core/usage'
import type { ObjectStore } from '../../ports/object-store'
import { assertListOptions, missingObject } from '../../ports/object-store-rules'
import { translateFsError } from '../node/system-errors'
import { createChangedFiles } from './changed-files'
import { nothingIfMissing, readRange } from './files'
import { factsOf } from './info'
import { RootFolder } from './root-folder'
import { type WalkItem, walk } from './walk'
import { FsWriter } from './writer'

/** Options of {@link fsStorage}. */
export interface FsStorageOptions {
  /** The folder, relative to the working directory at the time of the call. Created at the first write. */
  readonly root: string
  /**
   * Whether each write is flushed to the disk before it is acknowledged. Without it, a write survives the end of the process, but may be
   * lost in a power failure. @default true
   */
  readonly fsync?: boolean | undefined
}

/**
 * An object store in a folder of a local file system (Node, Bun, Deno).
 *
 * - `put` writes a temporary file in `<root>/.millwright/`, flushes it, hard-links it into place, which fails if the file exists, and flushes
 *   the folder. Overwriting (by renaming) and deleting hold a lock file for a few milliseconds, so that `ifMatch` also works between
 *   processes. The lock of a dead process is removed.
 * - `append` is one `O_APPEND` write without a lock. Do not combine it with `ifMatch` on the same key.
 * - Keys cannot leave the root: names are checked, and symbolic links out of the root are refused. Links are not listed.
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
  const root = new RootFolder(options.root, options.fsync ?? true)
  const { name, path } = root
  const writer = new FsWriter({ ...root, root: path, infoOf: (key, file) => root.infoOf(key, file) })

  return displayPort('ObjectStore', {
    portVersion: 1,
    name,
    capabilities: { conditionalPut: true, rangeRead: true, appendAtomic: true, persistent: true, maxObjectBytes: 2 ** 31 - 1 },
    uri(key) {
      if (key === '') return pathToFileURL(path).href
      return pathToFileURL(key.endsWith('/') ? root.folderOf(key) + sep : root.pathOf(key)).href
    },
    ...reads(root),
    ...objectWrites(root, writer),
    ...folderWrites(root, writer),
    async close() {
      root.close()
      await writer.settled()
    },
  })
}

/** The calls that read. */
function reads(root: RootFolder): Required<Pick<ObjectStore, 'head' | 'get' | 'getChanged' | 'list'>> {
  const { name, folders } = root
  const changedFiles = createChangedFiles({ root: root.path, name, pathOf: (key) => root.pathOf(key) })
  return {
    head: (key, { signal } = {}) =>
      root.perform('look up', key, signal, async () => root.infoOf(key, root.pathOf(key)).catch(nothingIfMissing)),
    get: (key, { signal, range } = {}) =>
      root.perform('get', key, signal, async () => {
        const handle = await root.open(root.pathOf(key), key, constants.O_RDONLY).catch(nothingIfMissing)
        if (handle === undefined) throw missingObject(name, key)
        try {
          const facts = await handle.stat()
          if (!facts.isFile()) throw missingObject(name, key)
          return await readRange(handle, range?.start ?? 0, Math.min(range?.end ?? facts.size, facts.size), signal)
        } finally {
          await handle.close()
        }
      }),
    async getChanged(queries, { signal } = {}) {
      let key = queries[0]?.key ?? ''
      const onKey = (next: string): void => {
        key = next
      }
      return root.perform('get', key, signal, async () => {
        try {
          return await changedFiles(queries, signal, onKey)
        } catch (error) {
          throw signal?.aborted ? error : translateFsError(error, name, 'get', key)
        }
      })
    },
    list: ({ signal, prefix = '', shallow = false, limit = 1000, cursor } = {}) =>
      root.perform('list', prefix, signal, async () => {
        assertListOptions({ limit })
        const folder = prefix.slice(0, Math.max(0, prefix.lastIndexOf('/')))
        if (folder !== '') await folders.assertInside(root.pathOf(folder), prefix).catch(nothingIfMissing)
        const items: WalkItem[] = []
        let more = false
        for await (const item of walk({ root: root.path, prefix, shallow, after: cursor, signal })) {
          more = items.length === limit
          if (more) break
          items.push(item)
        }
        const objects = await factsOf(items, root.path, signal)
        const prefixes = items.filter(({ isPrefix }) => isPrefix).map(({ key }) => key)
        return { objects, prefixes, ...(more ? { cursor: items.at(-1)?.key } : {}) }
      }),
  }
}

/** The calls that write objects. */
function objectWrites(root: RootFolder, writer: FsWriter): Pick<ObjectStore, 'put' | 'append' | 'delete'> {
  return {
    put: (key, bytes, conditions = {}) =>
      root.perform('put', key, conditions.signal, async () => {
        const path = root.pathOf(key)
        await root.prepare()
        return writer.put({ key, path }, bytes, conditions)
      }),
    append: (key, bytes, { signal } = {}) =>
      root.perform('append to', key, signal, async () => {
        const path = root.pathOf(key)
        await root.prepare()
        await writer.append({ key, path }, bytes, (flags) => root.openDescriptor(path, key, flags))
      }),
    delete: (key, { signal } = {}) =>
      root.perform('delete', key, signal, async () => writer.delete({ key, path: root.pathOf(key) }, signal)),
  }
}

/** The calls that write folders. */
function folderWrites(root: RootFolder, writer: FsWriter): Required<Pick<ObjectStore, 'ensureFolder' | 'createFolder' | 'moveFolder'>> {
  const { name, folders } = root
  return {
    ensureFolder: (prefix, { signal } = {}) =>
      root.perform('make the folder', prefix, signal, async () => {
        const folder = root.folderOf(prefix)
        await root.prepare()
        await folders.make(folder, prefix)
        if ((await stat(folder)).isDirectory()) return
        const message = `${name} cannot make ${show(prefix)}: an object has that key`
        throw new MillwrightError('Conflict', message, { details: { key: prefix } })
      }),
    createFolder: (prefix, content, { signal } = {}) =>
      root.perform('make the folder', prefix, signal, async () => {
        const path = root.folderOf(prefix)
        for (const below of [...content.files.keys(), ...(content.folders ?? [])]) root.pathOf(`${prefix.replace(/\/$/, '')}/${below}`)
        await root.prepare()
        await writer.createFolder({ key: prefix, path }, content, signal)
      }),
    moveFolder: (from, to, { signal } = {}) =>
      root.perform('move the folder', from, signal, async () => {
        const [path, target] = [root.folderOf(from), root.folderOf(to)]
        await root.prepare()
        if (!(await stat(path).catch(nothingIfMissing))?.isDirectory()) {
          throw new MillwrightError('NotFound', `${name} has no folder ${show(from)}`, { details: { key: from } })
        }
        await writer.moveFolder({ key: from, path }, { key: to, path: target }, signal)
      }),
  }
}
