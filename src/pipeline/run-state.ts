/** The record of a run: one JSON object in the storage, written whole after each step, owned by one process at a time. */
import * as z from 'zod/mini'
import { utf8 } from '../core/bytes'
import type { Clock } from '../core/clock'
import { damaged } from '../core/damage'
import { errorCodes, isMillwrightError, MillwrightError, show } from '../core/errors'
import { assertSafeSegment, newId } from '../core/ids'
import type { Json } from '../core/json'
import { parseStored, storedDigest, storedFormat } from '../core/stored'
import type { ObjectInfo, ObjectStore, PutOptions } from '../ports/object-store'
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

/** The format of the record of a run. */
const runStateFormat = /* @__PURE__ */ storedFormat(
  (): z.ZodMiniType<RunState> =>
    z.looseObject({
      format: z.literal(1),
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
  { field: 'format', reads: 1 },
)

function storedStep(): z.ZodMiniType<StepState> {
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

/** Reads the record of a run. @throws NotFound, Corrupt, Unsupported for a newer format */
export async function readState(storage: ObjectStore, pipeline: string, runId: string): Promise<RunState> {
  return (await readWithTag(storage, pipeline, runId)).state
}

/** Reads the record and its ETag. */
async function readWithTag(storage: ObjectStore, pipeline: string, runId: string): Promise<{ state: RunState; etag: string }> {
  const key = stateKey(pipeline, runId)
  const what = `run ${show(runId)} of pipeline ${show(pipeline)}`
  // The ETag is read before the bytes: if the record changes in between, the ETag is the older one and the next write is refused.
  const info: ObjectInfo | undefined = await storage.head(key)
  if (info === undefined) throw new MillwrightError('NotFound', `${what} is not in ${storage.name}`)
  const state = parseStored(runStateFormat, await storage.get(key), key)
  if (state.pipeline !== pipeline) throw damaged(key, ['pipeline'], show(pipeline), state.pipeline)
  if (state.runId !== runId) throw damaged(key, ['runId'], show(runId), state.runId)
  return { state, etag: info.etag }
}

/** Writes the record of one run; the only writer while its lease holds. */
export interface Recorder {
  readonly state: RunState
  /** Changes the record and resolves when the change is in the storage. @throws Conflict when another process took the run over */
  save(change: Partial<RunState>): Promise<void>
  /** Stops renewing the lease. */
  stop(): void
}

/** What a recorder needs. */
export interface RecorderOptions {
  readonly storage: ObjectStore
  readonly clock: Clock
  readonly leaseMs: number
  /** Called when the lease was lost. */
  readonly onLost: (error: unknown) => void
}

/** Begins the record of a new run. @throws AlreadyExists when there is a run of that id */
export async function createRecord(state: RunState, options: RecorderOptions): Promise<Recorder> {
  const recorder = makeRecorder(state, undefined, options)
  try {
    await recorder.save({})
  } catch (cause) {
    recorder.stop()
    if (!isMillwrightError(cause, 'Conflict')) throw cause
    throw new MillwrightError('AlreadyExists', `pipeline ${show(state.pipeline)} already has a run ${show(state.runId)}`, {
      hint: 'Continue it with resume(), or start a run with another id.',
      cause,
    })
  }
  return recorder
}

/**
 * Takes over the record of an unfinished run.
 *
 * @throws InvalidState when it is finished; Conflict when another process holds its lease (unless `takeOver`) or wins the race for it
 */
export async function takeRecord(pipeline: string, runId: string, takeOver: boolean, options: RecorderOptions): Promise<Recorder> {
  const { state, etag } = await readWithTag(options.storage, pipeline, runId)
  const what = `run ${show(runId)} of pipeline ${show(pipeline)}`
  if (state.status === 'finished') throw new MillwrightError('InvalidState', `${what} is finished; only others can be resumed`)
  const now = options.clock.now()
  if (!takeOver && state.lease !== undefined && state.lease.expiresAt > now) {
    throw new MillwrightError('Conflict', `${what} is being run by another process for at least ${state.lease.expiresAt - now} ms`, {
      details: { expiresAt: state.lease.expiresAt },
      hint: 'Wait until its lease ends, or pass takeOver: true when that process is surely gone.',
    })
  }
  const { endedAt: _, ...kept } = state
  const recorder = makeRecorder({ ...kept, status: 'running', resumes: state.resumes + 1 }, etag, options)
  try {
    await recorder.save({})
  } catch (error) {
    recorder.stop()
    throw error
  }
  return recorder
}

function makeRecorder(initial: RunState, tag: string | undefined, { storage, clock, leaseMs, onLost }: RecorderOptions): Recorder {
  const owner = newId()
  const key = stateKey(initial.pipeline, initial.runId)
  let state = initial
  let etag = tag
  let last: Promise<void> = Promise.resolve()
  let waiting: Promise<void> | undefined
  let cancelBeat = (): void => {}
  let stopped = false

  const write = async (): Promise<void> => {
    waiting = undefined
    const now = clock.now()
    const { lease: _, ...rest } = state
    state = { ...rest, updatedAt: now, ...(state.status === 'running' ? { lease: { owner, expiresAt: now + leaseMs } } : {}) }
    const text = JSON.stringify(state)
    const bytes = utf8(text)
    const condition: PutOptions = !storage.capabilities.conditionalPut ? {} : etag === undefined ? { ifAbsent: true } : { ifMatch: etag }
    try {
      etag = (await storage.put(key, bytes, condition)).etag
    } catch (error) {
      if (!isMillwrightError(error, 'Conflict')) throw error
      // A write that was stored although it was reported as failed is our own.
      const found = await readWithTag(storage, state.pipeline, state.runId).catch(() => undefined)
      if (found === undefined) throw error
      if (JSON.stringify(found.state) === text) etag = found.etag
      else if (found.state.lease?.owner !== owner) throw lostRun(state, error)
      else etag = (await storage.put(key, bytes, { ifMatch: found.etag })).etag
    }
    beat()
  }
  const save = (change: Partial<RunState>): Promise<void> => {
    state = { ...state, ...change }
    // Changes made while a write waits are included in it.
    waiting ??= last.then(write)
    last = waiting.catch(() => {})
    return waiting
  }
  const beat = (): void => {
    cancelBeat()
    if (stopped || state.status !== 'running') return
    // When the storage is briefly unavailable, one renewal is skipped; only a lost lease ends the run.
    const missed = (error: unknown): void => (isMillwrightError(error, 'Conflict') ? onLost(error) : beat())
    cancelBeat = clock.schedule(() => void save({}).catch(missed), leaseMs / 3)
  }
  return {
    get state() {
      return state
    },
    save,
    stop() {
      stopped = true
      cancelBeat()
    },
  }
}

function lostRun({ pipeline, runId }: RunState, cause: unknown): MillwrightError {
  return new MillwrightError('Conflict', `run ${show(runId)} of pipeline ${show(pipeline)} was taken by another process`, { cause })
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
