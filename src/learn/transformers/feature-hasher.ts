/** Hashes the cells of several columns into a few columns. */
import { arrayOf, checkOptions, nonEmptyString, ofType, wholeNumber } from '../../core/options'
import { type Column, toFloat64 } from '../../schema/column'
import { assertTable, type Table } from '../../schema/table'
import { paramsOf } from '../params'
import type { StateOf } from '../stored-parts'
import { columnsFor, type FittedTransformer, neededColumn, type Transformer } from '../transformer'
import { floatColumn } from './columnwise'
import { hashedNames, MAX_HASHED } from './hashing-vectorizer'
import { joined } from './joined'
import { hashedPlace } from './murmur-hash'

/** Options of {@link featureHasher}. */
export interface FeatureHasherOptions {
  /** How many columns everything is hashed to. @default 256 */
  readonly nFeatures?: number | undefined
  /** Subtract where the hash is negative, so that features that meet in a column cancel on average. @default true */
  readonly alternateSign?: boolean | undefined
  /** The columns are named `<prefix>_0`, `<prefix>_1`, … @default 'hashed' */
  readonly prefix?: string | undefined
  /** The columns to hash. @default all text columns but the target */
  readonly columns?: readonly string[] | undefined
}

type State = StateOf<'featureHasher'>

/**
 * A transformer that hashes the cells of all its columns together into `nFeatures` `float64` columns, in the place of the first of them,
 * as scikit-learn's `FeatureHasher` of dictionaries from column to cell: a text cell adds 1 where the hash of `column=cell` points, a number
 * or boolean adds itself where the hash of `column` points. Missing cells add nothing. For columns of very many categories; it learns
 * nothing but the names and kinds of the columns.
 *
 * @throws InvalidArgument on unknown options
 */
export function featureHasher(options: FeatureHasherOptions = {}): Transformer {
  checkOptions('featureHasher', options, {
    nFeatures: wholeNumber(1, MAX_HASHED),
    alternateSign: ofType('boolean'),
    prefix: nonEmptyString(),
    columns: arrayOf(nonEmptyString()),
  })
  const { nFeatures = 256, alternateSign = true, prefix = 'hashed', columns } = options
  return {
    kind: 'featureHasher',
    options: paramsOf({ nFeatures, alternateSign, prefix, columns }),
    withOptions: (changes) => featureHasher({ ...options, ...changes }),
    fit(table, fitOptions = {}) {
      assertTable(table, 'fit of featureHasher')
      return restoreFeatureHasher({
        kind: 'featureHasher',
        alternateSign,
        columns: columnsFor(table, columns, fitOptions, ({ type }) => type === 'string').map(({ name, type }) => ({
          name,
          holds: type === 'string' ? 'text' : 'numbers',
        })),
        nFeatures,
        prefix,
      })
    },
  }
}

/** The fitted transformer of a state. */
export function restoreFeatureHasher(state: State): FittedTransformer {
  const names = state.columns.map(({ name }) => name)
  const outputs = hashedNames(state.prefix, state.nFeatures)
  return joined({
    kind: 'featureHasher',
    columns: names,
    outputs,
    sources: () => names,
    apply: (table) => hashed(table, state, outputs),
    state: () => state,
  })
}

function hashed(table: Table, { columns, alternateSign }: State, outputs: readonly string[]): Column[] {
  const values = outputs.map(() => new Float64Array(table.numRows))
  const add = (row: number, feature: { readonly place: number; readonly sign: number }, amount: number): void => {
    const numbers = values[feature.place] as Float64Array
    numbers[row] = (numbers[row] as number) + (alternateSign ? feature.sign * amount : amount)
  }
  for (const { name, holds } of columns) {
    const column = neededColumn('featureHasher', table, name, holds)
    if (holds === 'numbers') {
      const feature = hashedPlace(name, outputs.length)
      toFloat64(column).forEach((value, row) => {
        if (value === value) add(row, feature, value)
      })
      continue
    }
    const features = (column.dictionary ?? []).map((text) => hashedPlace(`${name}=${text}`, outputs.length))
    column.storage.forEach((code, row) => {
      if (code >= 0) add(row, features[code] as (typeof features)[number], 1)
    })
  }
  return values.map((numbers, i) => floatColumn(outputs[i] as string, numbers))
}
