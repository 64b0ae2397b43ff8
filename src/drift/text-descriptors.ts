/** Text as numbers that a detector can watch: length, words, sentences, characters that are no letters, words that are not known, patterns. */
import { invalidArgument, show } from '../core/errors'
import { arrayOf, checkOptions, ofType, oneOf, wholeNumber } from '../core/options'
import type { Column, Table } from '../ports/table'
import { makeColumn } from '../schema/column'
import { assertTable, tableOf } from '../schema/table'

/**
 * What a text is described by: `textLength` in characters, `wordCount`, `sentenceCount`; `nonLetterPercentage`, characters that are neither letters nor spaces; `oovPercentage`, words out of the
 * vocabulary. Percentages go from 0 to 100. The names are Evidently's TextLength, WordCount, SentenceCount, NonLetterCharacterPercentage and OOVWordsPercentage.
 */
export type TextDescriptor = 'textLength' | 'wordCount' | 'sentenceCount' | 'nonLetterPercentage' | 'oovPercentage'

/** Options of {@link textDescriptors}. */
export interface TextDescriptorOptions {
  /** @default all of them, `oovPercentage` only with a `vocabulary` */
  readonly descriptors?: readonly TextDescriptor[] | undefined
  /** The known words in lower case, such as those of the reference: {@link textVocabulary}. */
  readonly vocabulary?: Iterable<string> | undefined
  /** Expressions by name: a boolean column each, true where the text holds a match. @default none */
  readonly patterns?: Readonly<Record<string, RegExp>> | undefined
}

const suffixes: Readonly<Record<TextDescriptor, string>> = {
  textLength: 'text_length',
  wordCount: 'word_count',
  sentenceCount: 'sentence_count',
  nonLetterPercentage: 'non_letter_percentage',
  oovPercentage: 'oov_percentage',
}

/**
 * A table with further columns that describe the texts of one: `review_text_length`, `review_word_count`, … for a column `review`, `review_<name>` for a pattern. Describe reference and current table with the same
 * options, then compare them; the text itself stays in the table.
 *
 * Each distinct text is described once, however many rows hold it. On English text of one line the numbers are those of Evidently 0.7. Unlike there, a missing text stays missing (0 there), every white space parts words (line breaks join them there),
 * and letters of all alphabets make words (a to z there).
 *
 * @throws InvalidArgument when the column holds no text, when a name is taken, on unknown options; NotFound for an unknown column
 * @example
 * const vocabulary = textVocabulary(train, 'review')
 * const detector = new DriftDetector().fit(textDescriptors(train, 'review', { vocabulary }))
 * detector.detect(textDescriptors(today, 'review', { vocabulary }))
 */
export function textDescriptors(table: Table, column: string, options: TextDescriptorOptions = {}): Table {
  assertTable(table, 'textDescriptors')
  checkOptions('textDescriptors', options, {
    descriptors: arrayOf(oneOf(...Object.keys(suffixes))),
    vocabulary: {
      allowed: 'a list or a set of words',
      test: (words) => typeof words === 'object' && words !== null && Symbol.iterator in words,
    },
    patterns: ofType('object'),
  })
  const texts = textColumn('textDescriptors', table, column)
  const known = options.vocabulary === undefined ? undefined : new Set(options.vocabulary)
  const all = Object.keys(suffixes) as TextDescriptor[]
  const descriptors = options.descriptors ?? all.filter((name) => name !== 'oovPercentage' || known !== undefined)
  if (descriptors.includes('oovPercentage') && known === undefined) {
    throw invalidArgument('textDescriptors: `oovPercentage` needs a `vocabulary`', {
      hint: 'textVocabulary(reference, column) lists the words of the reference',
    })
  }
  const described = descriptors.map((name) => {
    const of = describer(name, known)
    return makeColumn(`${column}_${suffixes[name]}`, {
      type: 'float64',
      values: perText(texts, of, new Float64Array(table.numRows).fill(Number.NaN)),
    })
  })
  const matched = Object.entries(options.patterns ?? {}).map(([name, pattern]) => {
    const matches = matcher(name, pattern)
    return makeColumn(`${column}_${name}`, { type: 'boolean', values: perText(texts, matches, new Uint8Array(table.numRows).fill(2)) })
  })
  const own = table.columnNames.map((name) => table.column(name))
  const added = [...described, ...matched]
  const names = new Set(table.columnNames)
  for (const { name } of added) {
    if (names.has(name)) throw invalidArgument(`textDescriptors: the table has a column ${show(name)} already`)
    names.add(name)
  }
  return tableOf([...own, ...added])
}

/** Options of {@link textVocabulary}. */
export interface TextVocabularyOptions {
  /** How often a word must occur. @default 1 */
  readonly minCount?: number | undefined
  /** The most frequent ones are kept. @default 50000 */
  readonly maxWords?: number | undefined
}

/** The words of a text column in lower case, the most frequent first: JSON to keep beside a profile. @throws as {@link textDescriptors} */
export function textVocabulary(table: Table, column: string, options: TextVocabularyOptions = {}): string[] {
  assertTable(table, 'textVocabulary')
  checkOptions('textVocabulary', options, { minCount: wholeNumber(1), maxWords: wholeNumber(1) })
  const { storage, dictionary } = textColumn('textVocabulary', table, column)
  const rows = new Uint32Array(dictionary.length)
  for (const code of storage) if (code >= 0) rows[code] = (rows[code] as number) + 1
  const counts = new Map<string, number>()
  dictionary.forEach((text, code) => {
    const times = rows[code] as number
    if (times > 0) for (const word of vocabularyWords(text)) counts.set(word, (counts.get(word) ?? 0) + times)
  })
  const ordered = [...counts].filter(([, count]) => count >= (options.minCount ?? 1)).sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
  return ordered.slice(0, options.maxWords ?? 50_000).map(([word]) => word)
}

interface TextColumn {
  readonly storage: Column['storage']
  readonly dictionary: readonly string[]
}

function textColumn(operation: string, table: Table, name: string): TextColumn {
  const { type, storage, dictionary } = table.column(name)
  if (dictionary === undefined) throw invalidArgument(`${operation} takes a column of text, ${show(name)} is ${type}`)
  return { storage, dictionary }
}

/** Fills `values`, which holds the mark for missing, with what `of` says of each text. */
function perText<V extends Float64Array | Uint8Array>({ storage, dictionary }: TextColumn, of: (text: string) => number, values: V): V {
  const found = new Map<number, number>()
  for (let row = 0; row < storage.length; row++) {
    const code = storage[row] as number
    if (code < 0) continue
    let value = found.get(code)
    if (value === undefined) {
      value = of(dictionary[code] as string)
      found.set(code, value)
    }
    values[row] = value
  }
  return values
}

function matcher(name: string, pattern: unknown): (text: string) => number {
  if (!(pattern instanceof RegExp))
    throw invalidArgument(`textDescriptors: the pattern ${show(name)} must be a regular expression, got ${show(pattern)}`)
  // The flags `g` and `y` make an expression remember where it stopped.
  const own = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ''))
  return (text) => Number(own.test(text))
}

function describer(name: TextDescriptor, known: ReadonlySet<string> | undefined): (text: string) => number {
  switch (name) {
    case 'textLength':
      return characters
    case 'wordCount':
      return (text) => wordsOf(text, /[^\p{L}\s]+/gu).length
    case 'sentenceCount': {
      const end = sentenceEnd()
      return (text) => text.split(end).length
    }
    case 'nonLetterPercentage':
      return (text) => percentage(text.match(/[^\p{L} ]/gu)?.length ?? 0, characters(text))
    case 'oovPercentage':
      return (text) => {
        const words = vocabularyWords(text)
        return percentage(words.filter((word) => known?.has(word) !== true).length, words.length)
      }
  }
}

function percentage(part: number, whole: number): number {
  return whole === 0 ? 0 : (100 * part) / whole
}

/** Characters as Unicode counts them: one for an emoji of two code units. */
function characters(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}

/** Words after everything else but white space was taken out: `don't` is one. */
function wordsOf(text: string, others: RegExp): string[] {
  return text
    .replace(others, '')
    .split(/\s+/)
    .filter((word) => word !== '')
}

function vocabularyWords(text: string): string[] {
  return wordsOf(text, /[^\p{L}\p{N}\s]+/gu).map((word) => word.toLowerCase())
}

/** White space after a full stop or question mark, but not after abbreviations such as `e.g.` and `Mr.`. Made late, because old browsers cannot look behind. */
function sentenceEnd(): RegExp {
  return /(?<![\p{L}\p{N}_]\.[\p{L}\p{N}_].)(?<![A-Z][a-z]\.)(?<=[.?])\s/u
}
