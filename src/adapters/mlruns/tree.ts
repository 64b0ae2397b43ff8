/** Reads and writes the small text files of an `mlruns` tree on an object store. */
import { fromUtf8, utf8 } from '../../core/bytes'
import { isMillwrightError } from '../../core/errors'
import type { Json } from '../../core/json'
import { mapAll } from '../../core/parallel'
import { type Meta, metaYaml, parseMeta } from '../../mlruns/meta'
import type { ChangedAnswer, ChangedQuery, ObjectInfo, ObjectStore } from '../../ports/object-store'
import { readOptional } from '../../ports/stored-objects'

/** The tree. Keys are those of the storage. */
export interface Tree {
  readonly storage: ObjectStore
  /** Key prefix of everything: empty, or ending in `/`. */
  readonly root: string
  /** The text, or `undefined` where there is no such object. */
  read(key: string): Promise<string | undefined>
  write(key: string, text: string): Promise<void>
  /** Writes unless the object exists. Returns whether it wrote. */
  writeOnce(key: string, text: string): Promise<boolean>
  /** A mapping, or `undefined` where there is no such object. @throws Corrupt */
  readMeta(key: string): Promise<Meta | undefined>
  /** As `readMeta`, but returns `undefined` for a file that cannot be read, so that one damaged file does not hide the others. */
  readMetaOrSkip(key: string): Promise<Meta | undefined>
  /** YAML with sorted keys, as MLflow writes it. */
  yaml(meta: Readonly<Record<string, Json>>): string
  writeMeta(key: string, meta: Readonly<Record<string, Json>>): Promise<void>
  /** Creates a folder, if the storage has folders. */
  ensureFolder(prefix: string): Promise<void>
  /** Every object below a prefix. */
  list(prefix: string): Promise<readonly ObjectInfo[]>
  /** Names of the folders directly below a prefix. */
  folders(prefix: string): Promise<readonly string[]>
  /** The content of the objects that changed, see `getChanged` of the port. Without it each object is checked by its etag. */
  changed(queries: readonly ChangedQuery[]): Promise<readonly (ChangedAnswer | undefined)[]>
  /** The files below a prefix as path → text. */
  texts(prefix: string): Promise<Record<string, string>>
}

/** How many requests run in parallel. */
const PARALLEL = 16

/** The tree below `prefix` of a storage. */
export function createTree(storage: ObjectStore, prefix: string): Tree {
  const read = async (key: string): Promise<string | undefined> => {
    const bytes = await readOptional(storage, key)
    return bytes && fromUtf8(bytes)
  }
  const write = async (key: string, text: string): Promise<void> => void (await storage.put(key, utf8(text)))
  const pages = async function* (start: string, shallow: boolean): AsyncGenerator<Awaited<ReturnType<ObjectStore['list']>>> {
    let cursor: string | undefined
    do {
      const page = await storage.list({ prefix: start, shallow, cursor })
      yield page
      cursor = page.cursor
    } while (cursor !== undefined)
  }
  const list = async (start: string): Promise<ObjectInfo[]> => {
    const found: ObjectInfo[] = []
    for await (const page of pages(start, false)) found.push(...page.objects)
    return found
  }
  const readMeta = async (key: string): Promise<Meta | undefined> => {
    const bytes = await readOptional(storage, key)
    return bytes === undefined ? undefined : parseMeta(bytes, `${storage.name} ${key}`)
  }
  /** Reads the etag before the content, so that a change in between is found the next time. */
  const changedSince = async ({ key, stamp }: ChangedQuery): Promise<ChangedAnswer | undefined> => {
    if (key.endsWith('/')) {
      const names: string[] = []
      for await (const { objects, prefixes } of pages(key, true)) {
        for (const name of [...objects.map((info) => info.key), ...prefixes]) names.push(name.slice(key.length))
      }
      return names.length === 0 ? undefined : { stamp: '', names: names.sort((a, b) => (a < b ? -1 : 1)) }
    }
    const info = await storage.head(key)
    if (info === undefined || info.etag === stamp) return info && { stamp: info.etag }
    try {
      return { stamp: info.etag, bytes: await storage.get(key) }
    } catch (error) {
      if (isMillwrightError(error, 'NotFound')) return undefined
      throw error
    }
  }

  return {
    storage,
    root: prefix === '' ? '' : `${prefix}/`,
    read,
    write,
    writeOnce: (key, text) => writeOnce(storage, key, text),
    readMeta,
    async readMetaOrSkip(key) {
      try {
        return await readMeta(key)
      } catch (error) {
        if (isMillwrightError(error, 'Corrupt') || isMillwrightError(error, 'Unsupported')) return undefined
        throw error
      }
    },
    yaml: metaYaml,
    writeMeta: (key, meta) => write(key, metaYaml(meta)),
    ensureFolder: async (start) => storage.ensureFolder?.(start),
    list,
    async folders(start) {
      const names: string[] = []
      for await (const page of pages(start, true)) names.push(...page.prefixes.map((name) => name.slice(start.length, -1)))
      return names
    },
    changed: async (queries) =>
      queries.length === 0 ? [] : storage.getChanged === undefined ? inParallel(queries, changedSince) : storage.getChanged(queries),
    async texts(start) {
      const found = await list(start)
      const values = await inParallel(found, ({ key }) => read(key))
      const entries = found.map(({ key }, index) => [key.slice(start.length), values[index]] as const)
      return Object.fromEntries(entries.filter((entry): entry is readonly [string, string] => entry[1] !== undefined))
    },
  }
}

async function writeOnce(storage: ObjectStore, key: string, text: string): Promise<boolean> {
  if (!storage.capabilities.conditionalPut && (await storage.head(key)) !== undefined) return false
  try {
    await storage.put(key, utf8(text), storage.capabilities.conditionalPut ? { ifAbsent: true } : {})
    return true
  } catch (error) {
    // A Conflict may also mean that longer keys begin with this one. Then there is no object, and the error is thrown.
    if (isMillwrightError(error, 'Conflict') && (await storage.head(key)) !== undefined) return false
    throw error
  }
}

/** Maps items with at most 16 calls in parallel. All calls are made, also after a failure. @throws the first failure */
export function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  return mapAll(items, PARALLEL, work)
}
