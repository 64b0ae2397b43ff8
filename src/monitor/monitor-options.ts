/** Options of a monitor. */
import type { Clock } from '../core/clock'
import { invalidArgument, show } from '../core/errors'
import { assertSafeSegment } from '../core/ids'
import {
  anything,
  arrayOf,
  checkOptions,
  either,
  finiteNumber,
  nonEmptyString,
  type OptionRule,
  ofType,
  oneOf,
  requireOptions,
  wholeNumber,
} from '../core/options'
import { type Metric, type MetricName, metricByName } from '../metrics'
import type { AlertSink } from '../ports/alert-sink'
import type { PredictionRecord, RefusedInput } from '../ports/model'
import type { ObjectStore } from '../ports/object-store'
import { objectStoreRule } from '../ports/port-rules'
import type { ColumnType } from '../schema/column'
import type { Row } from '../schema/table'
import type { DriftSource } from './drift-source'
import type { PerformanceEstimator } from './estimate/estimator'
import type { RowSelection } from './prediction-log'
import { assertFilter } from './row-filter'
import type { AlertRule } from './rule'
import { assertRule, estimatorRule } from './rule-check'
import { assertWindow } from './window'

/** Options of a `Monitor`. */
export interface MonitorOptions {
  /** For messages and, with `storage`, the folder of the log. @default 'monitor' */
  readonly name?: string | undefined
  /** Most rows kept in memory; the oldest are dropped first. @default 100,000 */
  readonly maxRows?: number | undefined
  /** Most labels kept for predictions that have not been logged yet. @default 10,000 */
  readonly maxWaitingLabels?: number | undefined
  /**
   * The event time of a row: an input column (epoch milliseconds, `Date` or ISO 8601 text), or a function. A row without it gets the time of its
   * prediction. @default the time of the prediction
   */
  readonly eventTime?: string | ((record: PredictionRecord) => number) | undefined
  /** Types of input columns by name, for tables. @default the signature of the watched predictor */
  readonly types?: Readonly<Record<string, ColumnType>> | undefined
  /** The detector that holds the reference for drift. */
  readonly detector?: DriftSource | undefined
  /** Estimates performance without labels: `fitCbpe` of classifiers, `fitDle` of regressors. */
  readonly estimator?: PerformanceEstimator | undefined
  readonly rules?: readonly AlertRule[] | undefined
  /** Receive alerts, in addition to the events. Errors of a sink are emitted as `error`; what it has not accepted is sent again at the next check. */
  readonly sinks?: readonly AlertSink[] | undefined
  /** Messages that have the same values of these labels are one notification of sinks that can do that. @default [], all messages are one group */
  readonly groupBy?: readonly string[] | undefined
  /**
   * How long the first message of a group waits for others, in milliseconds, as `group_wait` of Alertmanager. A group in which nothing fires any more when the wait is
   * over is not told. `close` sends what waits. @default 0
   */
  readonly groupWaitMs?: number | undefined
  /**
   * A later message of a group waits for the next multiple of this length since the last notification, in milliseconds, as `group_interval` of Alertmanager, as long as one
   * of its alerts fires. @default 0, one notification at each check that has something to tell
   */
  readonly groupIntervalMs?: number | undefined
  /** Repeats the message of a firing alert this often, in milliseconds. @default never */
  readonly repeatMs?: number | undefined
  /** Evaluates the rules this often, in milliseconds. @default only when `check` is called */
  readonly checkEveryMs?: number | undefined
  /** Stores the log and the state of the alerts under `monitor/<name>/`. @default memory only */
  readonly storage?: ObjectStore | undefined
  /** The share of predictions that is logged, chosen by their ids, so that their labels are kept too. Rules on `volume` count logged rows. @default 1 */
  readonly sample?: number | undefined
  /**
   * Input columns that are left out of the log, in memory and on the storage; or a function that gives the input to log. `watch` refuses a name that misspells a column of
   * the model; names that the first logged row has not are told by the event `error`. @default everything is logged
   */
  readonly redact?: readonly string[] | ((input: Row) => Row) | undefined
  /** Rows and chunks older than this are dropped, in milliseconds. @default kept, up to `maxRows` and `maxChunks` */
  readonly retentionMs?: number | undefined
  /** Writes to the storage in the background once this many lines have gathered; `flush` writes at once. @default 1,000 */
  readonly flushRows?: number | undefined
  /** Most chunks kept on the storage; older ones are deleted. @default 1,000 */
  readonly maxChunks?: number | undefined
  /** @default the system clock */
  readonly clock?: Clock | undefined
}

/** Checks options. @throws InvalidArgument */
export function checkMonitorOptions(options: MonitorOptions): void {
  checkOptions('Monitor', options, {
    name: nonEmptyString(),
    maxRows: wholeNumber(1),
    maxWaitingLabels: wholeNumber(0),
    eventTime: either(nonEmptyString(), ofType('function')),
    types: ofType('object'),
    detector: detectorRule,
    estimator: estimatorRule,
    groupBy: arrayOf(nonEmptyString()),
    groupWaitMs: finiteNumber(0),
    groupIntervalMs: finiteNumber(0),
    repeatMs: finiteNumber(1),
    sample: { allowed: 'a share > 0 and ≤ 1', test: (value) => typeof value === 'number' && value > 0 && value <= 1 },
    redact: either(arrayOf(nonEmptyString()), ofType('function')),
    retentionMs: finiteNumber(1),
    rules: arrayOf(anything()),
    sinks: arrayOf({ allowed: 'an alert sink', test: (value) => typeof (value as AlertSink)?.send === 'function' }),
    checkEveryMs: finiteNumber(1),
    storage: objectStoreRule(),
    flushRows: wholeNumber(1),
    maxChunks: wholeNumber(1),
    clock: ofType('object'),
  })
  if (options.name !== undefined) assertSafeSegment(options.name, '`name` of Monitor')
  const names = new Set<string>()
  for (const rule of options.rules ?? []) {
    assertRule(rule)
    if (names.has(rule.name)) throw invalidArgument(`two alert rules of Monitor are named ${show(rule.name)}`)
    names.add(rule.name)
  }
}

/** Options that every query of the log has. */
const selectionRules = { window: anything(), labelled: ofType('boolean'), version: nonEmptyString(), where: anything() } as const

/**
 * Checks the row query of an operation and its other options.
 *
 * @throws InvalidArgument naming the operation and the option
 */
export function checkSelection(
  subject: string,
  selection: RowSelection,
  own: Readonly<Record<string, OptionRule>> = {},
  left: readonly (keyof RowSelection)[] = [],
): void {
  const rules: Record<string, OptionRule> = { ...own }
  for (const [name, rule] of Object.entries(selectionRules)) if (!left.includes(name as keyof RowSelection)) rules[name] = rule
  checkOptions(subject, selection, rules)
  if (selection?.window !== undefined) assertWindow(selection.window, subject)
  if (selection?.where !== undefined) assertFilter(selection.where, subject)
}

/** Checks a performance query. @throws InvalidArgument, also for an unknown metric and for none */
export function checkQuery(subject: string, query: RowSelection & { readonly metric: MetricName | Metric }): Metric {
  if (typeof query !== 'object' || query === null) {
    throw invalidArgument(`${subject} takes an object such as { metric: 'accuracy' }, got ${show(query)}`)
  }
  checkSelection(subject, query, { metric: anything() }, ['labelled'])
  if (query.metric === undefined) throw invalidArgument(`${subject} needs \`metric\`, the name of a metric or a metric object`)
  return metricByName(query.metric as string | Metric)
}

/** Options of a table of logged rows. */
export const tableRules: Readonly<Record<string, OptionRule>> = {
  types: ofType('object'),
  predictionColumn: either(nonEmptyString(), oneOf(null)),
  actualColumn: either(nonEmptyString(), oneOf(null)),
}

/** The rule of a drift detector. */
export const detectorRule: OptionRule = {
  allowed: 'an object with detect(table)',
  test: (value) => typeof (value as DriftSource | null)?.detect === 'function',
}

/** Checks an answered row passed by the caller. @throws InvalidArgument naming the field */
export function assertRecord(record: PredictionRecord, subject: string): void {
  if (typeof record !== 'object' || record === null) {
    throw invalidArgument(`${subject} takes an answered row as a predictor's \`prediction\` event tells it, got ${show(record)}`)
  }
  const need = (key: keyof PredictionRecord, allowed: string, fits: boolean): void => {
    if (!fits) throw invalidArgument(`\`${key}\` of the row given to ${subject} must be ${allowed}, got ${show(record[key])}`)
  }
  for (const key of ['id', 'model', 'version'] as const) need(key, 'a string', typeof record[key] === 'string')
  need('id', 'a non-empty string', record.id !== '')
  need('at', 'epoch milliseconds', typeof record.at === 'number' && Number.isFinite(record.at))
  need('input', 'an object', typeof record.input === 'object' && record.input !== null)
  const { prediction, probabilities } = record
  need(
    'prediction',
    'a string, number, boolean or null',
    prediction === null || ['string', 'number', 'boolean'].includes(typeof prediction),
  )
  need(
    'probabilities',
    'an object: label → probability',
    probabilities === undefined || (typeof probabilities === 'object' && probabilities !== null),
  )
}

/** Checks refused input passed by the caller. @throws InvalidArgument naming the field */
export function assertRefused(refused: RefusedInput, subject: string): void {
  if (typeof refused !== 'object' || refused === null)
    throw invalidArgument(`${subject} takes refused input as a predictor's \`input-refused\` event tells it, got ${show(refused)}`)
  const number = finiteNumber(0)
  const text: OptionRule = { allowed: 'a string', test: (value) => typeof value === 'string' }
  checkOptions(subject, refused, {
    model: text,
    version: text,
    at: finiteNumber(),
    rows: number,
    refusedRows: number,
    columns: ofType('object'),
  })
  requireOptions(subject, refused, ['model', 'version', 'at', 'rows', 'refusedRows', 'columns'])
}
