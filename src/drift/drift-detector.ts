/** The drift detector: profiles a reference table once, then compares current tables with it. */
import { attachDisplay } from '../core/display'
import { MillwrightError } from '../core/errors'
import { arrayOf, checkOptions, nonEmptyString } from '../core/options'
import type { Table } from '../ports/table'
import { assertTable } from '../schema/table'
import { chiSquareTest } from '../stats/contingency'
import { adjustPValues } from '../stats/multiple-testing'
import { buildProfile, type DriftFitOptions } from './build-profile'
import { compareColumn } from './compare-column'
import { type CurrentColumn, currentColumn, currentOfProfile } from './current-column'
import { type DriftOptions, type ResolvedDriftOptions, resolveDriftOptions } from './drift-options'
import { type ColumnDrift, type DriftFinding, type DriftReport, digits, displayed } from './drift-report'
import { isTest } from './methods'
import { assertProfile, type DriftProfile, type NumericReference, type ReferenceColumn } from './reference-profile'
import { expandSketch, type NumericSample } from './sketch-reference'

/** A change of the missing share is reported when the difference is at least this, and significant. */
const MISSING_RATE_STEP = 0.05

/**
 * Detects data drift between a reference table and current ones, column by column and overall.
 *
 * Numbers are compared by the Kolmogorov–Smirnov test, categories by the χ² test of homogeneity, unless other methods are set;
 * the population stability index is reported with every method as an effect size. The kind of each column is decided once,
 * on the reference, and kept in the profile, so that it cannot change from batch to batch.
 *
 * @example
 * const detector = new DriftDetector({ threshold: 0.05 }).fit(train)
 * const report = detector.detect(today)
 * report.driftedColumns // names, the most drifted first
 */
export class DriftDetector {
  readonly #options: ResolvedDriftOptions
  #profile: DriftProfile | undefined
  /** The columns of the profile, sketches spread out. */
  #references: readonly ReferenceColumn[] = []
  /** What is kept of numeric columns, as doubles, by column name. */
  #samples = new Map<string, NumericSample>()

  /** @throws InvalidArgument on an unknown option or a value out of range */
  constructor(options: DriftOptions = {}) {
    this.#options = resolveDriftOptions(options)
    attachDisplay(this, { text: () => this.toString() })
  }

  /**
   * A detector from a stored profile: no data needed.
   *
   * @param profile the result of {@link DriftDetector.profile}, also after JSON
   * @param options override those in the profile; the ones that shape a profile (`bins`, `sampleSize`, `maxCategories`) have no effect
   * @throws Corrupt for an invalid profile
   */
  static fromProfile(profile: DriftProfile, options: DriftOptions = {}): DriftDetector {
    assertProfile(profile)
    const detector = new DriftDetector({ ...profile.options, ...options })
    detector.#use({ ...profile, options: detector.#options })
    return detector
  }

  /**
   * Profiles the reference and replaces an earlier one. The table is not kept. O(rows log rows) for each column.
   *
   * @throws InvalidArgument on a table without rows or a kind that does not fit, NotFound on a column that is not there
   */
  fit(reference: Table, options: DriftFitOptions = {}): this {
    const names = { ...arrayOf(nonEmptyString()), allowed: 'an array of column names' }
    checkOptions('DriftDetector.fit', options, { columns: names, categorical: names, numeric: names })
    assertTable(reference, 'DriftDetector.fit')
    this.#use(buildProfile(reference, this.#options, options))
    return this
  }

  /** Whether there is a reference. */
  get isFitted(): boolean {
    return this.#profile !== undefined
  }

  /** The profile of the reference as plain JSON, from which {@link DriftDetector.fromProfile} creates a detector. @throws NotFitted */
  profile(): DriftProfile {
    return structuredClone(this.#fitted('profile'))
  }

  /**
   * Compares a table with the reference, or the profile of a stream or of shards ({@link ProfileBuilder}). Neither is changed and nothing is kept: equal tables give equal reports.
   *
   * A column that is missing, of another type or without values counts as drifted, and so does the table, with the reason in the report; so does a table
   * without rows. The other columns are reported as usual. Columns that the reference does not have are findings. If no column has enough
   * values, the verdict is `undecided`, not `no-drift`.
   *
   * @throws NotFitted before `fit`, InvalidArgument on what is no table
   */
  detect(current: Table | DriftProfile): DriftReport {
    const profile = this.#fitted('detect')
    const now = this.#currentOf(current)
    const outcomes = this.#references.map((reference) =>
      compareColumn(reference, this.#samples.get(reference.column), now.column(reference.column), this.#options),
    )
    const changed = new Set(
      outcomes.flatMap(({ findings }) => findings.filter(({ code }) => code === 'type-changed').map(({ column }) => column)),
    )
    const columns = decide(
      outcomes.map((outcome) => outcome.result),
      this.#options,
    ).map((column, i) => (changed.has(column.column) ? typeChanged(column, outcomes[i]?.findings ?? []) : column))
    const findings = [...outcomes.flatMap((outcome) => outcome.findings), ...missingRates(columns), ...newColumns(profile, now.names)]
    return summarise(columns, findings, profile.rows, now.rows, this.#options)
  }

  /** One line that says what it watches. */
  toString(): string {
    const profile = this.#profile
    if (profile === undefined) return 'DriftDetector: not fitted'
    return `DriftDetector: ${profile.columns.length} columns, ${profile.rows} reference rows`
  }

  #currentOf(current: Table | DriftProfile): CurrentTable {
    if (typeof current === 'object' && current !== null && 'format' in current) {
      assertProfile(current)
      const byName = new Map(current.columns.map((column) => [column.column, column]))
      return {
        rows: current.rows,
        names: [...byName.keys()],
        column: (name) => {
          const stored = byName.get(name)
          return stored && currentOfProfile(stored, this.#options.bins)
        },
      }
    }
    assertTable(current, 'DriftDetector.detect')
    const present = new Set(current.columnNames)
    return {
      rows: current.numRows,
      names: current.columnNames,
      column: (name) => (present.has(name) ? currentColumn(current.column(name)) : undefined),
    }
  }

  #use(profile: DriftProfile): void {
    const samples = new Map<string, NumericSample>()
    this.#references = profile.columns.map((column): ReferenceColumn => {
      if (column.kind !== 'numeric') return column
      const { reference, sample } =
        'sketch' in column ? expandSketch(column, this.#options.bins) : { reference: column, sample: sampleOf(column) }
      samples.set(column.column, sample)
      return reference
    })
    this.#samples = samples
    this.#profile = profile
  }

  #fitted(operation: string): DriftProfile {
    if (this.#profile === undefined) {
      throw new MillwrightError('NotFitted', `DriftDetector.${operation} needs a reference`, { hint: 'call fit(reference) first' })
    }
    return this.#profile
  }
}

/** What is compared with the reference. */
interface CurrentTable {
  readonly rows: number
  readonly names: readonly string[]
  readonly column: (name: string) => CurrentColumn | undefined
}

function sampleOf({ sample, n }: NumericReference): NumericSample {
  return { values: Float64Array.from(sample), size: n, isSingle: false }
}

/** Corrects the p-values and compares everything with its threshold. */
function decide(columns: readonly ColumnDrift[], options: ResolvedDriftOptions): ColumnDrift[] {
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
function missingRates(columns: readonly ColumnDrift[]): DriftFinding[] {
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

function newColumns(profile: DriftProfile, names: readonly string[]): DriftFinding[] {
  const known = new Set(profile.columns.map((column) => column.column))
  return names
    .filter((name) => !known.has(name))
    .map((name) => ({ column: name, code: 'new-column', message: `column ${JSON.stringify(name)} is not in the reference` }))
}

/** A column of another type counts as drifted, even if its values can be compared. */
function typeChanged(column: ColumnDrift, findings: readonly DriftFinding[]): ColumnDrift {
  if (column.state === 'error') return column
  const reason = findings.find(({ code }) => code === 'type-changed')?.message ?? 'the type changed'
  return { ...column, driftDetected: true, warningDetected: false, state: 'drift', reason }
}

function summarise(
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
