/** Finished trials in an object store, so that a search that was interrupted goes on where it stopped. */
import * as z from 'zod/mini'
import { utf8 } from '../../core/bytes'
import { isMillwrightError, MillwrightError, show } from '../../core/errors'
import { canonicalJson } from '../../core/json'
import { parseStored, storedFormat } from '../../core/stored'
import type { ObjectStore } from '../../ports/object-store'
import { listAll, readOptional } from '../../ports/stored-objects'
import type { SearchTrial } from './trial'
import { readTrial, trialDocument } from './trial-document'

/** Where a search keeps its finished trials. */
export interface TrialStorage {
  readonly storage: ObjectStore
  /** The prefix of the keys: `searches/flights`. One search each. */
  readonly key: string
}

/** What makes two searches the same. */
export interface SearchIdentity {
  /** A digest of method and its settings, space, seed, model, data, folds, metrics and pruning. */
  readonly fingerprint: string
  /** The search in words, for messages. */
  readonly description: string
}

/** The finished trials of one search, and how one more is kept. */
export interface TrialStore {
  readonly known: ReadonlyMap<number, SearchTrial>
  put(trial: SearchTrial): Promise<void>
}

const searchFormat = /* @__PURE__ */ storedFormat(
  () => z.looseObject({ formatVersion: z.literal(1), fingerprint: z.string(), description: z.string() }),
  { field: 'formatVersion', reads: 1 },
)

/**
 * Opens the trials of a search.
 *
 * @throws Conflict when the key holds the trials of another search; Corrupt for damaged files; what the storage throws
 */
export async function openTrialStore(
  { storage, key }: TrialStorage,
  { fingerprint, description }: SearchIdentity,
  signal: AbortSignal | undefined,
): Promise<TrialStore> {
  const headKey = `${key}/search.json`
  await claim(storage, headKey, { fingerprint, description })
  const known = new Map<number, SearchTrial>()
  for (const { key: trialKey } of await listAll(storage, `${key}/trials/`)) {
    const { trial } = readTrial(await storage.get(trialKey, { signal }), trialKey)
    known.set(trial.number, trial)
  }
  return {
    known,
    async put(trial) {
      if (trial.status === 'failed') return
      await storage.put(`${key}/trials/${String(trial.number).padStart(6, '0')}.json`, utf8(canonicalJson(trialDocument(trial))))
    },
  }
}

/** Writes what the search is, or checks that the same one is there. */
async function claim(storage: ObjectStore, key: string, head: SearchIdentity): Promise<void> {
  const bytes = utf8(canonicalJson({ ...head, formatVersion: 1 }))
  let stored = await readOptional(storage, key)
  if (stored === undefined) {
    try {
      await storage.put(key, bytes, storage.capabilities.conditionalPut ? { ifAbsent: true } : {})
      return
    } catch (error) {
      if (!isMillwrightError(error, 'Conflict')) throw error
      stored = await storage.get(key)
    }
  }
  const { fingerprint, description } = parseStored(searchFormat, stored, key)
  if (fingerprint !== head.fingerprint) throw otherSearch(show(key), description, head.description, 'take another key')
}

/** The error when trials belong to another search. */
export function otherSearch(place: string, theirs: string, ours: string, way: string): MillwrightError {
  return new MillwrightError('Conflict', `${place} holds the trials of another search: ${theirs}; this one is ${ours}`, {
    hint: `the space, the seed, the model, the data, the folds, the metrics, the pruning or the search's own settings differ: ${way}`,
  })
}
