/** The members of a drift detector that a monitor uses. `DriftDetector` has them. */
import type { Table } from '../schema/table'

/** A detector's result for one column. */
export interface DriftColumn {
  readonly column: string
  /** How far the column is from the reference, by the detector's own method; `null` where it could not be compared. */
  readonly score: number | null
  readonly threshold: number | null
  /** Population stability index, if the detector computes it. */
  readonly psi?: number | null | undefined
  /** Also `true` for a column that could not be compared because it is missing, has no values, or has another type. */
  readonly driftDetected: boolean
}

/** A detector's result for a window. */
export interface DriftReading {
  /** Whether the window as a whole has drifted. */
  readonly driftDetected: boolean
  readonly columns: readonly DriftColumn[]
}

/** Compares a window with the reference it was fitted on. Columns of the window that the reference lacks are ignored. */
export interface DriftSource {
  detect(current: Table): DriftReading
}
