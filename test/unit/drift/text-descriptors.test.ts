import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createRng } from '../../../src/core/random'
import { DriftDetector, ProfileBuilder, type TextDescriptor, textDescriptors, textVocabulary } from '../../../src/drift'
import { columnFrom } from '../../../src/schema/column'
import { type Table, tableOf } from '../../../src/schema/table'

interface Golden {
  readonly vocabulary: readonly string[]
  readonly texts: readonly string[]
  readonly descriptors: Readonly<Record<TextDescriptor, readonly number[]>>
}
const golden = JSON.parse(readFileSync(new URL('../../golden/text.json', import.meta.url), 'utf8')) as Golden
const table = (texts: readonly (string | null)[]): Table => tableOf([columnFrom('t', 'string', texts)])
const cells = (described: Table, name: string) => described.column(`t_${name}`).toArray()

describe('textDescriptors', () => {
  it("gives Evidently's numbers", () => {
    const described = textDescriptors(table(golden.texts), 't', { vocabulary: golden.vocabulary })
    expect(described.columnNames).toEqual([
      't',
      't_text_length',
      't_word_count',
      't_sentence_count',
      't_non_letter_percentage',
      't_oov_percentage',
    ])
    const columns = Object.values(golden.descriptors)
    expect(golden.texts.length).toBeGreaterThan(150)
    described.columnNames.slice(1).forEach((name, i) => {
      described
        .column(name)
        .toArray()
        .forEach((value, row) => {
          // Evidently knows no letters but a to z: what it makes of others is tested below.
          if (/[ïé]/.test(golden.texts[row] as string) && name === 't_oov_percentage') return
          expect(value, `${name} of ${JSON.stringify(golden.texts[row])}`).toBeCloseTo(columns[i]?.[row] as number, 10)
        })
    })
  })

  it('takes all alphabets and white spaces, and leaves missing texts missing (Evidently: a to z, line breaks join words, 0)', () => {
    const described = textDescriptors(table(['день добрый', 'one\ntwo\tthree', null, '', 'naïve']), 't', {
      vocabulary: ['день', 'one', 'naïve'],
    })
    expect(cells(described, 'word_count')).toEqual([2, 3, null, 0, 1])
    expect(cells(described, 'text_length')).toEqual([11, 13, null, 0, 5])
    expect(cells(described, 'oov_percentage')).toEqual([50, 200 / 3, null, 0, 0])
    expect(cells(described, 'non_letter_percentage')).toEqual([0, 200 / 13, null, 0, 0])
  })

  it('adds a boolean column for each pattern, whatever its flags remember', () => {
    const described = textDescriptors(table(['call 555', 'no', 'a 555 b', null]), 't', { descriptors: [], patterns: { digits: /\d+/g } })
    expect(described.columnNames).toEqual(['t', 't_digits'])
    expect(cells(described, 'digits')).toEqual([true, false, true, null])
  })

  it('makes a change of texts visible to a detector, over tables and over streams', () => {
    const rng = createRng(3)
    const draw = (words: readonly string[], length: number) =>
      table(Array.from({ length: 300 }, () => Array.from({ length: length + rng.int(4) }, () => words[rng.int(words.length)]).join(' ')))
    const train = draw(['the', 'gate', 'was', 'late'], 5)
    const vocabulary = textVocabulary(train, 't')
    const watch = (texts: Table): Table => textDescriptors(texts, 't', { vocabulary })
    const detector = new DriftDetector().fit(watch(train))
    const same = detector.detect(watch(draw(['the', 'gate', 'was', 'late'], 5)))
    expect(same.driftedColumns).toEqual([])
    const other = watch(draw(['the', 'soup', 'was', 'cold!'], 9))
    const found = detector.detect(other)
    expect(found.driftedColumns).toEqual(
      expect.arrayContaining(['t_text_length', 't_word_count', 't_oov_percentage', 't_non_letter_percentage']),
    )
    const stream = new ProfileBuilder()
    stream.add(other)
    expect(detector.detect(stream.profile()).driftedColumns).toEqual(expect.arrayContaining(['t_word_count', 't_oov_percentage']))
  })

  it('refuses what is no text, names that are taken, and options that cannot be', () => {
    const numbers = tableOf([columnFrom('t', 'float64', [1]), columnFrom('u', 'string', ['a']), columnFrom('u_word_count', 'float64', [1])])
    expect(() => textDescriptors(numbers, 't')).toThrow('textDescriptors takes a column of text, "t" is float64')
    expect(() => textDescriptors(numbers, 'v')).toThrow(/no column "v"/)
    expect(() => textDescriptors(numbers, 'u')).toThrow('the table has a column "u_word_count" already')
    expect(() => textDescriptors(numbers, 'u', { descriptors: ['oovPercentage'] })).toThrow('`oovPercentage` needs a `vocabulary`')
    expect(() => textDescriptors(numbers, 'u', { descriptors: ['length' as TextDescriptor] })).toThrow(/must be/)
    expect(() => textDescriptors(numbers, 'u', { descriptors: [], patterns: { a: 'x' as never } })).toThrow(
      /"a" must be a regular expression, got "x"/,
    )
    expect(() => textDescriptors({} as Table, 'u')).toThrow(/textDescriptors/)
  })
})

describe('textVocabulary', () => {
  it('lists words by how often they occur', () => {
    const texts = table(['The gate was late', 'the gate', null, 'the gate', 'B2B'])
    expect(textVocabulary(texts, 't')).toEqual(['gate', 'the', 'b2b', 'late', 'was'])
    expect(textVocabulary(texts, 't', { minCount: 2 })).toEqual(['gate', 'the'])
    expect(textVocabulary(texts, 't', { maxWords: 1 })).toEqual(['gate'])
    expect(() => textVocabulary(texts, 't', { minCount: 0 })).toThrow(/`minCount` of textVocabulary must be/)
  })
})
