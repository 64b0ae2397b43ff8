/** Turns text into counts of hashed words. */
import { invalidArgument, show } from '../../core/errors'
import { anything, arrayOf, checkOptions, nonEmptyString, ofType, oneOf, wholeNumber } from '../../core/options'
import type { Column } from '../../schema/column'
import { assertTable } from '../../schema/table'
import { corruptModel } from '../model-format'
import { paramsOf } from '../params'
import type { StateOf } from '../stored-parts'
import { columnsFor, type FittedTransformer, type Transformer } from '../transformer'
import { categoryCodes } from './categories'
import { columnwise, floatColumn } from './columnwise'
import { hashedPlace } from './murmur-hash'
import { analyzerOf } from './text-tokens'

/** Options of {@link hashingVectorizer}. */
export interface HashingVectorizerOptions {
  /** How many columns the words of a text column are hashed to. @default 256 */
  readonly nFeatures?: number | undefined
  /** What is counted: words of two characters or more, characters, or characters within words. @default 'word' */
  readonly analyzer?: 'word' | 'char' | 'charWb' | undefined
  /** The fewest and the most words (or characters) that are taken together. @default [1, 1] */
  readonly ngramRange?: readonly [min: number, max: number] | undefined
  /** Bring text to lower case first. @default true */
  readonly lowercase?: boolean | undefined
  /** Words that do not count; for `word` only. @default none */
  readonly stopWords?: readonly string[] | undefined
  /** 1 for every word that occurs, instead of its count. @default false */
  readonly binary?: boolean | undefined
  /** Divide each row by its length (`l2`) or its sum (`l1`); `none` leaves the counts. @default 'l2' */
  readonly norm?: 'l1' | 'l2' | 'none' | undefined
  /** Subtract where the hash is negative, so that words that meet in a column cancel on average. @default true */
  readonly alternateSign?: boolean | undefined
  /** The columns to hash. @default all text columns but the target */
  readonly columns?: readonly string[] | undefined
}

type State = StateOf<'hashingVectorizer'>

/** Columns are dense here: more of them would rather fill the memory than help. */
export const MAX_HASHED = 65_536

/**
 * A transformer that puts `nFeatures` `float64` columns `<name>_0`, `<name>_1`, … in the place of each text column: how often the words
 * of the text occur, each in the column that its hash (MurmurHash3) tells, as scikit-learn's `HashingVectorizer`. There `n_features` is
 * 2²⁰ by default, of sparse columns; here columns are dense. It learns nothing but the names of the columns. A missing cell counts as an
 * empty text, all zeros.
 *
 * @throws InvalidArgument on unknown options
 */
export function hashingVectorizer(options: HashingVectorizerOptions = {}): Transformer {
  checkOptions('hashingVectorizer', options, {
    nFeatures: wholeNumber(1, MAX_HASHED),
    analyzer: oneOf('word', 'char', 'charWb'),
    ngramRange: anything(),
    lowercase: ofType('boolean'),
    stopWords: arrayOf(nonEmptyString()),
    binary: ofType('boolean'),
    norm: oneOf('l1', 'l2', 'none'),
    alternateSign: ofType('boolean'),
    columns: arrayOf(nonEmptyString()),
  })
  const { nFeatures = 256, analyzer = 'word', ngramRange = [1, 1], lowercase = true, stopWords = [] } = options
  const { binary = false, norm = 'l2', alternateSign = true, columns } = options
  checkNgrams(ngramRange)
  const how = {
    analyzer,
    ngramRange: [...ngramRange] as [number, number],
    lowercase,
    stopWords: [...stopWords],
    binary,
    norm,
    alternateSign,
  }
  return {
    kind: 'hashingVectorizer',
    options: paramsOf({ nFeatures, ...how, columns }),
    withOptions: (changes) => hashingVectorizer({ ...options, ...changes }),
    fit(table, fitOptions = {}) {
      assertTable(table, 'fit of hashingVectorizer')
      const hashed = columnsFor(table, columns, fitOptions, ({ type }) => type === 'string').map(({ name }) => ({ name }))
      return fittedHashing({ kind: 'hashingVectorizer', ...how, nFeatures, columns: hashed })
    },
  }
}

/** The fitted transformer of a state. @throws Corrupt */
export function restoreHashingVectorizer(state: State): FittedTransformer {
  if (state.ngramRange[0] > state.ngramRange[1]) throw corruptModel(`n-grams of ${state.ngramRange.join(' to ')} words`)
  return fittedHashing(state)
}

function fittedHashing(state: State): FittedTransformer {
  const analyze = analyzerOf(state)
  return columnwise({
    kind: 'hashingVectorizer',
    parts: state.columns,
    outputs: ({ name }) => hashedNames(name, state.nFeatures),
    apply: (column) => hashedColumns(column, hashedNames(column.name, state.nFeatures), { ...state, analyze }),
    state: () => state,
  })
}

/** `<prefix>_0`, `<prefix>_1`, … */
export function hashedNames(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}_${i}`)
}

function hashedColumns(column: Column, outputs: readonly string[], how: State & { analyze(text: string): string[] }): Column[] {
  const values = outputs.map(() => new Float64Array(column.length))
  const { codes, texts } = categoryCodes(column)
  // Rows that hold the same text are hashed once.
  const known: (readonly (readonly [number, number])[] | undefined)[] = []
  for (let row = 0; row < codes.length; row++) {
    const code = codes[row] as number
    if (code < 0) continue
    const weights = known[code] ?? weightsOf(how.analyze(texts[code] as string), outputs.length, how)
    known[code] = weights
    for (const [place, weight] of weights) (values[place] as Float64Array)[row] = weight
  }
  return values.map((numbers, i) => floatColumn(outputs[i] as string, numbers))
}

/** The columns that the n-grams of a text touch, and what stands there. */
function weightsOf(tokens: readonly string[], width: number, { binary, norm, alternateSign }: State): (readonly [number, number])[] {
  const sums = new Map<number, number>()
  for (const token of tokens) {
    const { place, sign } = hashedPlace(token, width)
    sums.set(place, (sums.get(place) ?? 0) + (alternateSign ? sign : 1))
  }
  const weights = [...sums].map(([place, sum]): [number, number] => [place, binary ? 1 : sum]).sort(([a], [b]) => a - b)
  if (norm === 'none') return weights
  const size = weights.reduce((sum, [, weight]) => sum + (norm === 'l1' ? Math.abs(weight) : weight * weight), 0)
  const length = norm === 'l1' ? size : Math.sqrt(size)
  return length === 0 ? weights : weights.map(([place, weight]) => [place, weight / length])
}

function checkNgrams(range: unknown): void {
  const fine = Array.isArray(range) && range.length === 2 && range.every((n) => Number.isInteger(n) && n >= 1 && n <= 100)
  if (fine && range[0] <= range[1]) return
  throw invalidArgument(
    `\`ngramRange\` of hashingVectorizer must be two whole numbers from 1 to 100, the smaller one first, got ${show(range)}`,
  )
}
