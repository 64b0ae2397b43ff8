/** Scales numeric columns to mean 0 and standard deviation 1. */
import { arrayOf, checkOptions, nonEmptyString, ofType } from '../core/options'
import { type Column, makeColumn, toFloat64 } from '../schema/column'
import { assertTable } from '../schema/table'
import { paramsOf } from './params'
import type { StateOf } from './stored-parts'
import { columnsFor, type FittedTransformer, isNumeric, replaceColumns, type Transformer } from './transformer'

/** Options of {@link standardScaler}. */
export interface StandardScalerOptions {
  /** Subtract the mean. @default true */
  readonly withMean?: boolean | undefined
  /** Divide by the standard deviation. @default true */
  readonly withStd?: boolean | undefined
  /** The columns to scale. @default all numeric ones (not booleans, not timestamps) but the target */
  readonly columns?: readonly string[] | undefined
}

interface Scaling {
  readonly name: string
  readonly mean: number
  readonly scale: number
}

/**
 * A transformer that gives (x − mean) ÷ standard deviation (divisor n, as scikit-learn). Missing cells are left out of both and
 * stay missing; a constant column is only shifted. Results are `float64`.
 *
 * @throws InvalidArgument on unknown options
 */
export function standardScaler(options: StandardScalerOptions = {}): Transformer {
  checkOptions('standardScaler', options, {
    withMean: ofType('boolean'),
    withStd: ofType('boolean'),
    columns: arrayOf(nonEmptyString()),
  })
  const { withMean = true, withStd = true, columns } = options
  return {
    kind: 'standardScaler',
    options: paramsOf({ withMean, withStd, columns }),
    fit(table, { target } = {}) {
      assertTable(table, 'fit of standardScaler')
      return fittedScaler(
        columnsFor(table, { columns, target }, isNumeric).map((column): Scaling => {
          const { mean, deviation } = momentsOf(toFloat64(column))
          return { name: column.name, mean: withMean ? mean : 0, scale: withStd && deviation > 0 ? deviation : 1 }
        }),
      )
    },
  }
}

/** Restores the scaler from its state. */
export function restoreStandardScaler({ columns }: StateOf<'standardScaler'>): FittedTransformer {
  return fittedScaler(columns)
}

function fittedScaler(scalings: readonly Scaling[]): FittedTransformer {
  return {
    kind: 'standardScaler',
    inputs: scalings.map(({ name }) => name),
    transform: (table) => replaceColumns('standardScaler', table, scalings, (column, item) => [scaled(column, item)], 'numbers'),
    sourcesOf: (outputs) => [...outputs],
    state: () => ({ kind: 'standardScaler', columns: scalings }),
  }
}

function scaled(column: Column, { name, mean, scale }: Scaling): Column {
  return makeColumn(name, { type: 'float64', values: toFloat64(column).map((value) => (value - mean) / scale) })
}

/** Mean and population standard deviation of the values that are not missing. Two passes, so that a large mean loses no digits. */
function momentsOf(values: Float64Array): { mean: number; deviation: number } {
  let count = 0
  let sum = 0
  for (const value of values) {
    if (value !== value) continue
    sum += value
    count++
  }
  if (count === 0) return { mean: 0, deviation: 0 }
  const mean = sum / count
  let squares = 0
  let rest = 0
  for (const value of values) {
    if (value !== value) continue
    squares += (value - mean) ** 2
    rest += value - mean
  }
  const variance = (squares - (rest * rest) / count) / count
  // A column whose standard deviation is below the rounding error of the mean counts as constant (scikit-learn's rule).
  const noise = count * 2.220446049250313e-16 * (variance + count * (mean * 2.220446049250313e-16) ** 2)
  return { mean, deviation: variance <= noise || variance < (10 * 2.220446049250313e-16 * mean) ** 2 ? 0 : Math.sqrt(variance) }
}
