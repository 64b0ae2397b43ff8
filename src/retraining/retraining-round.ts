/** One round of the loop: train, measure both models on the same rows, register, promote if better. */
import type { Clock } from '../core/clock'
import { invalidArgument, isMillwrightError, MillwrightError, show } from '../core/errors'
import { abortable } from '../core/signal'
import { type Label, type Metric, metricByName } from '../metrics'
import type { ModelPackage, ModelRuntime } from '../ports/model'
import { packageOf } from '../ports/model-package'
import type { GateVerdict } from '../ports/registry-backend'
import type { Gate, ModelVersion } from '../registry'
import { columnNotFound, isTable } from '../schema/table'
import type { Challenger, RetrainingOptions } from './retraining-options'
import type { RetrainingProgress } from './retraining-state'
import { scoreModel } from './score-model'
import type { RetrainingVerdict } from './verdict'

/** The tag of a registered challenger that holds the id of its retraining. */
const retrainingTag = 'retraining'

/** What one round needs to know. */
export interface Round {
  /** Where it begins: at the start, or where another process was interrupted. */
  readonly progress: RetrainingProgress
  readonly signal: AbortSignal
  readonly clock: Clock
  /** Stores how far it is. */
  readonly save: (progress: RetrainingProgress) => Promise<void>
}

/** The result of one round; the caller adds `endedAt`. */
export interface RoundOutcome {
  readonly verdict: RetrainingVerdict
  /** Absent when the training was done by a process that died since. */
  readonly challenger?: Challenger | undefined
  readonly error?: unknown
}

/** Marks a failure to store the progress. Not thrown outside of this room. */
export class ProgressNotStored {
  constructor(readonly cause: unknown) {}
}

/** Most times that a retraining is continued: a training that brings its process down would do so for ever. */
const mostResumes = 10

/**
 * One retraining from where it is to its end. A failure is in the verdict and in `error`.
 *
 * @throws ProgressNotStored
 */
export async function runRound(options: RetrainingOptions, round: Round): Promise<RoundOutcome> {
  const { model } = options
  let { progress } = round
  let challenger: Challenger | undefined
  try {
    if (progress.resumes > mostResumes) {
      throw new MillwrightError('Unavailable', `it was interrupted ${progress.resumes} times`)
    }
    if (progress.stage === 'training') {
      const trained = await trainAndRegister(options, round)
      challenger = trained.challenger
      progress = trained.progress
      await round.save(progress).catch((error: unknown) => {
        throw new ProgressNotStored(error)
      })
    }
    const verdict = verdictOf(options, progress)
    const decided = progress.resumes > 0 ? await decidedBefore(options, verdict) : undefined
    const gates = decided ?? (await promote(options, { verdict, signal: round.signal }))
    const outcome = gates.every(({ passed }) => passed) ? 'promoted' : 'kept'
    return { verdict: { ...verdict, outcome, gates, summary: summaryOf(verdict, outcome, gates) }, challenger }
  } catch (error) {
    if (error instanceof ProgressNotStored) throw error
    const message = error instanceof Error ? error.message : show(error)
    const code = isMillwrightError(error) ? error.code : 'Internal'
    const verdict = { ...verdictOf(options, progress), summary: `retraining of ${model} failed: ${message}`, error: { code, message } }
    return { verdict, error }
  }
}

/** What the verdict says before its end is known. */
function verdictOf(options: RetrainingOptions, progress: RetrainingProgress): RetrainingVerdict {
  const { model, alias = 'champion', margin = 0 } = options
  const metric = metricByName(options.metric as string | Metric)
  const { id, trigger, startedAt, rows = 0, champion, challenger, gain } = progress
  return {
    ...{ id, model, alias, trigger, startedAt, endedAt: startedAt, outcome: 'failed' },
    ...{ metric: metric.name, higherIsBetter: metric.higherIsBetter, margin, rows, gates: [], summary: '' },
    ...(champion === undefined ? {} : { champion, gain: gain ?? Number.NaN }),
    ...(challenger === undefined ? {} : { challenger }),
  }
}

/** Trains, measures and registers. The challenger that a process registered before it died is found by its tag. */
async function trainAndRegister(
  options: RetrainingOptions,
  round: Round,
): Promise<{ readonly challenger: Challenger; readonly progress: RetrainingProgress }> {
  const { model } = options
  const { progress, signal } = round
  const metric = metricByName(options.metric as string | Metric)
  const challenger = await trainInTime(options, round)
  if (typeof challenger !== 'object' || challenger === null || challenger.model === undefined) {
    throw invalidArgument(`\`train\` of the retraining of ${model} must give { model, holdout }, got ${show(challenger)}`)
  }
  const { championScore, championVersion, score, gain } = await measure(options, challenger, metric, signal)
  const earlier = progress.resumes > 0 ? await registeredBefore(options, progress.id) : undefined
  const version = earlier ?? (await register(options, challenger, { id: progress.id, metric, score, signal }))
  const champion = championVersion === undefined ? {} : { champion: { version: championVersion, score: championScore }, gain }
  const facts = { rows: challenger.holdout.numRows, ...champion, challenger: { version: version.version, score } }
  return { challenger, progress: { ...progress, ...facts, stage: 'promoting', resumes: 0 } }
}

async function trainInTime({ model, train, timeLimitMs }: RetrainingOptions, { progress, signal, clock }: Round): Promise<Challenger> {
  const controller = new AbortController()
  const onAbort = (): void => controller.abort(signal.reason)
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  const late = (): void => controller.abort(new MillwrightError('Unavailable', `training of ${model} took longer than ${timeLimitMs} ms`))
  const cancel = timeLimitMs === undefined ? undefined : clock.schedule(late, timeLimitMs)
  try {
    const { id, trigger } = progress
    return await abortable((async () => train({ id, trigger, signal: controller.signal }))(), controller.signal)
  } finally {
    cancel?.()
    signal.removeEventListener('abort', onAbort)
  }
}

async function registeredBefore({ registry, model }: RetrainingOptions, id: string): Promise<ModelVersion | undefined> {
  const versions = await registry.listVersions(model).catch((error: unknown) => {
    if (!isMillwrightError(error, 'NotFound')) throw error
    return []
  })
  return versions.find(({ tags }) => tags[retrainingTag] === id)
}

/** The verdicts of the gates, when a process that died since had already promoted or refused the challenger. */
async function decidedBefore(
  { registry, model }: RetrainingOptions,
  verdict: RetrainingVerdict,
): Promise<readonly GateVerdict[] | undefined> {
  const { alias, challenger } = verdict
  const event = (await registry.history(model)).findLast(
    (each) =>
      each.alias === alias && each.version === challenger?.version && (each.kind === 'promotion-rejected' || each.how === 'promote'),
  )
  return event === undefined ? undefined : (event.verdicts ?? [])
}

/** Measures both models on the held-out rows. The gain is `NaN` without a champion. */
async function measure(
  options: RetrainingOptions,
  challenger: Challenger,
  metric: Metric,
  signal: AbortSignal,
): Promise<{ championVersion?: string | undefined; championScore: number; score: number; gain: number }> {
  const { registry, model, alias = 'champion', runtimes } = options
  const packed = await packageOf(`retraining of ${model}`, challenger.model)
  const target = options.target ?? packed.target
  if (target === undefined) throw invalidArgument(`retraining of ${model} needs \`target\`: the challenger does not say what it predicts`)
  assertHoldout(model, challenger, target)
  const { classes } = packed
  const score = await scorePackage(packed, challenger, { runtimes, metric, target, classes, signal })
  const current = await registry.openModel(`${model}@${alias}`, { signal }).catch((error: unknown) => {
    if (!isMillwrightError(error, 'NotFound')) throw error
    return undefined
  })
  if (current === undefined) return { championScore: Number.NaN, score, gain: Number.NaN }
  const championScore = await scorePackage(current.package, challenger, { runtimes, metric, target, classes, signal })
  const gain = metric.higherIsBetter ? score - championScore : championScore - score
  return { championVersion: current.version, championScore, score, gain }
}

interface Scoring {
  readonly runtimes: readonly ModelRuntime[]
  readonly metric: Metric
  readonly target: string
  /** The challenger's classes, for a model that does not declare its own. */
  readonly classes: readonly Label[] | undefined
  readonly signal: AbortSignal
}

function assertHoldout(model: string, { holdout }: Challenger, target: string): void {
  if (!isTable(holdout))
    throw invalidArgument(`\`train\` of the retraining of ${model} must give \`holdout\`, a Dataset, got ${show(holdout)}`)
  if (!holdout.columnNames.includes(target)) throw columnNotFound(target, holdout.columnNames)
}

async function scorePackage(packed: ModelPackage, { holdout }: Challenger, { runtimes, ...scoring }: Scoring): Promise<number> {
  const runtime = runtimes.find(({ flavors }) => flavors.includes(packed.flavor))
  if (runtime === undefined) {
    const known = runtimes.flatMap(({ flavors }) => flavors).join(', ')
    throw new MillwrightError('Unsupported', `comparing a model of flavor ${show(packed.flavor)}: the runtimes given open ${known}`)
  }
  const loaded = await runtime.load(packed, { signal: scoring.signal })
  try {
    return await scoreModel(loaded, holdout, scoring)
  } finally {
    await loaded.dispose()
  }
}

async function register(
  options: RetrainingOptions,
  challenger: Challenger,
  facts: { readonly id: string; readonly metric: Metric; readonly score: number; readonly signal: AbortSignal },
): Promise<ModelVersion> {
  const { registry, model, challengerAlias = 'challenger' } = options
  const { model: trained, holdout: _, ...registration } = challenger
  const metrics = { ...registration.metrics, [facts.metric.name]: facts.score }
  const tags = { ...registration.tags, [retrainingTag]: facts.id }
  const version = await registry.register(model, trained, { ...registration, tags, metrics, signal: facts.signal })
  if (challengerAlias !== null) await registry.setAlias(model, challengerAlias, version.version)
  return version
}

/**
 * Promotes through the gates and the canary, and returns their verdicts, also when they refused.
 *
 * @throws Conflict when the champion was moved meanwhile
 */
async function promote(
  options: RetrainingOptions,
  { verdict, signal }: { readonly verdict: RetrainingVerdict; readonly signal: AbortSignal },
): Promise<readonly GateVerdict[]> {
  const { registry, model, gates = [] } = options
  const { alias, champion } = verdict
  const version = verdict.challenger?.version as string
  const seen: GateVerdict[] = []
  const all = [comparison(verdict), ...gates, ...canaryGate(options, verdict, seen, signal)]
  const watched = all.map(
    (gate): Gate =>
      async (context) => {
        const answer = await gate(context)
        const whole =
          typeof answer === 'boolean'
            ? { gate: gate.name || 'gate', passed: answer, required: 'yes', measured: answer ? 'yes' : 'no' }
            : answer
        seen.push(whole)
        return whole
      },
  )
  const isPassed = (): boolean => seen.every(({ passed }) => passed)
  const reason = `retraining: ${verdict.trigger.summary}`
  try {
    await registry.promote(model, version, alias, { gates: watched, expected: champion?.version ?? null, reason, signal })
  } catch (error) {
    if (isMillwrightError(error, 'InvalidState') && !isPassed()) return seen
    if (!isMillwrightError(error) || !isPassed() || !(await isAt(options, alias, version))) throw error
    // The canary has promoted it, or a process that died since has moved the alias, perhaps without its event, which this call then writes.
    // Who moved the alias on in between is not overwritten.
    await registry.promote(model, version, alias, { gates: seen.map((each) => () => each), expected: version, reason, signal })
  }
  return seen
}

/** The canary as the last gate: it starts only when all others have passed. */
function canaryGate(
  { canary, model }: RetrainingOptions,
  { id, alias, trigger, champion, challenger }: RetrainingVerdict,
  seen: readonly GateVerdict[],
  signal: AbortSignal,
): Gate[] {
  if (canary === undefined || champion === undefined || challenger === undefined) return []
  const versions = { champion: champion.version, challenger: challenger.version }
  return [
    async () => {
      const gate = { gate: 'canary', required: `the canary against version ${champion.version} passes` }
      if (!seen.every(({ passed }) => passed)) return { ...gate, passed: true, measured: 'not started: another gate refused' }
      const { passed, summary } = await abortable((async () => canary({ id, model, alias, trigger, ...versions, signal }))(), signal)
      return { ...gate, passed, measured: summary }
    },
  ]
}

/** Whether the alias points to the version. */
async function isAt({ registry, model }: RetrainingOptions, alias: string, version: string): Promise<boolean> {
  const current = await registry.resolve(`${model}@${alias}`).catch(() => undefined)
  return current?.version === version
}

function comparison({ metric, margin, champion, challenger, gain = Number.NaN, rows }: RetrainingVerdict): Gate {
  const required =
    champion === undefined
      ? 'no champion yet'
      : `${metric} better than ${digits(champion.score)} of version ${champion.version} by ${margin === 0 ? 'anything' : `at least ${margin}`} on the newest ${rows} labelled rows`
  // Without a tolerance, 0.84 − 0.83 would miss a margin of 0.01 by a rounding error.
  const better = margin === 0 ? gain > 0 : gain >= margin - 1e-12
  return () => ({
    gate: 'better than the champion',
    passed: champion === undefined || better,
    required,
    measured: digits(challenger?.score),
  })
}

function summaryOf(
  { metric, champion, challenger, rows }: RetrainingVerdict,
  outcome: 'promoted' | 'kept',
  gates: readonly GateVerdict[],
): string {
  const against = champion === undefined ? '' : ` against ${digits(champion.score)} of version ${champion.version}`
  const numbers = `version ${challenger?.version}: ${metric} ${digits(challenger?.score)}${against} on the newest ${rows} labelled rows`
  if (outcome === 'promoted') return `${numbers}; promoted`
  return `${numbers}; kept the champion: ${gates
    .filter(({ passed }) => !passed)
    .map(({ gate }) => `not ${gate}`)
    .join(', ')}`
}

function digits(value: number | undefined): string {
  return value === undefined ? 'not measured' : String(Number(value.toPrecision(4)))
}
