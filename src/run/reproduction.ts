/** The options and the result of `reproduce`. */
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
  /** Captures the present environment. @default the tracker's `environment`, called again */
  readonly environment?: EnvironmentSource | undefined
}

/** One thing that the result of a run may depend on. Texts are as recorded; `undefined` means unknown. */
export interface ReproductionRow {
  /** `git commit`, `lockfile`, `package zod`, `data flights (training)`, … */
  readonly what: string
  readonly recorded: string | undefined
  readonly now: string | undefined
  /** `unknown` where either side is unknown. */
  readonly verdict: 'same' | 'differs' | 'unknown'
}

/** What must be the same for a run to give the same result again. `String(reproduction)` is a table for printing. */
export interface Reproduction {
  readonly runId: string
  readonly rows: readonly ReproductionRow[]
  /** The rows that differ. */
  readonly differences: readonly ReproductionRow[]
  /** Whether every row is known and the same. */
  readonly same: boolean
  /** Shell commands that restore what was recorded: commit, patch, packages, command. */
  readonly steps: readonly string[]
  toString(): string
}
