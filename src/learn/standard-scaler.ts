/** Scales numeric columns to mean 0 and standard deviation 1. */
import { arrayOf, checkOptions, nonEmptyString, ofType } from '../core/options'
import { toFloat64 } from '../schema/column'
import { assertTable } from '../schema/table'
import { paramsOf } from './params'
import type { StateOf } from './stored-parts'
import { columnsFor, type FittedTransformer, isNumeric, type Transformer } from './transformer'
import { columnwise, floatColumn } from './transformers/columnwise'
import { learnedNumber, meanAndDeviation, presentNumbers } from './transformers/numbers'

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
 * A transformer that gives (x − mean) ÷ standard deviation (divisor n), as scikit-learn's `StandardScaler`. Missing cells are left out
 * of both and stay missing; a constant column is only shifted. Results are `float64`.
 *
 * @throws InvalidArgument on unknown options; on fit, for infinite numbers
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
    withOptions: (changes) => standardScaler({ ...options, ...changes }),
    fit(table, fitOptions = {}) {
      assertTable(table, 'fit of standardScaler')
      return fittedScaler(
        columnsFor(table, columns, fitOptions, isNumeric).map((column): Scaling => {
          const { name } = column
          const { mean, deviation } = meanAndDeviation(presentNumbers('standardScaler', column))
          return {
            name,
            mean: withMean ? learnedNumber('standardScaler', name, mean) : 0,
            scale: withStd && deviation > 0 ? learnedNumber('standardScaler', name, deviation) : 1,
          }
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
  return columnwise<Scaling>({
    kind: 'standardScaler',
    parts: scalings,
    needs: 'numbers',
    apply: (column, { name, mean, scale }) => [
      floatColumn(
        name,
        toFloat64(column).map((value) => (value - mean) / scale),
      ),
    ],
    state: () => ({ kind: 'standardScaler', columns: scalings }),
  })
}
