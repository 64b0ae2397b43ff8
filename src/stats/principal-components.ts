/** Principal components of standardised columns, and how badly rows are rebuilt from them. */
import { invalidArgument, show } from '../core/errors'
import { checkOptions, finiteNumber } from '../core/options'
import { assertNumbers, assertRows } from './sample'
import { symmetricEigen } from './symmetric-eigen'

/** Options of {@link principalComponents}. */
export interface PrincipalComponentsOptions {
  /** Share of the variance that the kept components must reach; in (0, 1]. @default 0.65 */
  readonly variance?: number | undefined
}

/** Components of a table of numbers. Plain JSON. */
export interface PrincipalComponents {
  /** Means and population standard deviations of the columns; a column without spread has 1. */
  readonly mean: readonly number[]
  readonly std: readonly number[]
  /** One direction of length 1 a component, by descending variance. */
  readonly components: readonly (readonly number[])[]
  /** Shares of the variance of all components, kept or not. */
  readonly explainedVarianceRatio: readonly number[]
}

/**
 * Principal components of rows, each column standardised. O(rows · columns² + columns³).
 *
 * @param rows at least two, of equal length, finite
 * @throws InvalidArgument otherwise
 */
export function principalComponents(rows: readonly ArrayLike<number>[], options: PrincipalComponentsOptions = {}): PrincipalComponents {
  checkOptions('principalComponents', options, { variance: finiteNumber(Number.MIN_VALUE, 1) })
  assertRows('principalComponents', rows)
  const width = rows[0]?.length ?? 0
  if (rows.length < 2 || width === 0) throw invalidArgument(`principalComponents needs at least two rows of numbers, got ${show(rows)}`)
  const mean = new Array<number>(width).fill(0)
  for (const row of rows) {
    if (row.length !== width) throw invalidArgument(`principalComponents: all rows must have ${width} values, got ${row.length}`)
    for (let i = 0; i < width; i++) {
      if (!Number.isFinite(row[i])) throw invalidArgument(`principalComponents needs finite values, got ${show(row[i])}`)
      mean[i] = (mean[i] as number) + (row[i] as number) / rows.length
    }
  }
  const std = mean.map((centre, i) => Math.sqrt(rows.reduce((sum, row) => sum + ((row[i] as number) - centre) ** 2, 0) / rows.length) || 1)
  const scaled = rows.map((row) => standardised(row, mean, std))
  const covariance = mean.map((_, i) =>
    mean.map((_unused, j) => scaled.reduce((sum, row) => sum + (row[i] as number) * (row[j] as number), 0) / rows.length),
  )
  const { values, vectors } = symmetricEigen(covariance)
  const total = values.reduce((sum, value) => sum + Math.max(0, value), 0)
  const explainedVarianceRatio = Array.from(values, (value) => (total > 0 ? Math.max(0, value) / total : 0))
  let [kept, reached] = [0, 0]
  while (kept < width && reached < (options.variance ?? 0.65) - 1e-12) reached += explainedVarianceRatio[kept++] as number
  return { mean, std, components: vectors.slice(0, Math.max(1, kept)).map((vector) => Array.from(vector)), explainedVarianceRatio }
}

/**
 * The Euclidean length of what is lost when each standardised row is projected onto the components and back.
 *
 * @throws InvalidArgument when the rows are no arrays, or `principal` is not what {@link principalComponents} gives
 */
export function reconstructionErrors(rows: readonly ArrayLike<number>[], principal: PrincipalComponents): Float64Array {
  assertRows('reconstructionErrors', rows)
  const { mean, std, components } = principal ?? {}
  assertNumbers('reconstructionErrors', mean, std)
  assertRows('reconstructionErrors', components)
  return Float64Array.from(rows, (row) => {
    const rest = standardised(row, mean, std)
    const whole = Float64Array.from(rest)
    for (const direction of components) {
      const along = direction.reduce((sum, part, i) => sum + part * (whole[i] as number), 0)
      for (let i = 0; i < rest.length; i++) rest[i] = (rest[i] as number) - along * (direction[i] as number)
    }
    return Math.sqrt(rest.reduce((sum, value) => sum + value * value, 0))
  })
}

function standardised(row: ArrayLike<number>, mean: readonly number[], std: readonly number[]): number[] {
  return mean.map((centre, i) => ((row[i] as number) - centre) / (std[i] as number))
}
