/** Cross-validates in rounds: the models of all folds learn at the same pace, and their mean score is told while they do. */
import { throwIfAborted, yieldToEventLoop } from '../../core/signal'
import type { Metric } from '../../metrics/metric'
import type { Fold } from '../../schema/partition'
import type { Table } from '../../schema/table'
import { type FoldResult, scoresOf, summaryOf, type ValidationPlan } from '../cross-validate'
import { createTurns, type Estimator, type PreparedFit, prepareFit } from '../estimator'
import { scoreMetrics, tableScorer } from '../evaluate'
import type { FitSteps, FittedLearner } from '../learner'
import { assertRounds } from '../rounds'
import { takeRows } from '../rows'
import type { RunningTrial, TrialOutcome } from './run-trials'

/** How a trial is validated in rounds. */
export interface RoundOptions {
  /** Scores after every so many rounds. */
  readonly every: number
  readonly returnTrainScores: boolean | undefined
  readonly warn: (message: string) => void
}

/** One fold under way. */
interface FoldFit {
  readonly fold: Fold
  readonly train: Table
  readonly test: Table
  readonly fit: PreparedFit
  readonly steps: FitSteps
  /** The first metric of what the trees so far predict for the test rows. */
  readonly score: (predictions: Float64Array) => number
  /** Rounds learned. */
  rounds: number
  predictions: (() => Float64Array) | undefined
  value: number
  fitted: FittedLearner | undefined
}

/**
 * Cross-validates one estimator. A trial that is told to stop has the scores of the first metric after its last round. One that is not has those of
 * `crossValidate`.
 *
 * @throws Unsupported for learners without rounds; the signal's reason; as `fit`
 */
export async function validateRounds(
  estimator: Estimator,
  plan: ValidationPlan,
  trial: RunningTrial,
  options: RoundOptions,
): Promise<TrialOutcome> {
  assertRounds("`pruning` with `each: 'round'`", estimator.learner)
  const first = plan.metrics[0] as Metric
  const folds: FoldFit[] = []
  for (const fold of plan.folds) {
    await yieldToEventLoop()
    throwIfAborted(trial.signal)
    folds.push(startFold(estimator, plan, fold, first))
  }
  const nextTurn = createTurns(trial.signal)
  while (folds.some(({ fitted }) => fitted === undefined)) {
    for (const each of folds) await learnTo(each, options.every, nextTurn)
    const soFar = summaryOf(folds.map(({ value }) => value))
    const stop = trial.report(soFar.mean, Math.max(...folds.map(({ rounds }) => rounds)))
    if (stop && folds.some(({ fitted }) => fitted === undefined)) {
      return { score: soFar.mean, scores: { [first.name]: soFar }, pruned: true }
    }
  }
  const results = folds.map((each) => resultOf(each, plan.metrics, options))
  const scores = scoresOf(plan.metrics, results)
  return { score: scores[first.name]?.mean ?? Number.NaN, scores, pruned: false }
}

function startFold(estimator: Estimator, { table, target }: ValidationPlan, fold: Fold, metric: Metric): FoldFit {
  const [train, test] = [takeRows(table, fold.train), takeRows(table, fold.test)]
  const fit = prepareFit(estimator, train, { target })
  const score = tableScorer(fit.task, test, [metric])
  return {
    ...{ fold, train, test, fit, steps: fit.steps(test) },
    score: (predictions) => score(predictions)[0] as number,
    ...{ rounds: 0, predictions: undefined, value: Number.NaN, fitted: undefined },
  }
}

/** Learns some rounds more, or to the end, and scores. */
async function learnTo(each: FoldFit, rounds: number, nextTurn: () => Promise<void>): Promise<void> {
  if (each.fitted !== undefined) return
  for (let round = 0; round < rounds; round++) {
    const step = each.steps.next()
    await nextTurn()
    if (step.done) {
      each.fitted = step.value
      break
    }
    each.predictions = step.value.predictions
    each.rounds = step.value.done
    // The fit ends with the next call, which gives the model.
    if (step.value.done === step.value.total) each.fitted = lastStep(each.steps)
    if (each.fitted !== undefined) break
  }
  if (each.predictions !== undefined) each.value = each.score(each.predictions())
}

function lastStep(steps: FitSteps): FittedLearner | undefined {
  const step = steps.next()
  return step.done ? step.value : undefined
}

function resultOf(
  { fold, train, test, fit, fitted }: FoldFit,
  metrics: readonly Metric[],
  { returnTrainScores, warn }: RoundOptions,
): FoldResult {
  const model = fit.finish(fitted as FittedLearner)
  for (const warning of model.warnings) warn(warning)
  return {
    fold,
    fitted: model,
    values: scoreMetrics(model, test, metrics),
    ...(returnTrainScores ? { trainValues: scoreMetrics(model, train, metrics) } : {}),
  }
}
