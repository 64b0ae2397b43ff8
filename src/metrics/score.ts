/** One metric over judged rows: what every part of the library that measures a model calls. */
import type { ClassProbabilities, Label } from './label'
import type { Metric } from './metric'

/** Rows with what they are and what a model said, labels already of the model's type. */
export interface JudgedRows {
  readonly actual: ArrayLike<Label>
  readonly predicted: ArrayLike<Label>
  /** All classes of the model, ascending, where the rows at hand may lack some. */
  readonly classes: readonly Label[]
  /** Asked for only by a metric of probabilities. */
  readonly probabilities: () => ClassProbabilities
}

/**
 * The metric's value. A metric of labels is given the model's classes, so that a window without positives does not make the other class the
 * positive one. `NaN` for a metric of probabilities when a row has a label that the model gives no probability for.
 */
export function scoreRows(metric: Metric, rows: JudgedRows): number {
  if (metric.needs === 'numbers') return metric.compute(Array.from(rows.actual, Number), Array.from(rows.predicted, Number))
  if (metric.needs === 'labels') return metric.compute(rows.actual, rows.predicted, rows.classes)
  const probabilities = rows.probabilities()
  const known = new Set(probabilities.classes)
  return Array.from(rows.actual).every((label) => known.has(label)) ? metric.compute(rows.actual, probabilities) : Number.NaN
}
