/** Finished trials in an object store, so that a search that was interrupted goes on where it stopped. */
import * as z from 'zod/mini'
import { utf8 } from '../../core/bytes'
import { isMillwrightError, MillwrightError, show } from '../../core/errors'
import { sha256Hex } from '../../core/hash'
import { canonicalJson } from '../../core/json'
import { parseStored, storedFormat, storedNumber } from '../../core/stored'
import type { ObjectStore } from '../../ports/object-store'
import { listAll, readOptional } from '../../ports/stored-objects'
import { type FoldScores, summaryOf } from '../cross-validate'
import type { ParamValues } from './distributions'
import type { SearchTrial } from './trial'

/** Where a search keeps its finished trials. */
export interface TrialStorage {
  readonly storage: ObjectStore
  /** The prefix of the keys: `searches/flights`. One search each. */
  readonly key: string
}

/** The finished trials of one search, and how one more is kept. */
export interface TrialStore {
  readonly known: ReadonlyMap<number, SearchTrial>
  put(trial: SearchTrial): Promise<void>
}

const FORMAT = { field: 'formatVersion', reads: 1 }

const searchFormat = /* @__PURE__ */ storedFormat(
  () => z.looseObject({ formatVersion: z.literal(1), fingerprint: z.string(), description: z.string() }),
  FORMAT,
)

const trialFormat = /* @__PURE__ */ storedFormat(() => {
  const numbers = z.array(storedNumber())
  return z.looseObject({
    formatVersion: z.literal(1),
    number: z.int().check(z.gte(0)),
    params: z.record(z.string(), z.unknown()),
    status: z.enum(['finished', 'pruned']),
    score: storedNumber(),
    scores: z.record(z.string(), z.looseObject({ values: numbers, train: z.optional(numbers) })),
    reports: numbers,
    startTime: z.number(),
    seconds: z.number(),
    rung: z.optional(z.int()),
    resource: z.optional(z.number()),
  })
}, FORMAT)

/**
 * Opens the trials of a search.
 *
 * @param identity what makes two searches the same: space, seed, model, data, folds
 * @throws Conflict when the key holds the trials of another search; Corrupt for damaged files; what the storage throws
 */
export async function openTrialStore(
  { storage, key }: TrialStorage,
  { identity, description }: { readonly identity: unknown; readonly description: string },
  signal: AbortSignal | undefined,
): Promise<TrialStore> {
  const fingerprint = sha256Hex(canonicalJson(identity))
  const headKey = `${key}/search.json`
  await claim(storage, headKey, { fingerprint, description })
  const known = new Map<number, SearchTrial>()
  for (const { key: trialKey } of await listAll(storage, `${key}/trials/`)) {
    const trial = trialOf(parseStored(trialFormat, await storage.get(trialKey, { signal }), trialKey))
    known.set(trial.number, trial)
  }
  return {
    known,
    async put(trial) {
      if (trial.status === 'failed') return
      await storage.put(`${key}/trials/${String(trial.number).padStart(6, '0')}.json`, utf8(canonicalJson(documentOf(trial))))
    },
  }
}

/** Writes what the search is, or checks that the same one is there. */
async function claim(
  storage: ObjectStore,
  key: string,
  head: { readonly fingerprint: string; readonly description: string },
): Promise<void> {
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
  if (fingerprint === head.fingerprint) return
  throw new MillwrightError(
    'Conflict',
    `${show(key)} holds the trials of another search: ${description}; this one is ${head.description}`,
    {
      hint: 'the space, the seed, the model, the data or the folds differ: take another key',
    },
  )
}

function documentOf(trial: SearchTrial): object {
  const scores = Object.entries(trial.scores).map(([name, { values, train }]) => [name, { values, train: train?.values }])
  return { ...trial, formatVersion: 1, scores: Object.fromEntries(scores) }
}

type StoredTrial = typeof trialFormat extends { schema: () => z.ZodMiniType<infer T> } ? T : never

function trialOf(stored: StoredTrial): SearchTrial {
  const scores = Object.entries(stored.scores).map(([name, { values, train }]): [string, FoldScores] => [
    name,
    { ...summaryOf(values.map(Number)), ...(train === undefined ? {} : { train: summaryOf(train.map(Number)) }) },
  ])
  const { number, status, startTime, seconds, rung, resource } = stored
  return {
    number,
    params: stored.params as ParamValues,
    status,
    score: Number(stored.score),
    scores: Object.fromEntries(scores),
    reports: stored.reports.map(Number),
    startTime,
    seconds,
    ...(rung === undefined ? {} : { rung }),
    ...(resource === undefined ? {} : { resource }),
  }
}
