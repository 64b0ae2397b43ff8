/** What a monitor is asked, and what it answers: its events, counts and queries. */
import type { ListenOptions } from '../core/emitter'
import type { Label, Metric, MetricName } from '../metrics'
import type { AlertMessage } from '../ports/alert-sink'
import type { PredictionRecord, RefusedInput } from '../ports/model'
import type { ModelSignature } from '../schema/signature'
import type { RuleStatus } from './alert-engine'
import type { PerformanceEstimator } from './estimate/estimator'
import type { LogCounts, RowSelection } from './prediction-log'

/** What a monitor can watch: a `Predictor`, for example. */
export interface PredictionSource {
  on(type: 'prediction', listener: (record: PredictionRecord) => void, options?: ListenOptions): () => void
  on(type: 'input-refused', listener: (refused: RefusedInput) => void, options?: ListenOptions): () => void
  readonly signature?: ModelSignature | undefined
  /** The model that answers now, and the classes of a classifier: they determine the positive class when a window lacks one of the two. */
  readonly name?: string | undefined
  readonly version?: string | undefined
  readonly classes?: readonly Label[] | undefined
}

/** The result of a check for every rule. */
export interface CheckReport {
  readonly at: number
  readonly rules: readonly RuleStatus[]
}

/** Events of a monitor. */
export interface MonitorEvents {
  /** A rule began to fire. */
  'alert-firing': AlertMessage
  /** A rule stopped firing. */
  'alert-resolved': AlertMessage
  /** A check has evaluated every rule. */
  'check-end': CheckReport
  /** A failed delivery to a sink, a failed write in the background, a rule that could not be evaluated, an error thrown by a listener, names of `redact` that the first row has not. */
  error: unknown
}

/** Counts of a monitor. */
export interface MonitorStats extends LogCounts {
  /** Rows in the log now. */
  readonly rows: number
  /** Lines not yet on the storage, and lines dropped because it did not accept them. */
  readonly unsaved: number
  readonly lost: number
  /** Calls whose input was refused, and the rows in them that had a problem. */
  readonly refusedCalls: number
  readonly refusedRows: number
  /** Problems of refused input by column. */
  readonly refusedProblems: Readonly<Record<string, number>>
}

/** The metric to compute, and the rows to compute it on. */
export interface PerformanceQuery extends Omit<RowSelection, 'labelled'> {
  readonly metric: MetricName | Metric
}

/** The metric to estimate, and the rows to estimate it on. */
export interface EstimateQuery extends RowSelection {
  /** A metric of the estimator. */
  readonly metric: string
  /** @default the monitor's estimator */
  readonly estimator?: PerformanceEstimator | undefined
}
