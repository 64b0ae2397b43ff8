/** The state of a schedule: one JSON object in the storage, changed by compare-and-set. It says what waits, what runs and what each trigger has seen. */
import * as z from 'zod/mini'
import { utf8 } from '../../core/bytes'
import type { Clock } from '../../core/clock'
import { damaged } from '../../core/damage'
import { isMillwrightError, show } from '../../core/errors'
import type { Json } from '../../core/json'
import { parseStored, storedFormat } from '../../core/stored'
import type { ObjectStore, PutOptions } from '../../ports/object-store'
import type { PipelineStatus } from '../result'

/** A firing that was accepted and whose run has not ended. */
export interface PendingRun {
  readonly runId: string
  readonly trigger: string
  readonly key?: string | undefined
  readonly reason: string
  /** Epoch milliseconds, as all times here. */
  readonly dueAt: number
  readonly acceptedAt: number
  readonly status: 'waiting' | 'running'
  readonly overlap: 'queue' | 'replace' | 'allow'
  /** The input as text of `valueCodec`; absent when the firing has none. */
  readonly input?: string | undefined
}

/** What became of a firing. */
export interface EndedRun {
  readonly runId: string
  readonly trigger: string
  readonly key?: string | undefined
  readonly reason: string
  readonly dueAt: number
  readonly acceptedAt: number
  readonly endedAt: number
  /** That of the run; `skipped` where it never ran, `error` where it could not be carried out. */
  readonly status: PipelineStatus | 'skipped' | 'error'
  readonly why?: string | undefined
}

/** The stored state of a schedule. Plain JSON. */
export interface ScheduleState {
  readonly format: 1
  readonly pipeline: string
  readonly schedule: string
  readonly updatedAt: number
  /** The process that starts runs, and until when unless it renews. */
  readonly lease?: { readonly owner: string; readonly expiresAt: number } | undefined
  /** Trigger → what it has seen. */
  readonly cursors: Readonly<Record<string, Json>>
  /** In the order in which they were accepted. */
  readonly pending: readonly PendingRun[]
  /** The last 200, oldest first. */
  readonly ended: readonly EndedRun[]
}

/** The format of the state. */
const scheduleStateFormat = /* @__PURE__ */ storedFormat(
  (): z.ZodMiniType<ScheduleState> => {
    const firing = {
      runId: z.string(),
      trigger: z.string(),
      key: z.optional(z.string()),
      reason: z.string(),
      dueAt: z.number(),
      acceptedAt: z.number(),
    }
    const ended = z.enum(['finished', 'failed', 'cancelled', 'skipped', 'error'])
    return z.looseObject({
      format: z.literal(1),
      pipeline: z.string(),
      schedule: z.string(),
      updatedAt: z.number(),
      lease: z.optional(z.looseObject({ owner: z.string(), expiresAt: z.number() })),
      cursors: z.record(z.string(), z.json()),
      pending: z.array(
        z.looseObject({
          ...firing,
          status: z.enum(['waiting', 'running']),
          overlap: z.enum(['queue', 'replace', 'allow']),
          input: z.optional(z.string()),
        }),
      ),
      ended: z.array(z.looseObject({ ...firing, endedAt: z.number(), status: ended, why: z.optional(z.string()) })),
    }) as unknown as z.ZodMiniType<ScheduleState>
  },
  { field: 'format', reads: 1 },
)

/** How many ended runs the state keeps. */
const keptEnded = 200
/** How often a lost race is repeated. */
const mostRaces = 100

/** The state of one schedule, in a storage or in memory. */
export interface ScheduleRecord {
  /** What was last read or written. */
  readonly state: ScheduleState
  readonly isStored: boolean
  /** Reads the state again. */
  load(): Promise<ScheduleState>
  /**
   * Writes what `change` makes of the newest state; `undefined` writes nothing. `change` may be called several times and must not act. Changes
   * of one process are written one after another.
   */
  update(change: (state: ScheduleState) => ScheduleState | undefined): Promise<ScheduleState>
}

/** Opens the state of a schedule. Nothing is read before the first call. */
export function scheduleRecord(
  facts: { readonly pipeline: string; readonly schedule: string },
  storage: ObjectStore | undefined,
  clock: Clock,
): ScheduleRecord {
  let state: ScheduleState = { format: 1, ...facts, updatedAt: clock.now(), cursors: {}, pending: [], ended: [] }
  let etag: string | undefined
  let last: Promise<unknown> = Promise.resolve()
  const key = `pipelines/${facts.pipeline}/schedules/${facts.schedule}.json`

  const load = async (): Promise<ScheduleState> => {
    if (storage === undefined) return state
    // The ETag is read before the bytes: if the state changes in between, the next write is refused and repeated.
    const info = await storage.head(key)
    etag = undefined
    if (info !== undefined) state = parsed(await storage.get(key), key, facts)
    etag = info?.etag
    return state
  }
  const write = async (next: ScheduleState): Promise<void> => {
    const whole = { ...next, updatedAt: clock.now(), ended: next.ended.slice(-keptEnded) }
    if (storage !== undefined) {
      const condition: PutOptions = !storage.capabilities.conditionalPut ? {} : etag === undefined ? { ifAbsent: true } : { ifMatch: etag }
      etag = (await storage.put(key, utf8(JSON.stringify(whole)), condition)).etag
    }
    state = whole
  }
  const change = async (make: (state: ScheduleState) => ScheduleState | undefined): Promise<ScheduleState> => {
    for (let race = 1; ; race++) {
      if (storage !== undefined && (race > 1 || etag === undefined)) await load()
      const next = make(state)
      if (next === undefined) return state
      try {
        await write(next)
        return state
      } catch (error) {
        // Whether an interrupted write arrived is not known: read before the next one.
        etag = undefined
        if (!isMillwrightError(error, 'Conflict') || race === mostRaces) throw error
      }
    }
  }
  return {
    get state() {
      return state
    },
    isStored: storage !== undefined,
    load,
    update(make) {
      const mine = last.then(() => change(make))
      last = mine.catch(() => {})
      return mine
    },
  }
}

function parsed(
  bytes: Uint8Array,
  key: string,
  { pipeline, schedule }: { readonly pipeline: string; readonly schedule: string },
): ScheduleState {
  const state = parseStored(scheduleStateFormat, bytes, key)
  if (state.pipeline !== pipeline) throw damaged(key, ['pipeline'], show(pipeline), state.pipeline)
  if (state.schedule !== schedule) throw damaged(key, ['schedule'], show(schedule), state.schedule)
  return state
}

/** Whether a firing with this key, or this run id, is already in the state. */
export function knownRun(
  state: ScheduleState,
  trigger: string,
  { runId, key }: { readonly runId: string; readonly key?: string | undefined },
): PendingRun | EndedRun | undefined {
  const same = (run: PendingRun | EndedRun): boolean =>
    run.runId === runId || (key !== undefined && run.trigger === trigger && run.key === key)
  return state.pending.find(same) ?? state.ended.findLast(same)
}

/** The state in which a pending run has ended. */
export function withEnded(state: ScheduleState, runId: string, end: Pick<EndedRun, 'status' | 'endedAt' | 'why'>): ScheduleState {
  const run = state.pending.find((each) => each.runId === runId)
  if (run === undefined) return state
  const { status: _, overlap: __, input: ___, ...facts } = run
  return { ...state, pending: state.pending.filter((each) => each !== run), ended: [...state.ended, { ...facts, ...end }] }
}
