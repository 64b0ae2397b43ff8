/** Evaluates one rule on logged rows: computes its value and whether its condition holds. */
import { MillwrightError } from '../core/errors'
import { type Metric, metricByName } from '../metrics'
import type { Table } from '../schema/table'
import type { DriftColumn, DriftSource } from './drift-source'
import { performanceOf, type VersionClasses } from './performance'
import type { LoggedPrediction } from './prediction-log'
import type { AlertRule, DriftRule, PerformanceRule } from './rule'

/** The result of a rule at a check. */
export interface Reading {
  /** The metric; or the share of drifted columns; or, with `psi` and no `share`, the largest index. `NaN` without data. */
  readonly value: number
  readonly threshold: number
  /** The number of rows that the value was computed from. */
  readonly rows: number
  /** Whether the condition holds; `undefined` without enough data. */
  readonly active: boolean | undefined
  /** One sentence with the numbers. */
  readonly summary: string
  /** The numbers behind the value: of drift, the columns by score. */
  readonly details: Readonly<Record<string, unknown>>
}

/** What is needed to evaluate a rule. */
export interface RuleContext {
  readonly rows: readonly LoggedPrediction[]
  /** The same rows as a table, created on first use. */
  readonly table: () => Table
  readonly detector: DriftSource | undefined
  /** Columns that the watched model's input must have. */
  readonly inputs: readonly string[]
  readonly classes: VersionClasses
  /** Whether the alert is firing. If so, the condition holds until the value is beyond `clear`. */
  readonly firing: boolean
}

/** Evaluates a rule. @throws InvalidState when a drift rule has no detector */
export function evaluateRule(rule: AlertRule, context: RuleContext): Reading {
  return rule.kind === 'performance' ? evaluatePerformance(rule, context) : evaluateDrift(rule, context)
}

function evaluatePerformance(rule: PerformanceRule, { rows, classes, firing }: RuleContext): Reading {
  const { below, above, clear, minRows = 30 } = rule
  const metric = metricByName(rule.metric as string | Metric)
  const found = performanceOf(rows, metric, classes)
  const threshold = (below ?? above) as number
  const limit = firing ? (clear ?? threshold) : threshold
  const enough = found.labelled >= minRows && !Number.isNaN(found.value)
  const active = below === undefined ? found.value > limit : found.value < limit
  return {
    value: found.value,
    threshold,
    rows: found.labelled,
    active: enough ? active : undefined,
    summary: enough
      ? `${metric.name} is ${digits(found.value)} over ${found.labelled} labelled rows (${below === undefined ? 'above' : 'below'} ${digits(threshold)} alerts)`
      : `${metric.name} has ${found.labelled} labelled rows of the ${minRows} it needs`,
    details: { metric: metric.name, labelled: found.labelled, from: found.from, to: found.to },
  }
}

function evaluateDrift(rule: DriftRule, { rows, table, detector: shared, inputs }: RuleContext): Reading {
  const { columns: names, share, psi, minRows = 30 } = rule
  const detector = rule.detector ?? shared
  if (detector === undefined) {
    throw new MillwrightError('InvalidState', `alert rule "${rule.name}" watches drift, but neither it nor its monitor has a detector`)
  }
  const threshold = share ?? psi ?? 0
  if (rows.length < minRows) {
    const summary = `drift has ${rows.length} rows of the ${minRows} it needs`
    return { value: Number.NaN, threshold, rows: rows.length, active: undefined, summary, details: {} }
  }
  // A column that can no longer be compared (missing, without values, of another type) counts as drifted if the model needs it; the target is not needed.
  const watched = detector
    .detect(table())
    .columns.filter(({ column }) => names === undefined || names.includes(column))
    .filter((column) => column.score !== null || (column.driftDetected && (names ?? inputs).includes(column.column)))
  const compared = watched.filter((column) => column.score !== null)
  const drifted = watched
    .filter((column) => (psi === undefined || column.score === null ? column.driftDetected : sizeOf(column) >= psi))
    .sort((a, b) => Number(a.score !== null) - Number(b.score !== null) || sizeOf(b) - sizeOf(a))
  const driftedShare = drifted.length / watched.length
  return {
    value: share === undefined && psi !== undefined ? largest(compared) : driftedShare,
    threshold,
    rows: rows.length,
    active: watched.length === 0 ? undefined : drifted.length > 0 && driftedShare >= (share ?? 0),
    summary: `${drifted.length} of ${watched.length} columns drifted over ${rows.length} rows${drifted.length === 0 ? '' : `: ${listed(drifted)}`}`,
    details: {
      columns: watched.map(({ column, score, psi: index, driftDetected }) => ({ column, score, psi: index ?? null, driftDetected })),
      drifted: drifted.map(({ column }) => column),
    },
  }
}

/** The largest drift size; `NaN` without columns. */
function largest(columns: readonly DriftColumn[]): number {
  return columns.length === 0 ? Number.NaN : Math.max(...columns.map(sizeOf))
}

/** The population stability index, or the detector's own score where it has none. */
function sizeOf({ psi, score }: DriftColumn): number {
  return psi ?? score ?? 0
}

function listed(columns: readonly DriftColumn[]): string {
  const shown = columns
    .slice(0, 5)
    .map((column) => `${column.column} (${column.score === null ? 'cannot be compared' : digits(sizeOf(column))})`)
  return shown.join(', ') + (columns.length > 5 ? ` and ${columns.length - 5} more` : '')
}

function digits(value: number): string {
  return String(Number(value.toPrecision(3)))
}
