/** The categories of a column: what they are, in which order, how often they occur, which are rare. */
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import { either, finiteNumber, type OptionRule, wholeNumber } from '../../core/options'
import type { Column } from '../../schema/column'

/** A category as text; `null` is the category of missing cells. */
export type Category = string | null

/** A category list for a column, by the caller. */
export type CategoryLists = Readonly<Record<string, readonly (string | number | boolean)[]>>

/** Categories in order, and the rows of each. */
export interface Counted {
  readonly categories: readonly Category[]
  readonly counts: readonly number[]
}

/** Codes of a column's categories as text, −1 for missing; the codes of a text column are its own. */
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

/** The positions of each cell's category among `categories`; −1 for a category that is not among them. */
export function positionsOf(column: Column, categories: readonly Category[]): Int32Array {
  const { codes, texts } = categoryCodes(column)
  const places = new Map(categories.map((category, place) => [category, place] as const))
  const missing = places.get(null) ?? -1
  const ofCode = texts.map((text) => places.get(text) ?? -1)
  return Int32Array.from(codes, (code) => (code < 0 ? missing : (ofCode[code] as number)))
}

/**
 * The categories that occur in a column, numbers by size, text by code point, missing cells last. With a list of the caller, those of the
 * list in its order; `strict` refuses others.
 *
 * @throws InvalidArgument for a category that a strict list does not have
 */
export function countCategories(
  kind: string,
  column: Column,
  options: { readonly missing: boolean; readonly list?: CategoryLists[string] | undefined; readonly strict?: boolean | undefined },
): Counted {
  const { codes, texts } = categoryCodes(column)
  const counts = new Float64Array(texts.length)
  let missing = 0
  for (const code of codes) {
    if (code < 0) missing++
    else counts[code] = (counts[code] as number) + 1
  }
  const ofText = new Map<Category, number>(texts.map((text, code) => [text, counts[code] as number]))
  const present = texts.filter((_, code) => counts[code] !== 0)
  const listed = options.list?.map(String)
  const other = listed === undefined || options.strict !== true ? undefined : present.find((text) => !listed.includes(text))
  if (other !== undefined) {
    throw invalidArgument(`fit of ${kind}: ${show(column.name)} holds ${show(other)}, which \`categories\` does not list`)
  }
  const numeric = column.type !== 'string' && column.type !== 'boolean'
  const categories: Category[] = listed ?? present.sort(numeric ? (a, b) => Number(a) - Number(b) : compareText)
  if (options.missing && missing > 0) {
    categories.push(null)
    ofText.set(null, missing)
  }
  return { categories, counts: categories.map((category) => ofText.get(category) ?? 0) }
}

/** Orders text by code point, as Python does. (`<` orders by code unit, which differs for characters beyond U+FFFF.) */
export function compareText(a: string, b: string): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const [unitOfA, unitOfB] = [a.charCodeAt(i), b.charCodeAt(i)]
    if (unitOfA !== unitOfB) return rank(unitOfA) - rank(unitOfB)
  }
  return a.length - b.length
}

/** Surrogates stand for the highest characters. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit
}

/** Which categories are put together as rare. */
export interface RareOptions {
  readonly minFrequency?: number | undefined
  readonly maxCategories?: number | undefined
}

/** The rules of {@link RareOptions}. */
export function rareRules(): { minFrequency: OptionRule; maxCategories: OptionRule } {
  const share = finiteNumber(Number.MIN_VALUE, 1)
  return { minFrequency: either(wholeNumber(1), { ...share, allowed: 'a share of the rows below 1' }), maxCategories: wholeNumber(1) }
}

/**
 * Whether each category is rare: it occurs in fewer than `minFrequency` rows (a fraction below 1 is a share of `rows`), or is not among
 * the `maxCategories` − 1 most frequent, the rare ones together counting as one. Of equally frequent categories the later ones stay.
 * Source: scikit-learn's encoders.
 */
export function rareOf(counts: readonly number[], rows: number, { minFrequency = 0, maxCategories }: RareOptions): boolean[] {
  const least = minFrequency < 1 ? minFrequency * rows : minFrequency
  const rare = counts.map((count) => count < least)
  const kept = rare.filter((is) => !is).length
  if (maxCategories === undefined || maxCategories >= kept + 1) return rare
  const ascending = counts.map((_, place) => place).sort((a, b) => (counts[a] as number) - (counts[b] as number) || a - b)
  for (const place of ascending.slice(0, Math.max(0, counts.length - (maxCategories - 1)))) rare[place] = true
  return rare
}

/** The error for a category that training did not have. */
export function unknownCategory(kind: string, column: Column, row: number): MillwrightError {
  return new MillwrightError(
    'SchemaMismatch',
    `${kind}: ${show(column.name)} of row ${row} is ${show(column.at(row))}, which training did not have`,
  )
}

/** Checks the `categories` option: a record of lists without repeated entries. @throws InvalidArgument */
export function checkLists(kind: string, lists: CategoryLists | undefined): void {
  for (const [name, list] of Object.entries(lists ?? {})) {
    const fine = Array.isArray(list) && list.length > 0 && list.every((item) => ['string', 'number', 'boolean'].includes(typeof item))
    if (!fine) throw invalidArgument(`\`categories\` of ${kind} must hold a list of categories for ${show(name)}, got ${show(list)}`)
    const twice = list.find((item, i) => list.map(String).indexOf(String(item)) !== i)
    if (twice !== undefined) throw invalidArgument(`\`categories\` of ${kind} lists ${show(twice)} twice for ${show(name)}`)
  }
}

/** The list for a column, if there is one. */
export function listOf(lists: CategoryLists | undefined, name: string): CategoryLists[string] | undefined {
  return lists !== undefined && Object.hasOwn(lists, name) ? lists[name] : undefined
}
