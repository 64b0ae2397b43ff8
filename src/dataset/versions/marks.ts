/**
 * Commits and garbage collections that keep out of each other's way, in any number of processes.
 *
 * Each side writes its mark first and looks at the other's then. As a mark is seen by every later reader, one of the two sees the other: a
 * commit waits while chunks are deleted, and nothing is deleted while a commit is under way. A mark that has not been renewed for its time
 * is that of a killed process.
 */
import { backoffDelay } from '../../core/backoff'
import { utf8 } from '../../core/bytes'
import { type Clock, sleep } from '../../core/clock'
import { isMillwrightError, MillwrightError } from '../../core/errors'
import { newId } from '../../core/ids'
import { parseStored } from '../../core/stored'
import type { ObjectStore } from '../../ports/object-store'
import { listAll, readOptional } from '../../ports/stored-objects'
import { keys, markFormat } from './format'

/** How long a garbage collection may delete before it shows its mark anew. */
export const SWEEP_MS = 20_000

/** The mark of a commit under way. */
export interface CommitMark {
  readonly id: string
  /** Shows that the commit is alive; to be called now and then. @throws Conflict when the mark had run out, for then chunks may have been deleted */
  renew(): Promise<void>
  /** Removes the mark. */
  end(): Promise<void>
}

/** Whether a mark is that of a process that is alive; `undefined` where there is none. */
async function isLive(store: ObjectStore, key: string, clock: Clock): Promise<boolean | undefined> {
  const bytes = await readOptional(store, key)
  if (bytes === undefined) return undefined
  const { renewedAt, lifeMs } = parseStored(markFormat, bytes, key)
  return clock.now() - renewedAt < lifeMs
}

function markBytes(id: string, renewedAt: number, lifeMs: number): Uint8Array {
  return utf8(JSON.stringify({ formatVersion: 1, id, renewedAt, lifeMs }))
}

/** Begins a commit: marks it, then waits until nobody deletes chunks. */
export async function beginCommit(
  store: ObjectStore,
  { clock, graceMs, signal }: { readonly clock: Clock; readonly graceMs: number; readonly signal: AbortSignal | undefined },
): Promise<CommitMark> {
  const id = newId()
  const key = keys.commit(id)
  let renewedAt = clock.now()
  const write = async (): Promise<void> => {
    const now = clock.now()
    await store.put(key, markBytes(id, now, graceMs))
    renewedAt = now
  }
  const end = async (): Promise<void> => {
    await store.delete(key)
  }
  await write()
  try {
    for (let attempt = 1; await isSweeping(store, clock); attempt++) {
      await sleep(clock, backoffDelay(attempt, { baseMs: 20, maxMs: 1000 }), signal)
      await write()
    }
  } catch (error) {
    await end()
    throw error
  }
  return {
    id,
    end,
    async renew() {
      const age = clock.now() - renewedAt
      if (age >= graceMs) {
        throw new MillwrightError('Conflict', `the commit stood still for ${Math.round(age / 1000)} s, so that its chunks may be gone`, {
          hint: 'commit again; a longer `graceMs` suits slow machines',
          retryable: true,
        })
      }
      if (age >= graceMs / 4) await write()
    },
  }
}

async function isSweeping(store: ObjectStore, clock: Clock): Promise<boolean> {
  return (await isLive(store, keys.sweep, clock)) === true
}

/** Whether commits are under way; marks of killed ones are removed. */
export async function hasLiveCommits(store: ObjectStore, clock: Clock): Promise<boolean> {
  let found = false
  for (const { key } of await listAll(store, keys.commits)) {
    const live = await isLive(store, key, clock)
    if (live) found = true
    else if (live === false) await store.delete(key)
  }
  return found
}

/** Marks that chunks are deleted. @throws Conflict while another garbage collection does */
export async function beginSweep(store: ObjectStore, clock: Clock): Promise<{ readonly until: number; end(): Promise<void> }> {
  const now = clock.now()
  const own = markBytes(newId(), now, SWEEP_MS)
  const before = await store.head(keys.sweep)
  if (before !== undefined && (await isSweeping(store, clock))) throw sweeping(store)
  try {
    await store.put(keys.sweep, own, before === undefined ? { ifAbsent: true } : { ifMatch: before.etag })
  } catch (error) {
    throw isMillwrightError(error, 'Conflict') ? sweeping(store) : error
  }
  // The half, for clocks that differ a little.
  return { until: now + SWEEP_MS / 2, end: async () => store.delete(keys.sweep) }
}

function sweeping(store: ObjectStore): MillwrightError {
  return new MillwrightError('Conflict', `another garbage collection of ${store.name} is under way`)
}
