/** One trial of a search, and what all trials together give. */
import type { FoldScores } from '../cross-validate'
import type { ParamValues } from './distributions'

/** One set of hyper-parameters, and how good it is. Plain JSON. */
export interface SearchTrial {
  /** Counted from 0 in the order of starting. */
  readonly number: number
  readonly params: ParamValues
  /** `pruned`: stopped early, because it was worse than others at the same step; `failed`: the fit threw. */
  readonly status: 'finished' | 'pruned' | 'failed'
  /** What trials are ordered by: the mean of the first metric over the folds; of a pruned trial, over those it came to or after its last round; `NaN` of a failed one. */
  readonly score: number
  /** Every metric over the folds, by name; empty where a function is optimized. */
  readonly scores: Readonly<Record<string, FoldScores>>
  /** The score after each fold or so many rounds, or as reported by the objective: where it can be pruned. */
  readonly reports: readonly number[]
  /** The step of each report, ascending. @default 0, 1, 2 … */
  readonly steps?: readonly number[] | undefined
  /** With `successiveHalvingPruner`: the score with which it came to each rung. */
  readonly completedRungs?: readonly number[] | undefined
  /** When it started, in epoch milliseconds, and how many seconds it took. */
  readonly startTime: number
  readonly seconds: number
  /** In `successiveHalving`: the round, counted from 0, and how many rows or steps it was given. */
  readonly rung?: number | undefined
  readonly resource?: number | undefined
  /** Of a failed trial: the message. */
  readonly error?: string | undefined
}

/** A trial under way that is asked about: its scores so far, the last of which is new. */
export interface ReportedTrial {
  readonly reports: readonly number[]
  /** The step of each, ascending. */
  readonly steps: readonly number[]
  /** The score with which it came to each rung so far; a pruner with rungs adds to it. */
  readonly completedRungs: number[]
}

/** The steps of a trial's reports. */
export function stepsOf({ reports, steps }: Pick<SearchTrial, 'reports' | 'steps'>): readonly number[] {
  return steps ?? reports.map((_, step) => step)
}

/** Whether `a` is better than `b`; a number is better than `NaN`. */
export function isBetter(a: number, b: number, higherIsBetter: boolean): boolean {
  if (Number.isNaN(a)) return false
  return Number.isNaN(b) || (higherIsBetter ? a > b : a < b)
}

/**
 * Trials with the best first: finished ones before pruned ones, those before failed ones; of pruned ones, those that came further first, as in Optuna.
 * Ties in the order of their numbers.
 */
export function ranked(trials: readonly SearchTrial[], higherIsBetter: boolean): SearchTrial[] {
  const classOf = ({ status }: SearchTrial): number => ['finished', 'pruned', 'failed'].indexOf(status)
  return [...trials].sort((a, b) => {
    const byStatus = classOf(a) - classOf(b)
    if (byStatus !== 0) return byStatus
    const further = a.status === 'pruned' ? lastStep(b) - lastStep(a) : 0
    if (further !== 0) return further
    if (isBetter(a.score, b.score, higherIsBetter)) return -1
    return isBetter(b.score, a.score, higherIsBetter) ? 1 : a.number - b.number
  })
}

function lastStep(trial: SearchTrial): number {
  return stepsOf(trial).at(-1) ?? -1
}
