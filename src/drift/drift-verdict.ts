/** The verdict of a report: which columns drifted, and whether the table did. */
import { chiSquareTest } from '../stats/contingency'
import { adjustPValues } from '../stats/multiple-testing'
import type { ResolvedDriftOptions } from './drift-options'
import { type ColumnDrift, type DriftFinding, type DriftReport, digits, displayed } from './drift-report'
import { isTest } from './methods'
import type { DriftProfile } from './reference-profile'

/** A change of the missing share is reported when the difference is at least this, and significant. */
const MISSING_RATE_STEP = 0.05

/** Corrects the p-values and compares everything with its threshold. */
export function decide(columns: readonly ColumnDrift[], options: ResolvedDriftOptions): ColumnDrift[] {
  const adjusted = adjustPValues(
    columns.map((column) => (column.state === 'ok' ? (column.pValue ?? Number.NaN) : Number.NaN)),
    options.correction,
  )
  return columns.map((column, i) => {
    if (column.state !== 'ok' || column.method === null) return column
    const test = isTest(column.method)
    const adjustedPValue = test ? (adjusted[i] as number) : null
    const psi = column.psi ?? 0
    const threshold = column.threshold ?? 0
    const beyond = test ? (adjustedPValue as number) < threshold : (column.score ?? 0) >= threshold
    const driftDetected = beyond && (!test || psi >= options.minPsi)
    const warningDetected = !driftDetected && (beyond || psi - (column.psiNoise ?? 0) >= options.psiWarning)
    const state = driftDetected ? 'drift' : warningDetected ? 'warning' : 'ok'
    return { ...column, adjustedPValue, driftDetected, warningDetected, state, direction: driftDetected ? directionOf(column) : null }
  })
}

function directionOf({ summary }: ColumnDrift): 'up' | 'down' | null {
  if (summary === undefined || summary.current.mean === summary.reference.mean) return null
  return summary.current.mean > summary.reference.mean ? 'up' : 'down'
}

/** Columns in which clearly more, or fewer, values are missing than in the reference. */
export function missingRates(columns: readonly ColumnDrift[]): DriftFinding[] {
  return columns.flatMap((column): DriftFinding[] => {
    const rowsReference = column.nReference + column.missingReference + column.infiniteReference
    const rowsCurrent = column.nCurrent + column.missingCurrent + column.infiniteCurrent
    if (rowsReference === 0 || rowsCurrent === 0) return []
    const before = column.missingReference / rowsReference
    const now = column.missingCurrent / rowsCurrent
    if (Math.abs(now - before) < MISSING_RATE_STEP) return []
    const table = [
      [column.missingReference, rowsReference - column.missingReference],
      [column.missingCurrent, rowsCurrent - column.missingCurrent],
    ]
    if (chiSquareTest(table).pValue >= 0.01) return []
    const message = `column ${JSON.stringify(column.column)} is missing in ${percent(now)} of the rows, in the reference in ${percent(before)}`
    return [{ column: column.column, code: 'missing-rate', message }]
  })
}

export function newColumns(profile: DriftProfile, names: readonly string[]): DriftFinding[] {
  const known = new Set(profile.columns.map((column) => column.column))
  return names
    .filter((name) => !known.has(name))
    .map((name) => ({ column: name, code: 'new-column', message: `column ${JSON.stringify(name)} is not in the reference` }))
}

/** A column of another type counts as drifted, even if its values can be compared. */
export function typeChanged(column: ColumnDrift, findings: readonly DriftFinding[]): ColumnDrift {
  if (column.state === 'error') return column
  const reason = findings.find(({ code }) => code === 'type-changed')?.message ?? 'the type changed'
  return { ...column, driftDetected: true, warningDetected: false, state: 'drift', reason }
}

export function summarise(
  columns: readonly ColumnDrift[],
  findings: readonly DriftFinding[],
  rowsReference: number,
  rowsCurrent: number,
  options: ResolvedDriftOptions,
): DriftReport {
  const compared = columns.filter(({ state }) => state === 'ok' || state === 'warning' || state === 'drift')
  const drifted = compared.filter((column) => column.driftDetected).sort((a, b) => (b.psi ?? 0) - (a.psi ?? 0))
  const driftShare = compared.length === 0 ? 0 : drifted.length / compared.length
  const undecided = columns.filter(({ state }) => state === 'low-sample').map(({ column }) => column)
  const broken = rowsCurrent === 0 ? ['the current table has no rows'] : brokenColumns(columns)
  const driftDetected = broken.length > 0 || (drifted.length > 0 && (options.verdict === 'any' || driftShare >= options.driftShare))
  const shares =
    options.verdict === 'any' ? 'any is drift of the table' : `share ${digits(driftShare)} against ${digits(options.driftShare)}`
  const reasons = [
    ...broken,
    ...(compared.length === 0 ? [] : [`${drifted.length} of ${compared.length} columns drifted${listed(drifted)}, ${shares}`]),
    ...(undecided.length === 0 ? [] : [`undecided for want of values: ${undecided.length} columns${listed(columns.filter(isUndecided))}`]),
    ...(columns.length > 0 && compared.length + undecided.length + broken.length === 0 ? ['no column could be compared'] : []),
  ]
  return displayed({
    driftDetected,
    verdict: driftDetected ? 'drift' : compared.length === 0 ? 'undecided' : 'no-drift',
    reasons,
    driftShare,
    driftShareThreshold: options.driftShare,
    comparedColumns: compared.length,
    driftedColumns: [...columns.filter(({ state }) => state === 'error'), ...drifted].map(({ column }) => column),
    undecidedColumns: undecided,
    rowsReference,
    rowsCurrent,
    correction: options.correction,
    columns,
    findings,
  })
}

function isUndecided({ state }: ColumnDrift): boolean {
  return state === 'low-sample'
}

/** Findings about columns that are missing, empty, or of another type; the first ten are named. */
function brokenColumns(columns: readonly ColumnDrift[]): string[] {
  const broken = columns.filter(({ state, reason }) => state === 'error' || (state === 'drift' && reason !== undefined))
  const told = broken
    .slice(0, 10)
    .map(({ column, state, reason = '' }) => (state === 'error' ? `column ${JSON.stringify(column)}: ${reason}` : reason))
  return broken.length > 10 ? [...told, `and ${broken.length - 10} columns more`] : told
}

function listed(columns: readonly ColumnDrift[]): string {
  const names = columns.slice(0, 10).map(({ column }) => column)
  return names.length === 0 ? '' : ` (${names.join(', ')}${columns.length > 10 ? ', …' : ''})`
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`
}
