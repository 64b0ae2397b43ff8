/** Evaluates one rule on logged rows: its value, and whether its condition holds, for all rows or for each group. */
import { MillwrightError } from '../core/errors'
import { type Metric, metricByName } from '../metrics'
import type { Table } from '../schema/table'
import { median, quantile } from '../stats/elementary'
import type { DriftSource } from './drift-source'
import type { PerformanceEstimator } from './estimate/estimator'
import { digits, evaluateDrift } from './evaluate-drift'
import type { LoggedPrediction } from './logged-prediction'
import { performanceOf, type VersionClasses } from './performance'
import type { Measured, Reading } from './reading'
import type { RefusedSummary } from './refused-log'
import { groupRows, matcherOf, type RowGroup } from './row-filter'
import type { AlertRule, MissingRule, RefusedRule, ValueRule } from './rule'
import { limitsOfRule } from './rule-check'
import { type UnlabelledInput, unlabelled } from './unlabelled'

/** What is needed to evaluate a rule. */
export interface RuleContext {
  /** The rows of the rule's window and version. */
  readonly rows: readonly LoggedPrediction[]
  readonly tableOf: (rows: readonly LoggedPrediction[]) => Table
  readonly detector: DriftSource | undefined
  readonly estimator: PerformanceEstimator | undefined
  /** Columns that the watched model's input must have. */
  readonly inputs: readonly string[]
  readonly classes: VersionClasses
  /** Input refused in the rule's window, of one version or of all. */
  readonly refused: (version?: string) => RefusedSummary
  /** Groups whose alert is not inactive: they are evaluated even where they have no rows. */
  readonly activeGroups: readonly Readonly<Record<string, string>>[]
  /** Whether the alert of a group fires. If so, the condition holds until the value is beyond `clear`. */
  readonly isFiring: (group: Readonly<Record<string, string>>) => boolean
}

/** Evaluates a rule: one reading, or one for each group. @throws InvalidState when the rule needs a detector or an estimator and there is none */
export function evaluateRule(rule: AlertRule, context: RuleContext): Reading[] {
  return groupsOf(rule, context).map(({ group, rows }) => ({ ...measure(rule, context, { group, rows }), group }))
}

function groupsOf({ where, by, maxGroups = 20 }: AlertRule, { rows, activeGroups }: RuleContext): RowGroup[] {
  const kept = where === undefined ? rows : rows.filter(matcherOf(where))
  if (by === undefined) return [{ group: {}, rows: kept }]
  const groups = groupRows(kept, by)
  const wanted = groups.slice(0, maxGroups)
  const has = (list: readonly RowGroup[], group: Readonly<Record<string, string>>): RowGroup | undefined =>
    list.find((one) => Object.entries(group).every(([name, value]) => one.group[name] === value))
  const left = activeGroups.filter((group) => has(wanted, group) === undefined)
  return [...wanted, ...left.map((group) => has(groups, group) ?? { group, rows: [] })]
}

function measure(rule: AlertRule, context: RuleContext, { group, rows }: RowGroup): Measured {
  if (rule.kind === 'drift') {
    const { detector, inputs } = context
    return evaluateDrift(rule, { numRows: rows.length, table: () => context.tableOf(rows), detector, inputs })
  }
  return judged(rule, measuredValue(rule, context, { group, rows }), context.isFiring(group))
}

/** A value before it is compared. */
interface Value {
  /** What the value is, as the subject of a sentence. */
  readonly name: string
  readonly value: number
  /** The rows that count for `minRows`, and their name. */
  readonly rows: number
  readonly unit: string
  readonly details: Readonly<Record<string, unknown>>
  /** Added to the summary. */
  readonly more?: string | undefined
}

type Measurable = Exclude<AlertRule, { kind: 'drift' }>

/** Compares a value with the limits of its rule. */
function judged(rule: Measurable, { name, value, rows, unit, details, more }: Value, firing: boolean): Measured {
  const { lower, upper } = limitsOfRule(rule)
  const { clear, minRows = ['volume', 'labels', 'refused'].includes(rule.kind) ? 1 : 30 } = rule as ValueRule
  const [low, high] = firing && clear !== undefined ? [lower && clear, upper && clear] : [lower, upper]
  const enough = rule.kind === 'volume' || (rows >= minRows && !Number.isNaN(value))
  const tooLow = low !== undefined && value < low
  const tooHigh = high !== undefined && value > high
  const threshold = (tooHigh || lower === undefined ? upper : lower) as number
  const bounds = [lower === undefined ? '' : `below ${digits(lower)}`, upper === undefined ? '' : `above ${digits(upper)}`].filter(Boolean)
  const sentence = `${name} is ${digits(value)} over ${rows} ${unit} (${bounds.join(' or ')} alerts)${more === undefined ? '' : `: ${more}`}`
  return {
    value,
    threshold,
    rows,
    active: enough ? tooLow || tooHigh : undefined,
    summary: enough ? sentence : `${name} has ${rows} ${unit} of the ${minRows} it needs`,
    details,
  }
}

function measuredValue(rule: Measurable, context: RuleContext, { group, rows }: RowGroup): Value {
  switch (rule.kind) {
    case 'performance': {
      const metric = metricByName(rule.metric as string | Metric)
      const found = performanceOf(rows, metric, context.classes)
      const details = { metric: metric.name, labelled: found.labelled, from: found.from, to: found.to }
      return { name: metric.name, value: found.value, rows: found.labelled, unit: 'labelled rows', details }
    }
    case 'estimated-performance':
      return estimatedValue(rule, context, rows)
    case 'quality':
      return qualityValue(rule.validate(context.tableOf(rows)), rows.length)
    case 'latency': {
      const times = Float64Array.from(
        rows.filter(({ cached }) => !cached),
        ({ latencyMs }) => latencyMs,
      )
      const { quantile: q = 0.95 } = rule
      const details = { quantile: q, medianMs: median(times), maxMs: times.reduce((most, time) => Math.max(most, time), 0) }
      const value = times.length === 0 ? Number.NaN : quantile(times, q)
      return { name: `latency in ms (quantile ${q})`, value, rows: times.length, unit: 'rows that the model answered', details }
    }
    case 'missing':
      return missingValue(rule, context.inputs, rows)
    case 'refused':
      return refusedValue(rule, context.refused(group.version ?? versionOf(rule, rows)), rows.length)
    case 'volume':
      return { name: 'the number of rows', value: rows.length, rows: rows.length, unit: 'rows', details: {} }
    case 'labels': {
      const labelled = rows.filter(({ actual }) => actual !== undefined).length
      return { name: 'the share of labelled rows', value: labelled / rows.length, rows: rows.length, unit: 'rows', details: { labelled } }
    }
  }
}

function estimatedValue(
  rule: Extract<AlertRule, { kind: 'estimated-performance' }>,
  context: RuleContext,
  rows: readonly LoggedPrediction[],
): Value {
  const estimator = rule.estimator ?? context.estimator
  if (estimator === undefined) {
    const text = `alert rule "${rule.name}" watches estimated performance, but neither it nor its monitor has an estimator`
    throw new MillwrightError('InvalidState', text)
  }
  const answered = rows.filter(({ prediction }) => prediction !== null)
  const input: UnlabelledInput = { rows: answered, tableOf: context.tableOf, classes: context.classes }
  const { metric, value, low, high, reference } = estimator.estimate(unlabelled(input), rule.metric)
  const more = Number.isNaN(value) ? undefined : `${digits(low)} to ${digits(high)}, reference ${digits(reference)}`
  return { name: `estimated ${metric}`, value, rows: answered.length, unit: 'rows', details: { metric, low, high, reference }, more }
}

function qualityValue({ results }: { readonly results: readonly QualityFinding[] }, rows: number): Value {
  const failed = results
    .filter(({ success }) => !success)
    .map(({ expectation_config: { type, kwargs } }) => (typeof kwargs.column === 'string' ? `${type} of ${kwargs.column}` : type))
  const more = failed.length === 0 ? undefined : failed.slice(0, 5).join(', ') + (failed.length > 5 ? ` and ${failed.length - 5} more` : '')
  return {
    name: `the number of failed expectations of ${results.length}`,
    value: failed.length,
    rows,
    unit: 'rows',
    details: { failed },
    more,
  }
}

interface QualityFinding {
  readonly success: boolean
  readonly expectation_config: { readonly type: string; readonly kwargs: Readonly<Record<string, unknown>> }
}

function missingValue({ column }: MissingRule, inputs: readonly string[], rows: readonly LoggedPrediction[]): Value {
  const columns =
    column !== undefined ? [column] : inputs.length > 0 ? inputs : [...new Set(rows.flatMap(({ input }) => Object.keys(input)))]
  const shares = columns
    .map((name) => [name, rows.filter(({ input }) => isMissing(input[name])).length / rows.length] as const)
    .sort(([, a], [, b]) => b - a)
  const details = { columns: Object.fromEntries(shares.filter(([, share]) => share > 0)) }
  const [worst, share] = shares[0] ?? ['no column', Number.NaN]
  return { name: `the share of missing cells of ${worst}`, value: share, rows: rows.length, unit: 'rows', details }
}

function refusedValue({ column }: RefusedRule, { columns, refusedRows, calls, rows }: RefusedSummary, answered: number): Value {
  const sums = Object.entries(columns)
    .map(([name, codes]) => [name, Object.values(codes).reduce((sum, n) => sum + n, 0)] as const)
    .sort(([, a], [, b]) => b - a)
  const count = column === undefined ? refusedRows : Math.min(refusedRows, sums.find(([name]) => name === column)?.[1] ?? 0)
  const more =
    sums.length === 0
      ? undefined
      : sums
          .slice(0, 5)
          .map(([name, n]) => `${name} (${n} problems)`)
          .join(', ')
  // Rows of a refused call that were in order got no answer either, so they have arrived too.
  const arrived = answered + rows
  const name = column === undefined ? 'the share of refused rows' : `the share of rows refused for ${column}`
  return { name, value: count / arrived, rows: arrived, unit: 'rows', details: { refusedRows, calls, columns }, more }
}

function versionOf({ version }: AlertRule, rows: readonly LoggedPrediction[]): string | undefined {
  return version === 'newest' ? rows[rows.length - 1]?.version : version
}

function isMissing(cell: unknown): boolean {
  return cell === undefined || cell === null || Number.isNaN(cell)
}
