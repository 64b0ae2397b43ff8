/** Where a rollout is kept: its record, changed by compare-and-set, and the counts of each process. */
import * as z from 'zod/mini'
import { utf8 } from '../../core/bytes'
import { isMillwrightError, MillwrightError } from '../../core/errors'
import { canonicalJson } from '../../core/json'
import { parseStored, storedFormat } from '../../core/stored'
import type { ObjectStore } from '../../ports/object-store'
import { ownObject } from '../../ports/own-object'
import { listAll, readOptional } from '../../ports/stored-objects'
import { type ArmCounts, storedArmCounts } from './arm-counts'
import { type RolloutRecord, rolloutFormat } from './rollout'

/** The counts of both arms. */
export interface PairCounts {
  readonly stable: ArmCounts
  readonly candidate: ArmCounts
}

/** A record and the condition for replacing it. */
export interface HeldRecord {
  readonly record: RolloutRecord
  readonly etag: string
}

/** Keeps a rollout. */
export interface RolloutStore {
  read(): Promise<HeldRecord | undefined>
  /** Writes the record if nobody did since `held` was read; `undefined` where somebody did. */
  write(record: RolloutRecord, held: HeldRecord | undefined): Promise<HeldRecord | undefined>
  /** Stores the counts of this process for the step of the record. */
  putCounts(record: RolloutRecord, counts: PairCounts): Promise<void>
  /** The counts of all processes for the step of the record. */
  allCounts(record: RolloutRecord): Promise<PairCounts[]>
}

const countsFormat = /* @__PURE__ */ storedFormat<PairCounts & { readonly formatVersion: 1 }>(
  () => z.looseObject({ formatVersion: z.literal(1), stable: storedArmCounts(), candidate: storedArmCounts() }),
  { field: 'formatVersion', reads: 1 },
)

/** A rollout in memory, for one process. */
export function memoryRollout(): RolloutStore {
  let held: HeldRecord | undefined
  let counts: PairCounts | undefined
  let writes = 0
  return {
    read: async () => held,
    async write(record, before) {
      if (before?.etag !== held?.etag) return undefined
      held = { record, etag: String(++writes) }
      return held
    },
    async putCounts(_record, own) {
      counts = own
    },
    allCounts: async () => (counts === undefined ? [] : [counts]),
  }
}

/** A rollout under `prefix` of an object store. @throws Unsupported without conditional puts */
export function storedRollout(storage: ObjectStore, prefix: string, instance: string): RolloutStore {
  if (!storage.capabilities.conditionalPut) {
    throw new MillwrightError('Unsupported', `createCanary needs a storage with conditional puts, which ${storage.name} has not`)
  }
  const key = `${prefix}rollout.json`
  const folder = ({ id, step }: RolloutRecord): string => `${prefix}counts/${id}/${step}/`
  return {
    async read() {
      // The etag is older than the bytes or belongs to them, so a write on a false one fails.
      const info = await storage.head(key)
      const bytes = info && (await readOptional(storage, key))
      return info === undefined || bytes === undefined ? undefined : { record: parseStored(rolloutFormat, bytes, key), etag: info.etag }
    },
    async write(record, held) {
      const bytes = utf8(canonicalJson(record))
      try {
        const { etag } = await storage.put(key, bytes, held === undefined ? { ifAbsent: true } : { ifMatch: held.etag })
        return { record, etag }
      } catch (error) {
        if (!isMillwrightError(error, 'Conflict')) throw error
        // The answer of our own put may have been lost.
        const own = await ownObject(storage, key, bytes)
        return own === undefined ? undefined : { record, etag: own.etag }
      }
    },
    async putCounts(record, counts) {
      await storage.put(`${folder(record)}${instance}.json`, utf8(JSON.stringify({ formatVersion: 1, ...counts })))
    },
    async allCounts(record) {
      const objects = await listAll(storage, folder(record))
      const read = objects.map(async (object) => parseStored(countsFormat, await storage.get(object.key), object.key))
      return Promise.all(read)
    },
  }
}
