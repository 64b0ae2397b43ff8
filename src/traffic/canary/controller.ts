/** Moves a rollout on: reads the record, adds up the counts of all processes, evaluates the checks, and writes the next record by compare-and-set. */
import type { Emitter } from '../../core/emitter'
import { MillwrightError, show } from '../../core/errors'
import { newId } from '../../core/ids'
import { reasonOf } from '../routed-model'
import { mergeCounts } from './arm-counts'
import type { CanaryEvents, CanaryPlan } from './canary-options'
import type { CanaryCheck } from './checks'
import { afterChecks, type CanaryPhase, type CheckState, moved, type RolloutRecord, type StepOutlook, weightOf } from './rollout'
import type { HeldRecord, PairCounts, RolloutStore } from './rollout-store'

/** What the controller needs from its canary. */
export interface ControllerContext {
  readonly plan: CanaryPlan
  readonly store: RolloutStore
  readonly emitter: Emitter<CanaryEvents>
  /** The counts of this process in the step of the record. */
  ownCounts(record: RolloutRecord): PairCounts
}

/** Moves a rollout on. All calls of one controller run one after the other. */
export interface Controller {
  /** The record as last seen. */
  readonly record: RolloutRecord
  /** The counts of all processes at the last evaluation. */
  readonly counts: PairCounts
  /** Reads the record and, when it is due, evaluates the checks. */
  tick(): Promise<void>
  /** Moves to another phase or step for a reason that no check gave. `allowed` says whether the present record may be left. */
  force(to: Parameters<typeof moved>[1], reason: string, allowed: (record: RolloutRecord) => boolean): Promise<RolloutRecord>
}

/** How long another process may take for a promotion before this one takes it over. */
const TAKEOVER_MS = 60_000
/** What a rollout that cannot change to a phase cannot be. */
const done: Readonly<Record<CanaryPhase, string>> = {
  running: 'resumed',
  paused: 'paused',
  promoting: 'promoted',
  promoted: 'promoted',
  'rolled-back': 'rolled back',
}
const MAX_RACES = 20

/** Opens the rollout: a new one, or the one that the storage holds. @throws InvalidState, Conflict */
export async function openController(context: ControllerContext): Promise<Controller> {
  const { plan, store, emitter } = context
  const { clock, steps } = plan
  let held = await openRecord(plan, store)
  let counts: PairCounts = { stable: mergeCounts([]), candidate: mergeCounts([]) }
  let working: Promise<unknown> = Promise.resolve()
  const inOrder = <T>(work: () => Promise<T>): Promise<T> => {
    const next = working.then(work, work)
    working = next.catch(() => {})
    return next
  }
  /** Takes over a record, ours or another's, and tells what changed. */
  const adopt = (next: HeldRecord): void => {
    const before = held.record
    held = next
    const known = before.history.length
    if (next.record.id === before.id) for (const entry of next.record.history.slice(known)) announce(emitter, entry)
  }
  const reread = async (): Promise<void> => {
    const next = await store.read()
    if (next === undefined) throw new MillwrightError('Corrupt', `the record of the canary ${show(plan.name)} is gone`)
    adopt(next)
  }
  /** Writes a record; `false` when another process was faster, whose record is then adopted. */
  const write = async (record: RolloutRecord): Promise<boolean> => {
    const next = await store.write(record, held)
    if (next === undefined) await reread()
    else adopt(next)
    return next !== undefined
  }
  const evaluate = async (): Promise<void> => {
    const { record } = held
    await store.putCounts(record, context.ownCounts(record))
    const all = await store.allCounts(record)
    counts = { stable: mergeCounts(all.map((pair) => pair.stable)), candidate: mergeCounts(all.map((pair) => pair.candidate)) }
    const at = clock.now()
    // Of several processes one evaluates: whoever writes first.
    if (at - record.checkedAt < plan.everyMs * 0.9) return
    const outlook = await outlookOf(plan, record, counts, at)
    if (await write(afterChecks(record, outlook))) emitter.emit('checked', outlook.checks)
  }
  const promote = async (): Promise<void> => {
    const { record } = held
    const { promoter } = record
    const isOurs = promoter?.id === plan.instance
    if (promoter !== undefined && !isOurs && clock.now() - promoter.at < TAKEOVER_MS) return
    if (!isOurs && !(await write({ ...record, promoter: { id: plan.instance, at: clock.now() } }))) return
    await carryOut(plan, record)
    await write(moved(held.record, { phase: 'promoted', promoter: undefined }, { at: clock.now(), reason: 'the promotion is done', steps }))
  }
  const tick = async (): Promise<void> => {
    await reread()
    if (held.record.phase === 'running') await evaluate()
    if (held.record.phase === 'promoting') await promote()
  }
  return {
    get record() {
      return held.record
    },
    get counts() {
      return counts
    },
    tick: () => inOrder(tick),
    force: (to, reason, allowed) =>
      inOrder(async () => {
        for (let race = 0; race < MAX_RACES; race++) {
          if (!allowed(held.record)) {
            throw new MillwrightError(
              'InvalidState',
              `the canary ${show(plan.name)} is ${held.record.phase}: it cannot be ${to.phase === undefined ? 'moved' : done[to.phase]}`,
            )
          }
          if (await write(moved(held.record, to, { at: clock.now(), reason, steps }))) return held.record
        }
        throw new MillwrightError('Conflict', `the canary ${show(plan.name)} was changed by other processes ${MAX_RACES} times in a row`)
      }),
  }
}

/** The promotion itself. Doing it twice does no harm. */
async function carryOut({ target, onPromote, name }: CanaryPlan, record: RolloutRecord): Promise<void> {
  if (target !== undefined) {
    const { registry, model, version, alias = 'champion' } = target
    const held = await registry.resolve(`${model}@${alias}`).catch(() => undefined)
    const reason = `canary ${name}: ${record.history.at(-1)?.reason ?? 'passed'}`
    if (held?.version !== version) await registry.promote(model, version, alias, { reason: reason.slice(0, 500) })
  }
  await onPromote?.()
}

/** Evaluates the checks of the present step. */
async function outlookOf(plan: CanaryPlan, record: RolloutRecord, counts: PairCounts, at: number): Promise<StepOutlook> {
  const { steps, stepDeadlineMs: deadlineMs } = plan
  const isShadow = weightOf(record, steps) === 0
  const used = plan.checks.filter(({ needsCallers }) => !(isShadow && needsCallers))
  const checks = await Promise.all(used.map((check) => evaluateCheck(check, counts, record)))
  const limits = used.map(({ failureLimit = 0, errorLimit = 4 }) => ({ failureLimit, errorLimit }))
  return { steps, checks, limits, candidateRows: counts.candidate.rows, at, deadlineMs }
}

async function evaluateCheck(check: CanaryCheck, counts: PairCounts, { checks }: RolloutRecord): Promise<CheckState> {
  const { name } = check
  const before = checks.find((each) => each.name === name) ?? { failures: 0, errors: 0 }
  try {
    const { verdict, text } = await check.evaluate(counts)
    return { name, verdict, text, failures: before.failures + Number(verdict === 'fail'), errors: 0 }
  } catch (error) {
    return { name, verdict: 'error', text: reasonOf(error), failures: before.failures, errors: before.errors + 1 }
  }
}

/** The stored rollout, if it is of these two models; else a new one. */
async function openRecord(plan: CanaryPlan, store: RolloutStore): Promise<HeldRecord> {
  const { labels, name, salt, clock, steps } = plan
  for (let race = 0; race < MAX_RACES; race++) {
    const held = await store.read()
    const record = held?.record
    const isFinished = record?.phase === 'promoted' || record?.phase === 'rolled-back'
    const isSame = record?.candidate === labels.candidate && record.stable === labels.stable
    if (held !== undefined && isSame && !(record?.phase === 'rolled-back' && plan.retry)) return held
    if (record !== undefined && !isFinished) {
      throw new MillwrightError('Conflict', `another rollout of ${show(name)} is under way: ${record.candidate} beside ${record.stable}`, {
        hint: 'end it with its own canary first',
      })
    }
    if (record?.phase === 'rolled-back' && record.candidate === labels.candidate && !plan.retry) throw rolledBack(record)
    const at = clock.now()
    const fresh: RolloutRecord = {
      ...{ formatVersion: 1, id: newId(), name, ...(salt === undefined ? {} : { salt }), ...labels, phase: 'running', step: 0 },
      ...{ startedAt: at, stepStartedAt: at, checkedAt: at, checks: [], history: [] },
    }
    const written = await store.write(moved(fresh, {}, { at, reason: 'the rollout began', steps }), held)
    if (written !== undefined) return written
  }
  throw new MillwrightError('Conflict', `the canary ${show(name)} was changed by other processes ${MAX_RACES} times in a row`)
}

function rolledBack({ candidate, history }: RolloutRecord): MillwrightError {
  return new MillwrightError('InvalidState', `${candidate} was rolled back: ${history.at(-1)?.reason}`, {
    hint: 'to try it again, give createCanary { retry: true }',
  })
}

function announce(emitter: Emitter<CanaryEvents>, entry: CanaryEvents['step']): void {
  emitter.emit('step', entry)
  if (entry.phase === 'promoted' || entry.phase === 'rolled-back' || entry.phase === 'paused') emitter.emit(entry.phase, entry)
}
