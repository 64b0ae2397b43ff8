/** Turns text columns into one boolean column per category. */
import { invalidArgument, MillwrightError, show } from '../core/errors'
import { arrayOf, checkOptions, nonEmptyString, ofType, oneOf, wholeNumber } from '../core/options'
import { type Column, makeColumn } from '../schema/column'
import { assertTable } from '../schema/table'
import { paramsOf } from './params'
import type { StateOf } from './stored-parts'
import { columnsFor, type FittedTransformer, replaceColumns, type Transformer } from './transformer'

/** More categories than this need `maxCategories`, because columns of names or ids are seldom meant as features. */
const CATEGORY_LIMIT = 1000

/** Options of {@link oneHotEncoder}. */
export interface OneHotEncoderOptions {
  /** The columns to encode; named ones may also be numbers or booleans. @default all text columns but the target */
  readonly columns?: readonly string[] | undefined
  /** For a category never seen in training: all zeros, or an error. @default 'ignore' */
  readonly handleUnknown?: 'ignore' | 'error' | undefined
  /** Keep only this many of the most frequent categories of a column; the rest are all zeros. @default all, up to 1,000 */
  readonly maxCategories?: number | undefined
  /** Leave out the first category of each column, for linear models. @default false */
  readonly dropFirst?: boolean | undefined
}

interface Encoding {
  readonly name: string
  /** Categories with a column, ascending by code unit. */
  readonly categories: readonly string[]
  /** The category left out by `dropFirst`. */
  readonly dropped?: string | undefined
}

/**
 * A transformer that replaces each column by boolean columns `<name>=<category>`. A missing cell gives all zeros.
 * Categories are ordered by code unit.
 *
 * @throws InvalidArgument on unknown options, and when a column has more than 1,000 categories and `maxCategories` is not given
 */
export function oneHotEncoder(options: OneHotEncoderOptions = {}): Transformer {
  checkOptions('oneHotEncoder', options, {
    columns: arrayOf(nonEmptyString()),
    handleUnknown: oneOf('ignore', 'error'),
    maxCategories: wholeNumber(1),
    dropFirst: ofType('boolean'),
  })
  const { columns, handleUnknown = 'ignore', maxCategories, dropFirst = false } = options
  if (handleUnknown === 'error' && maxCategories !== undefined) {
    throw invalidArgument(
      "`handleUnknown` of oneHotEncoder cannot be 'error' together with `maxCategories`: rare categories count as unknown",
    )
  }
  return {
    kind: 'oneHotEncoder',
    options: paramsOf({ columns, handleUnknown, maxCategories, dropFirst }),
    fit(table, { target } = {}) {
      assertTable(table, 'fit of oneHotEncoder')
      const encodings = columnsFor(table, { columns, target }, ({ type }) => type === 'string').map((column): Encoding => {
        const categories = categoriesOf(column, maxCategories)
        if (!dropFirst || categories.length === 0) return { name: column.name, categories }
        return { name: column.name, categories: categories.slice(1), dropped: categories[0] }
      })
      return fittedEncoder(encodings, handleUnknown)
    },
  }
}

/** Restores the encoder from its state. */
export function restoreOneHotEncoder({ columns, handleUnknown }: StateOf<'oneHotEncoder'>): FittedTransformer {
  return fittedEncoder(columns, handleUnknown)
}

function fittedEncoder(encodings: readonly Encoding[], handleUnknown: 'ignore' | 'error'): FittedTransformer {
  const origin = new Map<string, string>(
    encodings.flatMap(({ name, categories }) => categories.map((category) => [`${name}=${category}`, name] as const)),
  )
  return {
    kind: 'oneHotEncoder',
    inputs: encodings.map(({ name }) => name),
    transform: (table) => replaceColumns('oneHotEncoder', table, encodings, (column, item) => encode(column, item, handleUnknown)),
    sourcesOf: (outputs) => outputs.map((name) => origin.get(name) ?? name),
    state: () => ({ kind: 'oneHotEncoder', handleUnknown, columns: encodings }),
  }
}

function encode(column: Column, { name, categories, dropped }: Encoding, handleUnknown: 'ignore' | 'error'): Column[] {
  const { codes, texts } = categoryCodes(column)
  const position = new Map(categories.map((category, i) => [category, i] as const))
  const outputs = categories.map(() => new Uint8Array(column.length))
  const targets = texts.map((text) => position.get(text) ?? -1)
  for (let row = 0; row < codes.length; row++) {
    const code = codes[row] as number
    if (code < 0) continue
    const target = targets[code] as number
    if (target >= 0) (outputs[target] as Uint8Array)[row] = 1
    else if (handleUnknown === 'error' && texts[code] !== dropped) {
      throw new MillwrightError(
        'SchemaMismatch',
        `oneHotEncoder: ${show(name)} of row ${row} is ${show(texts[code])}, which training did not have`,
      )
    }
  }
  return outputs.map((values, i) => makeColumn(`${name}=${categories[i]}`, { type: 'boolean', values }))
}

function categoriesOf(column: Column, maxCategories: number | undefined): string[] {
  const { codes, texts } = categoryCodes(column)
  const counts = new Float64Array(texts.length)
  for (const code of codes) if (code >= 0) counts[code] = (counts[code] as number) + 1
  const present = texts.map((text, code) => ({ text, count: counts[code] as number })).filter(({ count }) => count > 0)
  present.sort((a, b) => (a.text < b.text ? -1 : 1))
  if (maxCategories === undefined) {
    if (present.length > CATEGORY_LIMIT) {
      throw invalidArgument(`oneHotEncoder: column ${show(column.name)} has ${present.length} categories, more than ${CATEGORY_LIMIT}`, {
        hint: 'set `maxCategories`, or drop the column',
      })
    }
    return present.map(({ text }) => text)
  }
  const kept = new Set([...present].sort((a, b) => b.count - a.count).slice(0, maxCategories))
  return present.filter((category) => kept.has(category)).map(({ text }) => text)
}

/** The code of each cell's category and the categories as text; −1 for missing. A text column keeps its own codes. */
export function categoryCodes(column: Column): { readonly codes: ArrayLike<number> & Iterable<number>; readonly texts: readonly string[] } {
  if (column.type === 'string') return { codes: column.storage, texts: column.dictionary ?? [] }
  const codes = new Int32Array(column.length)
  const known = new Map<number | boolean | string, number>()
  for (let row = 0; row < codes.length; row++) {
    const cell = column.at(row)
    if (cell === null) {
      codes[row] = -1
      continue
    }
    let code = known.get(cell)
    if (code === undefined) {
      code = known.size
      known.set(cell, code)
    }
    codes[row] = code
  }
  return { codes, texts: [...known.keys()].map(String) }
}
