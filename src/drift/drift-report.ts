/** The drift report: plain JSON, with a display for notebooks and consoles. */
import { attachDisplay, markdownTable, textTable } from '../core/display'
import type { Correction } from '../stats/multiple-testing'
import type { ColumnKind, DriftMethod } from './methods'

/**
 * The state of a column: `ok`, `warning` and `drift` were compared; `low-sample` was, too, but has too few values to decide;
 * `skipped` is not compared (a timestamp, free text, nothing in the reference); `error` could not be compared although it should have been
 * (missing, without values, text where numbers were) and counts as drift.
 */
export type ColumnState = 'ok' | 'warning' | 'drift' | 'low-sample' | 'skipped' | 'error'

/** Shares per bin on both sides, for a histogram. The sum of each side is 1. */
export type DriftBins =
  | {
      readonly kind: 'numeric'
      /** Bins + 1 ascending edges; the outer two bins also hold what lies beyond. */
      readonly edges: readonly number[]
      readonly reference: readonly number[]
      readonly current: readonly number[]
    }
  | {
      readonly kind: 'categorical'
      /** At most 20 labels, by descending share; `null` for all others together. */
      readonly categories: readonly (string | null)[]
      readonly reference: readonly number[]
      readonly current: readonly number[]
    }

/** Description of the numbers of one side. */
export interface NumericSummary {
  readonly mean: number
  /** Sample standard deviation; 0 for a single value. */
  readonly std: number
  readonly min: number
  readonly median: number
  readonly max: number
}

/** The result of one column. Fields are `null` where the state is `skipped` or `error`, or where the method has none. */
export interface ColumnDrift {
  readonly column: string
  readonly type: ColumnKind | null
  readonly method: DriftMethod | null
  /** The method's own number: D, χ², the index or the distance. */
  readonly statistic: number | null
  /** Of tests, before any correction. */
  readonly pValue: number | null
  /** After the correction over all columns tested; equal to `pValue` under `none`. */
  readonly adjustedPValue: number | null
  /**
   * Effect size, higher is always more drift. Distances: the distance. Tests of categories: Cramér's V. `ks`, `cramerVonMises`, `andersonDarling`,
   * `eppsSingleton`: the largest difference D of the distribution functions. `mannWhitney`: the rank-biserial correlation. `tTest`, `welch`: Cohen's d. `mmd`: its root.
   */
  readonly score: number | null
  /** Drift means `adjustedPValue < threshold` for tests, `score >= threshold` for distances. */
  readonly threshold: number | null
  readonly driftDetected: boolean
  /** No drift, but a notable difference: see `psiWarning` and `minPsi`. */
  readonly warningDetected: boolean
  /** Population stability index, under every method: comparable over columns. */
  readonly psi: number | null
  /** The index expected from sampling alone, (bins − 1)(1/n + 1/m). */
  readonly psiNoise: number | null
  /** The direction in which the mean of numbers changed, when drift was detected. */
  readonly direction: 'up' | 'down' | null
  /** Values compared. */
  readonly nReference: number
  readonly nCurrent: number
  /** Values missing, which are left out. */
  readonly missingReference: number
  readonly missingCurrent: number
  /** Infinite values of numeric columns, which are left out, too. */
  readonly infiniteReference: number
  readonly infiniteCurrent: number
  readonly state: ColumnState
  /** Why the state is `skipped`, `error` or `low-sample`, or that the type changed. */
  readonly reason?: string
  /** What limits the result: ties, small expected counts, an approximate reference. */
  readonly notes: readonly string[]
  /** Of numeric columns. */
  readonly summary?: { readonly reference: NumericSummary; readonly current: NumericSummary }
  readonly bins?: DriftBins
}

/** A finding about the tables themselves. */
export interface DriftFinding {
  readonly column: string
  /** A stable code. */
  readonly code: 'missing-column' | 'new-column' | 'type-changed' | 'missing-rate' | 'new-categories'
  readonly message: string
}

/** The result of {@link DriftDetector.detect}. */
export interface DriftReport {
  /**
   * The share of drifted columns reaches the threshold, or the table itself has changed: a column of the reference is missing, without values or of
   * another type, or there are no rows.
   */
  readonly driftDetected: boolean
  /** `undecided`: no drift was found, but no column had enough values to be compared. */
  readonly verdict: 'drift' | 'no-drift' | 'undecided'
  /** The reasons for the verdict. */
  readonly reasons: readonly string[]
  /** Drifted columns divided by compared ones; 0 when none was compared. */
  readonly driftShare: number
  readonly driftShareThreshold: number
  /** Columns in the states `ok`, `warning` and `drift`. */
  readonly comparedColumns: number
  /** Names of the drifted columns: first those that can no longer be compared, then the others by descending population stability index. */
  readonly driftedColumns: readonly string[]
  /** Names of columns with too few values to decide. */
  readonly undecidedColumns: readonly string[]
  readonly rowsReference: number
  readonly rowsCurrent: number
  readonly correction: Correction
  /** In the order of the reference table. */
  readonly columns: readonly ColumnDrift[]
  readonly findings: readonly DriftFinding[]
}

/** Attaches the display and returns the report. */
export function displayed(report: DriftReport): DriftReport {
  return attachDisplay(report, {
    text: () => `${headline(report)}\n${textTable(header, rows(report))}`,
    markdown: () => `${headline(report)}\n\n${markdownTable(header, rows(report))}`,
  })
}

const verdicts = { drift: 'dataset drift', 'no-drift': 'no dataset drift', undecided: 'drift undecided' } as const

/** One line with the verdict and its reasons. */
function headline({ verdict, reasons }: DriftReport): string {
  return `${verdicts[verdict]}${reasons.length === 0 ? '' : `: ${reasons.join('; ')}`}`
}

const header = ['column', 'state', 'method', 'statistic', 'p-value', 'PSI', 'reason'] as const

/** A row for each column: first those that can no longer be compared, then the others by descending index. */
function rows({ columns }: DriftReport): string[][] {
  const rank = ({ state, psi }: ColumnDrift): number => (state === 'error' ? Number.POSITIVE_INFINITY : (psi ?? -1))
  const order = [...columns].sort((a, b) => (rank(a) === rank(b) ? 0 : rank(b) - rank(a)))
  return order.map((column) => [
    column.column,
    column.state,
    column.method ?? '',
    digits(column.statistic),
    column.adjustedPValue === 0 ? '< 1e-300' : digits(column.adjustedPValue),
    digits(column.psi),
    column.reason ?? '',
  ])
}

/** Three digits; nothing for `null`. Small numbers keep their exponent: 1.2e-41. */
export function digits(value: number | null): string {
  return value === null ? '' : String(Number(value.toPrecision(3)))
}
