/** Performance without labels: what an estimator takes and gives. */
import type { ClassProbabilities, Label } from '../../metrics'
import type { Table } from '../../schema/table'

/** Answered rows without labels. */
export interface UnlabelledRows {
  /** The inputs of the model, and more columns if need be. */
  readonly table: Table
  /** One for each row. */
  readonly predicted: readonly Label[]
  /** Of classifiers. */
  readonly probabilities?: ClassProbabilities | undefined
}

/** A metric estimated without labels. */
export interface PerformanceEstimate {
  readonly metric: string
  readonly higherIsBetter: boolean
  /** `NaN` without rows, or where the metric is not defined. */
  readonly value: number
  readonly rows: number
  /** Three standard errors below and above the value, inside the metric's range: how far it may be off because the window has few rows. */
  readonly low: number
  readonly high: number
  /** The metric over the reference, where labels were known, and limits of three standard deviations of its chunks. */
  readonly reference: number
  readonly limits: { readonly lower: number; readonly upper: number }
  /** Whether the estimate lies beyond the limits on the worse side. */
  readonly alert: boolean
}

/**
 * Estimates metrics of rows whose labels are not known. It was fitted on a reference with labels.
 *
 * An estimate sees what changes in the inputs. It assumes that the relation of inputs and target is the one of the reference: when that changes
 * (concept drift), only labels show it.
 */
export interface PerformanceEstimator {
  /** The metrics it estimates. */
  readonly metrics: readonly string[]
  /** @throws InvalidArgument for an unknown metric, and for rows without what the estimator needs */
  estimate(rows: UnlabelledRows, metric: string): PerformanceEstimate
}
