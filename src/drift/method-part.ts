/** Methods as values: what a detector is given to compare columns with. */
import type { Moments } from '../stats/running-moments'
import type { ColumnMethod } from './drift-options'
import type { DriftMethod } from './methods'

/** The result of one method. */
export interface MethodResult {
  readonly statistic: number
  /** `null` for distances. */
  readonly pValue: number | null
  /** Effect size: higher is more drift. */
  readonly score: number
  readonly notes: readonly string[]
}

/** Two samples of one column. */
export interface TwoSamples {
  /** The reference, ascending: all its values, or a sample of them. */
  readonly reference: Float64Array
  /** How many values the sample counts as in p-values: all of the reference, or fewer where it is known only roughly. */
  readonly size: number
  /** Of all values of the reference. */
  readonly moments: Moments
  /** Ascending: all values, or those that stand for them. */
  readonly current: Float64Array
  /** How many values they count as in p-values. */
  readonly currentSize: number
  readonly currentMoments: Moments
}

/** A method that compares numbers. */
export interface SampleMethod {
  readonly name: DriftMethod
  /** @throws InvalidArgument for values that it cannot take: `ks` compares them then. */
  compare(samples: TwoSamples, settings: ColumnMethod): MethodResult
}

/** A method that compares counts over the same categories or bins; each side has a positive sum. */
export interface CountMethod {
  readonly name: DriftMethod
  compareCounts(reference: readonly number[], current: readonly number[]): MethodResult
}

/** A method of {@link BareDriftDetector}. */
export type DriftMethodPart = SampleMethod | CountMethod
