/** Alert rules: the value that is watched, its threshold, and how long the condition must hold. */
import type { Metric, MetricName } from '../metrics'
import type { AlertMessage } from '../ports/alert-sink'
import type { Table } from '../schema/table'
import type { AlertPatience } from './alert-state'
import type { DriftSource } from './drift-source'
import type { PerformanceEstimator } from './estimate/estimator'
import type { RowFilter } from './row-filter'
import type { ReferenceThreshold } from './threshold'
import type { Window } from './window'

/** Options of every alert rule. */
export interface RuleBase extends AlertPatience {
  /** The name of the alert. Unique in a monitor. */
  readonly name: string
  /** The rows that each check evaluates. */
  readonly window: Window
  /** Fewer rows (labelled rows, for performance) count as no data. @default 30; 1 for `volume`, `labels` and `refused` */
  readonly minRows?: number | undefined
  /** Only rows answered by this model version; `'newest'` is the version that answered last. @default every version */
  readonly version?: string | undefined
  /** Only rows with these values of input columns. @default every row */
  readonly where?: RowFilter | undefined
  /** Evaluates the rule for each model version, or for each value of an input column, with an alert of its own. @default one alert */
  readonly by?: 'version' | { readonly column: string } | undefined
  /** With `by`: most groups evaluated, those with the most rows first. @default 20 */
  readonly maxGroups?: number | undefined
  /** What a check without enough data does: keep the state of the alert, or take the condition as not holding, or as holding. @default 'keep' */
  readonly noData?: 'keep' | 'ok' | 'alert' | undefined
  /** @default 'critical' for performance, else 'warning': drift alone does not always make predictions worse */
  readonly severity?: AlertMessage['severity'] | undefined
  /** Added to the labels of the rule's messages: `{ team: 'fraud' }`. */
  readonly labels?: Readonly<Record<string, string>> | undefined
}

/** Options of rules that compare one value. Give `below`, `above` (or both), or `threshold`. */
export interface ValueRule extends RuleBase {
  /** Alerts when the value is below this. */
  readonly below?: number | undefined
  /** Alerts when the value is above this. */
  readonly above?: number | undefined
  /** Limits that follow from a reference. `side` is by default the side on which the metric is worse, or both where there is none. */
  readonly threshold?: ReferenceThreshold | undefined
  /** A firing alert resolves only beyond this value, which must be better than the threshold. For rules with one limit. @default the threshold */
  readonly clear?: number | undefined
}

/** Alerts when a metric over labelled rows is beyond a limit. */
export interface PerformanceRule extends ValueRule {
  readonly kind: 'performance'
  readonly metric: MetricName | Metric
}

/** Alerts when a metric that is estimated without labels is beyond a limit. */
export interface EstimatedPerformanceRule extends ValueRule {
  readonly kind: 'estimated-performance'
  /** A metric of the estimator. */
  readonly metric: string
  /** @default the monitor's estimator */
  readonly estimator?: PerformanceEstimator | undefined
}

/** Alerts when the inputs or predictions have drifted. */
export interface DriftRule extends RuleBase {
  readonly kind: 'drift'
  /** @default the monitor's detector */
  readonly detector?: DriftSource | undefined
  /** Use only these columns. @default all columns of the detector */
  readonly columns?: readonly string[] | undefined
  /** Alert when at least this share of the columns has drifted. @default any column */
  readonly share?: number | undefined
  /** A column counts as drifted when its population stability index is at least this, instead of by the detector's own result. @default the detector's result */
  readonly psi?: number | undefined
}

/** Alerts when answered rows break expectations. The value is the number of expectations that fail; without a limit one is enough. */
export interface QualityRule extends ValueRule {
  readonly kind: 'quality'
  /** Validates the inputs and the column `prediction` of the window: `(table) => validate(table, suite)` with `validate` of `millwright/quality`. */
  readonly validate: (table: Table) => QualityResult
}

/** The members of a validation result that a monitor uses. `validate` of `millwright/quality` returns them. */
export interface QualityResult {
  readonly results: readonly {
    readonly success: boolean
    readonly expectation_config: { readonly type: string; readonly kwargs: Readonly<Record<string, unknown>> }
  }[]
}

/** Alerts when answers take too long. The value is a quantile of `latencyMs`. */
export interface LatencyRule extends ValueRule {
  readonly kind: 'latency'
  /** @default 0.95 */
  readonly quantile?: number | undefined
}

/** Alerts when cells of answered rows are missing. The value is the share of missing cells, of the worst column unless `column` names one. */
export interface MissingRule extends ValueRule {
  readonly kind: 'missing'
  /** @default every input column, of which the one with the most missing cells counts */
  readonly column?: string | undefined
}

/** Alerts when rows are refused by the check of the input. The value is the share of refused rows among all that arrived. */
export interface RefusedRule extends ValueRule {
  readonly kind: 'refused'
  /** Count only problems of this column. @default every refused row */
  readonly column?: string | undefined
}

/** Alerts when too few or too many rows are answered. The value is the number of rows. */
export interface VolumeRule extends ValueRule {
  readonly kind: 'volume'
}

/** Alerts when labels do not arrive. The value is the share of rows that have their label. */
export interface LabelsRule extends ValueRule {
  readonly kind: 'labels'
}

/** Any alert rule. */
export type AlertRule =
  | PerformanceRule
  | EstimatedPerformanceRule
  | DriftRule
  | QualityRule
  | LatencyRule
  | MissingRule
  | RefusedRule
  | VolumeRule
  | LabelsRule

/** The severity of a rule's alerts. */
export function severityOf(rule: AlertRule): AlertMessage['severity'] {
  return rule.severity ?? (rule.kind === 'performance' ? 'critical' : 'warning')
}
