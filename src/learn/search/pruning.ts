/** The option `pruning` of searches: which rule stops trials, and at what steps. */
import { invalidArgument, show } from '../../core/errors'
import { anything, checkOptions, finiteNumber, type OptionRule, oneOf, wholeNumber } from '../../core/options'
import { failsRung, type HalvingPruner, successiveHalvingPruner } from './halving-pruner'
import { isBelowPercentile, medianPruner, type PercentilePruner, percentilePruner } from './percentile-pruner'
import type { ReportedTrial, SearchTrial } from './trial'

/** A rule that stops trials. Plain JSON. */
export type Pruner = PercentilePruner | HalvingPruner

/** When a trial is stopped early. */
export interface Pruning {
  /** The rule. @default medianPruner({ startupTrials, warmupSteps }) */
  readonly pruner?: Pruner | undefined
  /** Of the default rule: trials that finish before any is pruned. @default 5 */
  readonly startupTrials?: number | undefined
  /** Of the default rule: no trial is pruned at a step below this. @default 0 */
  readonly warmupSteps?: number | undefined
  /**
   * What a step of a search of models is. `fold`: a fold, whose number counts from 0; the score is the mean so far. `round`: a tree of a forest
   * or an iteration of boosting, in all folds at the same time, as `xgboost.cv`; the score is the mean over the folds after so many rounds.
   * Fits in rounds use the calling thread. @default 'fold'
   */
  readonly each?: 'fold' | 'round' | undefined
  /** With rounds: scores after every so many. @default 1 */
  readonly every?: number | undefined
}

/** The rule of the option. */
export const pruningRule: OptionRule = {
  allowed: 'true, false, a pruner such as medianPruner(), or { pruner, each, every }',
  test: (value) => typeof value === 'boolean' || (typeof value === 'object' && value !== null),
}

/** Pruning with its defaults. */
export interface CheckedPruning {
  readonly pruner: Pruner
  readonly each: 'fold' | 'round'
  readonly every: number
}

/** The option as it is meant; `undefined` where nothing is pruned. @throws InvalidArgument */
export function pruningOf(operation: string, given: Pruning | Pruner | boolean | undefined): CheckedPruning | undefined {
  if (given === undefined || given === false) return undefined
  const asked: Pruning = given === true ? {} : 'kind' in given ? { pruner: given } : given
  checkOptions(`\`pruning\` of ${operation}`, asked, {
    pruner: anything(),
    startupTrials: finiteNumber(0),
    warmupSteps: finiteNumber(0),
    each: oneOf('fold', 'round'),
    every: wholeNumber(1),
  })
  const { pruner, startupTrials, warmupSteps, each = 'fold', every } = asked
  if (pruner !== undefined && (startupTrials !== undefined || warmupSteps !== undefined)) {
    throw invalidArgument(`\`pruning\` of ${operation} takes \`startupTrials\` and \`warmupSteps\` or a \`pruner\`, which has its own`)
  }
  if (every !== undefined && each === 'fold') throw invalidArgument(`\`every\` of \`pruning\` of ${operation} needs \`each: 'round'\``)
  return {
    pruner: pruner === undefined ? medianPruner({ startupTrials, warmupSteps }) : checkedPruner(operation, pruner),
    each,
    every: every ?? 1,
  }
}

/** Checks a pruner, which may have been written by hand or read from JSON. */
function checkedPruner(operation: string, pruner: Pruner): Pruner {
  if (pruner?.kind === 'percentile') {
    const { kind: _, percentile, ...options } = pruner
    return percentilePruner(percentile, options)
  }
  if (pruner?.kind === 'successiveHalving') {
    const { kind: _, ...options } = pruner
    return successiveHalvingPruner(options)
  }
  throw invalidArgument(
    `\`pruner\` of \`pruning\` of ${operation} must be medianPruner(), percentilePruner() or successiveHalvingPruner(), got ${show(pruner)}`,
  )
}

/** Whether a trial stops after its last report. Adds to `completedRungs`. @param history trials before it that have ended, by number */
export function shouldPrune(pruner: Pruner, trial: ReportedTrial, history: readonly SearchTrial[], higherIsBetter: boolean): boolean {
  return pruner.kind === 'percentile'
    ? isBelowPercentile(pruner, trial, history, higherIsBetter)
    : failsRung(pruner, trial, history, higherIsBetter)
}
