/**
 * Deletes chunks that no version needs, in two phases: a collection condemns what it finds unreferenced; a later one, at least `graceMs`
 * after it, deletes what still is. Nothing is deleted while a commit is under way, nor what was written within `graceMs`.
 */
import { utf8 } from '../../core/bytes'
import type { Clock } from '../../core/clock'
import { isMillwrightError, MillwrightError } from '../../core/errors'
import { forEach } from '../../core/parallel'
import { type OnProgress, progressReporter } from '../../core/progress'
import { throwIfAborted } from '../../core/signal'
import { parseStored } from '../../core/stored'
import type { ObjectInfo, ObjectStore } from '../../ports/object-store'
import { listAll, readOptional } from '../../ports/stored-objects'
import { chunksOf, condemnedFormat, digestOfKey, keys, versionFormat } from './format'
import { beginSweep, hasLiveCommits } from './marks'

/** What a garbage collection found and did. */
export interface GarbageReport {
  /** Chunks in the store before. */
  readonly chunks: number
  /** Chunks deleted now, and their bytes. */
  readonly deleted: number
  readonly deletedBytes: number
  /** Chunks that no version needs and that are deleted by a collection after the grace period. */
  readonly condemned: number
  /** Commits were under way, so that nothing was deleted. */
  readonly isDeferred: boolean
}

/** How a collection works. */
export interface GarbageSettings {
  readonly store: ObjectStore
  readonly clock: Clock
  readonly jobs: number
  readonly graceMs: number
  readonly dryRun: boolean
  readonly signal: AbortSignal | undefined
  readonly onProgress: OnProgress<'delete'> | undefined
}

/** Collects garbage. @throws Conflict while another collection is under way */
export async function collectGarbage(settings: GarbageSettings): Promise<GarbageReport> {
  const { store, clock, graceMs, dryRun, signal } = settings
  const now = clock.now()
  const needed = new NeededChunks(store)
  const before = await store.head(keys.condemned)
  const known = await readCondemned(store)
  await needed.look()
  const chunks = await listAll(store, keys.chunks)
  const doomed: ObjectInfo[] = []
  const condemned: Record<string, number> = {}
  for (const info of chunks) {
    const digest = digestOfKey(info.key)
    if (digest === undefined || needed.has(digest) || now - info.modifiedAt < graceMs) continue
    const since = known[digest] ?? now
    if (now - since >= graceMs && info.modifiedAt <= since) doomed.push(info)
    else condemned[digest] = info.modifiedAt > since ? now : since
  }
  throwIfAborted(signal)
  const isDeferred = dryRun ? false : await sweep(settings, needed, doomed)
  const kept = dryRun || isDeferred ? [] : doomed.filter(({ key }) => !needed.has(digestOfKey(key) ?? ''))
  if (isDeferred) for (const { key } of doomed) condemned[digestOfKey(key) as string] = known[digestOfKey(key) as string] ?? now
  if (!dryRun) await writeCondemned(store, condemned, before)
  return {
    chunks: chunks.length,
    deleted: dryRun ? doomed.length : kept.length,
    deletedBytes: (dryRun ? doomed : kept).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    condemned: Object.keys(condemned).length,
    isDeferred,
  }
}

/** The chunks that versions need; looks again at versions that it does not know. */
class NeededChunks {
  readonly #store: ObjectStore
  readonly #digests = new Set<string>()
  readonly #seen = new Map<string, string>()

  constructor(store: ObjectStore) {
    this.#store = store
  }

  has(digest: string): boolean {
    return this.#digests.has(digest)
  }

  async look(): Promise<void> {
    for (const { key, etag } of await listAll(this.#store, keys.versions)) {
      if (this.#seen.get(key) === etag) continue
      const bytes = await readOptional(this.#store, key)
      // What cannot be read stops the collection: its chunks may be needed.
      if (bytes !== undefined) for (const { digest } of chunksOf(parseStored(versionFormat, bytes, key))) this.#digests.add(digest)
      this.#seen.set(key, etag)
    }
  }
}

/** Deletes; gives whether it was put off because of commits. */
async function sweep(
  { store, clock, jobs, signal, onProgress }: GarbageSettings,
  needed: NeededChunks,
  doomed: readonly ObjectInfo[],
): Promise<boolean> {
  const report = progressReporter(onProgress, { clock })
  let done = 0
  for (let rest = doomed; rest.length > 0; ) {
    const lease = await beginSweep(store, clock)
    try {
      // After the mark: a commit that begins now waits, and one that has begun is seen.
      if (await hasLiveCommits(store, clock)) return true
      await needed.look()
      const left: ObjectInfo[] = []
      await forEach(rest, jobs, async (info) => {
        throwIfAborted(signal)
        if (clock.now() >= lease.until) left.push(info)
        else if (!needed.has(digestOfKey(info.key) as string)) await store.delete(info.key)
        report({ phase: 'delete', done: ++done, total: doomed.length, unit: 'steps' })
      })
      done -= left.length
      rest = left
    } finally {
      await lease.end()
    }
  }
  if (doomed.length === 0) report({ phase: 'delete', done: 0, total: 0, unit: 'steps' })
  return false
}

async function readCondemned(store: ObjectStore): Promise<Readonly<Record<string, number>>> {
  const bytes = await readOptional(store, keys.condemned)
  return bytes === undefined ? {} : parseStored(condemnedFormat, bytes, keys.condemned).chunks
}

async function writeCondemned(store: ObjectStore, chunks: Readonly<Record<string, number>>, before: ObjectInfo | undefined): Promise<void> {
  if (before === undefined && Object.keys(chunks).length === 0) return
  const bytes = utf8(JSON.stringify({ formatVersion: 1, chunks }))
  try {
    await store.put(keys.condemned, bytes, before === undefined ? { ifAbsent: true } : { ifMatch: before.etag })
  } catch (error) {
    if (!isMillwrightError(error, 'Conflict')) throw error
    throw new MillwrightError('Conflict', `another garbage collection of ${store.name} is under way`, { cause: error })
  }
}
