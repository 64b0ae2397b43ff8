/** Stops trials by the scores of others at the same step: Optuna's `MedianPruner` and `PercentilePruner`. */
import { invalidArgument, show } from '../../core/errors'
import { checkOptions, finiteNumber, wholeNumber } from '../../core/options'
import { isBetter, type ReportedTrial, type SearchTrial, stepsOf } from './trial'

/** Options of {@link percentilePruner} beside the percentile, and of {@link medianPruner}. */
export interface PercentilePrunerOptions {
  /** Trials that finish before any is pruned. @default 5 */
  readonly startupTrials?: number | undefined
  /** No trial is pruned at a step below this. @default 0 */
  readonly warmupSteps?: number | undefined
  /** Looks once in so many steps, counted from `warmupSteps`. @default 1 */
  readonly intervalSteps?: number | undefined
  /** Looks where at least so many finished trials have a score of the same step. @default 1 */
  readonly minTrials?: number | undefined
}

/** Stops a trial whose best score is not among the best so many percent. Plain JSON, made by {@link percentilePruner} and {@link medianPruner}. */
export interface PercentilePruner extends PercentilePrunerOptions {
  readonly kind: 'percentile'
  /** From 0 to 100; 25 keeps the best quarter. */
  readonly percentile: number
}

/**
 * Stops a trial whose best score so far is worse than the median of the finished trials at the same step, as Optuna's `MedianPruner`.
 *
 * @throws InvalidArgument
 *
 * @example
 * await tpeSearch(model, train, { target: 'late', trials: 50, params, pruning: { pruner: medianPruner({ warmupSteps: 20 }), each: 'round' } })
 */
export function medianPruner(options: PercentilePrunerOptions = {}): PercentilePruner {
  return madePruner('medianPruner', 50, options)
}

/**
 * Stops a trial whose best score so far is not among the best `percentile` % of the finished trials at the same step, as Optuna's
 * `PercentilePruner`.
 *
 * @throws InvalidArgument
 */
export function percentilePruner(percentile: number, options: PercentilePrunerOptions = {}): PercentilePruner {
  if (!(percentile >= 0 && percentile <= 100))
    throw invalidArgument(`percentilePruner takes a number from 0 to 100, got ${show(percentile)}`)
  return madePruner('percentilePruner', percentile, options)
}

function madePruner(operation: string, percentile: number, options: PercentilePrunerOptions): PercentilePruner {
  checkOptions(operation, options, {
    startupTrials: finiteNumber(0),
    warmupSteps: finiteNumber(0),
    intervalSteps: wholeNumber(1),
    minTrials: wholeNumber(1),
  })
  return { kind: 'percentile', percentile, ...options }
}

/**
 * Whether a trial stops: its best score is worse than the percentile of what finished trials reported at the same step. One whose scores
 * are all `NaN` does. Percentiles lie between neighbouring scores in proportion, computed as by `numpy.nanpercentile`.
 */
export function isBelowPercentile(
  { percentile, startupTrials = 5, warmupSteps = 0, intervalSteps = 1, minTrials = 1 }: PercentilePruner,
  { reports, steps }: ReportedTrial,
  history: readonly SearchTrial[],
  higherIsBetter: boolean,
): boolean {
  const finished = history.filter(({ status }) => status === 'finished')
  if (finished.length === 0 || finished.length < startupTrials) return false
  const step = steps.at(-1) as number
  if (step < warmupSteps) return false
  const intervalStart = Math.floor((step - warmupSteps) / intervalSteps) * intervalSteps + warmupSteps
  if ((steps.at(-2) ?? -1) >= intervalStart) return false
  const best = reports.reduce((most, score) => (isBetter(score, most, higherIsBetter) ? score : most), Number.NaN)
  if (Number.isNaN(best)) return true
  const others = finished.flatMap((trial) => {
    const at = stepsOf(trial).indexOf(step)
    return at < 0 ? [] : [trial.reports[at] as number]
  })
  if (others.length < minTrials) return false
  return isBetter(percentileOf(others, higherIsBetter ? 100 - percentile : percentile), best, higherIsBetter)
}

/** A percentile of the values that are numbers; `NaN` of none. */
function percentileOf(values: readonly number[], percentile: number): number {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b)
  const at = (percentile / 100) * (sorted.length - 1)
  const [low, high] = [sorted[Math.floor(at)] ?? Number.NaN, sorted[Math.ceil(at)] ?? Number.NaN]
  if (low === high) return low
  // From the nearer end, as NumPy, so that equal scores are told apart alike.
  const share = at - Math.floor(at)
  return share < 0.5 ? low + (high - low) * share : high - (high - low) * (1 - share)
}
