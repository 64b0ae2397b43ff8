/** What a rule found at a check. */

/** The result of a rule at a check, for all rows or for one group of them. */
export interface Reading {
  /** What is measured: the metric, a share, milliseconds; of drift, the share of drifted columns or, with `psi` and no `share`, the largest index. `NaN` without data. */
  readonly value: number
  /** The limit that the value is beyond, or would be beyond first. */
  readonly threshold: number
  /** The number of rows that the value was computed from. */
  readonly rows: number
  /** Whether the condition holds; `undefined` without enough data. */
  readonly active: boolean | undefined
  /** One sentence with the numbers. */
  readonly summary: string
  /** The numbers behind the value: of drift, the columns by score. */
  readonly details: Readonly<Record<string, unknown>>
  /** What the rule divides by: `{ version: '3' }`. Empty for a rule that does not. */
  readonly group: Readonly<Record<string, string>>
}

/** A reading before its group is known. */
export type Measured = Omit<Reading, 'group'>
