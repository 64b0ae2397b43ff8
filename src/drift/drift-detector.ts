/** The drift detector with everything it can compare with. */
import { attachDisplay } from '../core/display'
import type { Table } from '../ports/table'
import { allParts } from './all-parts'
import { BareDriftDetector } from './bare-drift-detector'
import type { DriftFitOptions } from './build-profile'
import type { DriftOptions } from './drift-options'
import type { DriftReport } from './drift-report'
import type { DriftProfile } from './reference-profile'

/**
 * Detects data drift between a reference table and current ones, column by column and overall.
 *
 * Numbers are compared by the Kolmogorov–Smirnov test, categories by the χ² test of homogeneity, unless other methods are set;
 * the population stability index is reported with every method as an effect size. The kind of each column is decided once,
 * on the reference, and kept in the profile, so that it cannot change from batch to batch.
 *
 * It carries every method, to be chosen by name. Where the size of a bundle counts, {@link BareDriftDetector} takes those that are needed.
 *
 * @example
 * const detector = new DriftDetector({ threshold: 0.05 }).fit(train)
 * const report = detector.detect(today)
 * report.driftedColumns // names, the most drifted first
 */
export class DriftDetector {
  #bare: BareDriftDetector

  /** @throws InvalidArgument on an unknown option or a value out of range */
  constructor(options: DriftOptions = {}) {
    this.#bare = new BareDriftDetector(options, allParts)
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
    const detector = new DriftDetector()
    detector.#bare = BareDriftDetector.fromProfile(profile, options, allParts)
    return detector
  }

  /**
   * Profiles the reference and replaces an earlier one. The table is not kept. O(rows log rows) for each column.
   *
   * @throws InvalidArgument on a table without rows or a kind that does not fit, NotFound on a column that is not there
   */
  fit(reference: Table, options: DriftFitOptions = {}): this {
    this.#bare.fit(reference, options)
    return this
  }

  /** Whether there is a reference. */
  get isFitted(): boolean {
    return this.#bare.isFitted
  }

  /** The profile of the reference as plain JSON, from which {@link DriftDetector.fromProfile} creates a detector. @throws NotFitted */
  profile(): DriftProfile {
    return this.#bare.profile()
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
    return this.#bare.detect(current)
  }

  /** One line that says what it watches. */
  toString(): string {
    return this.#bare.toString()
  }
}
