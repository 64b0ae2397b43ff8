/** Stops trials at rungs: Optuna's `SuccessiveHalvingPruner`, the asynchronous successive halving of Li and others (2018). */
import { invalidArgument } from '../../core/errors'
import { checkOptions, either, oneOf, wholeNumber } from '../../core/options'
import { type ReportedTrial, type SearchTrial, stepsOf } from './trial'

/** Options of {@link successiveHalvingPruner}. */
export interface HalvingPrunerOptions {
  /** The step of the first rung; `'auto'`: a hundredth of the steps of the first trial that finished, at least 1. @default 'auto' */
  readonly minResource?: number | 'auto' | undefined
  /** At a rung one of so many trials goes on, and the next rung is so many times as far. @default 4 */
  readonly reductionFactor?: number | undefined
  /** Rungs that are left out at the beginning. @default 0 */
  readonly minEarlyStoppingRate?: number | undefined
  /** The first so many trials that come to a rung end there. @default 0 */
  readonly bootstrapCount?: number | undefined
}

/** Stops trials at rungs. Plain JSON, made by {@link successiveHalvingPruner}. */
export interface HalvingPruner extends HalvingPrunerOptions {
  readonly kind: 'successiveHalving'
}

/**
 * Stops trials by asynchronous successive halving (ASHA), as Optuna's `SuccessiveHalvingPruner`. Rungs are the steps `minResource` ×
 * `reductionFactor`ⁿ, with n from `minEarlyStoppingRate` on; there, a trial goes on only if it is among the best one of `reductionFactor`
 * of the trials that came to the rung so far.
 *
 * @throws InvalidArgument
 *
 * @example
 * const pruning = { pruner: successiveHalvingPruner({ minResource: 10 }), each: 'round' } as const
 * await randomSearch(gradientBoostingClassifier(), train, { target: 'late', trials: 60, params, pruning })
 */
export function successiveHalvingPruner(options: HalvingPrunerOptions = {}): HalvingPruner {
  checkOptions('successiveHalvingPruner', options, {
    minResource: either(wholeNumber(1), oneOf('auto')),
    reductionFactor: wholeNumber(2),
    minEarlyStoppingRate: wholeNumber(0),
    bootstrapCount: wholeNumber(0),
  })
  const { minResource = 'auto', bootstrapCount = 0 } = options
  if (bootstrapCount > 0 && minResource === 'auto') {
    throw invalidArgument("`bootstrapCount` of successiveHalvingPruner needs a `minResource` that is a number, got 'auto'")
  }
  return { kind: 'successiveHalving', ...options }
}

/**
 * Whether a trial stops at a rung, where it must be among the best one of `reductionFactor` of the trials that came there before it; while there
 * are fewer, the best of all. `NaN` stops. Adds the rungs that it came to to `completedRungs`.
 */
export function failsRung(
  { minResource = 'auto', reductionFactor = 4, minEarlyStoppingRate = 0, bootstrapCount = 0 }: HalvingPruner,
  { reports, steps, completedRungs }: ReportedTrial,
  history: readonly SearchTrial[],
  higherIsBetter: boolean,
): boolean {
  const least = minResource === 'auto' ? firstResource(history) : minResource
  if (least === undefined) return false
  const [step, score] = [steps.at(-1) as number, reports.at(-1) as number]
  for (;;) {
    const rung = completedRungs.length
    if (step < least * reductionFactor ** (minEarlyStoppingRate + rung)) return false
    if (Number.isNaN(score)) return true
    completedRungs.push(score)
    const rivals = [...history.flatMap((trial) => trial.completedRungs?.[rung] ?? []), score]
    if (rivals.length <= bootstrapCount) return true
    const better = rivals.filter((rival) => (higherIsBetter ? rival > score : rival < score)).length
    if (better >= Math.max(1, Math.floor(rivals.length / reductionFactor))) return true
  }
}

/** A hundredth of the last step of the first trial that finished. */
function firstResource(history: readonly SearchTrial[]): number | undefined {
  const first = history.find(({ status, reports }) => status === 'finished' && reports.length > 0)
  return first === undefined ? undefined : Math.max(1, Math.floor((stepsOf(first).at(-1) as number) / 100))
}
