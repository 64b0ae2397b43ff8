/** Remembers the hashes of files by size, times and inode, so that an unchanged tree is not read again. Losing it only costs time. */
import type { Stats } from 'node:fs'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { newId } from '../../core/ids'
import { makeFolders } from '../node/folders'

/** Hashes that are known already. */
export interface KnownHashes {
  get(path: string, stats: Stats): string | undefined
  set(path: string, stats: Stats, md5: string): void
  save(): Promise<void>
}

type Entry = readonly [size: number, mtimeMs: number, ctimeMs: number, inode: number, md5: string]

/** A file changed so recently may change again within one tick of the file system's clock. */
const SETTLED_MS = 2000
const VERSION = 1

/** Loads what an earlier process left in DVC's folder for temporary files, which git ignores. */
export async function loadKnownHashes(root: string): Promise<KnownHashes> {
  const path = join(root, '.dvc', 'tmp', 'millwright', 'hashes.json')
  const files = await entriesOf(path)
  let changed = false
  return {
    get(file, { size, mtimeMs, ctimeMs, ino }) {
      const entry = files.get(file)
      if (entry === undefined) return undefined
      return entry[0] === size && entry[1] === mtimeMs && entry[2] === ctimeMs && entry[3] === ino ? entry[4] : undefined
    },
    set(file, { size, mtimeMs, ctimeMs, ino }, md5) {
      if (Math.max(mtimeMs, ctimeMs) > Date.now() - SETTLED_MS) return
      files.set(file, [size, mtimeMs, ctimeMs, ino, md5])
      changed = true
    },
    async save() {
      if (!changed) return
      changed = false
      const aside = `${path}.${newId()}`
      try {
        await makeFolders(dirname(path))
        await writeFile(aside, JSON.stringify({ version: VERSION, files: Object.fromEntries(files) }))
        await rename(aside, path)
      } catch {
        // On a read-only disk everything is hashed again, which is all.
        await rm(aside, { force: true }).catch(() => {})
      }
    },
  }
}

async function entriesOf(path: string): Promise<Map<string, Entry>> {
  try {
    const { version, files } = JSON.parse(await readFile(path, 'utf8')) as { version: unknown; files: Record<string, Entry> }
    if (version !== VERSION) return new Map()
    return new Map(Object.entries(files).filter(([, entry]) => Array.isArray(entry) && /^[0-9a-f]{32}$/.test(entry[4])))
  } catch {
    // Missing or damaged: it is made anew.
    return new Map()
  }
}
