/** Turns text columns into numbers: the position of the category in order. */
import { invalidArgument, show } from '../core/errors'
import { arrayOf, checkOptions, nonEmptyString, ofType, oneOf } from '../core/options'
import type { Column } from '../schema/column'
import { assertTable } from '../schema/table'
import { paramsOf } from './params'
import type { StateOf } from './stored-parts'
import { columnsFor, type FittedTransformer, type Transformer } from './transformer'
import { checkLists, countCategories, listOf, positionsOf, rareOf, rareRules, unknownCategory } from './transformers/categories'
import { columnwise, floatColumn } from './transformers/columnwise'

/** Options of {@link ordinalEncoder}. */
export interface OrdinalEncoderOptions {
  /** The columns to encode. @default all text columns but the target */
  readonly columns?: readonly string[] | undefined
  /** The categories of some columns, in order. @default those of training: numbers by size, text by code point */
  readonly categories?: Readonly<Record<string, readonly (string | number | boolean)[]>> | undefined
  /** For a category never seen in training: a missing value, an error, or `unknownValue`. @default 'missing' */
  readonly handleUnknown?: 'missing' | 'error' | 'useEncodedValue' | undefined
  /** The number of unknown categories, for `useEncodedValue`; none that a category has. */
  readonly unknownValue?: number | undefined
  /** The number of missing cells. @default they stay missing */
  readonly encodedMissingValue?: number | undefined
  /** Categories of fewer rows (below 1: of a smaller share of the rows) share the last number. @default none */
  readonly minFrequency?: number | undefined
  /** At most this many numbers for a column, that of the rare categories included; missing and unknown cells do not count. @default all */
  readonly maxCategories?: number | undefined
}

type State = StateOf<'ordinalEncoder'>
type Order = State['columns'][number]

/**
 * A transformer that puts 0, 1, 2 … (`float64`) for the categories of a column in order, as scikit-learn's `OrdinalEncoder`.
 * Cheap for forests, which can cut the order anywhere; for linear models use `oneHotEncoder`.
 *
 * @throws InvalidArgument on unknown options; on fit, when a number of `unknownValue` or `encodedMissingValue` is that of a category
 */
export function ordinalEncoder(options: OrdinalEncoderOptions = {}): Transformer {
  checkOptions('ordinalEncoder', options, {
    columns: arrayOf(nonEmptyString()),
    categories: ofType('object'),
    handleUnknown: oneOf('missing', 'error', 'useEncodedValue'),
    unknownValue: ofType('number'),
    encodedMissingValue: ofType('number'),
    ...rareRules(),
  })
  const { columns, categories: lists, handleUnknown = 'missing', minFrequency, maxCategories } = options
  checkLists('ordinalEncoder', lists)
  if ((handleUnknown === 'useEncodedValue') !== (options.unknownValue !== undefined)) {
    throw invalidArgument(
      `\`unknownValue\` of ordinalEncoder goes with handleUnknown 'useEncodedValue', got ${show(options.unknownValue)} with ${show(handleUnknown)}`,
    )
  }
  const { unknownValue, encodedMissingValue } = {
    unknownValue: stored(options.unknownValue),
    encodedMissingValue: stored(options.encodedMissingValue),
  }
  const values = {
    ...(unknownValue === undefined ? {} : { unknownValue }),
    ...(encodedMissingValue === undefined ? {} : { encodedMissingValue }),
  }
  return {
    kind: 'ordinalEncoder',
    options: paramsOf({ columns, categories: lists, handleUnknown, ...values, minFrequency, maxCategories }),
    withOptions: (changes) => ordinalEncoder({ ...options, ...changes }),
    fit(table, fitOptions = {}) {
      assertTable(table, 'fit of ordinalEncoder')
      const orders = columnsFor(table, columns, fitOptions, ({ type }) => type === 'string').map((column): Order => {
        const { name } = column
        const found = countCategories('ordinalEncoder', column, {
          missing: false,
          list: listOf(lists, name),
          strict: handleUnknown === 'error',
        })
        const all = found.categories as readonly string[]
        const rare = rareOf(found.counts, column.length, { minFrequency, maxCategories })
        const categories = all.filter((_, i) => rare[i] !== true)
        const infrequent = all.filter((_, i) => rare[i] === true)
        assertFree(name, values, categories.length + Math.min(1, infrequent.length))
        return { name, categories, ...(infrequent.length > 0 ? { infrequent } : {}) }
      })
      return restoreOrdinalEncoder({
        kind: 'ordinalEncoder',
        handleUnknown: handleUnknown === 'error' ? 'error' : 'missing',
        ...values,
        columns: orders,
      })
    },
  }
}

/** The fitted encoder of a state. */
export function restoreOrdinalEncoder(state: State): FittedTransformer {
  return columnwise<Order>({
    kind: 'ordinalEncoder',
    parts: state.columns,
    apply: (column, order) => [encode(column, order, state)],
    state: () => state,
  })
}

function encode(column: Column, { name, categories, infrequent = [] }: Order, state: State): Column {
  const { unknownValue = Number.NaN, encodedMissingValue = Number.NaN } = state
  const positions = positionsOf(column, [...categories, ...infrequent])
  const values = Float64Array.from(positions, (place, row) => {
    if (place >= 0) return Math.min(place, categories.length)
    if (column.at(row) === null) return encodedMissingValue
    if (state.handleUnknown === 'error') throw unknownCategory('ordinalEncoder', column, row)
    return unknownValue
  })
  return floatColumn(name, values)
}

/** `NaN` is what is taken without the option; other numbers must be finite. @throws InvalidArgument */
function stored(value: number | undefined): number | undefined {
  if (value === undefined || value !== value) return undefined
  if (Number.isFinite(value)) return value + 0
  throw invalidArgument(`the numbers of unknown and missing cells of ordinalEncoder must be finite or NaN, got ${value}`)
}

function assertFree(name: string, values: Readonly<Record<string, number>>, count: number): void {
  for (const [option, value] of Object.entries(values)) {
    if (!Number.isInteger(value) || value < 0 || value >= count) continue
    throw invalidArgument(`\`${option}\` of ordinalEncoder is ${value}, which is the number of a category of ${show(name)}`, {
      hint: 'take a negative number',
    })
  }
}
