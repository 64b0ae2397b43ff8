/** Logged rows as an estimator takes them: labels of one type, and probabilities by class. */
import type { Label } from '../metrics/label'
import type { Table } from '../schema/table'
import type { UnlabelledRows } from './estimate/estimator'
import type { LoggedPrediction } from './logged-prediction'
import { commonLabels, type VersionClasses } from './performance'

/** Logged rows, and what is known about them. */
export interface UnlabelledInput {
  /** Rows with a prediction. */
  readonly rows: readonly LoggedPrediction[]
  readonly tableOf: (rows: readonly LoggedPrediction[]) => Table
  readonly classes: VersionClasses
}

/** The rows for an estimator. Probabilities only where every row has them. */
export function unlabelled({ rows, tableOf, classes }: UnlabelledInput): UnlabelledRows {
  const table = tableOf(rows)
  if (rows.length === 0) return { table, predicted: [] }
  const { unified, known, probabilities } = commonLabels(rows, classes)
  const predicted = rows.map(({ prediction }) => unified(prediction as Label))
  const complete = rows.every((row) => row.probabilities !== undefined)
  return { table, predicted, ...(complete ? { probabilities: probabilities('the estimate', known) } : {}) }
}
