/** One trial of a search, and what all trials together give. */
import type { FoldScores } from '../cross-validate'
import type { ParamValues } from './distributions'

/** One set of hyper-parameters, and how good it is. Plain JSON. */
export interface SearchTrial {
  /** Counted from 0 in the order of starting. */
  readonly number: number
  readonly params: ParamValues
  /** `pruned`: stopped early, because it was worse than half of the trials before it; `failed`: the fit threw. */
  readonly status: 'finished' | 'pruned' | 'failed'
  /** What trials are ordered by: the mean of the first metric over the folds; of a pruned trial, over those it came to; `NaN` of a failed one. */
  readonly score: number
  /** Every metric over the folds, by name; empty where a function is optimized. */
  readonly scores: Readonly<Record<string, FoldScores>>
  /** The score after each fold, or as reported by the objective: the steps at which it can be pruned. */
  readonly reports: readonly number[]
  /** When it started, in epoch milliseconds, and how many seconds it took. */
  readonly startTime: number
  readonly seconds: number
  /** In `successiveHalving`: the round, counted from 0, and how many rows or steps it was given. */
  readonly rung?: number | undefined
  readonly resource?: number | undefined
  /** Of a failed trial: the message. */
  readonly error?: string | undefined
}

/** Whether `a` is better than `b`; a number is better than `NaN`. */
export function isBetter(a: number, b: number, higherIsBetter: boolean): boolean {
  if (Number.isNaN(a)) return false
  return Number.isNaN(b) || (higherIsBetter ? a > b : a < b)
}

/** Trials with the best first: finished ones before pruned ones, those before failed ones; ties in the order of their numbers. */
export function ranked(trials: readonly SearchTrial[], higherIsBetter: boolean): SearchTrial[] {
  const classOf = ({ status }: SearchTrial): number => ['finished', 'pruned', 'failed'].indexOf(status)
  return [...trials].sort((a, b) => {
    const byStatus = classOf(a) - classOf(b)
    if (byStatus !== 0) return byStatus
    if (isBetter(a.score, b.score, higherIsBetter)) return -1
    return isBetter(b.score, a.score, higherIsBetter) ? 1 : a.number - b.number
  })
}
