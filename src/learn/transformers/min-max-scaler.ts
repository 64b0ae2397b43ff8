/** Brings numeric columns into a range. */
import { invalidArgument, show } from '../../core/errors'
import { anything, arrayOf, checkOptions, nonEmptyString, ofType } from '../../core/options'
import { toFloat64 } from '../../schema/column'
import { assertTable } from '../../schema/table'
import { paramsOf } from '../params'
import type { StateOf } from '../stored-parts'
import { columnsFor, type FittedTransformer, isNumeric, type Transformer } from '../transformer'
import { columnwise, floatColumn } from './columnwise'
import { learnedNumber, presentNumbers, widthOr1 } from './numbers'

/** Options of {@link minMaxScaler}. */
export interface MinMaxScalerOptions {
  /** Where the smallest and the largest number of training go. @default [0, 1] */
  readonly featureRange?: readonly [min: number, max: number] | undefined
  /** Keep numbers beyond those of training within the range. @default false */
  readonly clip?: boolean | undefined
  /** The columns to scale. @default all numeric ones (not booleans, not timestamps) but the target */
  readonly columns?: readonly string[] | undefined
}

type State = StateOf<'minMaxScaler'>

/**
 * A transformer that gives x · scale + shift, so that a column's training values fill `featureRange`, as scikit-learn's `MinMaxScaler`.
 * Missing cells stay missing; a constant column becomes the lower end. Results are `float64`.
 *
 * @throws InvalidArgument on unknown options or a range that does not rise; on fit, for infinite numbers
 */
export function minMaxScaler(options: MinMaxScalerOptions = {}): Transformer {
  checkOptions('minMaxScaler', options, { featureRange: anything(), clip: ofType('boolean'), columns: arrayOf(nonEmptyString()) })
  const { featureRange = [0, 1], clip = false, columns } = options
  checkRange('`featureRange` of minMaxScaler', featureRange)
  const [low, high] = featureRange
  return {
    kind: 'minMaxScaler',
    options: paramsOf({ featureRange, clip, columns }),
    withOptions: (changes) => minMaxScaler({ ...options, ...changes }),
    fit(table, fitOptions = {}) {
      assertTable(table, 'fit of minMaxScaler')
      const parts = columnsFor(table, columns, fitOptions, isNumeric).map((column) => {
        const { name } = column
        const numbers = presentNumbers('minMaxScaler', column)
        if (numbers.length === 0) return { name, scale: 1, shift: 0 }
        const least = numbers.reduce((a, b) => Math.min(a, b))
        const most = numbers.reduce((a, b) => Math.max(a, b))
        const scale = learnedNumber('minMaxScaler', name, (high - low) / widthOr1(learnedNumber('minMaxScaler', name, most - least)))
        return { name, scale, shift: learnedNumber('minMaxScaler', name, low - least * scale) }
      })
      return restoreMinMaxScaler({ kind: 'minMaxScaler', columns: parts, ...(clip ? { clip: [low, high] } : {}) })
    },
  }
}

/** The fitted scaler of a state. */
export function restoreMinMaxScaler(state: State): FittedTransformer {
  const { columns, clip } = state
  const [low, high] = clip ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
  return columnwise({
    kind: 'minMaxScaler',
    parts: columns,
    needs: 'numbers',
    apply: (column, { name, scale, shift }) => [
      // Math.min and Math.max give NaN for NaN: missing stays missing.
      floatColumn(
        name,
        toFloat64(column).map((value) => Math.min(high, Math.max(low, value * scale + shift))),
      ),
    ],
    state: () => state,
  })
}

/** Checks two numbers that rise. @throws InvalidArgument */
export function checkRange(subject: string, range: unknown, [least, most] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]): void {
  const fine = Array.isArray(range) && range.length === 2 && range.every((end) => Number.isFinite(end) && end >= least && end <= most)
  if (fine && range[0] < range[1]) return
  const within = Number.isFinite(least) ? ` from ${least} to ${most}` : ''
  throw invalidArgument(`${subject} must be two numbers${within}, the smaller one first, got ${show(range)}`)
}
