/** Standardises columns for a solver, and converts coefficients back to the original columns. */

/** A column changed to (value − mean) ÷ scale: mean 0, standard deviation 1. */
export interface StandardColumn {
  readonly values: Float64Array
  readonly mean: number
  /** The population standard deviation; 1 for a constant column, whose values are all 0. */
  readonly scale: number
}

/** Mean and scale of a column, as of a {@link StandardColumn}. */
export type Standard = Pick<StandardColumn, 'mean' | 'scale'>

/** The column with mean 0 and standard deviation 1. */
export function standardColumn(column: Float64Array): StandardColumn {
  const n = column.length
  const share = 1 / n
  let rough = 0
  for (let row = 0; row < n; row++) rough += (column[row] as number) * share
  // A sum of large numbers loses digits; the mean of the residuals restores them.
  const values = new Float64Array(n)
  let rest = 0
  let squares = 0
  for (let row = 0; row < n; row++) {
    const value = (column[row] as number) - rough
    values[row] = value
    rest += value * share
    squares += value * value
  }
  const mean = rough + rest
  squares -= n * rest * rest
  // A sum of squares that overflowed, or lost small squares, is taken anew from values divided by the largest one.
  const spread = squares < 1e300 && squares > 1e-280 ? Math.sqrt(squares / n) : scaledSpread(values, rest)
  if (isConstant(spread, mean)) return { values: values.fill(0), mean, scale: 1 }
  const unit = 1 / spread
  for (let row = 0; row < n; row++) values[row] = ((values[row] as number) - rest) * unit
  return { values, mean, scale: spread }
}

/** Mean and scale of a column that is 0 in all rows but those of `values`. Needs no column of residuals. */
export function sparseStandard(values: Float64Array, n: number): Standard {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += (values[i] as number) / n
  let rest = -sum * ((n - values.length) / n)
  for (let i = 0; i < values.length; i++) rest += ((values[i] as number) - sum) / n
  const mean = sum + rest
  const most = largest(values)
  let squares = most === 0 ? 0 : (n - values.length) * square(mean / most)
  for (let i = 0; i < values.length; i++) squares += square(((values[i] as number) - mean) / most)
  const spread = most * Math.sqrt(squares / n)
  return { mean, scale: isConstant(spread, mean) ? 1 : spread }
}

/** The standard deviation of values with a mean near 0. They are divided by the largest one, so that their squares neither overflow nor vanish. */
function scaledSpread(values: Float64Array, mean: number): number {
  const most = largest(values)
  if (most === 0) return 0
  let squares = 0
  for (let row = 0; row < values.length; row++) squares += square(((values[row] as number) - mean) / most)
  return most * Math.sqrt(squares / values.length)
}

function largest(values: Float64Array): number {
  let most = 0
  for (let i = 0; i < values.length; i++) if (Math.abs(values[i] as number) > most) most = Math.abs(values[i] as number)
  return most
}

function square(value: number): number {
  return value * value
}

/** Whether a spread is no more than the rounding error of its mean. */
function isConstant(spread: number, mean: number): boolean {
  return spread <= 4 * Number.EPSILON * Math.abs(mean)
}

/**
 * Coefficients and intercept for the original columns, from those for the standardised columns.
 *
 * @param coefficients one per column
 */
export function unstandard(
  columns: readonly Standard[],
  coefficients: ArrayLike<number>,
  intercept: number,
): { readonly coefficients: number[]; readonly intercept: number } {
  const original = columns.map(({ scale }, f) => (coefficients[f] as number) / scale)
  return { coefficients: original, intercept: columns.reduce((sum, { mean }, f) => sum - mean * (original[f] as number), intercept) }
}
