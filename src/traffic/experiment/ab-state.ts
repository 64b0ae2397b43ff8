/** The memory of an A/B test: units, values and the decision, shared by processes through an object store. */
import * as z from 'zod/mini'
import { utf8 } from '../../core/bytes'
import type { Clock } from '../../core/clock'
import type { Emitter } from '../../core/emitter'
import { isMillwrightError, MillwrightError, show } from '../../core/errors'
import { canonicalJson } from '../../core/json'
import { parseStored, storedFormat } from '../../core/stored'
import type { ObjectStore } from '../../ports/object-store'
import { armOf } from '../assignment'
import { createEventLog } from '../event-log'
import type { AbPlan } from './ab-options'
import { type AbResults, type AbVerdict, displayAbResults, readAbTest } from './ab-results'
import { createUnitTable, type UnitTable } from './unit-table'

/** Events of an A/B test. */
export interface AbEvents {
  /** A unit met its arm for the first time. */
  exposure: { readonly unit: string; readonly arm: string; readonly at: number }
  /** The first decision. */
  decision: AbVerdict & { readonly at: number }
  /** A failure in the background: of an arm, the storage, or a listener. */
  error: unknown
}

const eventFormat = /* @__PURE__ */ storedFormat<AbEvent>(() =>
  z.discriminatedUnion('kind', [
    z.looseObject({ kind: z.literal('exposure'), unit: z.string(), arm: z.string(), at: z.number() }),
    z.looseObject({ kind: z.literal('value'), unit: z.string(), metric: z.string(), value: z.number(), at: z.number() }),
    z.looseObject({
      ...{ kind: z.literal('decision'), at: z.number(), text: z.string() },
      ...{ state: z.enum(['better', 'worse', 'guard-failed']), arm: z.optional(z.string()), metric: z.optional(z.string()) },
    }),
  ]),
)
const headFormat = /* @__PURE__ */ storedFormat(
  () => z.looseObject({ formatVersion: z.literal(1), plan: z.record(z.string(), z.unknown()) }),
  { field: 'formatVersion', reads: 1 },
)

type AbEvent =
  | { readonly kind: 'exposure'; readonly unit: string; readonly arm: string; readonly at: number }
  | { readonly kind: 'value'; readonly unit: string; readonly metric: string; readonly value: number; readonly at: number }
  | ({ readonly kind: 'decision'; readonly at: number } & AbVerdict)

/** The state of an open test. */
export interface AbState {
  readonly table: UnitTable
  variantOf(unit: string): string
  /** A unit was answered by its arm. */
  meet(unit: string, arm: string): void
  record(unit: string, metric: string, value: number): void
  results(): Promise<AbResults>
  flush(): Promise<void>
}

/** Where the state is kept. */
export interface AbStateOptions {
  readonly storage: ObjectStore | undefined
  readonly flushEveryMs: number
  readonly clock: Clock
  readonly emitter: Emitter<AbEvents>
}

/** Opens the state; what the storage holds is read. @throws Conflict for another test of the same name */
export async function openAbState(plan: AbPlan, { storage, flushEveryMs, clock, emitter }: AbStateOptions): Promise<AbState> {
  const prefix = `traffic/ab/${plan.name}/`
  if (storage !== undefined) await claimName(storage, prefix, plan)
  const log = storage && createEventLog(storage, `${prefix}events/`, eventFormat)
  const table = createUnitTable(plan.maxUnits, plan.metrics)
  const weights = Object.entries(plan.weights)
  let startedAt: number | undefined
  let decision: AbResults['decision']
  let unmatched = 0
  let cancelFlush: (() => void) | undefined

  const flush = async (): Promise<void> => {
    cancelFlush?.()
    cancelFlush = undefined
    await log?.flush()
  }
  const note = (event: AbEvent): void => {
    if (log === undefined) return
    log.add(event)
    cancelFlush ??= clock.schedule(() => void flush().catch((error: unknown) => emitter.emit('error', error)), flushEveryMs)
  }
  const expose = (unit: string, arm: string, at: number): boolean => {
    startedAt = Math.min(startedAt ?? at, at)
    return table.expose(unit, arm) === 'new'
  }
  const addValue = (unit: string, metric: string, value: number): void => {
    if (!table.record(unit, metric, value) && !plan.overrides.has(unit)) unmatched++
  }
  const refresh = async (): Promise<void> => {
    const events = (await log?.readOthers()) ?? []
    // One process can store a value of a unit that another one exposed: exposures come first.
    for (const event of events) if (event.kind === 'exposure') expose(event.unit, event.arm, event.at)
    for (const event of events) {
      if (event.kind === 'value') addValue(event.unit, event.metric, event.value)
      else if (event.kind === 'decision' && event.at < (decision?.at ?? Number.POSITIVE_INFINITY)) decision = decisionOf(event)
    }
  }
  const decide = (verdict: AbVerdict): void => {
    if (plan.method !== 'sequential' || decision !== undefined || !['better', 'worse', 'guard-failed'].includes(verdict.state)) return
    decision = { ...verdict, at: clock.now() }
    note({ kind: 'decision', ...decision })
    emitter.emit('decision', decision)
  }
  await refresh()
  return {
    table,
    flush,
    variantOf: (unit) => plan.overrides.get(unit) ?? table.armOf(unit) ?? armOf(unit, weights, plan.salt),
    meet(unit, arm) {
      const at = clock.now()
      if (!expose(unit, arm, at)) return
      note({ kind: 'exposure', unit, arm, at })
      emitter.emit('exposure', { unit, arm, at })
    },
    record(unit, metric, value) {
      addValue(unit, metric, value)
      note({ kind: 'value', unit, metric, value, at: clock.now() })
    },
    async results() {
      await refresh()
      const read = readAbTest(plan, table)
      decide(read.verdict)
      await flush()
      const { name, method, alpha, unitsPerArm } = plan
      const { contaminated, uncounted } = table
      return displayAbResults({
        ...{ kind: 'ab-test', name, control: plan.arms[0]?.name as string, method, alpha, at: clock.now(), startedAt, unitsPerArm },
        ...{ ...read, contaminated, unmatched, uncounted, decision },
      })
    },
  }
}

function decisionOf({ kind: _, ...rest }: Extract<AbEvent, { kind: 'decision' }>): AbResults['decision'] {
  return rest
}

/** The part of the plan that two processes must have in common. */
function sharedPlan({ arms, weights, metrics, method, salt }: AbPlan): Record<string, unknown> {
  return { arms: arms.map(({ name }) => name), weights, metrics, method, salt }
}

/** Stores the plan, or checks it against the stored one. @throws Conflict */
async function claimName(storage: ObjectStore, prefix: string, plan: AbPlan): Promise<void> {
  const key = `${prefix}experiment.json`
  const wanted = JSON.parse(canonicalJson(sharedPlan(plan))) as Record<string, unknown>
  if ((await storage.head(key)) === undefined) {
    const bytes = utf8(canonicalJson({ formatVersion: 1, plan: wanted }))
    try {
      await storage.put(key, bytes, storage.capabilities.conditionalPut ? { ifAbsent: true } : {})
      return
    } catch (error) {
      if (!isMillwrightError(error, 'Conflict')) throw error
    }
  }
  const held = parseStored(headFormat, await storage.get(key), key).plan
  const differing = Object.keys(wanted).filter((part) => canonicalJson(wanted[part]) !== canonicalJson(held[part]))
  if (differing.length > 0) {
    throw new MillwrightError('Conflict', `${storage.name} holds the A/B test ${show(plan.name)} with other ${differing.join(', ')}`, {
      details: { differing },
      hint: 'a test that has begun cannot be changed: give the new one another name',
    })
  }
}
