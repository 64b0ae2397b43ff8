/** What a monitor needs of a drift detector. `DriftDetector` is one. */
import type { Table } from '../schema/table'

/** What a detector says about one column. */
export interface DriftColumn {
  readonly column: string
  /** How far the column is from the reference, by the detector's own method; `null` where it could not be compared. */
  readonly score: number | null
  readonly threshold: number | null
  /** Population stability index, where the detector knows it. */
  readonly psi?: number | null | undefined
  /** Also `true` for a column that could not be compared because it is gone, without values, or of another type. */
  readonly driftDetected: boolean
}

/** What a detector says about a window. */
export interface DriftReading {
  /** Whether the window as a whole has drifted. */
  readonly driftDetected: boolean
  readonly columns: readonly DriftColumn[]
}

/** Compares a window with the reference it was fitted on. Columns of the window that the reference lacks are not looked at. */
export interface DriftSource {
  detect(current: Table): DriftReading
}
