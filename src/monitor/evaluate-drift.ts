/** Evaluates a drift rule on rows. */
import { MillwrightError } from '../core/errors'
import type { Table } from '../schema/table'
import type { DriftColumn, DriftSource } from './drift-source'
import type { Measured } from './reading'
import type { DriftRule } from './rule'

/** What a drift rule is evaluated on. */
export interface DriftContext {
  readonly numRows: number
  /** The rows as a table, created on first use. */
  readonly table: () => Table
  /** The monitor's detector. */
  readonly detector: DriftSource | undefined
  /** Columns that the watched model's input must have. */
  readonly inputs: readonly string[]
}

/** Evaluates a drift rule. @throws InvalidState when neither the rule nor the monitor has a detector */
export function evaluateDrift(rule: DriftRule, { numRows, table, detector: shared, inputs }: DriftContext): Measured {
  const { columns: names, share, psi, minRows = 30 } = rule
  const detector = rule.detector ?? shared
  if (detector === undefined) {
    throw new MillwrightError('InvalidState', `alert rule "${rule.name}" watches drift, but neither it nor its monitor has a detector`)
  }
  const threshold = share ?? psi ?? 0
  if (numRows < minRows) {
    const summary = `drift has ${numRows} rows of the ${minRows} it needs`
    return { value: Number.NaN, threshold, rows: numRows, active: undefined, summary, details: {} }
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
    rows: numRows,
    active: watched.length === 0 ? undefined : drifted.length > 0 && driftedShare >= (share ?? 0),
    summary: `${drifted.length} of ${watched.length} columns drifted over ${numRows} rows${drifted.length === 0 ? '' : `: ${listed(drifted)}`}`,
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

/** A number as summaries show it. */
export function digits(value: number): string {
  return String(Number(value.toPrecision(3)))
}
