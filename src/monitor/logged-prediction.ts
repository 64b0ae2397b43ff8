/** A row of the prediction log. */
import type { PredictionRecord } from '../ports/model'

/** A true value: a label, or a number. */
export type Actual = string | number | boolean

/** One answered row as the monitor keeps it. */
export interface LoggedPrediction extends Omit<PredictionRecord, 'at'> {
  /** Event time, epoch milliseconds. */
  readonly at: number
  /** The true value, once it has arrived, converted to the type of the prediction. */
  readonly actual?: Actual | undefined
  /** When it arrived, epoch milliseconds. */
  readonly labelledAt?: number | undefined
}
