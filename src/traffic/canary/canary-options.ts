/** Options, events and the status of a canary. */
import type { Awaitable } from '../../core/awaitable'
import { type Clock, systemClock } from '../../core/clock'
import { invalidArgument, show } from '../../core/errors'
import { assertSafeSegment, newId } from '../../core/ids'
import { anything, arrayOf, checkOptions, finiteNumber, nonEmptyString, ofType, requireOptions, wholeNumber } from '../../core/options'
import type { ObjectStore } from '../../ports/object-store'
import { objectStoreRule } from '../../ports/port-rules'
import type { ServedModel } from '../../predictor/to-predictor'
import { armOfModel, type RoutedArm, type UnitOptions, unitRules } from '../routed-model'
import type { ArmCounts } from './arm-counts'
import { type CanaryCheck, errorRateCheck, latencyCheck } from './checks'
import type { CanaryEntry, CanaryPhase, CanaryStep, CheckState } from './rollout'

/** The members of a registry that a promotion needs; `ModelRegistry` has them. */
export interface PromotingRegistry {
  resolve(reference: string): Promise<{ readonly version: string }>
  promote(name: string, version: string, alias: string, options: { readonly reason: string }): Promise<unknown>
}

/** Where the alias moves when a candidate is promoted. */
export interface PromotionTarget {
  readonly registry: PromotingRegistry
  readonly model: string
  readonly version: string
  /** @default 'champion' */
  readonly alias?: string | undefined
}

/** Options of {@link createCanary}. */
export interface CanaryOptions extends UnitOptions {
  /** Names the rollout in messages, metrics and the storage: usually the model's name. */
  readonly name: string
  /** The model in charge. */
  readonly stable: ServedModel
  /** The model that may replace it. */
  readonly candidate: ServedModel
  /** Name and version of the two for the record, where they are models in memory. @default those of the predictors: `flights@4` */
  readonly labels?: { readonly stable: string; readonly candidate: string } | undefined
  /** @default shares of 5 %, 25 % and 50 %, each with 100 rows of the candidate */
  readonly steps?: readonly CanaryStep[] | undefined
  /** @default `errorRateCheck()` and `latencyCheck()` */
  readonly checks?: readonly CanaryCheck[] | undefined
  /** Time between two evaluations, in milliseconds. @default 10,000 */
  readonly everyMs?: number | undefined
  /** How long a step may go on without passing before it waits for a person, in milliseconds. @default 1 hour */
  readonly stepDeadlineMs?: number | undefined
  /** Rolls back at once when this share of the candidate's rows in this process failed or were invalid, of at least 20. @default 0.5 */
  readonly tripRate?: number | undefined
  /** Moves an alias at the promotion. */
  readonly target?: PromotionTarget | undefined
  /** Called at the promotion, after the alias moved. It may be called again after a crash, so doing it twice must do no harm. */
  readonly onPromote?: (() => Awaitable<void>) | undefined
  /** The stable model answers where the candidate fails. @default true */
  readonly fallback?: boolean | undefined
  /** Tries a candidate again that was rolled back. @default false */
  readonly retry?: boolean | undefined
  /**
   * Decides which units come first: rollouts of one `name` and salt begin with the same units. A rollout that the storage holds keeps the salt it began with.
   * @default random, so that no unit is always among the first
   */
  readonly salt?: string | undefined
  /** Keeps the rollout under `traffic/canary/<name>/`, shared by all processes that open it. @default memory only */
  readonly storage?: ObjectStore | undefined
  /** @default the system clock */
  readonly clock?: Clock | undefined
}

/** What a canary is doing. */
export interface CanaryStatus {
  readonly kind: 'canary'
  readonly name: string
  readonly stable: string
  readonly candidate: string
  readonly phase: CanaryPhase
  /** Index of the step. */
  readonly step: number
  readonly steps: readonly CanaryStep[]
  /** The candidate's share. */
  readonly weight: number
  readonly at: number
  readonly startedAt: number
  readonly checks: readonly CheckState[]
  readonly history: readonly CanaryEntry[]
  /** Counts of this step, of all processes at the last evaluation. */
  readonly counts: { readonly stable: ArmCounts; readonly candidate: ArmCounts }
}

/** Events of a canary. */
export interface CanaryEvents {
  /** The rollout moved to another step or phase, here or in another process. */
  step: CanaryEntry
  promoted: CanaryEntry
  'rolled-back': CanaryEntry
  paused: CanaryEntry
  /** The checks were evaluated here. */
  checked: readonly CheckState[]
  /** A failure in the background: of the candidate, the storage, a promotion, a listener. */
  error: unknown
}

/** Checked options with their defaults. */
export interface CanaryPlan {
  readonly name: string
  readonly instance: string
  readonly stable: RoutedArm
  readonly candidate: RoutedArm
  readonly labels: { readonly stable: string; readonly candidate: string }
  readonly steps: readonly CanaryStep[]
  readonly checks: readonly CanaryCheck[]
  readonly everyMs: number
  readonly stepDeadlineMs: number
  readonly tripRate: number
  readonly target: PromotionTarget | undefined
  readonly onPromote: (() => Awaitable<void>) | undefined
  readonly retry: boolean
  readonly salt: string | undefined
  readonly clock: Clock
}

/** Checks the options. @throws InvalidArgument */
export function canaryPlanOf(options: CanaryOptions): CanaryPlan {
  checkOptions('createCanary', options ?? null, {
    ...unitRules(),
    name: nonEmptyString(),
    stable: anything(),
    candidate: anything(),
    labels: ofType('object'),
    steps: arrayOf(ofType('object')),
    checks: arrayOf({ allowed: 'a check', test: (value) => typeof (value as CanaryCheck)?.evaluate === 'function' }),
    everyMs: finiteNumber(1),
    stepDeadlineMs: finiteNumber(1),
    tripRate: finiteNumber(0, 1),
    target: ofType('object'),
    onPromote: ofType('function'),
    fallback: ofType('boolean'),
    retry: ofType('boolean'),
    salt: nonEmptyString(),
    storage: objectStoreRule(),
    clock: ofType('object'),
  })
  const { name, steps = [0.05, 0.25, 0.5].map((weight) => ({ weight })), target } = options
  assertSafeSegment(name, '`name` of createCanary')
  checkSteps(steps)
  if (options.labels !== undefined) requireOptions('`labels` of createCanary', options.labels, ['stable', 'candidate'])
  checkOptions('`labels` of createCanary', options.labels, { stable: nonEmptyString(), candidate: nonEmptyString() })
  checkOptions('`target` of createCanary', target, {
    registry: { allowed: 'a registry', test: (value) => typeof (value as PromotingRegistry)?.promote === 'function' },
    model: nonEmptyString(),
    version: nonEmptyString(),
    alias: nonEmptyString(),
  })
  if (target !== undefined) requireOptions('`target` of createCanary', target, ['registry', 'model', 'version'])
  const stable = armOfModel('createCanary', 'stable', options.stable)
  const candidate = armOfModel('createCanary', 'candidate', options.candidate)
  const labelOf = ({ predictor }: RoutedArm): string => `${predictor.name}@${predictor.version}`
  return {
    ...{ name, stable, candidate, steps, target, onPromote: options.onPromote, instance: newId().slice(0, 12) },
    labels: options.labels ?? { stable: labelOf(stable), candidate: labelOf(candidate) },
    checks: options.checks ?? [errorRateCheck(), latencyCheck()],
    everyMs: options.everyMs ?? 10_000,
    stepDeadlineMs: options.stepDeadlineMs ?? 3_600_000,
    tripRate: options.tripRate ?? 0.5,
    retry: options.retry ?? false,
    salt: options.salt,
    clock: options.clock ?? systemClock(),
  }
}

function checkSteps(steps: readonly CanaryStep[]): void {
  if (steps.length === 0) throw invalidArgument('`steps` of createCanary must have at least one step')
  steps.forEach((step, i) => {
    const subject = `step ${i + 1} of createCanary`
    checkOptions(subject, step, {
      weight: finiteNumber(0, 1),
      minRows: wholeNumber(0),
      minMs: finiteNumber(0),
      pause: ofType('boolean'),
    })
    if (typeof step.weight !== 'number')
      throw invalidArgument(`${subject} needs \`weight\`, the candidate's share from 0 to 1, got ${show(step)}`)
    if (i > 0 && step.weight < (steps[i - 1]?.weight as number))
      throw invalidArgument(`the weights of \`steps\` of createCanary must not fall, got ${steps.map(({ weight }) => weight).join(', ')}`)
  })
}
