import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { MillwrightError } from '../../../src/core/errors'
import { pythonRegex } from '../../../src/quality/python-regex'
import { regexpToPython } from '../../../src/quality/regexp-to-python'

const golden = JSON.parse(readFileSync('test/golden/quality-regex.json', 'utf8')) as {
  texts: string[]
  patterns: [pattern: string, found: string | null][]
}

/** One digit a text, as in the golden file; the error where the pattern is refused. */
function answer(pattern: string): string | MillwrightError {
  try {
    const regex = pythonRegex(pattern)
    return golden.texts.map((text) => (regex.test(text) ? '1' : '0')).join('')
  } catch (error) {
    if (!(error instanceof MillwrightError)) throw error
    return error
  }
}

describe("Python's regular expressions", () => {
  it('find what `re.search` finds, or are refused', () => {
    const refusedHere: string[] = []
    for (const [pattern, found] of golden.patterns) {
      const own = answer(pattern)
      if (typeof own === 'string') expect([pattern, own]).toEqual([pattern, found])
      else if (found !== null) refusedHere.push(pattern)
    }
    expect(refusedHere).toEqual([
      '(a)?\\1',
      '(?i:a)b',
      '(?:(a)|b)\\1',
      '(?:(a)|b\\1)',
      '(?!(a))b\\1',
      '(a)?(?(1)b|c)',
      '\\N{DIGIT ONE}',
      '(a){0}\\1b',
      '(a)(?<=\\1)b',
    ])
  })

  it.each([
    ['(?i:a)b', 'the flag i for a part of the expression, (?i:…) or (?-i:…) has no counterpart in JavaScript'],
    ['(a)?\\1', 'the back reference \\1 to a group that need not have matched'],
    ['(?(1)a|b)', 'the conditional group (?(…)…)'],
    ['\\N{DIGIT ONE}', 'the character by name \\N{…}'],
    ['*a', '"*a" is no regular expression of Python: nothing to repeat'],
    ['\\q', 'bad escape \\q'],
    ['(?<n>a)', 'unknown extension (?<'],
    ['(?<=a+)b', 'look-behind requires fixed-width pattern'],
  ])('%s is refused by name', (pattern, message) => {
    expect(() => pythonRegex(pattern)).toThrow(message)
  })
})

describe('a RegExp in a suite', () => {
  const texts = ['Müller', 'ab', 'AB', 'a\n', 'a\rb', 'x y', '\ufeff', '٣', '7', 'aa', '😀', '/', '']

  it.each([
    [/^\w+$/, '(?a)^\\w+\\Z'],
    [/ab$/i, '(?i)ab\\Z'],
    [/(?<q>a)\k<q>/, '(?P<q>a)(?P=q)'],
    [/^.$/su, '(?s)^.\\Z'],
    [/\u{1f600}/u, '\\U0001f600'],
    [/a.b/, 'a[^\\n\\r\\u2028\\u2029]b'],
    [/\//, '\\/'],
    // biome-ignore lint/correctness/noEmptyCharacterClassInRegex: what JavaScript allows is carried over, too
    [/[^]/, '[\\x00-\\U0010ffff]'],
  ])('%s keeps its meaning', (regex, pattern) => {
    expect(regexpToPython(regex)).toBe(pattern)
    expect(texts.map((text) => pythonRegex(pattern).test(text))).toEqual(texts.map((text) => regex.test(text)))
  })

  it('keeps white space as JavaScript knows it', () => {
    for (const regex of [/\s/, /^\S+$/, /[\sx]/]) {
      const own = pythonRegex(regexpToPython(regex))
      expect(texts.map((text) => own.test(text))).toEqual(texts.map((text) => regex.test(text)))
    }
  })

  it.each([
    [/a/m, 'cannot carry the flags m, v and y'],
    [/\p{L}/u, 'have no "\\\\p"'],
    [/(?<=a+)b/, 'fixed-width'],
  ])('%s is refused', (regex, message) => {
    expect(() => regexpToPython(regex)).toThrow(message)
  })
})
