/** The drift detector without its methods: profiles a reference table once, then compares current tables with it. */
import { attachDisplay } from '../core/display'
import { MillwrightError } from '../core/errors'
import { arrayOf, checkOptions, nonEmptyString } from '../core/options'
import type { Table } from '../ports/table'
import { assertTable } from '../schema/table'
import { buildProfile, type DriftFitOptions } from './build-profile'
import { compareColumn } from './compare-column'
import { type CurrentColumn, currentColumn, currentOfProfile } from './current-column'
import { type DriftOptions, type ResolvedDriftOptions, resolveDriftOptions } from './drift-options'
import { type DriftParts, type NumericSample, type UsedParts, usedParts } from './drift-parts'
import type { DriftReport } from './drift-report'
import { decide, missingRates, newColumns, summarise, typeChanged } from './drift-verdict'
import { assertProfile, type DriftProfile, type NumericReference, type ReferenceColumn } from './reference-profile'

/**
 * {@link DriftDetector} without its methods: it has `ks`, `chiSquare` and `psi`, and the parts that it is given, so that a bundle carries no others. Methods keep their names in options and
 * profiles.
 *
 * @example
 * const detector = new BareDriftDetector({ method: 'wasserstein' }, { methods: [wassersteinMethod] }).fit(train)
 */
export class BareDriftDetector {
  readonly #options: ResolvedDriftOptions
  readonly #parts: UsedParts
  #profile: DriftProfile | undefined
  /** The columns of the profile, sketches spread out. */
  #references: readonly ReferenceColumn[] = []
  /** What is kept of numeric columns, as doubles, by column name. */
  #samples = new Map<string, NumericSample>()

  /** @throws InvalidArgument on an unknown option, a value out of range, a method that is not among the parts */
  constructor(options: DriftOptions = {}, parts: DriftParts = {}) {
    this.#options = resolveDriftOptions(options)
    this.#parts = usedParts(parts, this.#options)
    attachDisplay(this, { text: () => this.toString() })
  }

  /**
   * A detector from a stored profile: no data needed.
   *
   * @param profile the result of {@link BareDriftDetector.profile}, also after JSON
   * @param options override those in the profile; the ones that shape a profile (`bins`, `sampleSize`, `maxCategories`) have no effect
   * @throws Corrupt for an invalid profile
   */
  static fromProfile(profile: DriftProfile, options: DriftOptions = {}, parts: DriftParts = {}): BareDriftDetector {
    assertProfile(profile)
    const detector = new BareDriftDetector({ ...profile.options, ...options }, parts)
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
    this.#use(buildProfile(reference, this.#options, options, this.#parts))
    return this
  }

  /** Whether there is a reference. */
  get isFitted(): boolean {
    return this.#profile !== undefined
  }

  /** The profile of the reference as plain JSON, from which {@link BareDriftDetector.fromProfile} creates a detector. @throws NotFitted */
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
    const settings = { options: this.#options, parts: this.#parts }
    const outcomes = this.#references.map((reference) =>
      compareColumn(reference, this.#samples.get(reference.column), now.column(reference.column), settings),
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
          return stored && currentOfProfile(stored, this.#options.bins, this.#parts)
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
        'sketch' in column ? this.#parts.sketches().expand(column, this.#options.bins) : { reference: column, sample: sampleOf(column) }
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
