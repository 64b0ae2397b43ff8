/** A canary: a candidate that gets more and more of the traffic while it does well, and none as soon as it does not. */
import { attachDisplay, textTable } from '../../core/display'
import { createEmitter, type ListenOptions } from '../../core/emitter'
import { invalidArgument, show } from '../../core/errors'
import { canonicalJson } from '../../core/json'
import type { MetricFamily } from '../../ports/metric-family'
import type { LoadedModel } from '../../ports/model'
import { armOf } from '../assignment'
import { trafficFamily } from '../metric-families'
import { routedModel, stopwatchOf } from '../routed-model'
import { createMirrorQueue } from '../shadow/mirror-queue'
import { type ArmMeter, createArmMeter } from './arm-counts'
import { type CanaryEvents, type CanaryOptions, type CanaryPlan, type CanaryStatus, canaryPlanOf } from './canary-options'
import { type Controller, openController } from './controller'
import { type RolloutRecord, weightOf } from './rollout'
import { memoryRollout, type PairCounts, storedRollout } from './rollout-store'

/** A canary. `serve` and `Predictor.of` take it in place of a model. */
export interface Canary extends LoadedModel {
  readonly name: string
  /** Reads the rollout and moves it on, if it is time. Called by itself every `everyMs`. */
  tick(): Promise<void>
  status(): CanaryStatus
  /** Records an outcome of an answer: `variant` is its output of that name, `stable` or `candidate`. @throws InvalidArgument */
  record(variant: string, metric: string, value: number | boolean): void
  /** Keeps the present share until `resume`. @throws InvalidState unless it is running */
  pause(reason: string): Promise<void>
  /** Goes on: with the next step, where the present one waits for a person and passed. @throws InvalidState unless it is paused */
  resume(reason?: string): Promise<void>
  /** Promotes the candidate now. @throws InvalidState when the rollout has ended; the registry's errors */
  promote(reason: string): Promise<void>
  /** Takes all traffic from the candidate now. @throws InvalidState when the rollout has ended */
  rollback(reason: string): Promise<void>
  on<K extends keyof CanaryEvents & string>(type: K, listener: (event: CanaryEvents[K]) => void, options?: ListenOptions): () => void
  /** For `createHandler({ collect: () => canary.families() })`. */
  families(): MetricFamily[]
}

/** Fewest rows before a trip. */
const TRIP_ROWS = 20

/**
 * Opens a canary. It compares the candidate with the stable model on the traffic of the same time, step by step; when a check fails it takes all traffic
 * from the candidate, and when the last step passes it promotes it. Answers have the output `variant`, for {@link Canary.record}.
 *
 * A unit keeps its model while the share of the candidate grows: with each step further units move to it, and none moves back. Without `key`, equal
 * rows count as one unit. With `storage`, a restart goes on in the same step, and of several processes exactly one moves the rollout.
 *
 * @throws InvalidArgument; InvalidState for a candidate that was rolled back before; Conflict while another candidate is rolled out; Unsupported for a
 * storage without conditional puts
 *
 * @example
 * const canary = await createCanary({
 *   name: 'flights', stable, candidate, key: 'user_id', storage,
 *   checks: [errorRateCheck(), latencyCheck(), outcomeCheck({ metric: 'correct' })],
 *   target: { registry, model: 'flights', version: '4' },
 * })
 * const server = await serve(canary)
 */
export async function createCanary(options: CanaryOptions): Promise<Canary> {
  const plan = canaryPlanOf(options)
  const { name, stable, candidate, clock, steps } = plan
  const store = options.storage === undefined ? memoryRollout() : storedRollout(options.storage, `traffic/canary/${name}/`, plan.instance)
  const emitter = createEmitter<CanaryEvents>()
  const meters = createMeters()
  const controller = await openController({ plan, store, emitter, ownCounts: meters.snapshot })
  const meterOf = (arm: string): ArmMeter => meters.of(controller.record)[arm === candidate.name ? 'candidate' : 'stable']
  const weight = (): number => weightOf(controller.record, steps)
  const trip = tripWire(plan, controller, meters, (error) => emitter.emit('error', error))
  const mirror = createMirrorQueue(
    candidate.predictor,
    { maxQueue: 1000, concurrency: 1, deadlineMs: 10_000, seed: 0, clock, now: stopwatchOf(options.clock) },
    createEmitter(),
    {
      answered: (predictions, latencyMs) => meterOf(candidate.name).answered(predictions, latencyMs),
      failed: (rows) => meterOf(candidate.name).failed(rows),
    },
  )
  const keyed = options.key !== undefined
  const model = routedModel({
    ...{
      subject: 'createCanary',
      arms: [stable, candidate],
      fallback: options.fallback ?? true,
      key: options.key,
      keyType: options.keyType,
    },
    decide(unit, row) {
      const share = weight()
      // A row without a unit stays with the stable model, except at the end, when the candidate is the one in charge.
      const id = unit ?? (keyed ? undefined : canonicalJson(row))
      if (id === undefined || share === 0 || share === 1) return { arm: share === 1 ? candidate.name : stable.name }
      const weights = [[stable.name, 1 - share] as const, [candidate.name, share] as const]
      const { id: rollout, salt } = controller.record
      return { arm: armOf(id, weights, `${name} ${salt ?? rollout}`) }
    },
    onAnswered(arm, rows, predictions, latencyMs) {
      if (keyed && rows.every(({ unit }) => unit === undefined)) return
      meterOf(arm).answered(predictions, latencyMs)
      const isShadowStep = controller.record.phase === 'running' && weight() === 0
      if (isShadowStep) mirror.add({ rows: rows.map(({ row }) => row), answers: predictions, primaryMs: latencyMs, at: clock.now() })
      else if (arm === candidate.name) trip()
    },
    onFailed(arm, rows, error) {
      meterOf(arm).failed(rows.length)
      emitter.emit('error', error)
      if (arm === candidate.name) trip()
    },
    now: stopwatchOf(options.clock),
  })
  const stop = startTicking(controller, plan, (error) => emitter.emit('error', error))
  const status = (): CanaryStatus => statusOf(plan, controller)
  const canary: Canary = {
    ...model,
    ...controls(controller, plan),
    name,
    tick: controller.tick,
    status,
    record: (variant, metric, value) => recordOutcome(meterOf, variant, metric, value),
    on: (type, listener, listen) => emitter.on(type, listener, listen),
    families: () => familiesOf(status()),
    async dispose() {
      stop()
      await controller.tick().catch((error: unknown) => emitter.emit('error', error))
      await mirror.close()
      await model.dispose()
    },
  }
  return attachDisplay(canary, { text: () => textOf(status()) })
}

/** The meters of the present step. */
interface Meters {
  of(record: RolloutRecord): { readonly stable: ArmMeter; readonly candidate: ArmMeter }
  snapshot(record: RolloutRecord): PairCounts
}

/** Meters that begin anew with each step. */
function createMeters(): Meters {
  let step = ''
  let current = { stable: createArmMeter(), candidate: createArmMeter() }
  const of: Meters['of'] = ({ id, step: index }) => {
    const key = `${id} ${index}`
    if (key !== step) current = { stable: createArmMeter(), candidate: createArmMeter() }
    step = key
    return current
  }
  return {
    of,
    snapshot(record) {
      const { stable, candidate } = of(record)
      return { stable: stable.snapshot(), candidate: candidate.snapshot() }
    },
  }
}

/** Rolls back at once when too much of what the candidate did here failed. */
function tripWire(plan: CanaryPlan, controller: Controller, meters: Meters, onError: (error: unknown) => void): () => void {
  let tripped = false
  return () => {
    if (tripped || controller.record.phase !== 'running') return
    const { rows, failed, invalid } = meters.snapshot(controller.record).candidate
    if (rows < TRIP_ROWS || failed + invalid === 0 || (failed + invalid) / rows < plan.tripRate) return
    tripped = true
    const reason = `${failed} of ${rows} rows failed and ${invalid} answers were invalid: rolled back without waiting for the checks`
    controller
      .force({ phase: 'rolled-back' }, reason, ({ phase }) => phase === 'running')
      .catch(onError)
      .finally(() => {
        tripped = false
      })
  }
}

/** Ticks until the returned function is called. The timer does not keep the process alive. */
function startTicking(controller: Controller, { clock, everyMs }: CanaryPlan, onError: (error: unknown) => void): () => void {
  let cancel = (): void => {}
  let stopped = false
  const next = (): void => {
    cancel = clock.schedule(() => {
      void controller
        .tick()
        .catch(onError)
        .then(() => {
          if (!stopped) next()
        })
    }, everyMs)
  }
  next()
  return () => {
    stopped = true
    cancel()
  }
}

/** What a person can do. */
function controls(controller: Controller, { steps }: CanaryPlan): Pick<Canary, 'pause' | 'resume' | 'promote' | 'rollback'> {
  const isOpen = ({ phase }: RolloutRecord): boolean => phase === 'running' || phase === 'paused'
  return {
    pause: async (reason) => void (await controller.force({ phase: 'paused' }, reason, ({ phase }) => phase === 'running')),
    async resume(reason = 'resumed') {
      const { step, checks } = controller.record
      const isPassed = steps[step]?.pause === true && checks.every(({ verdict }) => verdict === 'pass')
      const isLast = step + 1 === steps.length
      const to = !isPassed
        ? { phase: 'running' as const }
        : isLast
          ? { phase: 'promoting' as const }
          : { phase: 'running' as const, step: step + 1 }
      await controller.force(to, reason, ({ phase }) => phase === 'paused')
      if (isPassed && isLast) await controller.tick()
    },
    async promote(reason) {
      await controller.force({ phase: 'promoting' }, reason, isOpen)
      await controller.tick()
    },
    rollback: async (reason) => void (await controller.force({ phase: 'rolled-back' }, reason, isOpen)),
  }
}

function recordOutcome(meterOf: (arm: string) => ArmMeter, variant: unknown, metric: unknown, value: unknown): void {
  if (variant !== 'stable' && variant !== 'candidate')
    throw invalidArgument(`record of a canary needs the variant of the answer, "stable" or "candidate", got ${show(variant)}`)
  if (typeof metric !== 'string' || metric === '')
    throw invalidArgument(`record of a canary needs the name of a metric, got ${show(metric)}`)
  if (typeof value !== 'boolean' && !(typeof value === 'number' && Number.isFinite(value)))
    throw invalidArgument(`an outcome of a canary must be a finite number or a boolean, got ${show(value)}`)
  meterOf(variant).outcome(metric, Number(value))
}

function statusOf({ name, steps, clock }: CanaryPlan, { record, counts }: Controller): CanaryStatus {
  const { stable, candidate, phase, step, startedAt, checks, history } = record
  const status: CanaryStatus = {
    ...{ kind: 'canary', name, stable, candidate, phase, step, steps, weight: weightOf(record, steps), at: clock.now() },
    ...{ startedAt, checks, history, counts },
  }
  return attachDisplay(status, { text: () => textOf(status) })
}

function textOf({ name, candidate, stable, phase, step, steps, weight, checks, history }: CanaryStatus): string {
  const head = `Canary: ${name}, ${candidate} beside ${stable}: ${phase}, step ${step + 1} of ${steps.length}, ${Number((weight * 100).toPrecision(3))} % of the traffic`
  const rows = checks.map(({ name: check, verdict, text }) => [check, verdict, text])
  const last = history.at(-1)?.reason ?? ''
  return `${head}\n${last}${rows.length === 0 ? '' : `\n${textTable(['check', 'verdict', 'found'], rows)}`}`
}

const phases: readonly CanaryStatus['phase'][] = ['running', 'paused', 'promoting', 'promoted', 'rolled-back']

function familiesOf({ name, weight, phase, counts, step }: CanaryStatus): MetricFamily[] {
  const arms = (value: (arm: PairCounts['stable']) => number) =>
    (['stable', 'candidate'] as const).map((arm) => ({ labels: { rollout: name, arm }, value: value(counts[arm]) }))
  return [
    trafficFamily('rollout_weight', 'gauge', "The candidate's share of the traffic.", [{ labels: { rollout: name }, value: weight }]),
    trafficFamily('rollout_step', 'gauge', 'The step of the rollout, from 0.', [{ labels: { rollout: name }, value: step }]),
    trafficFamily(
      'rollout_phase',
      'gauge',
      '1 for the phase of the rollout, 0 for the others.',
      phases.map((each) => ({ labels: { rollout: name, phase: each }, value: Number(each === phase) })),
    ),
    trafficFamily(
      'rollout_rows',
      'gauge',
      'Rows in this step, of all processes.',
      arms(({ rows }) => rows),
    ),
    trafficFamily(
      'rollout_failed_rows',
      'gauge',
      'Rows in this step that failed or got an invalid answer.',
      arms(({ failed, invalid }) => failed + invalid),
    ),
  ]
}
