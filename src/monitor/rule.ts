/** Alert rules: the value that is watched, its threshold, and how long the condition must hold. */
import { invalidArgument, show } from '../core/errors'
import { anything, checkOptions, either, finiteNumber, nonEmptyString, type OptionRule, oneOf, wholeNumber } from '../core/options'
import { type Metric, type MetricName, metricByName } from '../metrics'
import type { AlertPatience } from './alert-state'
import type { DriftSource } from './drift-source'
import { assertWindow, type Window } from './window'

/** Options of every alert rule. */
export interface RuleBase extends AlertPatience {
  /** The name of the alert. Unique in a monitor. */
  readonly name: string
  /** The rows that each check evaluates. */
  readonly window: Window
  /** Fewer rows (labelled rows, for performance) count as no data. @default 30 */
  readonly minRows?: number | undefined
  /** Only rows answered by this model version; `'newest'` is the version that answered last. @default every version */
  readonly version?: string | undefined
  /** What a check without enough data does: keep the state of the alert, or take the condition as not holding, or as holding. @default 'keep' */
  readonly noData?: 'keep' | 'ok' | 'alert' | undefined
  /** @default 'critical' for performance, 'warning' for drift, which does not always make predictions worse */
  readonly severity?: 'info' | 'warning' | 'critical' | undefined
}

/** Alerts when a metric over labelled rows is below or above a value. Give exactly one of `below` and `above`. */
export interface PerformanceRule extends RuleBase {
  readonly kind: 'performance'
  readonly metric: MetricName | Metric
  readonly below?: number | undefined
  readonly above?: number | undefined
  /** A firing alert resolves only beyond this value, which must be better than the threshold. @default the threshold */
  readonly clear?: number | undefined
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

/** Any alert rule. */
export type AlertRule = PerformanceRule | DriftRule

/** Checks a rule. @throws InvalidArgument naming the rule and what is wrong with it */
export function assertRule(rule: AlertRule): void {
  if (typeof rule !== 'object' || rule === null || (rule.kind !== 'performance' && rule.kind !== 'drift')) {
    throw invalidArgument(
      `an alert rule must be an object with \`kind\` "performance" or "drift", got ${show((rule as { kind?: unknown })?.kind ?? rule)}`,
    )
  }
  const subject = `alert rule ${show(rule.name)}`
  checkOptions(subject, rule, rule.kind === 'performance' ? performanceRules() : driftRules())
  if (rule.name === undefined) throw invalidArgument('an alert rule needs a `name`')
  assertWindow(rule.window, subject)
  if (rule.kind === 'drift') return
  metricByName(rule.metric as string | Metric)
  const { below, above, clear } = rule
  if ((below === undefined) === (above === undefined)) throw invalidArgument(`${subject} needs exactly one of \`below\` and \`above\``)
  if (clear !== undefined && (below !== undefined ? clear < below : clear > (above as number))) {
    throw invalidArgument(`\`clear\` of ${subject} must lie on the good side of the threshold ${below ?? above}, got ${clear}`)
  }
}

function baseRules(): Record<string, OptionRule> {
  return {
    name: nonEmptyString(),
    kind: anything(),
    window: anything(),
    minRows: wholeNumber(1),
    version: nonEmptyString(),
    noData: oneOf('keep', 'ok', 'alert'),
    severity: oneOf('info', 'warning', 'critical'),
    forMs: finiteNumber(0),
    forChecks: wholeNumber(1),
    keepFiringMs: finiteNumber(0),
  }
}

function performanceRules(): Record<string, OptionRule> {
  const metric = either(nonEmptyString(), { allowed: 'a metric object', test: (value) => typeof value === 'object' && value !== null })
  return { ...baseRules(), metric, below: finiteNumber(), above: finiteNumber(), clear: finiteNumber() }
}

function driftRules(): Record<string, OptionRule> {
  return {
    ...baseRules(),
    detector: { allowed: 'an object with detect(table)', test: (value) => typeof (value as DriftSource)?.detect === 'function' },
    columns: { allowed: 'a list of at least one column name', test: (value) => Array.isArray(value) && value.length > 0 },
    share: finiteNumber(0, 1),
    psi: finiteNumber(0),
  }
}
