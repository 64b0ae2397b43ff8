/** The record of a run: one JSON object in the storage, owned by one process at a time; while the run goes on, with a journal beside it. */
import * as z from 'zod/mini'
import { damaged } from '../core/damage'
import { errorCodes, MillwrightError, show } from '../core/errors'
import { assertSafeSegment } from '../core/ids'
import type { Json } from '../core/json'
import { parseStored, storedDigest, storedFormat } from '../core/stored'
import type { ObjectInfo, ObjectStore } from '../ports/object-store'
import type { ItemResult, PipelineStatus, StepResult } from './result'

/** The stored result of a step. */
export interface StepState extends StepResult {
  /** Version of the code that ran. */
  readonly version: string
  /** Digests of the parameters that it read. */
  readonly params?: Readonly<Record<string, string>> | undefined
}

/** The stored result of an item of a map step that has not ended yet. */
export interface ItemState extends ItemResult {
  /** Version of the code that ran. */
  readonly version: string
}

/** The record of a run. Plain JSON; times are epoch milliseconds. */
export interface RunState {
  readonly format: 1
  readonly pipeline: string
  readonly runId: string
  readonly status: PipelineStatus | 'running'
  readonly seed: number
  /** Digest of the stored input; absent when the input could not be stored. */
  readonly input?: string | undefined
  /** The parameters, as stored by the default codec. */
  readonly params?: Readonly<Record<string, Json>> | undefined
  readonly startedAt: number
  readonly updatedAt: number
  readonly endedAt?: number | undefined
  /** Id of the run in the tracker. */
  readonly trackedRun?: string | undefined
  /** How often the run was resumed. */
  readonly resumes: number
  /** The process that runs it, and until when its lease is valid unless it is renewed. */
  readonly lease?: { readonly owner: string; readonly expiresAt: number } | undefined
  readonly steps: Readonly<Record<string, StepState>>
  /** Map steps that have not ended: step → index → the result of the item. */
  readonly items?: Readonly<Record<string, Readonly<Record<string, ItemState>>>> | undefined
}

/** The record as it is stored. In format 2 the lines of a journal are to be added to it. */
export interface StoredState extends Omit<RunState, 'format'> {
  readonly format: 1 | 2
  /** The id of the journal. */
  readonly journal?: string | undefined
}

/** The format of the record of a run. */
const runStateFormat = /* @__PURE__ */ storedFormat(
  (): z.ZodMiniType<StoredState> =>
    z.looseObject({
      format: z.union([z.literal(1), z.literal(2)]),
      journal: z.optional(z.string().check(z.regex(/^[0-9a-f]{32}$/))),
      pipeline: z.string(),
      runId: z.string(),
      status: z.enum(['running', 'finished', 'failed', 'cancelled']),
      seed: z.number(),
      input: z.optional(storedDigest()),
      params: z.optional(z.record(z.string(), z.any() as z.ZodMiniType<Json>)),
      startedAt: z.number(),
      updatedAt: z.number(),
      endedAt: z.optional(z.number()),
      trackedRun: z.optional(z.string()),
      resumes: z.int().check(z.gte(0)),
      lease: z.optional(z.looseObject({ owner: z.string(), expiresAt: z.number() })),
      steps: z.record(z.string(), storedStep()),
      items: z.optional(z.record(z.string(), z.record(z.string(), z.looseObject({ ...storedItem(), version: z.string() })))),
    }),
  { field: 'format', reads: 2 },
)

/** The members of a stored {@link StepState}. */
export function storedStep(): z.ZodMiniType<StepState> {
  return z.looseObject({
    ...storedItem(),
    items: z.optional(z.array(z.looseObject(storedItem()))),
    version: z.string(),
    params: z.optional(z.record(z.string(), z.string())),
  })
}

/** The members of a stored {@link ItemResult}. */
export function storedItem() {
  return {
    status: z.enum(['succeeded', 'cached', 'fallback', 'failed', 'skipped', 'cancelled']),
    attempts: z.int().check(z.gte(0)),
    startedAt: z.number(),
    endedAt: z.number(),
    durationMs: z.number(),
    error: z.optional(z.looseObject({ name: z.string(), message: z.string(), code: z.optional(z.enum(errorCodes)) })),
    reason: z.optional(z.string()),
    blocked: z.optional(z.boolean()),
    restored: z.optional(z.boolean()),
    digest: z.optional(storedDigest()),
    compensation: z.optional(z.enum(['done', 'failed'])),
  }
}

/** The key of the record of a run. */
export function stateKey(pipeline: string, runId: string): string {
  assertSafeSegment(runId, 'a run id')
  return `pipelines/${pipeline}/runs/${runId}/state.json`
}

/** Reads the record of a run without its journal, and its ETag. @throws NotFound, Corrupt, Unsupported for a newer format */
export async function readStoredState(
  storage: ObjectStore,
  pipeline: string,
  runId: string,
): Promise<{ readonly state: StoredState; readonly etag: string }> {
  const key = stateKey(pipeline, runId)
  // The ETag is read before the bytes: if the record changes in between, the ETag is the older one and the next write is refused.
  const info: ObjectInfo | undefined = await storage.head(key)
  if (info === undefined) {
    throw new MillwrightError('NotFound', `run ${show(runId)} of pipeline ${show(pipeline)} is not in ${storage.name}`)
  }
  const state = parseStored(runStateFormat, await storage.get(key), key)
  if (state.pipeline !== pipeline) throw damaged(key, ['pipeline'], show(pipeline), state.pipeline)
  if (state.runId !== runId) throw damaged(key, ['runId'], show(runId), state.runId)
  return { state, etag: info.etag }
}

/** Ids of the runs in the storage, ascending. */
export async function runIds(storage: ObjectStore, pipeline: string): Promise<string[]> {
  const prefix = `pipelines/${pipeline}/runs/`
  const ids: string[] = []
  let cursor: string | undefined
  do {
    const page = await storage.list({ prefix, shallow: true, cursor })
    for (const folder of page.prefixes) ids.push(folder.slice(prefix.length, -1))
    cursor = page.cursor
  } while (cursor !== undefined)
  return ids
}
