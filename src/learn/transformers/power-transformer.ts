/** Makes numeric columns more like a normal distribution. */
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import { arrayOf, checkOptions, nonEmptyString, ofType, oneOf } from '../../core/options'
import { type Column, toFloat64 } from '../../schema/column'
import { assertTable } from '../../schema/table'
import { paramsOf } from '../params'
import type { StateOf } from '../stored-parts'
import { columnsFor, type FittedTransformer, isNumeric, type Transformer } from '../transformer'
import { columnwise, floatColumn } from './columnwise'
import { learnedNumber, meanAndDeviation, presentNumbers } from './numbers'
import { type PowerMethod, powerLambda, powerOf } from './power-lambda'

/** Options of {@link powerTransformer}. */
export interface PowerTransformerOptions {
  /** `yeoJohnson` takes any numbers, `boxCox` only those above 0. @default 'yeoJohnson' */
  readonly method?: 'yeoJohnson' | 'boxCox' | undefined
  /** Bring the result to mean 0 and standard deviation 1. @default true */
  readonly standardize?: boolean | undefined
  /** The columns to transform. @default all numeric ones (not booleans, not timestamps) but the target */
  readonly columns?: readonly string[] | undefined
}

type State = StateOf<'powerTransformer'>

/**
 * A transformer that raises each column to the power that makes it most normal (greatest likelihood), as scikit-learn's
 * `PowerTransformer`. Missing cells are left out and stay missing; a constant column keeps its numbers. Results are `float64`.
 *
 * Sources: Box and Cox 1964; Yeo and Johnson 2000.
 *
 * @throws InvalidArgument on unknown options; on fit, for infinite numbers, and with `boxCox` for numbers ≤ 0
 */
export function powerTransformer(options: PowerTransformerOptions = {}): Transformer {
  checkOptions('powerTransformer', options, {
    method: oneOf('yeoJohnson', 'boxCox'),
    standardize: ofType('boolean'),
    columns: arrayOf(nonEmptyString()),
  })
  const { method = 'yeoJohnson', standardize = true, columns } = options
  return {
    kind: 'powerTransformer',
    options: paramsOf({ method, standardize, columns }),
    withOptions: (changes) => powerTransformer({ ...options, ...changes }),
    fit(table, fitOptions = {}) {
      assertTable(table, 'fit of powerTransformer')
      const parts = columnsFor(table, columns, fitOptions, isNumeric).map((column) => learnPower(column, method, standardize))
      return restorePowerTransformer({ kind: 'powerTransformer', method, columns: parts })
    },
  }
}

function learnPower(column: Column, method: PowerMethod, standardize: boolean): State['columns'][number] {
  const kind = 'powerTransformer'
  const { name } = column
  const values = presentNumbers(kind, column)
  const low = values.find((value) => value <= 0)
  if (method === 'boxCox' && low !== undefined) {
    throw invalidArgument(`fit of ${kind}: the method 'boxCox' takes numbers above 0, but ${show(name)} holds ${low}`, {
      hint: "use method: 'yeoJohnson'",
    })
  }
  const lambda = learnedNumber(kind, name, powerLambda(method, values))
  if (!standardize) return { name, lambda, mean: 0, scale: 1 }
  const { mean, deviation } = meanAndDeviation(values.map((value) => powerOf(method, value, lambda)))
  return { name, lambda, mean: learnedNumber(kind, name, mean), scale: deviation > 0 ? learnedNumber(kind, name, deviation) : 1 }
}

/** The fitted transformer of a state. */
export function restorePowerTransformer(state: State): FittedTransformer {
  const { method, columns } = state
  return columnwise({
    kind: 'powerTransformer',
    parts: columns,
    needs: 'numbers',
    apply: (column, { name, lambda, mean, scale }) => {
      const values = toFloat64(column)
      if (method === 'boxCox') assertPositive(name, values)
      return [
        floatColumn(
          name,
          values.map((value) => (powerOf(method, value, lambda) - mean) / scale),
        ),
      ]
    },
    state: () => state,
  })
}

function assertPositive(name: string, values: Float64Array): void {
  const row = values.findIndex((value) => value <= 0)
  if (row < 0) return
  throw new MillwrightError(
    'SchemaMismatch',
    `powerTransformer: 'boxCox' takes numbers above 0, but ${show(name)} of row ${row} is ${values[row]}`,
  )
}
