/** What drift detection reports: plain JSON, with a light display for notebooks and consoles. */
import { attachDisplay, markdownCell } from '../core/display'
import type { Correction } from '../stats/multiple-testing'
import type { ColumnKind, DriftMethod } from './drift-options'

/**
 * How a column stands: `ok`, `warning` and `drift` were compared; `low-sample` was, too, but has too few values to alarm;
 * `skipped` had nothing to compare; `error` could not be compared although it should have been (gone, of another type).
 */
export type ColumnState = 'ok' | 'warning' | 'drift' | 'low-sample' | 'skipped' | 'error'

/** Shares per bin on both sides, for a picture. Each side adds up to 1. */
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
      /** At most 20 labels, by falling share; `null`: all others together. */
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

/** What was found in one column. Fields are `null` where the state is `skipped` or `error`, or where the method has none. */
export interface ColumnDrift {
  readonly column: string
  readonly type: ColumnKind | null
  readonly method: DriftMethod | null
  /** The method's own number: D, χ², the index or the distance. */
  readonly statistic: number | null
  /** Of `ks` and `chiSquare`, before any correction. */
  readonly pValue: number | null
  /** After the correction over all columns tested; equal to `pValue` under `none`. */
  readonly adjustedPValue: number | null
  /** Effect size, higher is always more drift: D for `ks`, Cramér's V for `chiSquare`, otherwise the statistic. */
  readonly score: number | null
  /** Drift means `adjustedPValue < threshold` for `ks` and `chiSquare`, `score >= threshold` for the others. */
  readonly threshold: number | null
  readonly driftDetected: boolean
  /** Not drift, but a difference worth a look: see `psiWarning` and `minPsi`. */
  readonly warningDetected: boolean
  /** Population stability index, under every method: comparable over columns. */
  readonly psi: number | null
  /** The index that sampling alone would give, (bins − 1)(1/n + 1/m). */
  readonly psiNoise: number | null
  /** Where the mean of numbers went, when drift was detected. */
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
  /** Why the state is `skipped`, `error` or `low-sample`. */
  readonly reason?: string
  /** What limits the result: ties, small expected counts, an approximate reference. */
  readonly notes: readonly string[]
  /** Of numeric columns. */
  readonly summary?: { readonly reference: NumericSummary; readonly current: NumericSummary }
  readonly bins?: DriftBins
}

/** Something about the tables themselves. */
export interface DriftFinding {
  readonly column: string
  /** Stable words. */
  readonly code: 'missing-column' | 'new-column' | 'type-changed' | 'missing-rate' | 'new-categories'
  readonly message: string
}

/** What {@link DriftDetector.detect} found. */
export interface DriftReport {
  /** The share of drifted columns reaches the threshold. */
  readonly driftDetected: boolean
  /** Drifted columns divided by compared ones; 0 when none was compared. */
  readonly driftShare: number
  readonly driftShareThreshold: number
  /** Columns in the states `ok`, `warning` and `drift`. */
  readonly comparedColumns: number
  /** Names of the drifted columns, highest population stability index first. */
  readonly driftedColumns: readonly string[]
  readonly rowsReference: number
  readonly rowsCurrent: number
  readonly correction: Correction
  /** In the order of the reference table. */
  readonly columns: readonly ColumnDrift[]
  readonly findings: readonly DriftFinding[]
}

/** Attaches the display and returns the report. */
export function displayed(report: DriftReport): DriftReport {
  attachDisplay(report, { text: () => reportText(report), markdown: () => reportMarkdown(report) })
  return report
}

/** One line for people. */
function reportText(report: DriftReport): string {
  const { driftedColumns, comparedColumns } = report
  const names = driftedColumns.slice(0, 10).join(', ') + (driftedColumns.length > 10 ? ', …' : '')
  const verdict = report.driftDetected ? 'dataset drift' : 'no dataset drift'
  return `${verdict}: ${driftedColumns.length} of ${comparedColumns} columns drifted${names === '' ? '' : ` (${names})`}, share ${number(report.driftShare)} against ${number(report.driftShareThreshold)}`
}

function reportMarkdown(report: DriftReport): string {
  const shown = [...report.columns].sort((a, b) => (b.psi ?? -1) - (a.psi ?? -1)).slice(0, 20)
  const rows = shown.map((column) => {
    const cells = [
      column.column,
      column.state,
      column.method ?? '',
      number(column.statistic),
      number(column.adjustedPValue),
      number(column.psi),
    ]
    return `| ${cells.map(markdownCell).join(' | ')} |`
  })
  const more = report.columns.length > shown.length ? [`… and ${report.columns.length - shown.length} more columns`] : []
  return [
    reportText(report),
    '',
    '| column | state | method | statistic | p-value | PSI |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
    ...more,
  ].join('\n')
}

function number(value: number | null): string {
  return value === null ? '' : String(Number(value.toPrecision(3)))
}
