/** What `reproduce` takes and gives. */
import type { EnvironmentSource } from '../ports/environment'
import type { Table } from '../schema/table'

/** Options of `tracker.reproduce` and `run.reproduce`. */
export interface ReproduceOptions {
  /** The seed that would be used now. */
  readonly seed?: number | undefined
  /** The data that would be used now, by the name it was recorded under: tables, or their digests. */
  readonly data?: Readonly<Record<string, Table | string>> | undefined
  /** Digests tables. @default the tracker's */
  readonly fingerprint?: ((table: Table) => string) | undefined
  /** What is here now. @default the tracker's, asked again */
  readonly environment?: EnvironmentSource | undefined
}

/** One thing a result may depend on. Texts are as recorded; `undefined` is unknown. */
export interface ReproductionRow {
  /** `git commit`, `lockfile`, `package zod`, `data flights (training)`, … */
  readonly what: string
  readonly recorded: string | undefined
  readonly now: string | undefined
  /** `unknown` where either side is. */
  readonly verdict: 'same' | 'differs' | 'unknown'
}

/** What must be as it was for a run to give the same again. `String(reproduction)` is a table to print. */
export interface Reproduction {
  readonly runId: string
  readonly rows: readonly ReproductionRow[]
  /** The rows that differ. */
  readonly differences: readonly ReproductionRow[]
  /** Whether everything is known, and the same. */
  readonly same: boolean
  /** What to type to have it again, as far as it was recorded: commit, patch, packages, command. A shell is assumed. */
  readonly steps: readonly string[]
  toString(): string
}
