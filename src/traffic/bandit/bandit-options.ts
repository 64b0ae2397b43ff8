/** Options and records of a bandit. */
import type { Clock } from '../../core/clock'
import { invalidArgument } from '../../core/errors'
import { assertSafeSegment } from '../../core/ids'
import { anything, checkOptions, finiteNumber, nonEmptyString, ofType, oneOf, wholeNumber } from '../../core/options'
import type { ObjectStore } from '../../ports/object-store'
import { objectStoreRule } from '../../ports/port-rules'
import type { ServedModel } from '../../predictor/to-predictor'
import { armsOf, type RoutedArm, type UnitOptions, unitRules } from '../routed-model'

/** Options of {@link createBandit}. */
export interface BanditOptions extends UnitOptions {
  /** Names the bandit in messages, metrics and the storage. */
  readonly name: string
  /** Models or predictors by the name of their arm. The first answers where another fails. */
  readonly arms: Readonly<Record<string, ServedModel>>
  /** Rewards are 0 or 1 (`binary`), or any number, more being better (`numeric`). @default 'binary' */
  readonly rewards?: 'binary' | 'numeric' | undefined
  /** Each arm answers at least this share of the calls, so that its estimate stays alive. @default 0.02 */
  readonly floor?: number | undefined
  /** Rewards between two updates of the probabilities. @default 20 */
  readonly updateEvery?: number | undefined
  /** Draws from the posteriors for an update. @default 1,000 */
  readonly draws?: number | undefined
  /** What earlier rewards are multiplied by at each update; below 1 the bandit forgets, and so follows a world that changes. @default 1 */
  readonly discount?: number | undefined
  readonly seed: number
  /** Keeps rewards under `traffic/bandit/<name>/`, shared by all processes that open it. @default memory only */
  readonly storage?: ObjectStore | undefined
  /** How long rewards wait for others before they are stored. @default 1,000 */
  readonly flushEveryMs?: number | undefined
  /** @default the system clock */
  readonly clock?: Clock | undefined
}

/** An arm of a bandit. */
export interface BanditArmState {
  readonly name: string
  /** Rows it answered in this process. */
  readonly answered: number
  /** Its rewards, discounted. */
  readonly rewards: { readonly count: number; readonly mean: number }
  /** The share of calls that it gets now. */
  readonly play: number
  /** The probability that it is the best. */
  readonly best: number
  /** The reward lost on average by taking this arm, if another is better. */
  readonly expectedLoss: number
}

/** The state of a bandit. */
export interface BanditState {
  readonly kind: 'bandit'
  readonly name: string
  readonly at: number
  readonly rewards: 'binary' | 'numeric'
  readonly arms: readonly BanditArmState[]
  /** Rewards of decisions that were rewarded already. */
  readonly repeated: number
}

/** Events of a bandit. */
export interface BanditEvents {
  /** The probabilities changed. */
  update: BanditState
  error: unknown
}

/** Checked options with their defaults. */
export interface BanditPlan {
  readonly name: string
  readonly arms: readonly RoutedArm[]
  readonly kind: 'binary' | 'numeric'
  readonly floor: number
  readonly updateEvery: number
  readonly draws: number
  readonly discount: number
  readonly seed: number
  readonly flushEveryMs: number
}

/** Checks the options. @throws InvalidArgument */
export function banditPlanOf(options: BanditOptions): BanditPlan {
  const subject = 'createBandit'
  checkOptions(subject, options ?? null, {
    ...unitRules(),
    name: nonEmptyString(),
    arms: anything(),
    rewards: oneOf('binary', 'numeric'),
    floor: finiteNumber(0, 0.5),
    updateEvery: wholeNumber(1),
    draws: wholeNumber(100, 1_000_000),
    discount: finiteNumber(0.01, 1),
    seed: finiteNumber(),
    storage: objectStoreRule(),
    flushEveryMs: finiteNumber(0),
    clock: ofType('object'),
  })
  const { name, seed, floor = 0.02, rewards: kind = 'binary' } = options
  assertSafeSegment(name, '`name` of createBandit')
  if (seed === undefined) throw invalidArgument('createBandit needs a `seed`, so that its draws can be repeated')
  const arms = armsOf(subject, options.arms, 2)
  if (floor * arms.length >= 1)
    throw invalidArgument(`\`floor\` of createBandit must be below 1 / ${arms.length}, the share of each arm, got ${floor}`)
  const { updateEvery = 20, draws = 1000, discount = 1, flushEveryMs = 1000 } = options
  return { name, arms, kind, floor, updateEvery, draws, discount, seed, flushEveryMs }
}
