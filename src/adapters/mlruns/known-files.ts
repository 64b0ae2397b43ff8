/** A cache of the files of a tree. Each use asks the storage which files changed, and reads only those. */
import { fromUtf8 } from '../../core/bytes'
import { isMillwrightError } from '../../core/errors'
import { type Meta, parseMeta } from '../../mlruns/meta'
import { lastPoint, parseMetricLines } from '../../mlruns/metric-lines'
import type { ChangedAnswer, ChangedQuery } from '../../ports/object-store'
import type { MetricPoint } from '../../ports/tracker-backend'
import type { Tree } from './tree'

/** A folder's names, a param's or tag's text, a metric's last point, or a meta file. `null` for a file without a valid value. */
export type KnownValue = string | null | MetricPoint | Meta | readonly string[]

/** A file or folder as it was last seen. */
export interface KnownEntry {
  /** The stamp of `getChanged`. Empty if the file must be read again. */
  readonly stamp: string
  readonly value: KnownValue
}

/** A run's folder, or the experiment's own. */
export interface KnownFolder {
  readonly group: KnownGroup
  /** Key prefix, ending in `/`. */
  readonly base: string
  /** Path below the folder → what was read. Paths of folders end in `/`; the folder itself is the empty path. */
  readonly entries: Map<string, KnownEntry>
}

/** An experiment with its runs. */
export interface KnownGroup {
  readonly base: string
  /** Name below the base → folder; the experiment itself is the empty name. */
  readonly folders: Map<string, KnownFolder>
  /** Entries read since the group was last written to the index. */
  fresh: number
}

/** A file or folder to read. */
export interface KnownPath {
  readonly folder: KnownFolder
  readonly path: string
}

/** The cache of a tree. */
export interface KnownFiles {
  group(base: string): KnownGroup
  folder(group: KnownGroup, name: string): KnownFolder
  /** The present values, in order; `undefined` for what does not exist. One call for many files is much faster than one for each. */
  read(asked: readonly KnownPath[]): Promise<(KnownValue | undefined)[]>
  /** Reads several lists of files in one call. */
  readEach(asked: readonly (readonly KnownPath[])[]): Promise<(KnownValue | undefined)[][]>
  /** For each folder, the files with a value below path `top` (ending in `/`): the rest of the path, ascending, and the value. */
  entriesBelow(folders: readonly KnownFolder[], top: string): Promise<(readonly [string, Exclude<KnownValue, null>])[][]>
}

/** The most entries kept. Beyond, all are dropped and read again. */
const MOST_ENTRIES = 4_000_000

/** Creates an empty cache. */
export function createKnownFiles(tree: Tree): KnownFiles {
  const groups = new Map<string, KnownGroup>()
  let count = 0

  const note = ({ folder, path }: KnownPath, answer: ChangedAnswer | undefined, content: KnownValue): KnownValue | undefined => {
    const held = folder.entries.get(path)
    if (answer === undefined) {
      if (held !== undefined) folder.entries.delete(path)
      return undefined
    }
    if (held !== undefined && answer.bytes === undefined && answer.names === undefined) return held.value
    const value = answer.names ?? content
    if (held === undefined) count++
    if (answer.stamp !== '') folder.group.fresh++
    folder.entries.set(path, { stamp: answer.stamp, value })
    return value
  }

  const forgetIfMany = (): void => {
    if (count <= MOST_ENTRIES) return
    for (const group of groups.values()) {
      for (const folder of group.folders.values()) folder.entries.clear()
      group.folders.clear()
    }
    count = 0
  }

  const read: KnownFiles['read'] = async (asked) => {
    forgetIfMany()
    const queries: ChangedQuery[] = asked.map(({ folder, path }) => {
      const stamp = folder.entries.get(path)?.stamp
      return stamp === undefined ? { key: folder.base + path } : { key: folder.base + path, stamp }
    })
    const answers = await tree.changed(queries)
    const contents = asked.map(({ folder, path }, i) => {
      const bytes = answers[i]?.bytes
      return bytes === undefined ? null : contentOf(path, bytes, folder.base)
    })
    const ready = contents.some((content) => content instanceof Promise) ? await Promise.all(contents) : (contents as KnownValue[])
    return asked.map((each, i) => note(each, answers[i], ready[i] as KnownValue))
  }

  const readEach: KnownFiles['readEach'] = async (asked) => {
    const values = await read(asked.flat())
    let at = 0
    return asked.map(({ length }) => {
      at += length
      return values.slice(at - length, at)
    })
  }

  return {
    group(base) {
      const held = groups.get(base)
      if (held !== undefined) return held
      const made: KnownGroup = { base, folders: new Map(), fresh: 0 }
      groups.set(base, made)
      return made
    },
    folder(group, name) {
      const held = group.folders.get(name)
      if (held !== undefined) return held
      const made: KnownFolder = { group, base: name === '' ? group.base : `${group.base}${name}/`, entries: new Map() }
      group.folders.set(name, made)
      return made
    },
    read,
    readEach,
    async entriesBelow(folders, top) {
      const paths = await filesBelow(read, folders, top)
      const values = await readEach(folders.map((folder, i) => (paths[i] as string[]).map((path) => ({ folder, path }))))
      return paths.map((list, i) =>
        list.flatMap((path, j) => {
          const value = values[i]?.[j]
          return value === undefined || value === null ? [] : [[path.slice(top.length), value] as const]
        }),
      )
    },
  }
}

/** Paths of all files below a path (ending in `/`) of each folder, ascending. */
async function filesBelow(read: KnownFiles['read'], folders: readonly KnownFolder[], top: string): Promise<string[][]> {
  const names = new Map<KnownFolder, Map<string, readonly string[]>>(folders.map((folder) => [folder, new Map()]))
  for (let asked: KnownPath[] = folders.map((folder) => ({ folder, path: top })); asked.length > 0; ) {
    const values = await read(asked)
    const deeper: KnownPath[] = []
    for (const [i, { folder, path }] of asked.entries()) {
      const found = (values[i] ?? []) as readonly string[]
      names.get(folder)?.set(path, found)
      for (const name of found) if (name.endsWith('/')) deeper.push({ folder, path: path + name })
    }
    asked = deeper
  }
  return folders.map((folder) => [...pathsOf(names.get(folder) as Map<string, readonly string[]>, top)])
}

function* pathsOf(names: ReadonlyMap<string, readonly string[]>, folder: string): Generator<string> {
  for (const name of names.get(folder) ?? []) {
    if (name.endsWith('/')) yield* pathsOf(names, folder + name)
    else yield folder + name
  }
}

/** Parses a file by its path. */
function contentOf(path: string, bytes: Uint8Array, base: string): KnownValue | Promise<KnownValue> {
  if (path.startsWith('metrics/')) return lastPoint(parseMetricLines(bytes, path.slice('metrics/'.length))) ?? null
  if (!isMeta(path)) return fromUtf8(bytes)
  const meta = parseMeta(bytes, base + path)
  if (!(meta instanceof Promise)) return meta as Meta
  return meta.catch((error) => {
    // One damaged file must not hide the others.
    if (isMillwrightError(error, 'Corrupt') || isMillwrightError(error, 'Unsupported')) return null
    throw error
  })
}

/** Whether a path is that of a `meta.yaml`, not of a tag or param of that name. */
export function isMeta(path: string): boolean {
  return path === 'meta.yaml' || (/^(inputs|outputs|datasets)\//.test(path) && path.endsWith('/meta.yaml'))
}
