/** One round of the loop: train, measure both models on the same rows, register, promote if better. */
import { invalidArgument, isMillwrightError, MillwrightError, show } from '../core/errors'
import { type Label, type Metric, metricByName } from '../metrics'
import type { ModelPackage, ModelRuntime } from '../ports/model'
import { packageOf } from '../ports/model-package'
import type { GateVerdict } from '../ports/registry-backend'
import type { Gate, ModelVersion } from '../registry'
import { columnNotFound, isTable } from '../schema/table'
import type { Challenger, RetrainingOptions } from './retraining-options'
import { scoreModel } from './score-model'
import type { MeasuredVersion, RetrainingTrigger, RetrainingVerdict } from './verdict'

/** What one round needs to know. */
export interface Round {
  readonly id: string
  readonly trigger: RetrainingTrigger
  readonly startedAt: number
  readonly signal: AbortSignal
}

/** The result of one round; the caller adds `endedAt`. */
export interface RoundOutcome {
  readonly verdict: RetrainingVerdict
  readonly challenger?: Challenger | undefined
  readonly error?: unknown
}

/** One retraining from start to end. Never rejects: a failure is in the verdict and in `error`. */
export async function runRound(options: RetrainingOptions, round: Round): Promise<RoundOutcome> {
  const { model, alias = 'champion', margin = 0 } = options
  const metric = metricByName(options.metric as string | Metric)
  const { id, trigger, startedAt, signal } = round
  let verdict: RetrainingVerdict = {
    ...{ id, model, alias, trigger, startedAt, endedAt: startedAt, outcome: 'failed' },
    ...{ metric: metric.name, higherIsBetter: metric.higherIsBetter, margin, rows: 0, gates: [], summary: '' },
  }
  try {
    const challenger = await options.train({ id, trigger, signal })
    if (typeof challenger !== 'object' || challenger === null || challenger.model === undefined) {
      throw invalidArgument(`\`train\` of the retraining of ${model} must give { model, holdout }, got ${show(challenger)}`)
    }
    const measured = await measure(options, challenger, metric, signal)
    const { championScore, championVersion, score, gain } = measured
    const champion: MeasuredVersion | undefined =
      championVersion === undefined ? undefined : { version: championVersion, score: championScore }
    verdict = { ...verdict, rows: challenger.holdout.numRows, champion, ...(champion === undefined ? {} : { gain }) }
    const version = await register(options, challenger, { metric, score, signal })
    verdict = { ...verdict, challenger: { version: version.version, score } }
    const gates = await promote(options, version, { verdict, signal })
    const outcome = gates.every(({ passed }) => passed) ? 'promoted' : 'kept'
    return { verdict: { ...verdict, outcome, gates, summary: summaryOf(verdict, outcome, gates) }, challenger }
  } catch (error) {
    const message = error instanceof Error ? error.message : show(error)
    const code = isMillwrightError(error) ? error.code : 'Internal'
    return { verdict: { ...verdict, summary: `retraining of ${model} failed: ${message}`, error: { code, message } }, error }
  }
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
  facts: { readonly metric: Metric; readonly score: number; readonly signal: AbortSignal },
): Promise<ModelVersion> {
  const { registry, model, challengerAlias = 'challenger' } = options
  const { model: trained, holdout: _, ...registration } = challenger
  const metrics = { ...registration.metrics, [facts.metric.name]: facts.score }
  const version = await registry.register(model, trained, { ...registration, metrics, signal: facts.signal })
  if (challengerAlias !== null) await registry.setAlias(model, challengerAlias, version.version)
  return version
}

/** Promotes through the gates and returns their verdicts, also when they refused. @throws Conflict when the champion was moved meanwhile */
async function promote(
  options: RetrainingOptions,
  version: ModelVersion,
  { verdict, signal }: { readonly verdict: RetrainingVerdict; readonly signal: AbortSignal },
): Promise<readonly GateVerdict[]> {
  const { registry, model, alias = 'champion', gates = [] } = options
  const seen: GateVerdict[] = []
  const watched = [comparison(verdict), ...gates].map(
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
  try {
    await registry.promote(model, version.version, alias, {
      gates: watched,
      expected: verdict.champion?.version ?? null,
      reason: `retraining: ${verdict.trigger.summary}`,
      signal,
    })
  } catch (error) {
    if (!isMillwrightError(error, 'InvalidState') || seen.every(({ passed }) => passed)) throw error
  }
  return seen
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
