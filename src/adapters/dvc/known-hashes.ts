/** Remembers the hashes of files by size, times and inode, so that an unchanged tree is not read again. Losing it only costs time. */
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { newId } from '../../core/ids'
import { makeFolders } from '../node/folders'

/** What is remembered of a file whose hash is known. */
export interface FileFacts {
  readonly size: number
  readonly mtimeMs: number
  readonly ctimeMs: number
  readonly ino: number
}

/** Hashes that are known already. */
export interface KnownHashes {
  get(path: string, stats: FileFacts): string | undefined
  set(path: string, stats: FileFacts, md5: string): void
  /** The same for a file that just became a link: that its inode changed now was our own doing. */
  setOwn(path: string, stats: FileFacts, md5: string): void
  save(): Promise<void>
}

type Entry = readonly [size: number, mtimeMs: number, ctimeMs: number, inode: number, md5: string]

/** A file changed so recently may change again within one tick of the file system's clock. */
const SETTLED_MS = 2000
const VERSION = 1

/** Loads what an earlier process left in DVC's folder for temporary files, which git ignores. */
export async function loadKnownHashes(root: string): Promise<KnownHashes> {
  const path = join(root, '.dvc', 'tmp', 'millwright', 'hashes.json')
  const loaded = await entriesOf(path)
  /** What was learned since; a copy of all that was loaded would cost more than most looks do. */
  const learned = new Map<string, Entry>()
  const remember = (file: string, { size, mtimeMs, ctimeMs, ino }: FileFacts, md5: string): void =>
    void learned.set(file, [size, mtimeMs, ctimeMs, ino, md5])
  return {
    get(file, { size, mtimeMs, ctimeMs, ino }) {
      const entry = learned.get(file) ?? (Object.hasOwn(loaded, file) ? loaded[file] : undefined)
      if (!Array.isArray(entry) || entry[0] !== size || entry[1] !== mtimeMs || entry[2] !== ctimeMs || entry[3] !== ino) return undefined
      return typeof entry[4] === 'string' && /^[0-9a-f]{32}$/.test(entry[4]) ? entry[4] : undefined
    },
    set(file, facts, md5) {
      if (Math.max(facts.mtimeMs, facts.ctimeMs) <= Date.now() - SETTLED_MS) remember(file, facts, md5)
    },
    setOwn(file, facts, md5) {
      if (facts.mtimeMs <= Date.now() - SETTLED_MS) remember(file, facts, md5)
    },
    async save() {
      if (learned.size === 0) return
      const aside = `${path}.${newId()}`
      try {
        await makeFolders(dirname(path))
        await writeFile(aside, JSON.stringify({ version: VERSION, files: Object.fromEntries([...Object.entries(loaded), ...learned]) }))
        await rename(aside, path)
      } catch {
        // On a read-only disk everything is hashed again, which is all.
        await rm(aside, { force: true }).catch(() => {})
      }
    },
  }
}

/** Path → what was remembered; each is looked at when it is asked for. */
async function entriesOf(path: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    const { version, files } = JSON.parse(await readFile(path, 'utf8')) as { version: unknown; files: unknown }
    return version === VERSION && typeof files === 'object' && files !== null ? (files as Record<string, unknown>) : {}
  } catch {
    // Missing or damaged: it is made anew.
    return {}
  }
}
