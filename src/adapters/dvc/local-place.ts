/** A cache or remote in a folder of the file system. */
import { rmSync, statSync } from 'node:fs'
import { chmod, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { newId } from '../../core/ids'
import { makeFolders } from '../node/folders'
import { systemCode, translateFsError } from '../node/system-errors'
import { createMd5, type DvcHashScheme, readChunks } from './hashes'
import { ASIDE } from './keep-small'
import type { LinkType } from './links'
import { type Hashing, hashingFor, keyOf, type LocalPlace, missingObject, nothingIfMissing, type ObjectId, writeChecked } from './places'

/** So many objects are looked at one by one. */
const FEW = 256
/** Files aside that are older were left by a killed process. */
const LEFTOVER_MS = 3_600_000

/** Removes what killed processes left aside in a folder. */
export async function removeLeftovers(folder: string): Promise<void> {
  for (const name of (await readdir(folder).catch(nothingIfMissing)) ?? []) {
    const path = join(folder, name)
    const facts = /^[0-9a-f]{32}$/.test(name) ? await stat(path).catch(nothingIfMissing) : undefined
    if (facts !== undefined && Date.now() - facts.mtimeMs > LEFTOVER_MS) await rm(path, { force: true })
  }
}

/** Where the place is, and how it writes. */
interface LocalPlaceOptions {
  readonly name: string
  readonly root: string
  /** How it shares content with the working tree. @default copies */
  readonly types?: readonly LinkType[]
  readonly fsync: boolean
}

/** The cache, or a remote that is a folder. */
export function localPlace(options: LocalPlaceOptions): LocalPlace {
  const { name, root, types = ['copy'] } = options
  const pathOf = (id: ObjectId): string => join(root, keyOf(id))
  const sizeOf = async (id: ObjectId): Promise<number | undefined> => {
    const facts = await stat(pathOf(id)).catch(nothingIfMissing)
    return facts?.isFile() ? facts.size : undefined
  }
  const writer = objectWriter(options)
  return {
    name,
    root,
    types,
    sizeOf,
    sizeNow(id) {
      const facts = statSync(pathOf(id), { throwIfNoEntry: false })
      return facts?.isFile() ? facts.size : undefined
    },
    pathOf,
    remove: (id) => rmSync(pathOf(id), { force: true }),
    async *chunks(id, signal) {
      try {
        yield* readChunks(pathOf(id), signal)
      } catch (error) {
        if (nothingIfMissing(error, signal) === undefined) throw missingObject(name, id)
      }
    },
    async write(id, content, signal) {
      try {
        await writer(content, hashingFor(id, name), signal)
      } catch (error) {
        throw translateFsError(error, name, 'keep', keyOf(id))
      }
    },
    async add(content, signal) {
      const md5 = createMd5()
      let size = 0
      const hashing: Hashing = {
        update: (chunk) => {
          md5.update(chunk)
          size += chunk.length
        },
        finish: () => ({ hash: md5.digest(), scheme: 'md5' }),
      }
      return { hash: await writer(content, hashing, signal), size }
    },
    sweep: () => removeLeftovers(join(root, ASIDE)),
    async present(hashes, scheme) {
      if (hashes.length > FEW) return listed(root, hashes, scheme)
      const found = new Set<string>()
      for (const hash of hashes) if ((await sizeOf({ hash, scheme })) !== undefined) found.add(hash)
      return found
    },
  }
}

/** Which objects there are below the folders of `hashes`: listing asks fewer questions than looking at each object. */
async function listed(root: string, hashes: readonly string[], scheme: DvcHashScheme): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  const top = scheme === 'md5' ? join(root, 'files', 'md5') : root
  for (const prefix of new Set(hashes.map((hash) => hash.slice(0, 2)))) {
    for (const rest of (await readdir(join(top, prefix)).catch(nothingIfMissing)) ?? []) found.add(prefix + rest)
  }
  return found
}

/** Writes an object and gives its hash. */
type ObjectWriter = (content: AsyncIterable<Uint8Array>, hashing: Hashing, signal: AbortSignal | undefined) => Promise<string>

/** Writes aside, so that an object is there whole or not at all, then moves it to the place that its hash tells. */
function objectWriter({ root, fsync }: LocalPlaceOptions): ObjectWriter {
  const within = madeFolders()
  return async (content, hashing, signal) => {
    // Not beside the objects: there DVC would take the name for a hash.
    const aside = join(root, ASIDE, newId())
    try {
      const handle = await within(dirname(aside), () => open(aside, 'wx', 0o600))
      await writeChecked(handle, content, { hashing, fsync, signal })
      const id = hashing.finish()
      // DVC trusts an object of this mode without a look, so it comes last.
      await chmod(aside, 0o444)
      const path = join(root, keyOf(id))
      await within(dirname(path), () => rename(aside, path))
      return id.hash
    } catch (error) {
      await rm(aside, { force: true })
      throw error
    }
  }
}

/** Does work in a folder, which is made when it is not there; each is looked at once. */
function madeFolders(): <T>(folder: string, work: () => Promise<T>) => Promise<T> {
  const made = new Set<string>()
  return async (folder, work) => {
    if (!made.has(folder)) await makeFolders(folder)
    made.add(folder)
    try {
      return await work()
    } catch (error) {
      // Somebody removed it meanwhile, as `dvc gc` may.
      if (systemCode(error) !== 'ENOENT') throw error
      await makeFolders(folder)
      return work()
    }
  }
}
