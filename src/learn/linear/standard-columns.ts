/** Standardises columns for a solver, and converts coefficients back to the original columns. */

/** One column, changed to (value − mean) ÷ scale. */
export interface StandardColumn {
  readonly values: Float64Array
  readonly mean: number
  /** The population standard deviation; 1 for a constant column, whose values are all 0. */
  readonly scale: number
}

/** The column with mean 0 and standard deviation 1. */
export function standardColumn(column: Float64Array): StandardColumn {
  const n = column.length
  // Sums of large numbers lose digits; adding the mean of the residuals restores them.
  const rough = column.reduce((sum, value) => sum + value / n, 0)
  const mean = rough + column.reduce((sum, value) => sum + (value - rough), 0) / n
  const values = column.map((value) => value - mean)
  const most = values.reduce((max, value) => Math.max(max, Math.abs(value)), 0)
  // Values are divided by the largest one, so that their squares neither overflow nor underflow.
  const spread = most === 0 ? 0 : most * Math.sqrt(values.reduce((sum, value) => sum + (value / most) ** 2, 0) / n)
  const constant = spread <= 4 * Number.EPSILON * Math.abs(mean)
  return { values: constant ? values.fill(0) : values.map((value) => value / spread), mean, scale: constant ? 1 : spread }
}

/**
 * Coefficients and intercept for the original columns, from those for the standardised columns.
 *
 * @param coefficients one per column
 */
export function unstandard(
  columns: readonly StandardColumn[],
  coefficients: ArrayLike<number>,
  intercept: number,
): { readonly coefficients: number[]; readonly intercept: number } {
  const original = columns.map(({ scale }, f) => (coefficients[f] as number) / scale)
  return { coefficients: original, intercept: columns.reduce((sum, { mean }, f) => sum - mean * (original[f] as number), intercept) }
}
