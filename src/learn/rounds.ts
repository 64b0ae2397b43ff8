/** Fits that are scored on other rows between their rounds, and can be stopped there. */
import { invalidArgument, MillwrightError, show } from '../core/errors'
import { anything, checkOptions, ofType, wholeNumber } from '../core/options'
import type { Metric, MetricName } from '../metrics/metric'
import { assertTable, columnNotFound, type Table } from '../schema/table'
import { metricFor, type ScoredTask, tableScorer } from './evaluate'
import type { FitStep, Learner } from './learner'

/** Option `validation` of `fit`. */
export interface FitValidation {
  /** Rows that are not learned from, with the target. */
  readonly table: Table
  /** @default 'logLoss' for classifiers, 'rmse' for regressors */
  readonly metric?: MetricName | Metric | undefined
  /** Scores after every so many rounds. @default 1 */
  readonly every?: number | undefined
  /**
   * Called with every score. When it returns `true` the fit ends with the trees so far; boosting with `earlyStopping` keeps those up to its best
   * iteration. What it throws ends the fit, too, and is thrown.
   */
  readonly onScore: (score: RoundScore) => unknown
}

/** The score of a model that is not yet complete. */
export interface RoundScore {
  /** Rounds learned: iterations of boosting, trees of a forest. */
  readonly round: number
  /** Rounds at most. */
  readonly rounds: number
  readonly metric: string
  readonly value: number
}

/** Checks the option. @throws InvalidArgument; NotFound without the target column; Unsupported for learners without rounds */
export function checkValidation(learner: Learner, validation: FitValidation, target: string): void {
  const operation = `\`validation\` of fit of ${learner.kind}`
  checkOptions(operation, validation, {
    table: ofType('object'),
    metric: anything(),
    every: wholeNumber(1),
    onScore: ofType('function'),
  })
  const { table, onScore } = validation
  assertRounds(operation, learner)
  if (onScore === undefined) throw invalidArgument(`${operation} needs \`onScore\`, a function that is called with every score`)
  assertTable(table, operation)
  if (!table.columnNames.includes(target)) throw columnNotFound(target, table.columnNames)
  if (table.numRows === 0) throw invalidArgument(`${operation} needs a table with at least one row`)
}

/** @throws Unsupported for learners that cannot predict before their fit has ended */
export function assertRounds(operation: string, learner: Learner): void {
  if (learner.inRounds === true) return
  throw new MillwrightError('Unsupported', `${operation} needs a learner that learns in rounds, ${show(learner.kind)} does not`, {
    hint: 'gradient boosting and random forests do',
  })
}

/** Scores steps, and answers `stop` when `onScore` says so. */
export function validationScorer(task: ScoredTask, validation: FitValidation): (step: FitStep) => 'stop' | undefined {
  const { table, every = 1, onScore } = validation
  const metric = metricFor(validation.metric ?? (task.task === 'regression' ? 'rmse' : 'logLoss'), task.task)
  const score = tableScorer(task, table, [metric])
  return ({ done, total, predictions }) => {
    if (predictions === undefined || (done % every !== 0 && done !== total)) return undefined
    const value = score(predictions())[0] as number
    return onScore({ round: done, rounds: total ?? done, metric: metric.name, value }) === true ? 'stop' : undefined
  }
}
