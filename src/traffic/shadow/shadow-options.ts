/** Options and events of a shadow. */
import { type Clock, systemClock } from '../../core/clock'
import { anything, checkOptions, finiteNumber, nonEmptyString, ofType, wholeNumber } from '../../core/options'
import type { Prediction } from '../../predictor/prediction'
import type { ServedModel } from '../../predictor/to-predictor'
import type { Row } from '../../schema/table'
import { armOfModel, type RoutedArm } from '../routed-model'

/** Options of {@link createShadow}. */
export interface ShadowOptions {
  /** Names the shadow in messages and metrics. @default 'shadow' */
  readonly name?: string | undefined
  /** Answers the callers. */
  readonly primary: ServedModel
  /** Gets a copy of the rows; its answers are compared and dropped. */
  readonly candidate: ServedModel
  /** The share of rows that are copied, chosen by their content. @default 1 */
  readonly share?: number | undefined
  /** Most rows waiting for the candidate; further ones are dropped. @default 1,000 */
  readonly maxQueue?: number | undefined
  /** Calls of the candidate at the same time. @default 1 */
  readonly concurrency?: number | undefined
  /** Longest time from the primary's answer to the candidate's, in milliseconds; rows beyond it are dropped. @default 10,000 */
  readonly deadlineMs?: number | undefined
  /** Decides which pairs of scores are kept for the p99. @default 0 */
  readonly seed?: number | undefined
  /** @default the system clock */
  readonly clock?: Clock | undefined
}

/** Events of a shadow. */
export interface ShadowEvents {
  /** Both answered a row, and differently: other labels, or an invalid answer of the candidate. */
  disagreement: { readonly row: Row; readonly primary: Prediction; readonly candidate: Prediction }
  /** The candidate failed. */
  error: unknown
}

/** Checked options with their defaults. */
export interface ShadowPlan {
  readonly name: string
  readonly primary: RoutedArm
  readonly candidate: RoutedArm
  readonly share: number
  readonly maxQueue: number
  readonly concurrency: number
  readonly deadlineMs: number
  readonly seed: number
  readonly clock: Clock
}

/** Checks the options. @throws InvalidArgument */
export function shadowPlanOf(options: ShadowOptions): ShadowPlan {
  checkOptions('createShadow', options ?? null, {
    name: nonEmptyString(),
    primary: anything(),
    candidate: anything(),
    share: finiteNumber(0, 1),
    maxQueue: wholeNumber(1),
    concurrency: wholeNumber(1),
    deadlineMs: finiteNumber(1, 2147483647),
    seed: finiteNumber(),
    clock: ofType('object'),
  })
  return {
    name: options.name ?? 'shadow',
    primary: armOfModel('createShadow', 'primary', options.primary),
    candidate: armOfModel('createShadow', 'candidate', options.candidate),
    share: options.share ?? 1,
    maxQueue: options.maxQueue ?? 1000,
    concurrency: options.concurrency ?? 1,
    deadlineMs: options.deadlineMs ?? 10_000,
    seed: options.seed ?? 0,
    clock: options.clock ?? systemClock(),
  }
}
