/** The state of a schedule: one JSON object in the storage, changed by compare-and-set. It says what waits, what runs and what each trigger has seen. */
import * as z from 'zod/mini'
import type { Clock } from '../../core/clock'
import { damaged } from '../../core/damage'
import { show } from '../../core/errors'
import type { Json } from '../../core/json'
import { storedFormat } from '../../core/stored'
import type { ObjectStore } from '../../ports/object-store'
import { type StoredDocument, type StoredLease, storedDocument } from '../../ports/stored-document'
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
  readonly lease?: StoredLease | undefined
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

/** The state of one schedule, in a storage or in memory. */
export type ScheduleRecord = StoredDocument<ScheduleState>

/** Opens the state of a schedule. Nothing is read before the first call. */
export function scheduleRecord(
  { pipeline, schedule }: { readonly pipeline: string; readonly schedule: string },
  storage: ObjectStore | undefined,
  clock: Clock,
): ScheduleRecord {
  const key = `pipelines/${pipeline}/schedules/${schedule}.json`
  const document = storedDocument({
    storage,
    key,
    format: scheduleStateFormat,
    initial: { format: 1, pipeline, schedule, updatedAt: clock.now(), cursors: {}, pending: [], ended: [] },
    check(state) {
      if (state.pipeline !== pipeline) throw damaged(key, ['pipeline'], show(pipeline), state.pipeline)
      if (state.schedule !== schedule) throw damaged(key, ['schedule'], show(schedule), state.schedule)
    },
  })
  const stamped = (state: ScheduleState): ScheduleState => ({ ...state, updatedAt: clock.now(), ended: state.ended.slice(-keptEnded) })
  return {
    get value() {
      return document.value
    },
    isStored: document.isStored,
    load: document.load,
    update: (change) =>
      document.update((state) => {
        const next = change(state)
        return next === undefined ? undefined : stamped(next)
      }),
  }
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
