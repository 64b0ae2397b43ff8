/** The closed loop: an alert starts the training of a challenger, which replaces the champion only if it is better on the newest labelled rows. */
import { utf8 } from '../core/bytes'
import { type Clock, systemClock } from '../core/clock'
import { attachDisplay } from '../core/display'
import { createEmitter, type Emitter, type ListenOptions } from '../core/emitter'
import { isMillwrightError, MillwrightError } from '../core/errors'
import { newId } from '../core/ids'
import type { CheckReport } from '../monitor'
import { isLeaseFree } from '../ports/stored-document'
import { type Challenger, checkRetrainingOptions, type Refreshable, type RetrainingOptions } from './retraining-options'
import { ProgressNotStored, type RoundOutcome, runRound } from './retraining-round'
import {
  type RetrainingLimits,
  type RetrainingProgress,
  type RetrainingRecord,
  type RetrainingState,
  refusalOf,
  retrainingRecord,
  storedTrigger,
} from './retraining-state'
import { displayedVerdict, type RetrainingTrigger, type RetrainingVerdict } from './verdict'

/** Events of a retraining loop. */
export interface RetrainingEvents {
  /** A retraining begins; `resumed` when it was begun by a process that died. */
  'retraining-start': { readonly id: string; readonly trigger: RetrainingTrigger; readonly resumed: boolean }
  /** The budget is spent: a trigger does not start a retraining. Emitted once until the next start. */
  'retraining-refused': { readonly trigger: RetrainingTrigger; readonly reason: string }
  /**
   * The challenger was promoted. Emitted before predictors are asked to refresh. `challengerData` is absent when the training was done by a
   * process that died since.
   */
  'challenger-promoted': RetrainingVerdict & { readonly challengerData?: Challenger | undefined }
  /** The champion stays, because the challenger was not better, or a gate or the canary refused it. */
  'champion-kept': RetrainingVerdict
  /** Training or the comparison failed; the champion stays. */
  'retraining-failed': RetrainingVerdict
  /** Every verdict, after one of the three above. */
  'retraining-end': RetrainingVerdict
  /** A failure of the training, of a predictor's refresh, of storing the state or a verdict, or of a listener. */
  error: unknown
}

/** The closed loop of a model. */
export interface Retraining {
  on<K extends keyof RetrainingEvents & string>(
    type: K,
    listener: (event: RetrainingEvents[K]) => void,
    options?: ListenOptions,
  ): () => void
  /**
   * Retrains now, regardless of the cool-down and the budget. Failures of the retraining do not reject: see `outcome`.
   * @throws InvalidState while another retraining runs, here or in another process, or after `close`
   */
  retrain(reason?: string): Promise<RetrainingVerdict>
  /** Resolves when no retraining runs, and what another process left unfinished has been continued. Never rejects. */
  idle(): Promise<void>
  /** Verdicts of this object, oldest first. At most the last 1,000. */
  readonly verdicts: readonly RetrainingVerdict[]
  readonly running: boolean
  /**
   * Ignores further triggers, cancels a running retraining and waits for it. It ends as `failed`; of a durable loop it stays as it is, for the
   * next process to continue. Idempotent.
   */
  close(): Promise<void>
}

/**
 * Watches a monitor's checks. While one of the rules fires, and none is running, the cool-down is over and the budget not spent, it
 * 1. calls `train`, 2. measures the champion and the challenger on the held-out newest rows, 3. registers the challenger with its
 * numbers, 4. promotes it through the comparison, the gates and the canary, by compare-and-set against the champion it was measured against,
 * 5. refreshes the predictors. If a step fails, the champion stays.
 *
 * @throws InvalidArgument for invalid options
 */
export function createRetraining(options: RetrainingOptions): Retraining {
  checkRetrainingOptions(options)
  const { rules, clock = systemClock() } = options
  const emitter = createEmitter<RetrainingEvents>()
  const verdicts: RetrainingVerdict[] = []
  const abort = new AbortController()
  const limits: RetrainingLimits = { coolDownMs: options.coolDownMs ?? 0, budget: options.budget }
  const loop: Loop = { options, emitter, verdicts, signal: abort.signal, clock, limits, owner: newId(), record: recordOf(options, clock) }
  let running: Promise<RetrainingVerdict | undefined> | undefined
  let isRefused = false

  const begin = (work: () => Promise<RetrainingVerdict | undefined>): Promise<RetrainingVerdict | undefined> => {
    running = work().finally(() => {
      running = undefined
    })
    return running
  }
  const opening = loop.record.isStored ? watchForLeft(loop, begin, () => running !== undefined) : undefined
  const onCheck = ({ at, rules: found }: CheckReport): void => {
    if (running !== undefined || abort.signal.aborted) return
    const firing = found.find(
      ({ rule, kind, state }) => state === 'firing' && (rules === undefined ? kind === 'performance' : rules.includes(rule)),
    )
    if (firing === undefined) return
    const { rule, summary, value, threshold } = firing
    const trigger = { rule, at, summary, value, threshold }
    const refusal = refusalOf(loop.record.value, at, limits)
    if (refusal === 'budget' && !isRefused) emitter.emit('retraining-refused', { trigger, reason: budgetSpent(options) })
    isRefused = refusal === 'budget'
    if (refusal !== undefined) return
    void begin(async () => {
      await opening
      return startRetraining(loop, trigger, false)
    }).catch((error: unknown) => emitter.emit('error', error))
  }
  const stop = options.monitor.on('check-end', onCheck)

  const retraining: Retraining = {
    on: (type, listener, listenOptions) => emitter.on(type, listener, listenOptions),
    async retrain(reason = 'asked for') {
      if (opening !== undefined) await opening
      if (abort.signal.aborted) throw new MillwrightError('InvalidState', `retraining of ${options.model}: it is closed`)
      if (running !== undefined) throw anotherRuns(options.model)
      const trigger = { rule: 'manual', at: clock.now(), summary: reason, value: Number.NaN, threshold: Number.NaN }
      const verdict = await begin(() => startRetraining(loop, trigger, true))
      if (verdict !== undefined) return verdict
      throw abort.signal.aborted ? (abort.signal.reason as Error) : anotherRuns(options.model)
    },
    async idle() {
      await opening
      while (running !== undefined) await running.catch(() => {})
    },
    get verdicts() {
      return [...verdicts]
    },
    get running() {
      return running !== undefined
    },
    async close() {
      stop()
      abort.abort(new MillwrightError('InvalidState', `retraining of ${options.model} was closed`))
      await opening
      await running?.catch(() => {})
    },
  }
  return attachDisplay(retraining, { text: () => textOf(options.model, retraining, abort.signal.aborted) })
}

interface Loop {
  readonly options: RetrainingOptions
  readonly emitter: Emitter<RetrainingEvents>
  readonly verdicts: RetrainingVerdict[]
  /** Aborts when the loop is closed. */
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly limits: RetrainingLimits
  /** Names this object in leases. */
  readonly owner: string
  readonly record: RetrainingRecord
}

function recordOf({ model, alias = 'champion', storage, durable }: RetrainingOptions, clock: Clock): RetrainingRecord {
  return retrainingRecord({ model, alias }, durable ? storage : undefined, clock)
}

function leaseOf({ options, owner, clock }: Loop): { readonly owner: string; readonly expiresAt: number } {
  return { owner, expiresAt: clock.now() + (options.leaseMs ?? 30_000) }
}

/** Stores the start and does the work. Undefined when it was refused, or cut off by `close`. */
async function startRetraining(loop: Loop, trigger: RetrainingTrigger, isForced: boolean): Promise<RetrainingVerdict | undefined> {
  const { record, clock, limits } = loop
  const progress: RetrainingProgress = { id: newId(), trigger, startedAt: clock.now(), stage: 'training', resumes: 0 }
  const state = await record.update((state) => {
    // Its own write, whose answer was lost.
    if (state.current?.id === progress.id) return undefined
    const refusal = refusalOf(state, trigger.at, limits)
    if (refusal === 'running' || (refusal !== undefined && !isForced)) return undefined
    const triggeredAt = [...state.triggeredAt, trigger.at].slice(-1000)
    return { ...state, updatedAt: clock.now(), triggeredAt, lease: leaseOf(loop), current: progress }
  })
  return state.current?.id === progress.id ? carryOut(loop, progress) : undefined
}

/**
 * Continues what a process that died left unfinished: looks at once, then each time that a lease could have ended. Resolves after the first look
 * and what it found.
 */
async function watchForLeft(
  loop: Loop,
  begin: (work: () => Promise<RetrainingVerdict | undefined>) => Promise<unknown>,
  isRunning: () => boolean,
): Promise<void> {
  const { options, record, clock, signal, emitter } = loop
  let cancel = (): void => {}
  signal.addEventListener('abort', () => cancel(), { once: true })
  const look = async (): Promise<void> => {
    try {
      const { current } = isRunning() ? record.value : await record.load()
      if (current !== undefined && !isRunning() && !signal.aborted) await begin(() => continueLeft(loop))
    } catch (error) {
      emitter.emit('error', error)
    }
    if (!signal.aborted) cancel = clock.schedule(() => void look(), options.leaseMs ?? 30_000)
  }
  await look()
}

async function continueLeft(loop: Loop): Promise<RetrainingVerdict | undefined> {
  const { record, clock, owner } = loop
  let taken: RetrainingProgress | undefined
  await record.update((state) => {
    taken = undefined
    if (state.current === undefined || !isLeaseFree(state.lease, owner, clock.now())) return undefined
    const { current } = state
    taken = { ...current, trigger: storedTrigger(current.trigger), resumes: current.resumes + 1 }
    return { ...state, updatedAt: clock.now(), lease: leaseOf(loop), current: taken }
  })
  return taken === undefined ? undefined : carryOut(loop, taken)
}

async function carryOut(loop: Loop, progress: RetrainingProgress): Promise<RetrainingVerdict | undefined> {
  const { options, emitter, clock, record, signal } = loop
  const { id, trigger } = progress
  emitter.emit('retraining-start', { id, trigger, resumed: progress.resumes > 0 })
  const controller = new AbortController()
  const onAbort = (): void => controller.abort(signal.reason)
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  const stopRenewing = renewLease(loop, id, (error) => controller.abort(error))
  try {
    const save = async (next: RetrainingProgress): Promise<void> => {
      const state = await record.update((state) => owned(loop, state, id, { ...state, current: next }))
      if (state.current?.id !== id) throw lostLease(options.model)
    }
    const ended = await runRound(options, { progress, signal: controller.signal, clock, save })
    // What close or a lost lease cut off is not decided: the next process continues it.
    if (record.isStored && controller.signal.aborted) return undefined
    return await settle(loop, ended)
  } catch (error) {
    emitter.emit('error', error instanceof ProgressNotStored ? error.cause : error)
    return undefined
  } finally {
    stopRenewing()
    signal.removeEventListener('abort', onAbort)
    if (record.isStored)
      await record.update((state) => (state.lease?.owner === loop.owner ? withoutLease(state) : undefined)).catch(() => {})
  }
}

/** Stores the verdict, then the end. A process that dies in between finds the decision in the registry and stores the same verdict. */
async function settle(loop: Loop, { verdict: undated, challenger, error }: RoundOutcome): Promise<RetrainingVerdict> {
  const { options, emitter, verdicts, clock, record } = loop
  const verdict = displayedVerdict({ ...undated, endedAt: clock.now() })
  if (error !== undefined) emitter.emit('error', error)
  verdicts.push(verdict)
  if (verdicts.length > 1000) verdicts.shift()
  if (verdict.outcome === 'promoted') {
    const challengerData = challenger === undefined ? {} : { challengerData: challenger }
    emitter.emit('challenger-promoted', displayedVerdict({ ...verdict, ...challengerData }))
    await Promise.all((options.predictors ?? []).map((predictor) => follow(predictor, emitter)))
  } else emitter.emit(verdict.outcome === 'kept' ? 'champion-kept' : 'retraining-failed', verdict)
  await storeVerdict(options, verdict).catch((failure: unknown) => emitter.emit('error', failure))
  await record.update((state) => owned(loop, state, verdict.id, withoutCurrent(state)))
  emitter.emit('retraining-end', verdict)
  return verdict
}

async function follow(predictor: Refreshable, emitter: Emitter<RetrainingEvents>): Promise<void> {
  try {
    await predictor.refresh()
  } catch (error) {
    emitter.emit('error', error)
  }
}

/** `next`, if this object still does the retraining `id`. */
function owned({ owner, clock }: Loop, state: RetrainingState, id: string, next: RetrainingState): RetrainingState | undefined {
  const isOwn = state.current?.id === id && (state.lease === undefined || state.lease.owner === owner)
  return isOwn ? { ...next, updatedAt: clock.now() } : undefined
}

function withoutCurrent({ current: _, lease: __, ...rest }: RetrainingState): RetrainingState {
  return rest
}

function withoutLease({ lease: _, ...rest }: RetrainingState): RetrainingState {
  return rest
}

function renewLease(loop: Loop, id: string, onLost: (error: unknown) => void): () => void {
  const { options, record, clock } = loop
  if (!record.isStored) return () => {}
  let cancel = (): void => {}
  let isStopped = false
  const beat = async (): Promise<void> => {
    try {
      const state = await record.update((state) => owned(loop, state, id, { ...state, lease: leaseOf(loop) }))
      if (state.current?.id !== id || state.lease?.owner !== loop.owner) return isStopped ? undefined : onLost(lostLease(options.model))
    } catch {
      // When the storage is briefly unavailable, one renewal is skipped.
    }
    if (!isStopped) schedule()
  }
  const schedule = (): void => {
    cancel = clock.schedule(() => void beat(), (options.leaseMs ?? 30_000) / 3)
  }
  schedule()
  return () => {
    isStopped = true
    cancel()
  }
}

function lostLease(model: string): MillwrightError {
  return new MillwrightError('Conflict', `retraining of ${model}: another process has taken it over`)
}

function anotherRuns(model: string): MillwrightError {
  return new MillwrightError('InvalidState', `retraining of ${model}: another one runs`)
}

function budgetSpent({ budget, model }: RetrainingOptions): string {
  return `retraining of ${model}: the budget of ${budget?.retrainings} in ${budget?.perMs} ms is spent`
}

function textOf(model: string, { running, verdicts }: Retraining, closed: boolean): string {
  const state = running ? 'running' : closed ? 'closed' : 'waiting'
  const last = verdicts.slice(-5).map(({ outcome, summary }) => `  ${outcome}: ${summary}`)
  return [`Retraining of ${model}: ${state}, ${verdicts.length} so far`, ...last].join('\n')
}

async function storeVerdict({ storage, model }: RetrainingOptions, verdict: RetrainingVerdict): Promise<void> {
  if (storage === undefined) return
  const key = `retraining/${model}/${String(verdict.startedAt).padStart(15, '0')}-${verdict.id.slice(0, 8)}.json`
  try {
    await storage.put(key, utf8(JSON.stringify(verdict)), { ifAbsent: true })
  } catch (error) {
    // A process that died since had stored it.
    if (!isMillwrightError(error, 'Conflict')) throw error
  }
}
