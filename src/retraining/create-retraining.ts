/** The closed loop: an alert starts the training of a challenger, which replaces the champion only if it is better on the newest labelled rows. */
import { utf8 } from '../core/bytes'
import { systemClock } from '../core/clock'
import { attachDisplay } from '../core/display'
import { createEmitter, type ListenOptions } from '../core/emitter'
import { MillwrightError } from '../core/errors'
import { newId } from '../core/ids'
import type { CheckReport } from '../monitor'
import { type Challenger, checkRetrainingOptions, type Refreshable, type RetrainingOptions } from './retraining-options'
import { runRound } from './retraining-round'
import { displayedVerdict, type RetrainingTrigger, type RetrainingVerdict } from './verdict'

/** Events of a retraining loop. */
export interface RetrainingEvents {
  /** A retraining begins. */
  'retraining-start': { readonly id: string; readonly trigger: RetrainingTrigger }
  /** The challenger was promoted. Emitted before predictors are asked to refresh. */
  'challenger-promoted': RetrainingVerdict & { readonly challengerData: Challenger }
  /** The champion stays, because the challenger was not better or a gate refused it. */
  'champion-kept': RetrainingVerdict
  /** Training or the comparison failed; the champion stays. */
  'retraining-failed': RetrainingVerdict
  /** Every verdict, after one of the three above. */
  'retraining-end': RetrainingVerdict
  /** A failure of the training, of a predictor's refresh, of storing a verdict, or of a listener. */
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
   * Retrains now, regardless of the cool-down. Failures of the retraining do not reject: see `outcome`.
   * @throws InvalidState while another retraining runs, or after `close`
   */
  retrain(reason?: string): Promise<RetrainingVerdict>
  /** Resolves when no retraining runs. Never rejects. */
  idle(): Promise<void>
  /** Verdicts of this object, oldest first. At most the last 1,000. */
  readonly verdicts: readonly RetrainingVerdict[]
  readonly running: boolean
  /** Ignores further triggers, cancels a running retraining (it ends as `failed`) and waits for it. Idempotent. */
  close(): Promise<void>
}

/**
 * Watches a monitor's checks. While one of the rules fires, and none is running and the cool-down is over, it
 * 1. calls `train`, 2. measures the champion and the challenger on the held-out newest rows, 3. registers the challenger with its
 * numbers, 4. promotes it through the gates and the comparison, by compare-and-set against the champion it was measured against,
 * 5. refreshes the predictors. If a step fails, the champion stays.
 *
 * @throws InvalidArgument for invalid options
 */
export function createRetraining(options: RetrainingOptions): Retraining {
  checkRetrainingOptions(options)
  const { coolDownMs = 0, rules, predictors = [], clock = systemClock() } = options
  const emitter = createEmitter<RetrainingEvents>()
  const verdicts: RetrainingVerdict[] = []
  const abort = new AbortController()
  let running: Promise<RetrainingVerdict> | undefined
  let lastTriggerAt = Number.NEGATIVE_INFINITY

  const follow = async (predictor: Refreshable): Promise<void> => {
    try {
      await predictor.refresh()
    } catch (error) {
      emitter.emit('error', error)
    }
  }
  const settle = async (verdict: RetrainingVerdict, challenger: Challenger | undefined): Promise<void> => {
    verdicts.push(verdict)
    if (verdicts.length > 1000) verdicts.shift()
    if (verdict.outcome === 'promoted') {
      emitter.emit('challenger-promoted', displayedVerdict({ ...verdict, challengerData: challenger as Challenger }))
      await Promise.all(predictors.map((predictor) => follow(predictor)))
    } else emitter.emit(verdict.outcome === 'kept' ? 'champion-kept' : 'retraining-failed', verdict)
    await storeVerdict(options, verdict).catch((error: unknown) => emitter.emit('error', error))
    emitter.emit('retraining-end', verdict)
  }
  const begin = (trigger: RetrainingTrigger): Promise<RetrainingVerdict> => {
    const id = newId()
    lastTriggerAt = trigger.at
    emitter.emit('retraining-start', { id, trigger })
    const work = async (): Promise<RetrainingVerdict> => {
      const { challenger, error, ...ended } = await runRound(options, { id, trigger, startedAt: clock.now(), signal: abort.signal })
      const verdict = displayedVerdict({ ...ended.verdict, endedAt: clock.now() })
      if (error !== undefined) emitter.emit('error', error)
      await settle(verdict, challenger)
      return verdict
    }
    running = work().finally(() => {
      running = undefined
    })
    return running
  }
  const onCheck = ({ at, rules: found }: CheckReport): void => {
    if (running !== undefined || at - lastTriggerAt < coolDownMs) return
    const firing = found.find(
      ({ rule, kind, state }) => state === 'firing' && (rules === undefined ? kind === 'performance' : rules.includes(rule)),
    )
    if (firing === undefined) return
    const { rule, summary, value, threshold } = firing
    void begin({ rule, at, summary, value, threshold })
  }
  const stop = options.monitor.on('check-end', onCheck)

  const retraining: Retraining = {
    on: (type, listener, listenOptions) => emitter.on(type, listener, listenOptions),
    async retrain(reason = 'asked for') {
      if (abort.signal.aborted) throw new MillwrightError('InvalidState', `retraining of ${options.model}: it is closed`)
      if (running !== undefined) throw new MillwrightError('InvalidState', `retraining of ${options.model}: another one runs`)
      return begin({ rule: 'manual', at: clock.now(), summary: reason, value: Number.NaN, threshold: Number.NaN })
    },
    async idle() {
      while (running !== undefined) await running
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
      await running
    },
  }
  return attachDisplay(retraining, { text: () => textOf(options.model, retraining, abort.signal.aborted) })
}

function textOf(model: string, { running, verdicts }: Retraining, closed: boolean): string {
  const state = running ? 'running' : closed ? 'closed' : 'waiting'
  const last = verdicts.slice(-5).map(({ outcome, summary }) => `  ${outcome}: ${summary}`)
  return [`Retraining of ${model}: ${state}, ${verdicts.length} so far`, ...last].join('\n')
}

async function storeVerdict({ storage, model }: RetrainingOptions, verdict: RetrainingVerdict): Promise<void> {
  if (storage === undefined) return
  const key = `retraining/${model}/${String(verdict.startedAt).padStart(15, '0')}-${verdict.id.slice(0, 8)}.json`
  await storage.put(key, utf8(JSON.stringify(verdict)), { ifAbsent: true })
}
