/**
 * A cache of an experiment's runs for later processes, in one file: `<prefix>.index/<experiment id>`, outside the tree that MLflow reads. The
 * file may be deleted at any time.
 *
 * Each entry has the stamp of the file that it was read from, and is used only when the storage says that the stamp is still valid. When the
 * index is missing, incomplete, of another version, or has a wrong checksum, the runs are read again; nothing else changes.
 */
import { fromUtf8, utf8 } from '../../core/bytes'
import { crc32 } from '../../core/crc32'
import type { MetricPoint } from '../../ports/tracker-backend'
import { isMeta, type KnownFiles, type KnownFolder, type KnownGroup, type KnownValue } from './known-files'
import type { Tree } from './tree'

/** Loads and saves the cached entries of runs. */
export interface RunIndex {
  /** Adds the entries that an earlier process saved. Later calls for the group do nothing. */
  load(group: KnownGroup): Promise<void>
  /** Saves the entries of these runs in the background, when enough of them are new. */
  saveIfNew(group: KnownGroup, runIds: readonly string[]): void
  /** Resolves when no index is being written. */
  settled(): Promise<void>
}

const HEAD = 'millwright-runs 1 '
/** With fewer new entries than this, nothing is saved. */
const LEAST_FRESH = 30
/** The index is saved when this share of the entries is new, so that the total time of saving is proportional to the number of entries read. */
const FRESH_SHARE = 0.1
const MOST_BYTES = 512 * 1024 * 1024

/** The index of `tree`. It does nothing where the storage lacks `getChanged` or is not persistent. */
export function createRunIndex(tree: Tree, known: KnownFiles): RunIndex {
  const { storage } = tree
  const isUsed = storage.getChanged !== undefined && storage.capabilities.persistent
  const loaded = new Map<string, Promise<void>>()
  const saving = new Map<string, Promise<void>>()
  /** Groups that must be saved again after the running save: base → names of runs. */
  const waiting = new Map<string, readonly string[]>()
  let isWritable = true

  /** The key is made from the experiment's id, which stays the same when the experiment is deleted and restored. */
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
        // An entry that this process has read is newer.
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
      // A read-only folder, a full disk, or a closed storage. Searches work without the index.
      isWritable = false
    }
  }

  const saveIfNew = (group: KnownGroup, runIds: readonly string[]): void => {
    if (!isUsed || !isWritable || group.fresh < LEAST_FRESH) return
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
      if (next !== undefined) saveIfNew(group, next)
    })
    saving.set(group.base, work)
  }

  return {
    async load(group) {
      if (!isUsed) return
      const held = loaded.get(group.base) ?? load(group)
      loaded.set(group.base, held)
      await held
    },
    saveIfNew,
    async settled() {
      while (saving.size > 0) await Promise.all(saving.values())
    },
  }
}

/** A first line with the checksum, then a line for each folder: its name, and the path, stamp and value of each entry that has a stamp. */
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

/** The lines of an index; none where the checksum is wrong. */
function decode(bytes: Uint8Array): (readonly [name: string, entries: readonly unknown[]])[] {
  const end = bytes.indexOf(10)
  const body = bytes.subarray(end + 1)
  if (end < 0 || end > 64 || fromUtf8(bytes.subarray(0, end)) !== `${HEAD}${crc32(body).toString(16)}`) return []
  const lines = fromUtf8(body).split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as readonly [string, readonly unknown[]])
}

/** A point is written as three values. JSON has no NaN, infinities and −0: these are written as text. */
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
