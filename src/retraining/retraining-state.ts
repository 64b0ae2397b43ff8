/** The stored state of a closed loop: the retraining in progress and how far it is, the lease of the process that does it, and earlier starts. */
import * as z from 'zod/mini'
import type { Clock } from '../core/clock'
import { damaged } from '../core/damage'
import { show } from '../core/errors'
import { storedFormat } from '../core/stored'
import type { ObjectStore } from '../ports/object-store'
import { type StoredDocument, type StoredLease, storedDocument } from '../ports/stored-document'
import type { MeasuredVersion, RetrainingTrigger } from './verdict'

/** A retraining in progress. A process that finds one whose owner died continues it. */
export interface RetrainingProgress {
  readonly id: string
  readonly trigger: RetrainingTrigger
  /** Epoch milliseconds of the retraining's own clock. */
  readonly startedAt: number
  /** `training`: until the challenger is registered. `promoting`: gates, canary, the alias. */
  readonly stage: 'training' | 'promoting'
  /** How often a process continued it. */
  readonly resumes: number
  /** Known once the challenger is registered: what the verdict will say. */
  readonly rows?: number | undefined
  readonly champion?: MeasuredVersion | undefined
  readonly challenger?: MeasuredVersion | undefined
  readonly gain?: number | undefined
}

/** The state of one loop. Plain JSON. */
export interface RetrainingState {
  readonly format: 1
  readonly model: string
  readonly updatedAt: number
  readonly lease?: StoredLease | undefined
  /** When retrainings were triggered, oldest first, the last 1,000: what cool-down and budget count. */
  readonly triggeredAt: readonly number[]
  readonly current?: RetrainingProgress | undefined
}

/** The state of a loop, in a storage or in memory. */
export type RetrainingRecord = StoredDocument<RetrainingState>

const storedStateFormat = /* @__PURE__ */ storedFormat(
  (): z.ZodMiniType<RetrainingState> => {
    const measured = z.optional(z.looseObject({ version: z.string(), score: z.nullable(z.number()) }))
    // JSON has no NaN; it becomes null.
    const trigger = z.looseObject({
      rule: z.string(),
      at: z.number(),
      summary: z.string(),
      value: z.nullable(z.number()),
      threshold: z.nullable(z.number()),
    })
    const current = z.looseObject({
      id: z.string(),
      trigger,
      startedAt: z.number(),
      stage: z.enum(['training', 'promoting']),
      resumes: z.int().check(z.gte(0)),
      rows: z.optional(z.int()),
      champion: measured,
      challenger: measured,
      gain: z.optional(z.nullable(z.number())),
    })
    return z.looseObject({
      format: z.literal(1),
      model: z.string(),
      updatedAt: z.number(),
      lease: z.optional(z.looseObject({ owner: z.string(), expiresAt: z.number() })),
      triggeredAt: z.array(z.number()),
      current: z.optional(current),
    }) as unknown as z.ZodMiniType<RetrainingState>
  },
  { field: 'format', reads: 1 },
)

/** Opens the state of the loop of `model` under `alias`. Nothing is read before the first call. */
export function retrainingRecord(
  { model, alias }: { readonly model: string; readonly alias: string },
  storage: ObjectStore | undefined,
  clock: Clock,
): RetrainingRecord {
  const key = `retraining/${model}/state/${alias}.json`
  return storedDocument({
    storage,
    key,
    format: storedStateFormat,
    initial: { format: 1, model, updatedAt: clock.now(), triggeredAt: [] },
    check(state) {
      if (state.model !== model) throw damaged(key, ['model'], show(model), state.model)
    },
  })
}

/** A trigger as it was before it was stored. */
export function storedTrigger({ value, threshold, ...rest }: RetrainingTrigger): RetrainingTrigger {
  return { ...rest, value: value ?? Number.NaN, threshold: threshold ?? Number.NaN }
}

/** Limits of how often the loop may train. */
export interface RetrainingLimits {
  readonly coolDownMs: number
  readonly budget: { readonly retrainings: number; readonly perMs: number } | undefined
}

/** Why a trigger at `at` does not start a retraining now; `undefined` when it does. */
export function refusalOf(
  { current, triggeredAt }: RetrainingState,
  at: number,
  { coolDownMs, budget }: RetrainingLimits,
): 'running' | 'cool-down' | 'budget' | undefined {
  if (current !== undefined) return 'running'
  const last = triggeredAt.at(-1)
  if (last !== undefined && at - last < coolDownMs) return 'cool-down'
  if (budget === undefined) return undefined
  const spent = triggeredAt.filter((start) => at - start < budget.perMs).length
  return spent >= budget.retrainings ? 'budget' : undefined
}
