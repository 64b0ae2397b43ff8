/** A gate on a drift report. */
import type { Awaitable } from '../core/awaitable'
import { invalidArgument, show } from '../core/errors'
import { arrayOf, checkOptions, nonEmptyString } from '../core/options'
import type { Gate } from './gates'

/** The part of a drift report that the gate uses. The report of `DriftDetector.detect` has it. */
export interface DriftSummary {
  readonly driftDetected: boolean
  /** Names of the columns that drifted. */
  readonly driftedColumns?: readonly string[] | undefined
  readonly comparedColumns?: number | undefined
}

/** Options of {@link noDriftSince}. */
export interface NoDriftSinceOptions {
  /** Only drift in these columns counts. @default `driftDetected` of the report */
  readonly columns?: readonly string[] | undefined
}

/**
 * The data must not have drifted from the reference of the report, which usually is the training data of the candidate, compared with today's
 * data. A report that compared no column fails. A function is called when the gate is evaluated.
 *
 * @example
 * const gate = noDriftSince(() => detector.detect(today))
 * await registry.promote('flights', version, 'champion', { gates: [gate] })
 */
export function noDriftSince(report: DriftSummary | (() => Awaitable<DriftSummary>), options: NoDriftSinceOptions = {}): Gate {
  checkOptions('noDriftSince', options, { columns: arrayOf(nonEmptyString()) })
  const { columns } = options
  return async () => {
    const summary = typeof report === 'function' ? await report() : report
    if (typeof summary?.driftDetected !== 'boolean') throw invalidArgument(`noDriftSince needs a drift report, got ${show(summary)}`)
    const { driftedColumns = [], comparedColumns } = summary
    if (columns !== undefined && summary.driftedColumns === undefined)
      throw invalidArgument('`columns` of noDriftSince needs a report with `driftedColumns`')
    const drifted = columns === undefined ? driftedColumns : driftedColumns.filter((name) => columns.includes(name))
    const isDrift = columns === undefined ? summary.driftDetected : drifted.length > 0
    const names = drifted.slice(0, 10).join(', ')
    return {
      gate: 'no drift',
      passed: !isDrift && comparedColumns !== 0,
      required: columns === undefined ? 'no drift since the reference' : `no drift in ${columns.join(', ')}`,
      measured: comparedColumns === 0 ? 'no column was compared' : isDrift ? `drift${names === '' ? '' : ` in ${names}`}` : 'no drift',
    }
  }
}
