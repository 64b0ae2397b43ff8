/**
 * What is known of an experiment's runs, kept in one file for processes that come later: `<prefix>.index/<experiment id>`, outside the tree
 * that MLflow reads. It may be deleted at any time.
 *
 * The file is never believed: each entry carries the stamp under which it was read, and the storage is asked whether it still holds. A file
 * that is missing, torn, of another version or not what its checksum says costs reading the runs, nothing else.
 */
import { fromUtf8, utf8 } from '../../core/bytes'
import { crc32 } from '../../core/crc32'
import type { MetricPoint } from '../../ports/tracker-backend'
import { isMeta, type KnownFiles, type KnownFolder, type KnownGroup, type KnownValue } from './known-files'
import type { Tree } from './tree'

/** Keeps and finds what is known of runs. */
export interface RunIndex {
  /** Adds what an earlier process left, the first time it is asked. */
  load(group: KnownGroup): Promise<void>
  /** Writes the entries of these runs, in the background, when enough of them are new. */
  saveIfWorth(group: KnownGroup, runIds: readonly string[]): void
  /** Nothing is being written any more. */
  settled(): Promise<void>
}

const HEAD = 'millwright-runs 1 '
/** Fewer new entries are not worth a file. */
const LEAST_FRESH = 30
/** Written again when a tenth is new: all writing together stays in proportion to what was read. */
const FRESH_SHARE = 0.1
const MOST_BYTES = 512 * 1024 * 1024

/** The index of `tree`; without a storage that tells of changes, or that lasts, it does nothing. */
export function createRunIndex(tree: Tree, known: KnownFiles): RunIndex {
  const { storage } = tree
  const isOf = storage.getChanged !== undefined && storage.capabilities.persistent
  const loaded = new Map<string, Promise<void>>()
  const saving = new Map<string, Promise<void>>()
  /** Runs of groups that are to be written again once they have been. */
  const waiting = new Map<string, readonly string[]>()
  let refused = false

  /** By the experiment's id: one that goes to the trash and comes back keeps its file. */
  const keyOf = ({ base }: KnownGroup): string =>
    `${tree.root === '' ? '' : tree.root.slice(0, -1)}.index/${base.slice(base.lastIndexOf('/', base.length - 2) + 1, -1)}`

  const load = async (group: KnownGroup): Promise<void> => {
    const lines = await (async () => decode(await storage.get(keyOf(group))))().catch(() => [])
    for (const [name, entries] of lines) {
      if (typeof name !== 'string' || !Array.isArray(entries)) continue
      const folder = known.folder(group, name)
      for (let i = 0; i + 2 < entries.length; i += 3) {
        const path = String(entries[i])
        const value = decodeValue(path, entries[i + 2])
        // What this process has read itself is younger.
        if (value !== undefined && !folder.entries.has(path)) folder.entries.set(path, { stamp: String(entries[i + 1]), value })
      }
    }
  }

  const save = async (group: KnownGroup, names: readonly string[]): Promise<void> => {
    group.fresh = 0
    const bytes = encode(
      names.flatMap((name) => (group.folders.has(name) ? [[name, group.folders.get(name) as KnownFolder] as const] : [])),
    )
    if (bytes.length > Math.min(MOST_BYTES, storage.capabilities.maxObjectBytes)) return
    try {
      await storage.put(keyOf(group), bytes)
    } catch {
      // A folder that cannot be written to, a full disk, a closed storage: searching goes on without.
      refused = true
    }
  }

  const saveIfWorth = (group: KnownGroup, runIds: readonly string[]): void => {
    if (!isOf || refused || group.fresh < LEAST_FRESH) return
    let entries = 0
    for (const name of runIds) entries += group.folders.get(name)?.entries.size ?? 0
    if (group.fresh < entries * FRESH_SHARE) return
    if (saving.has(group.base)) {
      waiting.set(group.base, runIds)
      return
    }
    const work = save(group, ['', ...runIds]).finally(() => {
      saving.delete(group.base)
      const next = waiting.get(group.base)
      waiting.delete(group.base)
      if (next !== undefined) saveIfWorth(group, next)
    })
    saving.set(group.base, work)
  }

  return {
    async load(group) {
      if (!isOf) return
      const held = loaded.get(group.base) ?? load(group)
      loaded.set(group.base, held)
      await held
    },
    saveIfWorth,
    async settled() {
      while (saving.size > 0) await Promise.all(saving.values())
    },
  }
}

/** A head with the checksum, then one line a folder: its name, and path, stamp, value of every entry that has a stamp. */
function encode(folders: readonly (readonly [name: string, folder: KnownFolder])[]): Uint8Array {
  const lines: string[] = []
  for (const [name, { entries }] of folders) {
    const flat: unknown[] = []
    for (const [path, { stamp, value }] of entries) if (stamp !== '') flat.push(path, stamp, encodeValue(value))
    if (flat.length > 0) lines.push(`${JSON.stringify([name, flat])}\n`)
  }
  const body = utf8(lines.join(''))
  const head = utf8(`${HEAD}${crc32(body).toString(16)}\n`)
  const bytes = new Uint8Array(head.length + body.length)
  bytes.set(head)
  bytes.set(body, head.length)
  return bytes
}

/** The lines of an index; none of one that is not whole. */
function decode(bytes: Uint8Array): (readonly [name: string, entries: readonly unknown[]])[] {
  const end = bytes.indexOf(10)
  const body = bytes.subarray(end + 1)
  if (end < 0 || end > 64 || fromUtf8(bytes.subarray(0, end)) !== `${HEAD}${crc32(body).toString(16)}`) return []
  const lines = fromUtf8(body).split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as readonly [string, readonly unknown[]])
}

/** JSON has no NaN, no infinities and no −0: points go as three values, the number as text where it is one of those. */
function encodeValue(value: KnownValue): unknown {
  if (typeof value !== 'object' || value === null || !isPoint(value)) return value
  const { value: number, timestamp, step } = value
  return [Number.isFinite(number) && !Object.is(number, -0) ? number : Object.is(number, -0) ? '-0' : String(number), timestamp, step]
}

function decodeValue(path: string, value: unknown): KnownValue | undefined {
  if (path === '' || path.endsWith('/')) return Array.isArray(value) && value.every((name) => typeof name === 'string') ? value : undefined
  if (path.startsWith('metrics/')) {
    if (value === null) return null
    if (!Array.isArray(value)) return undefined
    const [number, timestamp, step] = value as unknown[]
    if (typeof timestamp !== 'number' || typeof step !== 'number') return undefined
    return { key: path.slice('metrics/'.length), value: Number(number), timestamp, step }
  }
  if (isMeta(path)) return typeof value === 'object' ? (value as KnownValue) : undefined
  return typeof value === 'string' ? value : undefined
}

function isPoint(value: object): value is MetricPoint {
  return !Array.isArray(value) && 'timestamp' in value && typeof (value as MetricPoint).timestamp === 'number'
}
