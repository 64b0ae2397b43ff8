/** Options of a monitor. */
import type { Clock } from '../core/clock'
import { invalidArgument, show } from '../core/errors'
import { assertSafeSegment } from '../core/ids'
import { anything, arrayOf, checkOptions, either, finiteNumber, nonEmptyString, ofType, wholeNumber } from '../core/options'
import type { AlertSink } from '../ports/alert-sink'
import type { PredictionRecord } from '../ports/model'
import type { ObjectStore } from '../ports/object-store'
import type { ColumnType } from '../schema/column'
import type { DriftSource } from './drift-source'
import { type AlertRule, assertRule } from './rule'

/** Options of a `Monitor`. */
export interface MonitorOptions {
  /** For messages and, with `storage`, the folder of the log. @default 'monitor' */
  readonly name?: string | undefined
  /** Most rows kept in memory; the oldest leave first. @default 100,000 */
  readonly maxRows?: number | undefined
  /** Most labels kept for predictions that have not come yet. @default 10,000 */
  readonly maxWaitingLabels?: number | undefined
  /**
   * When a row happened: an input column (epoch milliseconds, `Date` or ISO 8601 text), or a function. Rows without it take the time of their
   * prediction. @default the time of the prediction
   */
  readonly eventTime?: string | ((record: PredictionRecord) => number) | undefined
  /** Types of input columns by name, for tables. @default the signature of the watched predictor */
  readonly types?: Readonly<Record<string, ColumnType>> | undefined
  /** What drift is measured against. */
  readonly detector?: DriftSource | undefined
  readonly rules?: readonly AlertRule[] | undefined
  /** Where alerts go, beside the events. What a sink throws is reported through `error` and breaks nothing. */
  readonly sinks?: readonly AlertSink[] | undefined
  /** Evaluates the rules this often, in milliseconds. @default only when `check` is called */
  readonly checkEveryMs?: number | undefined
  /** Keeps the log, under `monitor/<name>/`. @default memory only */
  readonly storage?: ObjectStore | undefined
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
    detector: { allowed: 'an object with detect(table)', test: (value) => typeof (value as DriftSource)?.detect === 'function' },
    rules: arrayOf(anything()),
    sinks: arrayOf({ allowed: 'an alert sink', test: (value) => typeof (value as AlertSink)?.send === 'function' }),
    checkEveryMs: finiteNumber(1),
    storage: ofType('object'),
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
