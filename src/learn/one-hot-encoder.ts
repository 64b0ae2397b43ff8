/** Turns text columns into one boolean column per category. */
import { invalidArgument, show } from '../core/errors'
import { anything, arrayOf, checkOptions, nonEmptyString, ofType, oneOf } from '../core/options'
import { type Column, makeColumn } from '../schema/column'
import { assertTable } from '../schema/table'
import { corruptModel } from './model-format'
import { paramsOf } from './params'
import type { StateOf } from './stored-parts'
import { columnsFor, type FittedTransformer, type Transformer } from './transformer'
import {
  type Category,
  checkLists,
  countCategories,
  listOf,
  positionsOf,
  rareOf,
  rareRules,
  unknownCategory,
} from './transformers/categories'
import { columnwise } from './transformers/columnwise'

/** More categories than this need `maxCategories`, because columns of names or ids are seldom meant as features. */
const CATEGORY_LIMIT = 1000

/** Options of {@link oneHotEncoder}. */
export interface OneHotEncoderOptions {
  /** The columns to encode; named ones may also be numbers or booleans. @default all text columns but the target */
  readonly columns?: readonly string[] | undefined
  /** The categories of some columns, in order. @default those of training: numbers by size, text by code point */
  readonly categories?: Readonly<Record<string, readonly (string | number | boolean)[]>> | undefined
  /**
   * For a category never seen in training: all zeros, an error, or the column of the rare categories (all zeros where there is none).
   * @default 'ignore'
   */
  readonly handleUnknown?: 'ignore' | 'error' | 'infrequentIfExist' | undefined
  /** For a missing cell: all zeros, or a category `<name>_nan` of its own, as in scikit-learn. @default 'zeros' */
  readonly handleMissing?: 'zeros' | 'category' | undefined
  /** Leave out the column of the first category, of the first of two, or of the named categories: for linear models. @default none */
  readonly drop?: 'first' | 'ifBinary' | Readonly<Record<string, string | number | boolean>> | undefined
  /** Categories of fewer rows (below 1: of a smaller share of the rows) share the column `<name>_infrequent_sklearn`. @default none */
  readonly minFrequency?: number | undefined
  /** At most this many columns for a column, that of the rare categories included. @default all, up to 1,000 */
  readonly maxCategories?: number | undefined
}

type State = StateOf<'oneHotEncoder'>
type Encoding = State['columns'][number]
type Options = Pick<OneHotEncoderOptions, 'categories' | 'handleUnknown' | 'handleMissing' | 'drop' | 'minFrequency' | 'maxCategories'>

/**
 * A transformer that puts `<name>_<category>` boolean columns in the place of each column, as scikit-learn's `OneHotEncoder`.
 *
 * @throws InvalidArgument on unknown options; on fit, when a column has more than 1,000 categories and neither `maxCategories` nor
 * `minFrequency` is given
 */
export function oneHotEncoder(options: OneHotEncoderOptions = {}): Transformer {
  checkOptions('oneHotEncoder', options, {
    columns: arrayOf(nonEmptyString()),
    categories: ofType('object'),
    handleUnknown: oneOf('ignore', 'error', 'infrequentIfExist'),
    handleMissing: oneOf('zeros', 'category'),
    drop: anything(),
    ...rareRules(),
  })
  checkLists('oneHotEncoder', options.categories)
  checkDrop(options.drop)
  const { columns, handleUnknown = 'ignore', handleMissing = 'zeros', ...others } = options
  return {
    kind: 'oneHotEncoder',
    options: paramsOf({ columns, handleUnknown, handleMissing, ...others }),
    withOptions: (changes) => oneHotEncoder({ ...options, ...changes }),
    fit(table, fitOptions = {}) {
      assertTable(table, 'fit of oneHotEncoder')
      const encodings = columnsFor(table, columns, fitOptions, ({ type }) => type === 'string').map((column) =>
        learnEncoding(column, { ...others, handleUnknown, handleMissing }),
      )
      return fittedEncoder({ kind: 'oneHotEncoder', handleUnknown, handleMissing, columns: encodings })
    },
  }
}

/** The same encoder again, from its state. @throws Corrupt when names and categories do not go together */
export function restoreOneHotEncoder(state: State): FittedTransformer {
  for (const { name, categories, outputs, infrequent = [] } of state.columns) {
    const extra = outputs === undefined ? 0 : outputs.length - categories.length
    if (extra !== 0 && !(extra === 1 && infrequent.length > 0)) {
      throw corruptModel(`${outputs?.length} output names for ${categories.length} categories of ${show(name)}`)
    }
  }
  return fittedEncoder(state)
}

function learnEncoding(column: Column, options: Options): Encoding {
  const { categories: lists, handleUnknown, handleMissing, drop, minFrequency, maxCategories } = options
  const { name } = column
  const { categories, counts } = countCategories('oneHotEncoder', column, {
    missing: handleMissing === 'category',
    list: listOf(lists, name),
    strict: handleUnknown === 'error',
  })
  const limited = minFrequency !== undefined || maxCategories !== undefined
  if (!limited && categories.length > CATEGORY_LIMIT) {
    throw invalidArgument(`oneHotEncoder: column ${show(name)} has ${categories.length} categories, more than ${CATEGORY_LIMIT}`, {
      hint: 'set `maxCategories`, or drop the column',
    })
  }
  const rare = rareOf(counts, column.length, { minFrequency, maxCategories })
  const frequent = categories.filter((_, i) => rare[i] !== true)
  const infrequent = categories.filter((_, i) => rare[i] === true)
  const outputs = frequent.map((category) => `${name}_${category ?? 'nan'}`)
  if (infrequent.length > 0) outputs.push(`${name}_infrequent_sklearn`)
  const place = droppedPlace(name, drop, { frequent, infrequent, width: outputs.length })
  const dropped = place === undefined ? [] : place < frequent.length ? [frequent[place] as Category] : infrequent
  return {
    name,
    categories: frequent.filter((_, i) => i !== place),
    outputs: outputs.filter((_, i) => i !== place),
    ...(infrequent.length > 0 && dropped !== infrequent ? { infrequent } : {}),
    ...(dropped.length > 0 ? { dropped } : {}),
  }
}

/** Which of a column's outputs is left out. */
function droppedPlace(
  name: string,
  drop: OneHotEncoderOptions['drop'],
  {
    frequent,
    infrequent,
    width,
  }: { readonly frequent: readonly Category[]; readonly infrequent: readonly Category[]; readonly width: number },
): number | undefined {
  if (drop === 'first') return width > 0 ? 0 : undefined
  if (drop === 'ifBinary') return width === 2 ? 0 : undefined
  if (drop === undefined || !Object.hasOwn(drop, name)) return undefined
  const category = String(drop[name])
  const place = frequent.indexOf(category)
  if (place >= 0) return place
  const why = infrequent.includes(category) ? 'it is one of the rare categories' : 'training did not have it'
  throw invalidArgument(`\`drop\` of oneHotEncoder cannot leave out ${show(category)} of ${show(name)}: ${why}`)
}

function fittedEncoder(state: State): FittedTransformer {
  return columnwise<Encoding>({
    kind: 'oneHotEncoder',
    parts: state.columns,
    outputs: namesOf,
    apply: (column, encoding) => encode(column, encoding, state),
    state: () => state,
  })
}

/** Models stored before the names were kept have `<name>=<category>` columns. */
function namesOf({ name, categories, outputs }: Encoding): readonly string[] {
  return outputs ?? categories.map((category) => `${name}=${category}`)
}

function encode(column: Column, encoding: Encoding, { handleUnknown, handleMissing = 'zeros' }: State): Column[] {
  const { categories, infrequent = [], dropped = [] } = encoding
  const known = [...categories, ...infrequent, ...(typeof dropped === 'string' ? [dropped] : dropped)]
  const names = namesOf(encoding)
  const outputs = names.map(() => new Uint8Array(column.length))
  const rare = names.length > categories.length ? categories.length : -1
  const lastRare = categories.length + infrequent.length
  const positions = positionsOf(column, known)
  for (let row = 0; row < positions.length; row++) {
    let place = positions[row] as number
    if (place < 0) {
      if (column.at(row) === null && handleMissing === 'zeros') continue
      if (handleUnknown === 'error') throw unknownCategory('oneHotEncoder', column, row)
      if (handleUnknown === 'ignore') continue
      place = rare
    } else if (place >= categories.length) place = place < lastRare ? rare : -1
    if (place >= 0) (outputs[place] as Uint8Array)[row] = 1
  }
  return outputs.map((values, i) => makeColumn(names[i] as string, { type: 'boolean', values }))
}

function checkDrop(drop: unknown): void {
  if (drop === undefined || drop === 'first' || drop === 'ifBinary') return
  const plain = typeof drop === 'object' && drop !== null && !Array.isArray(drop)
  if (plain && Object.values(drop).every((item) => ['string', 'number', 'boolean'].includes(typeof item))) return
  throw invalidArgument(`\`drop\` of oneHotEncoder must be 'first', 'ifBinary' or a category for each named column, got ${show(drop)}`)
}
