/** Brings numeric columns to median 0 and interquartile range 1. */
import { anything, arrayOf, checkOptions, nonEmptyString, ofType } from '../../core/options'
import { toFloat64 } from '../../schema/column'
import { assertTable } from '../../schema/table'
import { normalIsf } from '../../stats/normal'
import { sortFloat64 } from '../../stats/sort'
import { paramsOf } from '../params'
import type { StateOf } from '../stored-parts'
import { columnsFor, type FittedTransformer, isNumeric, type Transformer } from '../transformer'
import { columnwise, floatColumn } from './columnwise'
import { checkRange } from './min-max-scaler'
import { learnedNumber, presentNumbers, widthOr1 } from './numbers'
import { percentileOf } from './percentile'

/** Options of {@link robustScaler}. */
export interface RobustScalerOptions {
  /** Subtract the median. @default true */
  readonly withCentering?: boolean | undefined
  /** Divide by the range between the two quantiles. @default true */
  readonly withScaling?: boolean | undefined
  /** The two quantiles in percent, 0 to 100. @default [25, 75] */
  readonly quantileRange?: readonly [low: number, high: number] | undefined
  /** Scale further, so that normal numbers have variance 1. @default false */
  readonly unitVariance?: boolean | undefined
  /** The columns to scale. @default all numeric ones (not booleans, not timestamps) but the target */
  readonly columns?: readonly string[] | undefined
}

type State = StateOf<'robustScaler'>

/**
 * A transformer that gives (x − median) ÷ (upper − lower quantile), as scikit-learn's `RobustScaler`: outliers weigh little. Missing
 * cells are left out and stay missing; a range of 0 divides by 1. Results are `float64`.
 *
 * @throws InvalidArgument on unknown options or a range that does not rise; on fit, for infinite numbers
 */
export function robustScaler(options: RobustScalerOptions = {}): Transformer {
  checkOptions('robustScaler', options, {
    withCentering: ofType('boolean'),
    withScaling: ofType('boolean'),
    quantileRange: anything(),
    unitVariance: ofType('boolean'),
    columns: arrayOf(nonEmptyString()),
  })
  const { withCentering = true, withScaling = true, quantileRange = [25, 75], unitVariance = false, columns } = options
  checkRange('`quantileRange` of robustScaler', quantileRange, unitVariance ? [1e-12, 100 - 1e-12] : [0, 100])
  const [low, high] = quantileRange
  const unit = unitVariance ? normalIsf(1 - high / 100) - normalIsf(1 - low / 100) : 1
  return {
    kind: 'robustScaler',
    options: paramsOf({ withCentering, withScaling, quantileRange, unitVariance, columns }),
    withOptions: (changes) => robustScaler({ ...options, ...changes }),
    fit(table, fitOptions = {}) {
      assertTable(table, 'fit of robustScaler')
      const parts = columnsFor(table, columns, fitOptions, isNumeric).map((column) => {
        const { name } = column
        const sorted = sortFloat64(presentNumbers('robustScaler', column))
        if (sorted.length === 0) return { name, center: 0, scale: 1 }
        const width = percentileOf(sorted, high / 100, 'linear') - percentileOf(sorted, low / 100, 'linear')
        return {
          name,
          center: withCentering ? learnedNumber('robustScaler', name, percentileOf(sorted, 0.5, 'linear')) : 0,
          scale: withScaling ? widthOr1(learnedNumber('robustScaler', name, width)) / unit : 1,
        }
      })
      return restoreRobustScaler({ kind: 'robustScaler', columns: parts })
    },
  }
}

/** The fitted scaler of a state. */
export function restoreRobustScaler(state: State): FittedTransformer {
  return columnwise({
    kind: 'robustScaler',
    parts: state.columns,
    needs: 'numbers',
    apply: (column, { name, center, scale }) => [
      floatColumn(
        name,
        toFloat64(column).map((value) => (value - center) / scale),
      ),
    ],
    state: () => state,
  })
}
