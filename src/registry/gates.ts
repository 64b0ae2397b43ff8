/** Gates: the conditions that a version must meet before an alias moves to it. */
import type { Awaitable } from '../core/awaitable'
import { invalidArgument, MillwrightError, show } from '../core/errors'
import { checkOptions, either, finiteNumber, nonEmptyString, ofType } from '../core/options'
import type { GateVerdict } from '../ports/registry-backend'
import type { ModelVersion } from './model-version'

/** What a gate decides on. */
export interface GateContext {
  /** The alias that would move. */
  readonly alias: string
  readonly candidate: ModelVersion
  /** The version the alias points to now. */
  readonly current?: ModelVersion | undefined
  /** Gives the version that another alias of the model points to. */
  readonly versionAt: (alias: string) => Promise<ModelVersion | undefined>
  readonly signal?: AbortSignal | undefined
}

/** A gate. It returns a verdict, or only whether the version passes. An error ends the promotion. */
export type Gate = (context: GateContext) => Awaitable<GateVerdict | boolean>

/** The name of a metric, or an object with a name and a direction, such as a metric of `millwright/metrics`. */
export type MetricReference = string | { readonly name: string; readonly higherIsBetter: boolean }

/** Options of {@link betterThan}. */
export interface BetterThanOptions {
  readonly metric: MetricReference
  /** The least difference; 0 means strictly better. @default 0 */
  readonly by?: number | undefined
  /** Required where `metric` is a name: a direction is never guessed. */
  readonly higherIsBetter?: boolean | undefined
}

/** The metric that the version was registered with must be at least `minimum`. A metric that was not measured fails. */
export function metricAtLeast(metric: MetricReference, minimum: number): Gate {
  return bound('metricAtLeast', metric, minimum, '≥', (value) => value >= minimum)
}

/** The metric that the version was registered with must be at most `maximum`. A metric that was not measured fails. */
export function metricAtMost(metric: MetricReference, maximum: number): Gate {
  return bound('metricAtMost', metric, maximum, '≤', (value) => value <= maximum)
}

/**
 * The metric must be better than that of the version at `alias`. Passes where the alias does not exist, or is the candidate itself.
 *
 * Both values are those that the versions were registered with. They are comparable only if they were measured on the same data.
 *
 * @example
 * await registry.promote('flights', version, 'champion', { gates: [betterThan('champion', { metric: 'accuracy', higherIsBetter: true })] })
 */
export function betterThan(alias: string, options: BetterThanOptions): Gate {
  if (options === undefined)
    throw invalidArgument(`betterThan takes an alias and options such as { metric: 'accuracy', higherIsBetter: true }`)
  checkOptions('betterThan', options, {
    metric: either(nonEmptyString(), ofType('object')),
    by: finiteNumber(0),
    higherIsBetter: ofType('boolean'),
  })
  const name = nameOf('betterThan', options.metric)
  const higherIsBetter = typeof options.metric === 'string' ? options.higherIsBetter : options.metric.higherIsBetter
  if (higherIsBetter === undefined) throw invalidArgument(`betterThan needs \`higherIsBetter\` for the metric ${show(name)}`)
  const by = options.by ?? 0
  return async ({ candidate, versionAt }) => {
    const other = await versionAt(alias)
    const gate = `better than ${alias}`
    if (other === undefined || other.version === candidate.version) {
      return {
        gate,
        passed: true,
        required: `${name} better than that of ${alias}`,
        measured: other ? 'it is the same version' : `there is no ${alias}`,
      }
    }
    const reference = metricOf(other, name)
    const value = metricOf(candidate, name)
    const gain = value === undefined || reference === undefined ? Number.NaN : higherIsBetter ? value - reference : reference - value
    const required = `${name} ${higherIsBetter ? '>' : '<'} ${text(reference)} of ${alias} (version ${other.version})${by > 0 ? ` by at least ${by}` : ''}`
    // Where the other version has no such metric, any measured value passes.
    const passed = reference === undefined ? value !== undefined : by > 0 ? gain >= by : gain > 0
    return { gate, passed, required, measured: text(value) }
  }
}

/** `measured` of a verdict where the version has no such metric. */
const UNMEASURED = 'not measured'

/** Evaluates all gates, in order. @throws the errors of gates, the signal's reason */
export async function evaluateGates(gates: readonly Gate[], context: GateContext): Promise<GateVerdict[]> {
  const verdicts: GateVerdict[] = []
  for (const gate of gates) {
    if (context.signal?.aborted) throw context.signal.reason
    const answer = await gate(context)
    if (typeof answer !== 'boolean' && typeof answer?.passed !== 'boolean') {
      throw invalidArgument(`gate ${show(gate.name || 'gate')} must answer with a boolean or a verdict, got ${show(answer)}`)
    }
    if (typeof answer !== 'boolean') verdicts.push(answer)
    else verdicts.push({ gate: gate.name || 'gate', passed: answer, required: 'the gate passes', measured: answer ? 'yes' : 'no' })
  }
  return verdicts
}

/** The error of a promotion that gates refused: `InvalidState`, with all verdicts in `details.verdicts`. */
export function rejected(candidate: ModelVersion, alias: string, verdicts: readonly GateVerdict[]): MillwrightError {
  const failed = verdicts.filter(({ passed }) => !passed).map(({ required, measured }) => `${required} is required, measured: ${measured}`)
  const message = `${show(candidate.name)} version ${candidate.version} was not promoted to ${alias}: ${failed.join('; ')}`
  const isUnmeasured = verdicts.some(({ passed, measured }) => !passed && measured === UNMEASURED)
  const known = Object.keys(candidate.metrics).slice(0, 20).map(show).join(', ')
  const hint = `the metrics of version ${candidate.version} are ${known || 'none'}; they are given to register(name, model, { metrics })`
  return new MillwrightError('InvalidState', message, {
    details: { model: candidate.name, version: candidate.version, alias, verdicts },
    ...(isUnmeasured ? { hint } : {}),
  })
}

function bound(subject: string, metric: MetricReference, limit: number, sign: string, test: (value: number) => boolean): Gate {
  const name = nameOf(subject, metric)
  if (!Number.isFinite(limit)) throw invalidArgument(`the bound of ${subject} must be a finite number, got ${show(limit)}`)
  return ({ candidate }) => {
    const value = metricOf(candidate, name)
    return {
      gate: `${name} ${sign} ${limit}`,
      passed: value !== undefined && test(value),
      required: `${name} ${sign} ${limit}`,
      measured: text(value),
    }
  }
}

function nameOf(subject: string, metric: MetricReference): string {
  const name = typeof metric === 'string' ? metric : metric?.name
  if (typeof name !== 'string' || name === '') throw invalidArgument(`${subject} needs a metric or its name, got ${show(metric)}`)
  return name
}

function metricOf(version: ModelVersion, name: string): number | undefined {
  return Object.hasOwn(version.metrics, name) ? version.metrics[name] : undefined
}

function text(value: number | undefined): string {
  return value === undefined ? UNMEASURED : String(Number(value.toPrecision(6)))
}
