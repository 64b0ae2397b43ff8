/** Turns text columns into numbers: the position of the category in order. */
import { MillwrightError, show } from '../core/errors'
import { arrayOf, checkOptions, nonEmptyString, oneOf } from '../core/options'
import { type Column, makeColumn } from '../schema/column'
import { assertTable } from '../schema/table'
import { categoryCodes } from './one-hot-encoder'
import { paramsOf } from './params'
import type { StateOf } from './stored-parts'
import { columnsFor, type FittedTransformer, replaceColumns, type Transformer } from './transformer'

/** Options of {@link ordinalEncoder}. */
export interface OrdinalEncoderOptions {
  /** The columns to encode. @default all text columns but the target */
  readonly columns?: readonly string[] | undefined
  /** For a category never seen in training: a missing value, or an error. @default 'missing' */
  readonly handleUnknown?: 'missing' | 'error' | undefined
}

interface Order {
  readonly name: string
  readonly categories: readonly string[]
}

/**
 * A transformer that replaces the categories of a column, in ascending order by code unit, by 0, 1, 2 … (`float64`). Missing cells stay missing.
 * Cheap for forests, which can cut the order anywhere; for linear models use `oneHotEncoder`.
 *
 * @throws InvalidArgument on unknown options
 */
export function ordinalEncoder(options: OrdinalEncoderOptions = {}): Transformer {
  checkOptions('ordinalEncoder', options, { columns: arrayOf(nonEmptyString()), handleUnknown: oneOf('missing', 'error') })
  const { columns, handleUnknown = 'missing' } = options
  return {
    kind: 'ordinalEncoder',
    options: paramsOf({ columns, handleUnknown }),
    fit(table, { target } = {}) {
      assertTable(table, 'fit of ordinalEncoder')
      const orders = columnsFor(table, { columns, target }, ({ type }) => type === 'string').map((column): Order => {
        const { codes, texts } = categoryCodes(column)
        const present = new Set<string>()
        for (const code of codes) if (code >= 0) present.add(texts[code] as string)
        return { name: column.name, categories: [...present].sort() }
      })
      return fittedOrdinal(orders, handleUnknown)
    },
  }
}

/** Restores the encoder from its state. */
export function restoreOrdinalEncoder({ columns, handleUnknown }: StateOf<'ordinalEncoder'>): FittedTransformer {
  return fittedOrdinal(columns, handleUnknown)
}

function fittedOrdinal(orders: readonly Order[], handleUnknown: 'missing' | 'error'): FittedTransformer {
  return {
    kind: 'ordinalEncoder',
    inputs: orders.map(({ name }) => name),
    transform: (table) => replaceColumns('ordinalEncoder', table, orders, (column, item) => [encode(column, item, handleUnknown)]),
    sourcesOf: (outputs) => [...outputs],
    state: () => ({ kind: 'ordinalEncoder', handleUnknown, columns: orders }),
  }
}

function encode(column: Column, { name, categories }: Order, handleUnknown: 'missing' | 'error'): Column {
  const { codes, texts } = categoryCodes(column)
  const position = new Map(categories.map((category, i) => [category, i] as const))
  const values = new Float64Array(column.length)
  for (let row = 0; row < values.length; row++) {
    const code = codes[row] as number
    const number = code < 0 ? undefined : position.get(texts[code] as string)
    if (number === undefined && code >= 0 && handleUnknown === 'error') {
      throw new MillwrightError(
        'SchemaMismatch',
        `ordinalEncoder: ${show(name)} of row ${row} is ${show(texts[code])}, which training did not have`,
      )
    }
    values[row] = number ?? Number.NaN
  }
  return makeColumn(name, { type: 'float64', values })
}
