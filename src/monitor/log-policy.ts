/** What of a prediction is logged: which ids, which columns, and at what time. */
import { invalidArgument, show } from '../core/errors'
import { sha256Hex } from '../core/hash'
import { ofType } from '../core/options'
import type { PredictionRecord } from '../ports/model'
import { coerceCell } from '../schema/coerce'
import type { Row } from '../schema/table'
import type { MonitorOptions } from './monitor-options'

/** The rules by which predictions and labels are logged. */
export interface LogPolicy {
  /** Whether a prediction and its label are logged. The same id gives the same answer in every process. */
  includes(id: string): boolean
  /** The record without what must not be logged. */
  redacted(record: PredictionRecord): PredictionRecord
  /** The event time of a row, epoch milliseconds. Taken before the record is redacted. */
  eventTime(record: PredictionRecord): number
}

/** The policy of checked options. */
export function createLogPolicy({ sample = 1, redact, eventTime }: MonitorOptions): LogPolicy {
  const hidden = new Set(Array.isArray(redact) ? redact : [])
  const shown = typeof redact === 'function' ? redact : undefined
  return {
    // The first 13 hexadecimal digits of a digest are a number in [0, 2⁵²).
    includes: (id) => sample === 1 || Number.parseInt(sha256Hex(id).slice(0, 13), 16) / 2 ** 52 < sample,
    redacted(record) {
      if (shown !== undefined) {
        const input: unknown = shown(record.input)
        if (!ofType('object').test(input) || Array.isArray(input))
          throw invalidArgument(`\`redact\` of Monitor must give a row, it gave ${show(input)}`)
        return { ...record, input: input as Row }
      }
      if (hidden.size === 0) return record
      return { ...record, input: Object.fromEntries(Object.entries(record.input).filter(([column]) => !hidden.has(column))) }
    },
    eventTime(record) {
      if (eventTime === undefined) return record.at
      const value = typeof eventTime === 'function' ? eventTime(record) : record.input[eventTime]
      const at = coerceCell(value, 'timestamp')
      return typeof at === 'number' ? at : record.at
    },
  }
}

/** A listener whose errors go to `onError`: what cannot be logged is the monitor's error, not the predictor's. */
export function guarded<T>(listener: (given: T) => unknown, onError: (error: unknown) => void): (given: T) => void {
  return (given) => {
    try {
      listener(given)
    } catch (error) {
      onError(error)
    }
  }
}
